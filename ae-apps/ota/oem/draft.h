#pragma once
#include "ae-apps/ota/image/image.h"

namespace gatehouse::oem {

/// What the OEM is about to release: a manifest and its payload, signed by nobody or by some. It
/// lives at the OEM's desk only. Without a signature its file begins with "GHFD", so that no
/// server, gateway or ECU takes it for an image:
///   "GHFD" version(2) manifestLength(4) manifest payload
/// With signatures it is an image (ae-apps/ota/image).
struct Draft {
  image::Manifest manifest;
  std::string manifest_json;  ///< the bytes to sign
  std::vector<image::Signature> signatures;
  Bytes payload;
};

inline constexpr std::size_t kMaxPayloadBytes = 64u << 20;
inline constexpr std::size_t kMaxFileBytes = kMaxPayloadBytes + (64u << 10);

/// Fills in length and hash of the payload. Errors: kBadRequest naming the member of the manifest;
/// kNotAcceptable for an empty payload or more than 64 MiB.
Result<Draft> make_draft(image::Manifest manifest, Bytes payload);

/// The file: an image if there is a signature, else a draft.
Result<Bytes> encode(const Draft& draft);

/// Reads either of the two. Errors: kBadRequest naming what is wrong, also when the payload is not
/// the one of the manifest.
Result<Draft> parse_draft(ByteView file);

/// Adds a signature and checks it with the public key before it is believed: a token that answers
/// nonsense is found here and not in a car. Errors: kConflict if this key has signed already;
/// kNotAcceptable beyond 8 signatures; those of the key.
Result<void> sign(Draft& draft, const crypto::SigningKey& key);

}  // namespace gatehouse::oem
