#pragma once
#include <string>

#include "ae-apps/attestation/evidence/trust/time_stamp.h"

namespace gatehouse::evidence {

/// The key of a file or token; a file that is absent is made. Errors: as SigningKey::load and save.
Result<crypto::SigningKey> kept_key(const std::string& source, crypto::Algorithm algorithm);

/// The stamp authority of one's own in a folder (key.pem, chain.pem, anchor.pem), made on first
/// use. Errors: kInternalServerError.
Result<StampIdentity> kept_stamp_identity(const std::string& folder, std::int64_t now_s);

}  // namespace gatehouse::evidence
