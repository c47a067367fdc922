// The part of RepositoryClient that follows the root: everything else hangs on it.
#include <algorithm>

#include "ae-apps/ota/uptane/repository_client.h"

namespace gatehouse::uptane {
namespace {

constexpr unsigned kMostFirstRoots = 1024;  ///< numbers tried for the root of first use

bool same_keys(const RootMetadata& a, const RootMetadata& b, std::string_view role) {
  const auto identities = [role](const RootMetadata& root) {
    std::set<Bytes> out;
    const auto found = root.roles.find(role);
    if (found == root.roles.end()) return out;
    for (const std::string& id : found->second.key_ids) {
      if (const auto key = root.keys.find(id); key != root.keys.end()) {
        out.insert(key->second.identity);
      }
    }
    return out;
  };
  return identities(a) == identities(b);
}

struct ParsedRoot {
  Envelope envelope;
  RootMetadata metadata;
};

Checked<ParsedRoot> parse_root_file(std::string_view text, Profile profile) {
  auto envelope = parse_envelope(text);
  if (!envelope) return refuse(envelope.error());
  auto metadata = parse_root(envelope->content, profile);
  if (!metadata) return refuse(metadata.error());
  return ParsedRoot{*std::move(envelope), *std::move(metadata)};
}

Checked<void> signed_by(const Envelope& envelope, const RootMetadata& root, Profile profile) {
  return verify_signatures(envelope, root.keys, root.roles.find("root")->second, profile);
}

}  // namespace

Checked<std::string> first_root(Fetcher& fetcher, const RepositoryClient::Options& options) {
  Checked<std::string> text = refuse(Reason::kMissing, "there is no root metadata");
  for (unsigned number = 1; number <= kMostFirstRoots && !text; ++number) {
    if (text.error().reason != Reason::kMissing) return text;
    text = fetch_whole(fetcher, std::to_string(number) + ".root.json", options.limits.root_bytes);
  }
  if (!text) text = fetch_whole(fetcher, "root.json", options.limits.root_bytes);
  return text;
}

Checked<void> RepositoryClient::start() {
  auto parsed = parse_root_file(fresh_.root, options_.profile);
  if (!parsed) return refuse(parsed.error());
  if (auto good = signed_by(parsed->envelope, parsed->metadata, options_.profile); !good) {
    return good;
  }
  root_ = std::move(parsed->metadata);
  root_form_ = parsed->envelope.forms.front();
  started_ = true;
  return {};
}

/// Source: Uptane standard 2.1 section 5.4.4.3.
Checked<void> RepositoryClient::update_root() {
  if (!started_) {
    if (auto done = start(); !done) return named(std::move(done), "root");
  }
  for (unsigned rotations = 0;; ++rotations) {
    auto text = next_root();
    if (!text) return refuse(named(text.error(), "root"));
    if (!*text) break;
    if (rotations == options_.limits.root_rotations) {
      return refuse(named({Reason::kTooLarge, {}, {}, "too many roots in one update"}, "root"));
    }
    if (auto done = adopt_root(**text); !done) return named(std::move(done), "root");
  }
  return named(check_expiry(root_), "root");
}

/// nullopt: the root is the latest. A repository that keeps no numbered roots at all has its only
/// one as "root.json"; then a root that is older, or another one of the same number, shows itself.
Checked<std::optional<std::string>> RepositoryClient::next_root() {
  const std::size_t limit = options_.limits.root_bytes;
  auto next = fetch_whole(fetcher_, std::to_string(root_.version + 1) + ".root.json", limit);
  if (next) return std::optional(*std::move(next));
  if (next.error().reason != Reason::kMissing) return refuse(next.error());
  if (fetch_whole(fetcher_, std::to_string(root_.version) + ".root.json", limit)) {
    return std::optional<std::string>();
  }
  auto plain = fetch_whole(fetcher_, "root.json", limit);
  if (!plain && plain.error().reason == Reason::kMissing) return std::optional<std::string>();
  if (!plain) return refuse(plain.error());
  auto parsed = parse_root_file(*plain, options_.profile);
  if (!parsed) return refuse(parsed.error());
  if (parsed->metadata.version == root_.version + 1) return std::optional(*std::move(plain));
  if (auto same = compare_unversioned_root(parsed->envelope, parsed->metadata.version); !same) {
    return refuse(same.error());
  }
  return std::optional<std::string>();
}

Checked<void> RepositoryClient::compare_unversioned_root(const Envelope& envelope,
                                                         std::uint64_t version) {
  if (version < root_.version) {
    return refuse(Reason::kRollback,
                  "version " + std::to_string(version) + " after " + std::to_string(root_.version));
  }
  if (version > root_.version || envelope.forms.front() != root_form_) {
    return refuse(Reason::kRootVersion, "version " + std::to_string(version) +
                                            " is not the next one after " +
                                            std::to_string(root_.version));
  }
  return {};
}

Checked<void> RepositoryClient::adopt_root(const std::string& text) {
  auto parsed = parse_root_file(text, options_.profile);
  if (!parsed) return refuse(parsed.error());
  if (auto good = signed_by(parsed->envelope, root_, options_.profile); !good) {
    good.error().detail = "by the old root's keys: " + good.error().detail;
    return good;
  }
  if (auto good = signed_by(parsed->envelope, parsed->metadata, options_.profile); !good) {
    good.error().detail = "by its own keys: " + good.error().detail;
    return good;
  }
  if (parsed->metadata.version != root_.version + 1) {
    const bool older = parsed->metadata.version <= root_.version;
    return refuse(older ? Reason::kRollback : Reason::kRootVersion,
                  "version " + std::to_string(parsed->metadata.version) + " in the place of " +
                      std::to_string(root_.version + 1));
  }
  forget_rotated(parsed->metadata);
  root_ = std::move(parsed->metadata);
  root_form_ = parsed->envelope.forms.front();
  fresh_.root = text;
  root_only_ = fresh_;
  return {};
}

void RepositoryClient::forget_rotated(const RootMetadata& next) {
  if (!same_keys(root_, next, "timestamp") || !same_keys(root_, next, "snapshot")) {
    fresh_.timestamp.reset();
    fresh_.snapshot.reset();
  }
  // Where there is a snapshot, its list still holds targets; a Director without one recovers here.
  if (!same_keys(root_, next, "targets")) fresh_.targets_version.reset();
}

}  // namespace gatehouse::uptane
