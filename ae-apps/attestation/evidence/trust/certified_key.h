#pragma once
#include <string>

#include "ae-apps/ota/crypto/keys.h"

namespace gatehouse::evidence {

/// A key whose certificate leads to an anchor.
struct CertifiedKey {
  crypto::PublicKey key;
  std::string common_name;
};

/// Whether the first certificate of `chain_pem` leads to one of `anchors_pem`, over the others of
/// the chain, as of that time (seconds since 1970). No network, no revocation lists: who revokes a
/// key takes it out of the anchors. `usage`: an identifier that its extended key usage must name,
/// "2.23.133.8.1"; nullptr: any. Errors: kNotAcceptable with the reason; kBadRequest if there is
/// no certificate or its key is of a kind that is not used here.
Result<CertifiedKey> verify_certificate(std::string_view chain_pem, std::string_view anchors_pem,
                                        std::int64_t time_s, const char* usage = nullptr);

}  // namespace gatehouse::evidence
