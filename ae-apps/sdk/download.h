#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "bindings/security/tls_settings.h"
#include "cse/primitive/result.h"

namespace gatehouse::sdk {

struct DownloadSettings {
  std::optional<TlsSettings> tls;  ///< for https
  std::uint64_t block_bytes = 256u << 10;
  std::uint64_t max_bytes = 512u << 20;  ///< a larger resource is refused before it is fetched
  unsigned max_failures = 5;             ///< blocks failed one after the other before giving up
  /// Pause before try n (1 …) of a block; empty: 100 ms, doubling up to 5 s.
  std::function<void(unsigned attempt)> wait;
  /// After each block; false stops the download (kRequestTimeout), which may be resumed later.
  std::function<bool(std::uint64_t bytes, std::uint64_t total)> progress;
  std::chrono::milliseconds request_timeout{10'000};  ///< of each block
};

/// What a download did.
struct Downloaded {
  std::uint64_t bytes = 0;          ///< of the file
  std::uint64_t fetched_bytes = 0;  ///< over the network in this call; less when resumed
  unsigned failures = 0;            ///< blocks that had to be asked for again
  unsigned restarts = 0;            ///< the resource changed, so it began anew
};

/// Fetches `url` (http, https) into `file` by ranges. While it is incomplete, "<file>.part" holds
/// the bytes and "<file>.etag" what they belong to: a later call goes on there, with If-Range, and
/// starts anew if the resource has changed. A cut costs at most one block. The file appears
/// complete, at once. Errors: kTargetNotReachable (tries used up), kNotFound, kNotAcceptable (too
/// large), kInternalServerError (disk), kBadRequest (no http
/// URL, or an empty resource). Blocks its caller.
Result<Downloaded> download(const std::string& url, const std::filesystem::path& file,
                            const DownloadSettings& settings);

}  // namespace gatehouse::sdk
