#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ae-apps/ota/uptane/envelope.h"
#include "cse/primitive/timestamp.h"

namespace gatehouse::uptane {

/// Digests by the name of their algorithm, in lower-case hexadecimal.
using Hashes = std::map<std::string, std::string, std::less<>>;

/// What every role's metadata says. Source: Uptane standard 2.1 section 5.2.1, TUF 1.0 section 4.3.
struct CommonMetadata {
  std::uint64_t version = 0;
  Timestamp expires;
};

struct RootMetadata : CommonMetadata {
  bool consistent_snapshot = false;
  KeyRing keys;
  std::map<std::string, RoleKeys, std::less<>> roles;  ///< "root", "targets", …
};

/// How timestamp or snapshot metadata names another file.
struct FileRecord {
  std::uint64_t version = 0;
  std::optional<std::uint64_t> length;  ///< bytes
  Hashes hashes;                        ///< may be empty
};

struct TimestampMetadata : CommonMetadata {
  FileRecord snapshot;
};

struct SnapshotMetadata : CommonMetadata {
  /// By the file's name without version: "targets.json", "supplier.json".
  std::map<std::string, FileRecord, std::less<>> files;
};

/// An image as one targets metadata describes it.
struct TargetRecord {
  std::uint64_t length = 0;  ///< bytes
  Hashes hashes;             ///< at least one
  /// Hardware ids that it is made for; empty: not said.
  std::vector<std::string> hardware_ids;
  std::optional<std::uint64_t> release_counter;
  /// Serial number -> hardware id (empty: not said). Of the Director only.
  std::map<std::string, std::string, std::less<>> ecus;
  /// Serial number -> name of the release that it is part of; ECUs of the same release are updated
  /// together or not at all. Of the Director only, and our own addition.
  std::map<std::string, std::string, std::less<>> releases;
  std::string uri;  ///< where to get it; empty: in the repository
  bool ecu_repeated = false;
  Value custom;  ///< all of it, as it came; null: none
};

struct DelegatedRole {
  std::string name;
  RoleKeys keys;
};

/// One entry of delegations: one role, or several that must agree.
/// Source: Uptane standard 2.1 section 5.2.3.2, TAP 3.
struct Delegation {
  std::vector<DelegatedRole> roles;             ///< at least one
  std::uint64_t roles_in_agreement = 1;         ///< of several
  std::vector<std::string> paths;               ///< shell-style, '*' does not cross '/'
  std::vector<std::string> path_hash_prefixes;  ///< of SHA-256 of the name, hexadecimal
  std::vector<std::string> hardware_ids;        ///< empty: any
  bool terminating = false;
};

struct TargetsMetadata : CommonMetadata {
  std::map<std::string, TargetRecord, std::less<>> targets;
  KeyRing delegation_keys;
  std::vector<Delegation> delegations;  ///< in order of priority
  std::string vehicle;                  ///< vehicle id; empty: not said
};

/// The content of an envelope as metadata of a role. None of these verifies anything. Errors:
/// kMalformed naming the member, kWrongType if `_type` says another role (letter case ignored),
/// kUnsupported, kIllegalThreshold, kBadKeyId.
Checked<RootMetadata> parse_root(const Value& content, Profile profile);
Checked<TimestampMetadata> parse_timestamp_metadata(const Value& content, Profile profile);
Checked<SnapshotMetadata> parse_snapshot(const Value& content, Profile profile);
Checked<TargetsMetadata> parse_targets(const Value& content, Profile profile);

/// "2030-01-31T12:00:00Z", a fraction of a second and an offset in place of the Z allowed.
std::optional<Timestamp> parse_iso_time(std::string_view text);
std::string iso_time(Timestamp time);  ///< to the second, with Z

/// "sha256" and "sha512" agree with the bytes where they are said, and one known digest is there.
bool hashes_match(const Hashes& hashes, ByteView content);

}  // namespace gatehouse::uptane
