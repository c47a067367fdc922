#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ae-apps/ota/crypto/digest.h"

namespace gatehouse::image {

/// What an image says about itself; the part of it that is signed.
struct Manifest {
  std::string name;     ///< of the software, 1..64 of [A-Za-z0-9._-]
  std::string version;  ///< semantic version, "1.4.0-rc.1+build.7"; at most 64 characters
  std::uint64_t release_counter =
      0;  ///< never falls; an ECU refuses a smaller one than it has run (below 2^63)
  std::string hardware_id;  ///< of the ECUs for which it is made, 1..64 of [A-Za-z0-9._-]
  std::uint64_t payload_bytes = 0;
  crypto::Sha256Digest payload_sha256{};
  std::string created;                    ///< m2m:timestamp, "20261121T120000"
  std::vector<std::string> requirements;  ///< see requirements.h; at most 16 of 128 characters
  std::string notes;                      ///< for people; at most 2048 characters
  // For the user, before he decides. Left out of the JSON if there is none: an ECU of before these
  // members refuses what has them.
  std::uint64_t duration_s = 0;  ///< of the whole installation, at most a day; 0: not said
  std::string unavailable;       ///< what does not work meanwhile; at most 512 characters

  friend bool operator==(const Manifest&, const Manifest&) = default;
};

inline constexpr std::size_t kMaxManifestBytes = 16 * 1024;

/// True for MAJOR.MINOR.PATCH with optional pre-release and build. Source: semver.org 2.0.0.
bool is_semantic_version(std::string_view text);

/// Canonical JSON: members in alphabetical order, no blanks. The signature is over exactly these
/// bytes.
/// `{"created":"20261121T120000","hardware_id":"brake-2","length":812,"name":"brake","notes":"","release_counter":7,
///   "requires":[],"sha256":"9f86…","version":"1.4.0"}`
/// Errors: kBadRequest naming the member, as parse_manifest would.
Result<std::string> encode_manifest(const Manifest& manifest);

/// A requirement of the form `release=NAME/COUNT`: the image is installed only together with the
/// others of that release, and they are so many, itself included. NAME: 1..64 of [A-Za-z0-9._-].
struct ReleaseRequirement {
  std::string name;
  std::uint64_t count = 0;
  friend bool operator==(const ReleaseRequirement&, const ReleaseRequirement&) = default;
};
/// The first one; nullopt: none.
std::optional<ReleaseRequirement> required_release(const std::vector<std::string>& requirements);

/// Any bytes give a Manifest or kBadRequest naming the member at fault. What is not canonical is
/// refused.
Result<Manifest> parse_manifest(std::string_view json);

}  // namespace gatehouse::image
