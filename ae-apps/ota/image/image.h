#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ae-apps/ota/crypto/keys.h"
#include "ae-apps/ota/image/manifest.h"

namespace gatehouse::image {

/// A signature over the bytes of the manifest (with a fixed context text and a NUL before them).
struct Signature {
  crypto::KeyId key_id{};
  crypto::Algorithm algorithm = crypto::Algorithm::kEcdsaP256;
  Bytes value;
};

inline constexpr std::size_t kMaxSignatures = 8;
inline constexpr std::size_t kMaxSignatureBytes = 128;
inline constexpr std::uint16_t kFormatVersion = 1;

/// All that comes before the payload:
/// "GHFW" version(2) manifestLength(4) manifest signaturesLength(4) count(1) {keyId(32)
/// algorithm(1) length(2) signature}… Numbers are big-endian.
struct Header {
  Manifest manifest;
  std::string manifest_json;  ///< the bytes that are signed
  std::vector<Signature> signatures;
  std::size_t header_bytes = 0;  ///< where the payload begins
};

/// The header at the front of `front`, which may go on with payload. nullopt: these bytes are only
/// the beginning of one. Errors: kBadRequest naming the field.
Result<std::optional<Header>> parse_header(ByteView front);

/// Signs the manifest of an image to be. Several parties may sign, each at its own desk.
Result<Signature> sign_manifest(std::string_view manifest_json, const crypto::SigningKey& key);
bool verify_manifest(std::string_view manifest_json, const Signature& signature,
                     const crypto::PublicKey& key);

/// The bytes before the payload. Errors: kBadRequest (manifest), kNotAcceptable (none or too many
/// signatures).
Result<Bytes> encode_header(const Manifest& manifest, const std::vector<Signature>& signatures);

/// A whole image: fills in length and hash of the payload, signs with each key.
Result<Bytes> build_image(Manifest manifest, ByteView payload,
                          const std::vector<const crypto::SigningKey*>& keys);

/// MAC by which a gateway vouches for an image towards an ECU that cannot check signatures:
/// HMAC-SHA256(shared key, "GHFW-MAC-1" 00 manifest_json payload_sha256).
Bytes gateway_mac_message(std::string_view manifest_json,
                          const crypto::Sha256Digest& payload_sha256);
crypto::Sha256Digest gateway_mac(ByteView shared_key, std::string_view manifest_json,
                                 const crypto::Sha256Digest& payload_sha256);

}  // namespace gatehouse::image
