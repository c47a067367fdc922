#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "ae-apps/ota/crypto/bytes.h"

namespace gatehouse::uptane {

enum class FetchStatus : std::uint8_t {
  kFound,
  kMissing,   ///< there is no file of that name
  kTooLarge,  ///< there are more bytes than were wanted
  kTooSlow,   ///< fewer bytes per second than the least rate
  kFailed,    ///< anything else that keeps the file from us
};

/// One repository, wherever its files are: a folder, HTTP, a USB stick. Nothing that comes from it
/// is trusted. Threading: one thread.
class Fetcher {
 public:
  virtual ~Fetcher() = default;
  /// Receives the file in pieces.
  using Sink = std::function<void(ByteView)>;
  /// `name` is relative to the repository, with '/' between folders. Stops with kTooLarge as soon
  /// as more than max_bytes came; the sink never gets more than that.
  virtual FetchStatus fetch(const std::string& name, std::uint64_t max_bytes, const Sink& sink) = 0;
};

}  // namespace gatehouse::uptane
