#pragma once
#include <functional>
#include <optional>
#include <string>

#include "ae-apps/ota/ecu/disk.h"
#include "ae-apps/ota/uptane/verification.h"

namespace gatehouse::ecu {

inline constexpr const char* kMetadataFile = "director.json";  ///< as the gateway sent it
inline constexpr std::size_t kMaxMetadataBytes = 512 * 1024;

/// An image as it lies in a slot.
struct StoredImage {
  std::uint64_t bytes = 0;
  std::string sha256;  ///< hexadecimal, of the whole file
};

/// Partial verification by the ECU itself: the Director's root and targets, with state of its own
/// on its own disk, whatever the gateway says. Source: Uptane standard 2.1 section 5.4.4.1.
/// Threading: one thread. The disk outlives it.
class DirectorCheck {
 public:
  using Clock = std::function<Timestamp()>;
  /// `root`: metadata that the factory put in. An empty clock: the system's.
  DirectorCheck(std::string root, std::string serial, std::string hardware_id, Clock clock);

  /// Whether the metadata in kMetadataFile orders this image for this ECU; keeps what was learnt.
  /// nullopt: it does. Refusals: those of uptane::verify_partial; kMissing without metadata,
  /// kUnknownEcu if nothing is ordered, kImageLength and kImageHash.
  std::optional<uptane::Refusal> refusal(Disk& disk, const StoredImage& image) const;

 private:
  std::string root_, serial_, hardware_id_;
  Clock clock_;
};

}  // namespace gatehouse::ecu
