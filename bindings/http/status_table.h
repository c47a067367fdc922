#pragma once
#include "cse/primitive/rsc.h"

namespace gatehouse::http {

/// The status of the HTTP response that carries this code; a code outside the table goes by its
/// first digit. Source: TS-0009 clause 6.3.2, table 6.3.2-1.
int http_status_of(Rsc rsc);

/// The code for an HTTP answer that has no X-M2M-RSC, such as one of a proxy: 2xx is kOk, all else
/// is kTargetNotReachable.
Rsc rsc_of_http_status(int status);

}  // namespace gatehouse::http
