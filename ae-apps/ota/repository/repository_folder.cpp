#include "ae-apps/ota/repository/repository_folder.h"

#include <algorithm>
#include <fstream>
#include <set>

#include "ae-apps/ota/crypto/digest.h"
#include "ae-apps/ota/crypto/files.h"
#include "ae-apps/ota/crypto/named_digest.h"
#include "ae-apps/ota/program/state_files.h"
#include "ae-apps/ota/repository/signing.h"
#include "ae-apps/ota/repository/whole_repository.h"

namespace gatehouse::uptane {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFileBytes = 8U << 20;
constexpr std::size_t kMaxNameBytes = 256;
constexpr std::size_t kPieceBytes = 64 * 1024;

bool is_online(std::string_view role) { return role == "snapshot" || role == "timestamp"; }

bool is_plain_path(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameBytes || name.front() == '/' || name.back() == '/' ||
      name.find("//") != std::string_view::npos) {
    return false;
  }
  const fs::path path(name);
  return name.find_first_of(std::string_view("\0\\", 2)) == std::string_view::npos &&
         std::none_of(path.begin(), path.end(), [](const fs::path& part) {
           return part == ".." || part == "." || part.empty();
         });
}

/// Who of those that describe targets names this role, and with which keys.
const DelegatedRole* delegation_of(const TargetsMetadata& metadata, std::string_view role) {
  for (const Delegation& delegation : metadata.delegations) {
    for (const DelegatedRole& each : delegation.roles) {
      if (each.name == role) return &each;
    }
  }
  return nullptr;
}

}  // namespace

// --- files -----------------------------------------------------------------------------------

fs::path RepositoryFolder::draft_file(const std::string& role) const {
  return folder_ / "drafts" / (role + ".json");
}

fs::path RepositoryFolder::published_file(const std::string& name) const {
  return folder_ / "metadata" / name;
}

FileSet RepositoryFolder::metadata() const {
  FileSet out;
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(folder_ / "metadata", error)) {
    if (!entry.is_regular_file() || entry.path().extension() != ".json") continue;
    const auto text = ota::read_text(entry.path(), kMaxFileBytes);
    if (!text) continue;
    out.emplace(fs::relative(entry.path(), folder_ / "metadata", error).generic_string(), *text);
  }
  return out;
}

std::vector<std::string> RepositoryFolder::drafted_roles() const {
  std::vector<std::string> out;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_ / "drafts", error)) {
    if (entry.path().extension() == ".json") out.push_back(entry.path().stem().string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::uint64_t RepositoryFolder::published_version(const std::string& role,
                                                  const FileSet& files) const {
  return newest_version(files, role);
}

std::optional<std::string> RepositoryFolder::published_text(const std::string& role,
                                                            const FileSet& files) const {
  const auto found =
      files.find(role == "timestamp" ? std::string("timestamp.json")
                                     : role_file_name(role, published_version(role, files)));
  return found == files.end() ? std::nullopt : std::optional(found->second);
}

Result<std::string> RepositoryFolder::read_draft(const std::string& role) const {
  auto text = ota::read_text(draft_file(role), kMaxFileBytes);
  if (!text) return text;
  if (text->empty()) return fail(Rsc::kNotFound, role + ": there is no draft");
  return text;
}

// --- changing --------------------------------------------------------------------------------

Result<void> RepositoryFolder::create(const RoleSpecs& roles, Timestamp now) {
  std::error_code error;
  if (fs::exists(folder_ / "drafts", error) || fs::exists(folder_ / "metadata", error)) {
    return fail(Rsc::kAlreadyExists, "there is a repository in this folder");
  }
  const auto root = make_root(roles, now + validity.root);
  if (!root) return fail(root.error());
  fs::create_directories(folder_ / "drafts", error);
  fs::create_directories(folder_ / "metadata" / "delegations", error);
  fs::create_directories(folder_ / "targets", error);
  if (error) return fail(Rsc::kInternalServerError, "the folder cannot be made");
  if (auto done = stage("root", *root); !done) return done;
  if (profile_ == Profile::kDirector) return {};  // its targets are made for each vehicle
  return stage("targets", make_targets(now + validity.targets));
}

Result<Value> RepositoryFolder::draft(const std::string& role, Timestamp now) const {
  if (const auto text = read_draft(role)) return content_of(*text);
  const auto text = published_text(role, metadata());
  if (!text) return fail(Rsc::kNotFound, role + ": there is no such role here");
  Result<Value> content = content_of(*text);
  if (!content) return content;
  content->set("version", content->integer_at("version") + 1);
  content->set("expires", iso_time(now + (role == "root" ? validity.root : validity.targets)));
  return content;
}

Result<void> RepositoryFolder::stage(const std::string& role, const Value& content) {
  return ota::replace_file(draft_file(role), unsigned_metadata(content));
}

Result<void> RepositoryFolder::sign(const std::string& role, const crypto::SigningKey& key) {
  const auto text = read_draft(role);
  if (!text) return fail(text.error());
  const auto more = add_signature(*text, key);
  if (!more) return fail(more.error());
  return ota::replace_file(draft_file(role), *more);
}

Result<TargetSpec> RepositoryFolder::add_image(TargetSpec target, const fs::path& image,
                                               std::uint64_t max_bytes) const {
  if (!is_plain_path(target.name)) {
    return fail(Rsc::kBadRequest, "a target's name is a path such as brake/1.4.0.ghfw");
  }
  std::ifstream in(image, std::ios::binary);
  if (!in) return fail(Rsc::kNotFound, "the image cannot be read");
  auto sha256 = crypto::NamedDigest::make("sha256");
  auto sha512 = crypto::NamedDigest::make("sha512");
  std::vector<char> piece(kPieceBytes);
  target.length = 0;
  while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())), in.gcount() > 0) {
    const auto got = static_cast<std::size_t>(in.gcount());
    target.length += got;
    if (target.length > max_bytes) return fail(Rsc::kNotAcceptable, "the image is too large");
    sha256->update(view_of({piece.data(), got}));
    sha512->update(view_of({piece.data(), got}));
  }
  target.hashes = {{"sha256", to_hex(sha256->finish())}, {"sha512", to_hex(sha512->finish())}};
  const fs::path name(target.name);
  const fs::path place = folder_ / "targets" / name.parent_path() /
                         (target.hashes["sha256"] + "." + name.filename().string());
  std::error_code error;
  fs::create_directories(place.parent_path(), error);
  fs::copy_file(image, place, fs::copy_options::overwrite_existing, error);
  if (error) return fail(Rsc::kInternalServerError, "the image cannot be copied");
  return target;
}

Result<void> RepositoryFolder::delegate(const std::string& delegator,
                                        const DelegationSpec& delegation, Timestamp now) {
  Result<Value> content = draft(delegator, now);
  if (!content) return fail(content.error());
  if (auto done = set_delegation(*content, delegation); !done) return done;
  if (auto done = stage(delegator, *content); !done) return done;
  // What the role's old keys signed has to be signed by its new ones.
  const Result<Value> own = draft(delegation.name, now);
  return stage(delegation.name, own ? *own : make_targets(now + validity.targets));
}

Result<void> RepositoryFolder::rotate(const std::string& role, const RoleSpec& spec,
                                      Timestamp now) {
  if (is_role_name(role)) {
    return fail(Rsc::kBadRequest, role + ": is delegated; delegate to it again with its new keys");
  }
  Result<Value> root = draft("root", now);
  if (!root) return fail(root.error());
  if (auto done = set_role(*root, role, spec); !done) return done;
  if (auto done = stage("root", *root); !done) return done;
  if (role != "targets" || profile_ == Profile::kDirector) return {};
  const Result<Value> targets = draft("targets", now);
  if (!targets) return fail(targets.error());
  return stage("targets", *targets);
}

Result<void> RepositoryFolder::revoke(const std::string& key_id, Timestamp now) {
  bool found = false;
  for (const std::string role : {"root", "targets"}) {
    Result<Value> content = draft(role, now);
    if (!content) continue;
    const auto done = revoke_key(*content, key_id);
    if (!done && done.error().rsc == Rsc::kNotFound) continue;
    if (!done) return done;
    found = true;
    if (auto staged = stage(role, *content); !staged) return staged;
  }
  if (!found) return fail(Rsc::kNotFound, "no role has a key of this id");
  return {};
}

// --- publishing ------------------------------------------------------------------------------

Result<void> RepositoryFolder::add_online_roles(FileSet& files, const OnlineKeys& keys,
                                                Timestamp now) const {
  if (keys.snapshot == nullptr || keys.timestamp == nullptr) {
    return fail(Rsc::kBadRequest, "the keys of snapshot and timestamp are needed");
  }
  std::set<std::string> described;
  for (const auto& [file, text] : files) {
    const auto parts = role_of_file(file);
    if (parts && !is_online(parts->role) && parts->role != "root") described.insert(parts->role);
  }
  Value meta = Value::object();
  for (const std::string& role : described) {
    meta.set(role + ".json",
             file_record(*published_text(role, files), published_version(role, files)));
  }
  const std::uint64_t version = published_version("snapshot", files) + 1;
  Value snapshot = metadata_head("snapshot", version, now + validity.snapshot);
  snapshot.set("meta", std::move(meta));
  const auto signed_snapshot = add_signature(unsigned_metadata(snapshot), *keys.snapshot);
  if (!signed_snapshot) return fail(signed_snapshot.error());
  files[role_file_name("snapshot", version)] = *signed_snapshot;

  std::uint64_t stamp = 1;
  if (const auto old = files.find("timestamp.json"); old != files.end()) {
    const auto content = content_of(old->second);
    if (content) stamp = static_cast<std::uint64_t>(content->integer_at("version")) + 1;
  }
  Value timestamp = metadata_head("timestamp", stamp, now + validity.timestamp);
  timestamp.set("meta", Value::object({{"snapshot.json", file_record(*signed_snapshot, version)}}));
  const auto signed_timestamp = add_signature(unsigned_metadata(timestamp), *keys.timestamp);
  if (!signed_timestamp) return fail(signed_timestamp.error());
  files["timestamp.json"] = *signed_timestamp;
  return {};
}

/// The Director has nothing here but its root: that one chain is walked.
Result<void> RepositoryFolder::check(const FileSet& files, Timestamp now) const {
  if (profile_ != Profile::kDirector) {
    const auto good = verify_repository(files, {}, now);
    return good ? Result<void>() : Result<void>(fail(error_of(good.error())));
  }
  MemoryFetcher fetcher(files);
  const RepositoryClient::Options options{"director", profile_, now, {}};
  auto root = first_root(fetcher, options);
  if (!root) return fail(error_of(root.error()));
  RepositoryClient client(options, fetcher, {*root, {}, {}, {}});
  if (const auto done = client.update_root(); !done) return fail(error_of(done.error()));
  return {};
}

Result<void> RepositoryFolder::publish(const OnlineKeys& keys, Timestamp now) {
  const FileSet before = metadata();
  FileSet files = before;
  const std::vector<std::string> drafts = drafted_roles();
  for (const std::string& role : drafts) {
    const auto text = read_draft(role);
    if (!text) return fail(text.error());
    const auto content = content_of(*text);
    if (!content) return fail(content.error());
    const std::uint64_t version = published_version(role, before) + 1;
    if (static_cast<std::uint64_t>(content->integer_at("version")) != version) {
      return fail(Rsc::kNotAcceptable, role + ": the draft is not of version " +
                                           std::to_string(version) + "; make it anew");
    }
    files[role_file_name(role, version)] = *text;
  }
  if (profile_ != Profile::kDirector) {
    if (auto done = add_online_roles(files, keys, now); !done) return done;
  }
  if (auto good = check(files, now); !good) return good;
  // Of those that are new the timestamp is last and roots are first: who looks in between sees the
  // old state, or is refused where keys have changed; never a mixture.
  std::vector<std::string> fresh;
  for (const auto& [file, text] : files) {
    const auto old = before.find(file);
    if (old == before.end() || old->second != text) fresh.push_back(file);
  }
  const auto rank = [](const std::string& file) {
    if (file.ends_with("root.json")) return 0;
    return file == "timestamp.json" ? 3 : file.ends_with("snapshot.json") ? 2 : 1;
  };
  std::stable_sort(fresh.begin(), fresh.end(),
                   [&](const std::string& a, const std::string& b) { return rank(a) < rank(b); });
  for (const std::string& file : fresh) {
    if (auto done = ota::replace_file(published_file(file), files[file]); !done) return done;
  }
  for (const std::string& role : drafts) {
    std::error_code ignored;
    fs::remove(draft_file(role), ignored);
  }
  return {};
}

// --- looking ---------------------------------------------------------------------------------

std::vector<RoleState> RepositoryFolder::states() const {
  const FileSet files = metadata();
  std::set<std::string> names = {"root", "targets", "snapshot", "timestamp"};
  for (const auto& [file, text] : files) {
    if (const auto parts = role_of_file(file)) names.insert(parts->role);
  }
  for (const std::string& role : drafted_roles()) names.insert(role);
  // Keys and thresholds as they will be once the drafts hold.
  const auto newest = [&](const std::string& role) -> std::optional<Envelope> {
    const auto drafted = read_draft(role);
    const auto published = published_text(role, files);
    auto envelope = parse_envelope(drafted ? *drafted : published.value_or(std::string()));
    return envelope ? std::optional(*std::move(envelope)) : std::nullopt;
  };
  const auto root_envelope = newest("root");
  const auto root = root_envelope ? parse_root(root_envelope->content, profile_)
                                  : Checked<RootMetadata>(refuse(Reason::kMissing, "no root"));
  const auto targets_envelope = newest("targets");
  const auto targets = targets_envelope
                           ? parse_targets(targets_envelope->content, profile_)
                           : Checked<TargetsMetadata>(refuse(Reason::kMissing, "no targets"));
  std::vector<RoleState> out;
  for (const std::string& name : names) {
    RoleState state{name, published_version(name, files), {}, false, 0, 0};
    if (const auto text = published_text(name, files)) {
      if (const auto content = content_of(*text)) {
        state.version = static_cast<std::uint64_t>(content->integer_at("version"));
        state.expires = content->string_at("expires");
      }
    }
    const KeyRing* ring = nullptr;
    const RoleKeys* keys = nullptr;
    const DelegatedRole* delegated = targets ? delegation_of(*targets, name) : nullptr;
    if (root && root->roles.contains(name)) {
      ring = &root->keys;
      keys = &root->roles.find(name)->second;
    } else if (delegated != nullptr) {
      ring = &targets->delegation_keys;
      keys = &delegated->keys;
    }
    if (keys != nullptr) state.threshold = keys->threshold;
    if (const auto text = read_draft(name)) {
      state.drafted = true;
      const auto envelope = parse_envelope(*text);
      for (std::uint64_t n = 1; envelope && keys != nullptr && n <= keys->key_ids.size(); ++n) {
        const RoleKeys wanted{keys->key_ids, n};
        if (verify_signatures(*envelope, *ring, wanted, profile_)) state.signatures = n;
      }
    }
    out.push_back(std::move(state));
  }
  return out;
}

}  // namespace gatehouse::uptane
