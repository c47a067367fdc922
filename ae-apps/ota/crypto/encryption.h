#pragma once
#include "ae-apps/ota/crypto/keys.h"

namespace gatehouse::crypto {

inline constexpr std::size_t kContentKeyBytes = 32;
inline constexpr std::size_t kNonceBytes = 12;
inline constexpr std::size_t kTagBytes = 16;

/// AES-256-GCM: the ciphertext with the tag behind it. One nonce is used once with a key. Throws
/// std::runtime_error if OpenSSL is broken. Source: NIST SP 800-38D.
Bytes seal(ByteView key, ByteView nonce, ByteView associated, ByteView plain);
/// Errors: kNotAcceptable if a bit of ciphertext, tag, nonce or associated data is another.
Result<Bytes> unseal(ByteView key, ByteView nonce, ByteView associated, ByteView sealed);

/// A content key for one recipient: ECDH with an ephemeral P-256 key, HKDF-SHA256, AES-256-GCM.
/// `context` must be the same when it is unwrapped. The result: length (1 byte) and
/// SubjectPublicKeyInfo of the ephemeral key, then the sealed key. Errors: kBadRequest if the
/// recipient's key is not on P-256. Source: NIST SP 800-56A section 6.2.2 (one ephemeral key),
/// RFC 5869.
Result<Bytes> wrap_key(ByteView content_key, const PublicKey& recipient, ByteView context);
/// Errors: kBadRequest (no such form), kNotAcceptable (for another key, or altered).
Result<Bytes> unwrap_key(ByteView wrapped, const SigningKey& recipient, ByteView context);

}  // namespace gatehouse::crypto
