#pragma once
#include <filesystem>

#include "ae-apps/ota/image/verifier.h"

namespace gatehouse::gateway {

/// An image on disk that was found genuine, whole and fit.
struct CheckedImage {
  image::Header header;
  crypto::Sha256Digest payload_sha256{};
};

/// Reads the file once, in bounded memory. Errors: kNotAcceptable with the sentence of the verdict
/// ("the payload is not the one that was signed (hash-mismatch)"), kInternalServerError if it
/// cannot be read.
Result<CheckedImage> check_image(const std::filesystem::path& file, const image::Policy& policy);

}  // namespace gatehouse::gateway
