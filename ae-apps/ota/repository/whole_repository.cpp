#include "ae-apps/ota/repository/whole_repository.h"

#include <algorithm>
#include <charconv>
#include <deque>
#include <set>

#include "ae-apps/ota/repository/content.h"

namespace gatehouse::uptane {
namespace {

constexpr std::string_view kDelegations = "delegations/";
constexpr std::size_t kMaxRoles = 256;

Refusal in_role(Refusal refusal, const std::string& role) {
  refusal.repository = "images";
  refusal.role = role;
  return refusal;
}

/// The newest file of a delegated role, signed by those whom its delegator names; nullopt: it has
/// published nothing yet.
Checked<std::optional<TargetsMetadata>> delegated_metadata(const FileSet& files,
                                                           const DelegatedRole& role,
                                                           const KeyRing& keys, Timestamp now) {
  const auto file = files.find(role_file_name(role.name, newest_version(files, role.name)));
  if (file == files.end()) return std::optional<TargetsMetadata>();
  const auto envelope = parse_envelope(file->second);
  if (!envelope) return refuse(in_role(envelope.error(), role.name));
  if (auto good = verify_signatures(*envelope, keys, role.keys, Profile::kImages); !good) {
    return refuse(in_role(good.error(), role.name));
  }
  auto metadata = parse_targets(envelope->content, Profile::kImages);
  if (!metadata) return refuse(in_role(metadata.error(), role.name));
  if (metadata->expires <= now) {
    return refuse(in_role({Reason::kExpired, {}, {}, "expired at " + iso_time(metadata->expires)},
                          role.name));
  }
  return std::optional(*std::move(metadata));
}

}  // namespace

std::optional<RoleFile> role_of_file(std::string_view file) {
  const bool delegated = file.starts_with(kDelegations);
  if (delegated) file.remove_prefix(kDelegations.size());
  if (!file.ends_with(".json")) return std::nullopt;
  file.remove_suffix(5);
  std::uint64_t version = 0;
  const auto [end, error] = std::from_chars(file.data(), file.data() + file.size(), version);
  const auto digits = static_cast<std::size_t>(end - file.data());
  if (error != std::errc{} || digits + 1 >= file.size() || file[digits] != '.') {
    return std::nullopt;
  }
  RoleFile out{std::string(file.substr(digits + 1)), version};
  if (is_role_name(out.role) != delegated) return std::nullopt;
  return out;
}

std::string role_file_name(const std::string& role, std::uint64_t version) {
  const std::string name = std::to_string(version) + "." + role + ".json";
  return is_role_name(role) ? std::string(kDelegations) + name : name;
}

std::uint64_t newest_version(const FileSet& files, std::string_view role) {
  std::uint64_t newest = 0;
  for (const auto& [file, text] : files) {
    const auto parts = role_of_file(file);
    if (parts && parts->role == role) newest = std::max(newest, parts->version);
  }
  return newest;
}

FileSet newest_files(const FileSet& files) {
  FileSet out;
  for (const auto& [name, text] : files) {
    const auto file = role_of_file(name);
    const bool old =
        file && file->role != "root" && file->version < newest_version(files, file->role);
    if (!old) out.emplace(name, text);
  }
  return out;
}

Error error_of(const Refusal& refusal) {
  const std::string role = refusal.role.empty() ? "" : refusal.role + ": ";
  return {Rsc::kNotAcceptable,
          role + refusal.detail + " (" + std::string(name_of(refusal.reason)) + ")"};
}

Checked<DescribedTargets> verify_repository(const FileSet& files, const std::string& trusted_root,
                                            Timestamp now) {
  MemoryFetcher fetcher(files);
  const RepositoryClient::Options options{"images", Profile::kImages, now, {}};
  std::string root = trusted_root;
  if (root.empty()) {
    auto first = first_root(fetcher, options);
    if (!first) return refuse(in_role(first.error(), "root"));
    root = *std::move(first);
  }
  RepositoryClient client(options, fetcher, {root, {}, {}, {}});
  if (const auto done = client.refresh(); !done) return refuse(done.error());
  std::deque<TargetsMetadata> open = {client.targets()};
  std::set<std::string> seen;
  DescribedTargets out;
  for (; !open.empty(); open.pop_front()) {
    const TargetsMetadata& metadata = open.front();
    for (const auto& [name, record] : metadata.targets) {
      auto found = client.find_target(name, record.hardware_ids);
      if (found) {
        out.emplace(name, *std::move(found));
      } else if (found.error().reason != Reason::kNotInImages) {
        return refuse(found.error());
      }
    }
    for (const Delegation& delegation : metadata.delegations) {
      for (const DelegatedRole& role : delegation.roles) {
        if (!seen.insert(role.name).second) continue;
        if (seen.size() > kMaxRoles) return refuse(Reason::kDelegation, "too many roles");
        auto next = delegated_metadata(files, role, metadata.delegation_keys, now);
        if (!next) return refuse(next.error());
        if (*next) open.push_back(**std::move(next));
      }
    }
  }
  return out;
}

}  // namespace gatehouse::uptane
