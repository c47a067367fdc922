#pragma once
#include <vector>

#include "ae-apps/ota/crypto/keys.h"

namespace gatehouse::attest {

/// Without padding. Source: RFC 4648 clause 5, RFC 7515 clause 2.
std::string to_base64url(ByteView bytes);

/// JWS in compact form: ES256 of a P-256 key, EdDSA of an Ed25519 key. The header names the key
/// ("kid", hexadecimal) and what the payload is ("typ"). Source: RFC 7515, RFC 7518, RFC 8037.
Result<std::string> sign_jws(const crypto::SigningKey& key, std::string_view type,
                             std::string_view payload);
/// The payload, if one of these keys signed it as this type. Errors: kBadRequest (no JWS),
/// kNotAcceptable (another algorithm, type or key than wanted, or a wrong signature).
Result<std::string> open_jws(std::string_view jws, std::string_view type,
                             const std::vector<crypto::PublicKey>& trusted);

}  // namespace gatehouse::attest
