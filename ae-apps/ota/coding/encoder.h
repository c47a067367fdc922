#pragma once
#include "ae-apps/ota/coding/coded_image.h"

namespace gatehouse::coding {

struct EncodeRequest {
  ByteView image;
  std::optional<ByteView> base = std::nullopt;     ///< make a delta from it
  std::vector<crypto::PublicKey> recipients = {};  ///< encrypt for these, on P-256
  std::uint64_t clear_bytes = 0;  ///< of the image's front that stay readable when encrypted
  int level = 19;                 ///< zstd's, 1 to 19
};

/// The coded image, as coded_image.h says. Blocks of a delta look for what they have in common with
/// the base wherever it has moved to. Errors: kBadRequest (recipients, clear_bytes).
Result<Bytes> encode(const EncodeRequest& request);

}  // namespace gatehouse::coding
