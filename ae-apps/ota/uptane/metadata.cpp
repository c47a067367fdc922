#include "ae-apps/ota/uptane/metadata.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "ae-apps/ota/crypto/named_digest.h"
#include "ae-apps/ota/uptane/target_custom.h"

namespace gatehouse::uptane {
namespace {

tl::unexpected<Refusal> malformed(std::string detail) {
  return refuse(Reason::kMalformed, std::move(detail));
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

Checked<std::uint64_t> read_count(const Value& object, std::string_view name) {
  const Value* member = object.find(name);
  if (member == nullptr || !member->is_integer() || *member->as_integer() < 0) {
    return malformed(std::string(name) + ": must be a whole number");
  }
  return static_cast<std::uint64_t>(*member->as_integer());
}

Checked<Hashes> read_hashes(const Value& object) {
  Hashes out;
  const Value* hashes = object.find("hashes");
  if (hashes == nullptr) return out;
  if (hashes->as_object() == nullptr) return malformed("hashes: must be an object");
  for (const auto& [algorithm, digest] : *hashes->as_object()) {
    const auto bytes = digest.as_string() == nullptr
                           ? Result<Bytes>(fail(Rsc::kBadRequest, "no text"))
                           : from_hex(*digest.as_string());
    if (!bytes || bytes->empty()) return malformed("hashes: must be hexadecimal");
    out.emplace(algorithm, to_hex(*bytes));
  }
  return out;
}

Checked<void> read_common(const Value& content, std::string_view type, Profile profile,
                          CommonMetadata& out) {
  const Value* said = content.find("_type");
  if (said == nullptr || said->as_string() == nullptr) return malformed("_type: must be a string");
  if (!equal_ignoring_case(*said->as_string(), type)) {
    return refuse(Reason::kWrongType, "_type: is not " + std::string(type));
  }
  if (profile == Profile::kTuf) {
    const Value* version = content.find("spec_version");
    const bool one = version == nullptr ||
                     (version->as_string() != nullptr && version->as_string()->starts_with("1."));
    if (!one) return refuse(Reason::kUnsupported, "spec_version: is not 1");
  }
  auto version = read_count(content, "version");
  if (!version) return refuse(version.error());
  // OTA Connect's first targets of a vehicle have version 0.
  const bool zero = profile != Profile::kTuf && type != "root";
  if (*version == 0 && !zero) return malformed("version: begins with 1");
  out.version = *version;
  const auto expires = parse_iso_time(content.string_at("expires"));
  if (!expires) return malformed("expires: must be a date and time");
  out.expires = *expires;
  return {};
}

Checked<FileRecord> read_file_record(const Value& object) {
  FileRecord out;
  auto version = read_count(object, "version");
  if (!version) return refuse(version.error());
  out.version = *version;
  if (object.contains("length")) {
    auto length = read_count(object, "length");
    if (!length) return refuse(length.error());
    out.length = *length;
  }
  auto hashes = read_hashes(object);
  if (!hashes) return refuse(hashes.error());
  out.hashes = *std::move(hashes);
  return out;
}

Checked<std::vector<std::string>> read_texts(const Value& object, std::string_view name) {
  std::vector<std::string> out;
  const Value* list = object.find(name);
  if (list == nullptr || list->is_null()) return out;
  if (list->as_array() == nullptr) return malformed(std::string(name) + ": must be a list");
  for (const Value& item : *list->as_array()) {
    if (item.as_string() == nullptr) return malformed(std::string(name) + ": must be strings");
    out.push_back(*item.as_string());
  }
  return out;
}

Checked<TargetRecord> read_target(const Value& object) {
  TargetRecord out;
  auto length = read_count(object, "length");
  if (!length) return refuse(length.error());
  out.length = *length;
  auto hashes = read_hashes(object);
  if (!hashes) return refuse(hashes.error());
  if (hashes->empty()) return malformed("hashes: at least one must be there");
  out.hashes = *std::move(hashes);
  if (const Value* custom = object.find("custom")) {
    if (auto done = read_custom(*custom, out); !done) return refuse(done.error());
  }
  return out;
}

Checked<DelegatedRole> read_delegated_role(const Value& object) {
  const Value* name = object.find("name");
  if (name == nullptr || name->as_string() == nullptr || name->as_string()->empty()) {
    return malformed("delegations: a role must have a name");
  }
  auto keys = parse_role_keys(object, *name->as_string());
  if (!keys) return refuse(keys.error());
  return DelegatedRole{*name->as_string(), *std::move(keys)};
}

/// The roles of one delegation: itself, or those that it lists (TAP 3).
Checked<void> read_delegated_roles(const Value& object, Delegation& out) {
  const Value* several = object.find("roles");
  if (several == nullptr) {
    auto role = read_delegated_role(object);
    if (!role) return refuse(role.error());
    out.roles.push_back(*std::move(role));
    return {};
  }
  if (several->as_array() == nullptr || several->size() == 0) {
    return malformed("delegations: roles must be a list that is not empty");
  }
  for (const Value& one : *several->as_array()) {
    auto role = read_delegated_role(one);
    if (!role) return refuse(role.error());
    out.roles.push_back(*std::move(role));
  }
  auto agreeing = object.contains("min_roles_in_agreement")
                      ? read_count(object, "min_roles_in_agreement")
                      : Checked<std::uint64_t>(out.roles.size());
  if (!agreeing) return refuse(agreeing.error());
  if (*agreeing == 0 || *agreeing > out.roles.size()) {
    return refuse(Reason::kIllegalThreshold, "delegations: min_roles_in_agreement");
  }
  out.roles_in_agreement = *agreeing;
  return {};
}

Checked<Delegation> read_delegation(const Value& object, Profile profile) {
  Delegation out;
  if (auto done = read_delegated_roles(object, out); !done) return refuse(done.error());
  auto paths = read_texts(object, "paths");
  if (!paths) return refuse(paths.error());
  auto prefixes = read_texts(object, "path_hash_prefixes");
  if (!prefixes) return refuse(prefixes.error());
  if (!object.contains("paths") && !object.contains("path_hash_prefixes")) {
    return malformed("delegations: a role must say its paths");
  }
  if (profile != Profile::kTuf) {  // TUF knows no hardware
    auto hardware = read_hardware_ids(object);
    if (!hardware) return refuse(hardware.error());
    out.hardware_ids = *std::move(hardware);
  }
  out.paths = *std::move(paths);
  out.path_hash_prefixes = *std::move(prefixes);
  out.terminating = object.bool_at("terminating");
  return out;
}

Checked<void> read_delegations(const Value& object, Profile profile, TargetsMetadata& out) {
  if (object.is_null()) return {};
  if (object.contains("succinct_roles")) {
    return refuse(Reason::kUnsupported, "delegations: succinct_roles");
  }
  const Value* keys = object.find("keys");
  const Value* roles = object.find("roles");
  if (roles == nullptr || (roles->as_array() != nullptr && roles->size() == 0)) return {};
  if (profile == Profile::kDirector) {
    return refuse(Reason::kDirectorDelegates, "the Director has no right to delegate");
  }
  if (keys == nullptr || roles->as_array() == nullptr) {
    return malformed("delegations: must have keys and a list of roles");
  }
  auto ring = parse_keys(*keys, profile);
  if (!ring) return refuse(ring.error());
  out.delegation_keys = *std::move(ring);
  for (const Value& role : *roles->as_array()) {
    auto delegation = read_delegation(role, profile);
    if (!delegation) return refuse(delegation.error());
    out.delegations.push_back(*std::move(delegation));
  }
  return {};
}

std::string vehicle_of(const Value& content) {
  const Value* custom = content.find("custom");
  for (const Value* object : {&content, custom}) {
    if (object == nullptr) continue;
    for (const std::string_view name : {"vin", "vehicleId", "vehicle_id"}) {
      if (std::string text = object->string_at(name); !text.empty()) return text;
    }
  }
  return {};
}

}  // namespace

Checked<RootMetadata> parse_root(const Value& content, Profile profile) {
  RootMetadata out;
  if (auto done = read_common(content, "root", profile, out); !done) return refuse(done.error());
  out.consistent_snapshot = content.bool_at("consistent_snapshot");
  const Value* keys = content.find("keys");
  const Value* roles = content.find("roles");
  if (keys == nullptr || roles == nullptr || roles->as_object() == nullptr) {
    return malformed("must have keys and roles");
  }
  for (const auto& [name, role] : *roles->as_object()) {
    auto role_keys = parse_role_keys(role, name);
    if (!role_keys) return refuse(role_keys.error());
    out.roles.emplace(name, *std::move(role_keys));
  }
  auto ring = parse_keys(*keys, profile);
  if (!ring) return refuse(ring.error());
  out.keys = *std::move(ring);
  // Directors in the field leave timestamp and snapshot out, both, and say so by their root.
  const bool brief = profile == Profile::kDirector && !out.roles.contains("timestamp") &&
                     !out.roles.contains("snapshot");
  for (const std::string_view name : {"root", "targets", "timestamp", "snapshot"}) {
    const bool needed = !brief || name == "root" || name == "targets";
    if (needed && !out.roles.contains(name)) {
      return malformed("roles: " + std::string(name) + " is not there");
    }
  }
  return out;
}

Checked<TimestampMetadata> parse_timestamp_metadata(const Value& content, Profile profile) {
  TimestampMetadata out;
  if (auto done = read_common(content, "timestamp", profile, out); !done) {
    return refuse(done.error());
  }
  const Value* meta = content.find("meta");
  const Value* snapshot = meta == nullptr ? nullptr : meta->find("snapshot.json");
  if (snapshot == nullptr) return malformed("meta: must hold snapshot.json");
  auto record = read_file_record(*snapshot);
  if (!record) return refuse(record.error());
  out.snapshot = *std::move(record);
  return out;
}

Checked<SnapshotMetadata> parse_snapshot(const Value& content, Profile profile) {
  SnapshotMetadata out;
  if (auto done = read_common(content, "snapshot", profile, out); !done) {
    return refuse(done.error());
  }
  const Value* meta = content.find("meta");
  if (meta == nullptr || meta->as_object() == nullptr) return malformed("meta: must be an object");
  for (const auto& [name, object] : *meta->as_object()) {
    if (name == "root.json") continue;  // of older repositories; the root's own rules hold
    auto record = read_file_record(object);
    if (!record) return refuse(record.error());
    out.files.emplace(name, *std::move(record));
  }
  return out;
}

Checked<TargetsMetadata> parse_targets(const Value& content, Profile profile) {
  TargetsMetadata out;
  if (auto done = read_common(content, "targets", profile, out); !done) {
    return refuse(done.error());
  }
  const Value* targets = content.find("targets");
  if (targets == nullptr || targets->as_object() == nullptr) {
    return malformed("targets: must be an object");
  }
  for (const auto& [name, object] : *targets->as_object()) {
    auto target = read_target(object);
    if (!target) {
      Refusal refusal = target.error();
      refusal.detail = "targets: " + name + ": " + refusal.detail;
      return refuse(std::move(refusal));
    }
    out.targets.emplace(name, *std::move(target));
  }
  if (const Value* delegations = content.find("delegations")) {
    if (auto done = read_delegations(*delegations, profile, out); !done) {
      return refuse(done.error());
    }
  }
  out.vehicle = vehicle_of(content);
  return out;
}

std::optional<Timestamp> parse_iso_time(std::string_view text) {
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  std::string basic(text.substr(0, 19));
  for (const std::size_t at : {16U, 13U, 7U, 4U}) basic.erase(at, 1);
  auto time = parse_timestamp(basic);
  std::string_view rest = text.substr(19);
  if (!time) return std::nullopt;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    const std::size_t end = rest.find_first_not_of("0123456789");
    if (end == 0 || end == std::string_view::npos) return std::nullopt;
    rest.remove_prefix(end);  // less than a second decides nothing
  }
  if (rest == "Z" || rest == "z") return time;
  if (rest.size() != 6 || (rest[0] != '+' && rest[0] != '-') || rest[3] != ':') return std::nullopt;
  int hours = 0;
  int minutes = 0;
  const auto h = std::from_chars(rest.data() + 1, rest.data() + 3, hours);
  const auto m = std::from_chars(rest.data() + 4, rest.data() + 6, minutes);
  if (h.ptr != rest.data() + 3 || m.ptr != rest.data() + 6 || hours > 23 || hours < 0 ||
      minutes > 59 || minutes < 0) {
    return std::nullopt;
  }
  const auto offset = std::chrono::minutes(hours * 60 + minutes);
  return rest[0] == '+' ? *time - offset : *time + offset;
}

std::string iso_time(Timestamp time) {
  const std::string basic = to_text(time);  // YYYYMMDDThhmmss,f
  return basic.substr(0, 4) + '-' + basic.substr(4, 2) + '-' + basic.substr(6, 5) + ':' +
         basic.substr(11, 2) + ':' + basic.substr(13, 2) + 'Z';
}

bool hashes_match(const Hashes& hashes, ByteView content) {
  bool any = false;
  for (const auto& [algorithm, wanted] : hashes) {
    auto digest = crypto::NamedDigest::make(algorithm);
    if (!digest) continue;
    digest->update(content);
    if (to_hex(digest->finish()) != wanted) return false;
    any = true;
  }
  return any;
}

}  // namespace gatehouse::uptane
