#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace gatehouse::uptane {

/// Why metadata or an image is not believed: one word for each attack or fault. The words are part
/// of the interface of `gatehouse-ota verify` and of version reports: they never change.
enum class Reason : std::uint8_t {
  kMalformed,           ///< "malformed": not the metadata that it should be
  kUnsupported,         ///< "unsupported": of a version of the format that is not known
  kMissing,             ///< "missing": the file is not there
  kTooLarge,            ///< "too-large": endless data
  kTooSlow,             ///< "too-slow": slow retrieval
  kWrongType,           ///< "wrong-type": metadata of another role in its place
  kThreshold,           ///< "threshold": not signed by enough keys
  kIllegalThreshold,    ///< "illegal-threshold": a threshold that anybody or nobody meets
  kDuplicateSignature,  ///< "duplicate-signature": two signatures under one key id
  kBadKeyId,            ///< "bad-key-id": a key is not the one that its id names
  kExpired,             ///< "expired": freeze
  kRollback,            ///< "rollback": older than what was seen
  kRootVersion,         ///< "root-version": a root metadata that is not the next one
  kMixAndMatch,         ///< "mix-and-match": not the file that snapshot or timestamp name
  kDirectorDelegates,   ///< "director-delegates"
  kRepeatedEcu,         ///< "repeated-ecu": one ECU shall install two images
  kUnknownEcu,          ///< "unknown-ecu": not in this vehicle, or none named
  kWrongVehicle,        ///< "wrong-vehicle"
  kWrongHardware,       ///< "wrong-hardware": an image for another kind of ECU
  kNotInImages,         ///< "not-in-images": the Image repository does not know it
  kDisagree,            ///< "repositories-disagree": Director and Image repository
  kReleaseCounter,      ///< "release-counter": an older release than the ECU has
  kDelegation,          ///< "delegation": a delegated role is missing, unlisted or too deep
  kImageMissing,        ///< "image-missing"
  kImageLength,         ///< "image-length"
  kImageHash,           ///< "image-hash": arbitrary software
  kReplay,              ///< "replay": a report with a wrong nonce
};
std::string_view name_of(Reason reason);

struct Refusal {
  Reason reason = Reason::kMalformed;
  std::string repository;  ///< "director", "images", "tuf"; empty: no matter of one
  std::string role;        ///< "root", "timestamp", …, name of a delegated role; may be empty
  std::string detail;      ///< one sentence for people

  friend bool operator==(const Refusal&, const Refusal&) = default;
};

/// A value, or why it is not believed.
template <class T>
struct [[nodiscard]] Checked : tl::expected<T, Refusal> {
  using tl::expected<T, Refusal>::expected;
};

[[nodiscard]] inline tl::unexpected<Refusal> refuse(Reason reason, std::string detail) {
  return tl::unexpected<Refusal>(Refusal{reason, {}, {}, std::move(detail)});
}
[[nodiscard]] inline tl::unexpected<Refusal> refuse(Refusal refusal) {
  return tl::unexpected<Refusal>(std::move(refusal));
}

}  // namespace gatehouse::uptane
