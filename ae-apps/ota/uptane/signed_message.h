#pragma once
#include "ae-apps/ota/uptane/envelope.h"

namespace gatehouse::uptane {

// A vehicle version manifest that is at once a message: the Primary's signature stands beside what
// it signs. `{"vehicle": …, "reports": […], "signatures": [{"keyid", "method", "sig"}]}`; signed is
// the canonical form of all but `signatures`. Source: Uptane standard 2.1 section 5.4.2.1.1, which
// leaves the form to the deployment.

/// Sets `signatures`. Errors: kInternalServerError (the token); kBadRequest if the message holds a
/// number that is no integer.
Result<void> sign_message(Value& message, const crypto::SigningKey& key);

/// Errors: kMalformed, kThreshold (not signed by this key).
Checked<void> verify_message(const Value& message, const crypto::PublicKey& key);

}  // namespace gatehouse::uptane
