#pragma once
#include <string>

#include "ae-apps/ota/uptane/tuf.h"
#include "ae-apps/ota/uptane/verification.h"

namespace gatehouse::ota {

/// `{"accepted":true,"targets":[{"name":…,"outcome":"accepted",…}],"director":{…},"images":{…}}` or
/// `{"accepted":false,"reason":…,"repository":…,"role":…,"detail":…,…}`, without a line break.
std::string outcome_json(const uptane::VerifyOutcome& outcome);
std::string outcome_json(const uptane::TufOutcome& outcome);

}  // namespace gatehouse::ota
