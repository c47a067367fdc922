#include "ae-apps/ota/uptane/repository_client.h"

#include <algorithm>

#include "ae-apps/ota/uptane/canonical.h"
#include "cse/codec/json.h"

namespace gatehouse::uptane {
namespace {

constexpr std::size_t kMaxPathBytes = 1024;

/// Source: TUF 1.0 section 4.5: a role's name may hold any character, a file's name may not.
std::string percent_encoded(std::string_view name) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  static constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~";
  std::string out;
  for (const char c : name) {
    if (kPlain.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 0xF];
  }
  return out;
}

tl::unexpected<Refusal> not_fetched(FetchStatus status, const std::string& name,
                                    std::size_t max_bytes) {
  switch (status) {
    case FetchStatus::kTooLarge:
      return refuse(Reason::kTooLarge,
                    name + ": more than " + std::to_string(max_bytes) + " bytes");
    case FetchStatus::kTooSlow:
      return refuse(Reason::kTooSlow, name + ": comes too slowly");
    case FetchStatus::kFailed:
      return refuse(Reason::kMissing, name + ": cannot be read");
    default:
      return refuse(Reason::kMissing, name + ": is not there");
  }
}

bool record_matches(const FileRecord& record, std::string_view text) {
  return (!record.length || *record.length == text.size()) &&
         (record.hashes.empty() || hashes_match(record.hashes, view_of(text)));
}

}  // namespace

Checked<std::string> fetch_whole(Fetcher& fetcher, const std::string& name, std::size_t max_bytes) {
  std::string text;
  const FetchStatus status =
      fetcher.fetch(name, max_bytes, [&text](ByteView piece) { text.append(text_of(piece)); });
  if (status != FetchStatus::kFound) return not_fetched(status, name, max_bytes);
  if (text.size() > max_bytes) return not_fetched(FetchStatus::kTooLarge, name, max_bytes);
  return text;
}

RepositoryClient::RepositoryClient(Options options, Fetcher& fetcher, TrustedRepository trusted)
    : options_(std::move(options)),
      fetcher_(fetcher),
      fresh_(std::move(trusted)),
      root_only_(fresh_) {}

Refusal RepositoryClient::named(Refusal refusal, std::string_view role) const {
  refusal.repository = options_.name;
  if (refusal.role.empty()) refusal.role = role;
  return refusal;
}

Checked<void> RepositoryClient::named(Checked<void> outcome, std::string_view role) const {
  if (outcome) return outcome;
  return refuse(named(std::move(outcome.error()), role));
}

Checked<std::string> RepositoryClient::fetch_text(const std::vector<std::string>& names,
                                                  std::size_t max_bytes) {
  for (const std::string& name : names) {
    auto text = fetch_whole(fetcher_, name, max_bytes);
    if (text || text.error().reason != Reason::kMissing) return text;
  }
  return not_fetched(FetchStatus::kMissing, names.front(), max_bytes);
}

std::vector<std::string> RepositoryClient::metadata_names(const std::string& file,
                                                          std::uint64_t version) const {
  const std::string numbered = std::to_string(version) + "." + file;
  if (root_.consistent_snapshot) return {numbered, file};
  return {file, numbered};
}

Checked<Envelope> RepositoryClient::signed_envelope(std::string_view text,
                                                    std::string_view role) const {
  auto envelope = parse_envelope(text);
  if (!envelope) return envelope;
  const auto keys = root_.roles.find(role);
  if (keys == root_.roles.end()) return refuse(Reason::kMalformed, "the root has no such role");
  auto good = verify_signatures(*envelope, root_.keys, keys->second, options_.profile);
  if (!good) return refuse(good.error());
  return envelope;
}

/// OTA Connect and others take length and hashes over the canonical form of the whole file, however
/// the file itself is written. It says the same: no two contents have one canonical form.
Checked<void> RepositoryClient::check_record(const FileRecord& record,
                                             std::string_view text) const {
  if (record_matches(record, text)) return {};
  if (options_.profile != Profile::kTuf) {
    const auto document = parse_json(text);
    if (document) {
      for (const std::string& form : signing_forms(*document)) {
        FileRecord hashes_only = record;
        if (record.length && (*record.length == text.size() || *record.length == form.size())) {
          hashes_only.length.reset();
        }
        if (record_matches(hashes_only, form)) return {};
      }
    }
  }
  return refuse(Reason::kMixAndMatch, "length or hash is not the one that was announced");
}

Checked<void> RepositoryClient::check_expiry(const CommonMetadata& metadata) const {
  if (options_.now < metadata.expires) return {};
  return refuse(Reason::kExpired, "expired at " + iso_time(metadata.expires) + ", now it is " +
                                      iso_time(options_.now));
}

/// Source: Uptane standard 2.1 section 5.4.4.4.
Checked<void> RepositoryClient::load_timestamp() {
  auto text = fetch_text({"timestamp.json"}, options_.limits.timestamp_bytes);
  if (!text) return refuse(text.error());
  auto envelope = signed_envelope(*text, "timestamp");
  if (!envelope) return refuse(envelope.error());
  auto metadata = parse_timestamp_metadata(envelope->content, options_.profile);
  if (!metadata) return refuse(metadata.error());
  if (fresh_.timestamp && metadata->version < fresh_.timestamp->version) {
    return refuse(Reason::kRollback, "version " + std::to_string(metadata->version) + " after " +
                                         std::to_string(fresh_.timestamp->version));
  }
  // TUF 1.0.31 section 5.4.3.1: a timestamp of the version that is trusted already changes nothing,
  // whatever it says. Uptane's workflow has no such step.
  if (options_.profile == Profile::kTuf && fresh_.timestamp &&
      metadata->version == fresh_.timestamp->version &&
      metadata->snapshot.version != fresh_.timestamp->snapshot_version) {
    metadata->snapshot = FileRecord{fresh_.timestamp->snapshot_version, {}, {}};
  }
  if (fresh_.timestamp && metadata->snapshot.version < fresh_.timestamp->snapshot_version) {
    return refuse(Reason::kRollback, "announces an older snapshot than was announced before");
  }
  if (auto good = check_expiry(*metadata); !good) return good;
  fresh_.timestamp = {metadata->version, metadata->snapshot.version};
  timestamp_ = *std::move(metadata);
  return {};
}

Checked<void> RepositoryClient::update_timestamp() { return named(load_timestamp(), "timestamp"); }

Checked<void> RepositoryClient::check_snapshot_rollback(const SnapshotMetadata& fresh) const {
  if (!fresh_.snapshot) return {};
  if (fresh.version < fresh_.snapshot->version) {
    return refuse(Reason::kRollback, "version " + std::to_string(fresh.version) + " after " +
                                         std::to_string(fresh_.snapshot->version));
  }
  for (const auto& [name, version] : fresh_.snapshot->files) {
    const auto now = fresh.files.find(name);
    if (now == fresh.files.end()) return refuse(Reason::kRollback, name + " has vanished");
    if (now->second.version < version) {
      return refuse(Reason::kRollback,
                    name + " has fallen to version " + std::to_string(now->second.version));
    }
  }
  return {};
}

/// Source: Uptane standard 2.1 section 5.4.4.5.
Checked<void> RepositoryClient::load_snapshot() {
  const FileRecord& record = timestamp_->snapshot;
  auto text =
      fetch_text(metadata_names("snapshot.json", record.version), options_.limits.snapshot_bytes);
  if (!text) return refuse(text.error());
  if (auto good = check_record(record, *text); !good) return good;
  auto envelope = signed_envelope(*text, "snapshot");
  if (!envelope) return refuse(envelope.error());
  auto metadata = parse_snapshot(envelope->content, options_.profile);
  if (!metadata) return refuse(metadata.error());
  if (metadata->version != record.version) {
    return refuse(Reason::kMixAndMatch, "version is not the one in timestamp");
  }
  if (auto good = check_snapshot_rollback(*metadata); !good) return good;
  if (auto good = check_expiry(*metadata); !good) return good;
  TrustedRepository::SnapshotRecord kept{metadata->version, {}};
  for (const auto& [name, file] : metadata->files) kept.files.emplace(name, file.version);
  fresh_.snapshot = std::move(kept);
  snapshot_ = *std::move(metadata);
  return {};
}

Checked<void> RepositoryClient::update_snapshot() { return named(load_snapshot(), "snapshot"); }

/// Source: Uptane standard 2.1 section 5.4.4.6.
Checked<void> RepositoryClient::load_targets() {
  const bool director = options_.profile == Profile::kDirector;
  const std::size_t limit =
      director ? options_.limits.director_targets_bytes : options_.limits.targets_bytes;
  const FileRecord* record = nullptr;
  if (snapshot_) {
    const auto listed = snapshot_->files.find("targets.json");
    if (listed == snapshot_->files.end()) {
      return refuse(Reason::kMixAndMatch, "the snapshot does not list it");
    }
    record = &listed->second;
  }
  auto text = record == nullptr
                  ? fetch_text({"targets.json"}, limit)
                  : fetch_text(metadata_names("targets.json", record->version), limit);
  if (!text) return refuse(text.error());
  if (record != nullptr) {
    if (auto good = check_record(*record, *text); !good) return good;
  }
  auto envelope = signed_envelope(*text, "targets");
  if (!envelope) return refuse(envelope.error());
  auto metadata = parse_targets(envelope->content, options_.profile);
  if (!metadata) return refuse(metadata.error());
  if (record != nullptr && metadata->version != record->version) {
    return refuse(Reason::kMixAndMatch, "version is not the one in the snapshot");
  }
  const bool kept = options_.profile != Profile::kTuf && fresh_.targets_version;
  if (kept && metadata->version < *fresh_.targets_version) {
    return refuse(Reason::kRollback, "version " + std::to_string(metadata->version) + " after " +
                                         std::to_string(*fresh_.targets_version));
  }
  if (auto good = check_expiry(*metadata); !good) return good;
  fresh_.targets_version = metadata->version;
  targets_ = *std::move(metadata);
  return {};
}

Checked<void> RepositoryClient::update_targets() { return named(load_targets(), "targets"); }

Checked<void> RepositoryClient::refresh() {
  if (auto done = update_root(); !done) return done;
  if (root_.roles.contains("timestamp")) {
    if (auto done = update_timestamp(); !done) return done;
    if (auto done = update_snapshot(); !done) return done;
  }
  return update_targets();
}

Checked<RepositoryClient::LoadedRole*> RepositoryClient::fetch_role(const std::string& name) {
  if (const auto known = roles_.find(name); known != roles_.end()) return known->second.get();
  if (!snapshot_) return refuse(Reason::kDelegation, "there is no snapshot");
  const auto listed = snapshot_->files.find(name + ".json");
  if (listed == snapshot_->files.end()) {
    return refuse(Reason::kDelegation, "the snapshot does not list it");
  }
  const FileRecord& record = listed->second;
  std::vector<std::string> names;
  for (const std::string& plain : metadata_names(percent_encoded(name) + ".json", record.version)) {
    names.push_back("delegations/" + plain);
    names.push_back(plain);
  }
  auto text = fetch_text(names, options_.limits.targets_bytes);
  if (!text) {
    const bool missing = text.error().reason == Reason::kMissing;
    return refuse(missing ? Reason::kDelegation : text.error().reason, text.error().detail);
  }
  if (auto good = check_record(record, *text); !good) return refuse(good.error());
  auto envelope = parse_envelope(*text);
  if (!envelope) return refuse(envelope.error());
  auto metadata = parse_targets(envelope->content, options_.profile);
  if (!metadata) return refuse(metadata.error());
  if (metadata->version != record.version) {
    return refuse(Reason::kMixAndMatch, "version is not the one in the snapshot");
  }
  auto loaded =
      std::make_unique<LoadedRole>(LoadedRole{*std::move(envelope), *std::move(metadata), {}});
  return roles_.emplace(name, std::move(loaded)).first->second.get();
}

/// The file is read once; that the role's keys signed it is asked anew for each that delegates to
/// it: they may name different keys.
Checked<const TargetsMetadata*> RepositoryClient::load_role(const DelegatedRole& role,
                                                            const TargetsMetadata& delegator) {
  auto loaded = fetch_role(role.name);
  if (!loaded) return refuse(named(loaded.error(), role.name));
  LoadedRole& found = **loaded;
  if (!found.verified_for.contains(&role)) {
    auto good =
        verify_signatures(found.envelope, delegator.delegation_keys, role.keys, options_.profile);
    if (good) good = check_expiry(found.metadata);
    if (!good) return refuse(named(good.error(), role.name));
    found.verified_for.insert(&role);
  }
  return &found.metadata;
}

Checked<FoundTarget> RepositoryClient::find_target(const std::string& name,
                                                   const std::vector<std::string>& hardware_ids) {
  TargetSearch search(
      targets_,
      [this](const DelegatedRole& role, const TargetsMetadata& by) { return load_role(role, by); },
      options_.profile, options_.limits.delegated_roles);
  auto found = search.find(name, hardware_ids);
  if (!found) return refuse(named(found.error(), "targets"));
  if (!*found) {
    return refuse(named({Reason::kNotInImages, {}, {}, "nobody who may describes " + name}, {}));
  }
  return **std::move(found);
}

RepositoryClient::KnownTargets RepositoryClient::known_targets() {
  KnownTargets out;
  std::set<const TargetsMetadata*> seen;
  std::vector<const TargetsMetadata*> open = {&targets_};
  while (!open.empty() && seen.size() < options_.limits.delegated_roles) {
    const TargetsMetadata* metadata = open.back();
    open.pop_back();
    if (!seen.insert(metadata).second) continue;
    for (const auto& [name, record] : metadata->targets) out.names.insert(name);
    for (const Delegation& delegation : metadata->delegations) {
      for (const DelegatedRole& role : delegation.roles) {
        const auto loaded = load_role(role, *metadata);
        if (loaded) open.push_back(*loaded);
        if (!loaded && !out.refusal) out.refusal = loaded.error();
      }
    }
  }
  return out;
}

std::vector<std::string> RepositoryClient::image_names(const std::string& name,
                                                       const TargetRecord& target) const {
  const std::string relative = name.substr(std::min(name.find_first_not_of('/'), name.size()));
  if (relative.empty() || relative.size() > kMaxPathBytes) return {};
  const std::size_t slash = relative.rfind('/');
  const std::size_t base = slash == std::string::npos ? 0 : slash + 1;
  std::vector<std::string> prefixed;
  for (const auto& [algorithm, digest] : target.hashes) {
    prefixed.push_back(relative.substr(0, base) + digest + "." + relative.substr(base));
  }
  std::vector<std::string> plain = {relative};
  std::vector<std::string>& first = root_.consistent_snapshot ? prefixed : plain;
  const std::vector<std::string>& second = root_.consistent_snapshot ? plain : prefixed;
  first.insert(first.end(), second.begin(), second.end());
  std::vector<std::string> out;
  for (const std::string& file : first) {
    out.push_back("targets/" + file);
    out.push_back(file);
  }
  return out;
}

}  // namespace gatehouse::uptane
