#pragma once
#include <cstdint>

#include "cse/primitive/request.h"

namespace gatehouse::coap {

/// The code of the CoAP response that carries this status to a request of that operation; a status
/// outside the table goes by its first digit. Source: TS-0008 clause 6.2.4, table 6.2.4-1.
std::uint8_t code_of(Rsc rsc, Operation operation);

/// The status of an answer without the option oneM2M-RSC, as far as the code tells it: 2.xx by the
/// operation, the rest by the row of the table that is most common. kTargetNotReachable for a code
/// that no row has. Source: TS-0008 clause 6.2.4.
Rsc rsc_of(std::uint8_t code, Operation operation);

}  // namespace gatehouse::coap
