#include "ae-apps/ota/uptane/trusted_repository.h"

namespace gatehouse::uptane {
namespace {

Value number(std::uint64_t value) { return {static_cast<std::int64_t>(value)}; }

Result<std::uint64_t> version_in(const Value& object, std::string_view name) {
  const Value* member = object.find(name);
  if (member == nullptr || !member->is_integer() || *member->as_integer() < 0) {
    return fail(Rsc::kBadRequest, std::string(name) + ": is not a version");
  }
  return static_cast<std::uint64_t>(*member->as_integer());
}

Result<TrustedRepository::TimestampRecord> timestamp_of(const Value& value) {
  const auto version = version_in(value, "version");
  if (!version) return fail(version.error());
  const auto snapshot = version_in(value, "snapshot");
  if (!snapshot) return fail(snapshot.error());
  return TrustedRepository::TimestampRecord{*version, *snapshot};
}

Result<TrustedRepository::SnapshotRecord> snapshot_of(const Value& value) {
  const auto version = version_in(value, "version");
  if (!version) return fail(version.error());
  TrustedRepository::SnapshotRecord out{*version, {}};
  const Value* files = value.find("files");
  if (files == nullptr || files->as_object() == nullptr) {
    return fail(Rsc::kBadRequest, "files: is no object");
  }
  for (const auto& [name, entry] : *files->as_object()) {
    const auto file_version = version_in(*files, name);
    if (!file_version) return fail(file_version.error());
    out.files.emplace(name, *file_version);
  }
  return out;
}

}  // namespace

Value to_value(const TrustedRepository& trusted) {
  Value out = Value::object({{"root", trusted.root}});
  if (trusted.timestamp) {
    out.set("timestamp",
            Value::object({{"version", number(trusted.timestamp->version)},
                           {"snapshot", number(trusted.timestamp->snapshot_version)}}));
  }
  if (trusted.snapshot) {
    Value files = Value::object();
    for (const auto& [name, version] : trusted.snapshot->files) files.set(name, number(version));
    out.set("snapshot", Value::object({{"version", number(trusted.snapshot->version)},
                                       {"files", std::move(files)}}));
  }
  if (trusted.targets_version) out.set("targets", number(*trusted.targets_version));
  return out;
}

Result<TrustedRepository> trusted_repository_of(const Value& value) {
  TrustedRepository out;
  const Value* root = value.find("root");
  if (root == nullptr || root->as_string() == nullptr) {
    return fail(Rsc::kBadRequest, "root: is no text");
  }
  out.root = *root->as_string();
  if (const Value* timestamp = value.find("timestamp")) {
    auto record = timestamp_of(*timestamp);
    if (!record) return fail(record.error());
    out.timestamp = *record;
  }
  if (const Value* snapshot = value.find("snapshot")) {
    auto record = snapshot_of(*snapshot);
    if (!record) return fail(record.error());
    out.snapshot = *std::move(record);
  }
  if (value.contains("targets")) {
    auto version = version_in(value, "targets");
    if (!version) return fail(version.error());
    out.targets_version = *version;
  }
  return out;
}

}  // namespace gatehouse::uptane
