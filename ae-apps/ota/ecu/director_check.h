#pragma once
#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "ae-apps/ota/clock/time_attestation.h"
#include "ae-apps/ota/ecu/disk.h"
#include "ae-apps/ota/uptane/verification.h"

namespace gatehouse::ecu {

inline constexpr const char* kMetadataFile = "director.json";  ///< as the gateway sent it
inline constexpr std::size_t kMaxMetadataBytes = 512 * 1024;

/// The member of kMetadataFile that holds an attestation of the time, if there is one.
inline constexpr const char* kTimeMember = "time.json";

/// The time as a time server attested it to this very ECU, carried on by a clock that only runs
/// forward. The gateway hands questions and answers on, and can at most keep them back.
/// Source: Uptane standard 2.1 section 5.4.4.2. Threading: one thread.
class AttestedTime {
 public:
  /// Milliseconds since any moment; never goes back.
  using Steady = std::function<std::chrono::milliseconds()>;
  /// An older answer may have been kept back.
  static constexpr std::chrono::seconds kLongestAnswer{120};

  /// An empty `steady`: the system's.
  explicit AttestedTime(ota::TimeKeys keys, Steady steady = {});
  /// The nonce of the next attestation; the one before counts no more.
  Bytes ask();
  /// Refusals: those of ota::verify_time; kReplay if nothing was asked, kTooSlow. Then what was
  /// known before goes on to count.
  uptane::Checked<void> take(std::string_view attestation);
  /// Now. nullopt: nothing was attested since the start.
  std::optional<Timestamp> now() const;

 private:
  ota::TimeKeys keys_;
  Steady steady_;
  std::string nonce_;                   ///< empty: nothing is asked
  std::chrono::milliseconds asked_{0};  ///< when
  std::optional<Timestamp> latest_;
  std::chrono::milliseconds at_{0};  ///< when latest_ was true
};

/// The attestation in kMetadataFile; empty: none.
std::string time_attestation_in(Disk& disk);

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
  /// kUnknownEcu if nothing is ordered, kImageLength and kImageHash. With `time` expiry is judged
  /// by it, or else by the latest time that ever counted, and not by the clock; kMissing if there
  /// is none.
  std::optional<uptane::Refusal> refusal(Disk& disk, const StoredImage& image,
                                         const AttestedTime* time = nullptr) const;

 private:
  std::string root_, serial_, hardware_id_;
  Clock clock_;
};

}  // namespace gatehouse::ecu
