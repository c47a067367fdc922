#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "ae-apps/ota/crypto/bytes.h"
#include "ae-apps/ota/uptane/keys.h"

namespace gatehouse::uptane {

struct MetadataSignature {
  std::string key_id;
  std::string method;  ///< "ed25519", "rsassa-pss-sha256"; empty: the key says it
  std::string value;   ///< hexadecimal or base64
};

/// `{"signed": {…}, "signatures": [{"keyid", "sig", "method"?}, …]}`, not yet verified.
struct Envelope {
  Value content;  ///< of "signed"
  std::vector<MetadataSignature> signatures;
  std::vector<std::string> forms;  ///< of the content, over any of which it may be signed
};

/// Errors: kMalformed; kDuplicateSignature if two signatures have one key id.
Checked<Envelope> parse_envelope(std::string_view text);

/// Good if as many distinct keys of the role as its threshold says have signed. A key that stands
/// under two ids counts once; a signature by another key, or one that is wrong, counts nothing.
/// Errors: kThreshold; kBadKeyId (Uptane) if the role names a key that is not there.
Checked<void> verify_signatures(const Envelope& envelope, const KeyRing& keys, const RoleKeys& role,
                                Profile profile);

/// Signs the canonical form with each key; signatures in hexadecimal.
std::string sign_envelope(const Value& content, const std::vector<const crypto::SigningKey*>& keys);

}  // namespace gatehouse::uptane
