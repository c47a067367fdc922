#pragma once
#include <memory>
#include <set>

#include "ae-apps/ota/uptane/fetcher.h"
#include "ae-apps/ota/uptane/metadata.h"
#include "ae-apps/ota/uptane/target_search.h"
#include "ae-apps/ota/uptane/trusted_repository.h"

namespace gatehouse::uptane {

/// Of everything that is fetched, in bytes. Whoever sends more is refused before it is read.
struct Limits {
  std::size_t root_bytes = 512 << 10;
  std::size_t timestamp_bytes = 64 << 10;
  std::size_t snapshot_bytes = 2 << 20;
  std::size_t targets_bytes = 8 << 20;
  std::size_t director_targets_bytes = 256 << 10;
  unsigned root_rotations = 256;  ///< in one update
  unsigned delegated_roles = 64;  ///< asked for one target
};

/// Follows the metadata of one repository, from the trusted root to a target. Each step verifies
/// completely before the next begins. Source: Uptane standard 2.1 sections 5.4.4.3 to 5.4.4.7,
/// TUF 1.0 section 5. Threading: one thread. The fetcher outlives it.
class RepositoryClient {
 public:
  struct Options {
    std::string name;  ///< for refusals
    Profile profile = Profile::kImages;
    Timestamp now;
    Limits limits;
  };
  RepositoryClient(Options options, Fetcher& fetcher, TrustedRepository trusted);

  /// The trusted root, and from it each next one; the last must not be expired. A rotation of the
  /// keys of timestamp or snapshot forgets the versions of both (recovery from fast-forward), one
  /// of targets the version of targets.
  Checked<void> update_root();
  Checked<void> update_timestamp();
  Checked<void> update_snapshot();
  Checked<void> update_targets();
  /// All four; timestamp and snapshot only if the root has these roles.
  Checked<void> refresh();

  /// Errors: kNotInImages, and all that loading delegated roles gives.
  Checked<FoundTarget> find_target(const std::string& name,
                                   const std::vector<std::string>& hardware_ids);
  struct KnownTargets {
    std::set<std::string> names;
    std::optional<Refusal> refusal;  ///< of the first delegated role that is not believed
  };
  /// All targets that are described by the top-level metadata and the delegated roles, up to
  /// Limits::delegated_roles of them. For plain TUF.
  KnownTargets known_targets();

  /// Names under which an image may be stored, best first.
  std::vector<std::string> image_names(const std::string& name, const TargetRecord& target) const;

  const RootMetadata& root() const { return root_; }
  const TargetsMetadata& targets() const { return targets_; }
  std::optional<std::uint64_t> timestamp_version() const { return version_of(fresh_.timestamp); }
  std::optional<std::uint64_t> snapshot_version() const { return version_of(fresh_.snapshot); }
  /// To be kept if all was accepted.
  const TrustedRepository& after_success() const { return fresh_; }
  /// To be kept if something was refused: new roots, and what they make forget.
  const TrustedRepository& after_refusal() const { return root_only_; }

 private:
  struct LoadedRole {
    Envelope envelope;
    TargetsMetadata metadata;
    std::set<const DelegatedRole*> verified_for;
  };

  template <class Record>
  static std::optional<std::uint64_t> version_of(const std::optional<Record>& record) {
    if (!record) return std::nullopt;
    return record->version;
  }
  Checked<std::string> fetch_text(const std::vector<std::string>& names, std::size_t max_bytes);
  std::vector<std::string> metadata_names(const std::string& file, std::uint64_t version) const;
  Checked<void> start();
  Checked<std::optional<std::string>> next_root();
  Checked<void> adopt_root(const std::string& text);
  Checked<void> compare_unversioned_root(const Envelope& envelope, std::uint64_t version);
  void forget_rotated(const RootMetadata& next);
  Checked<Envelope> signed_envelope(std::string_view text, std::string_view role) const;
  Checked<void> check_record(const FileRecord& record, std::string_view text) const;
  Checked<void> check_expiry(const CommonMetadata& metadata) const;
  Checked<void> check_snapshot_rollback(const SnapshotMetadata& fresh) const;
  Checked<void> load_timestamp();
  Checked<void> load_snapshot();
  Checked<void> load_targets();
  Checked<const TargetsMetadata*> load_role(const DelegatedRole& role,
                                            const TargetsMetadata& delegator);
  Checked<LoadedRole*> fetch_role(const std::string& name);
  /// Puts repository and role into a refusal.
  Checked<void> named(Checked<void> outcome, std::string_view role) const;
  Refusal named(Refusal refusal, std::string_view role) const;

  Options options_;
  Fetcher& fetcher_;
  TrustedRepository fresh_;
  TrustedRepository root_only_;
  RootMetadata root_;
  std::string root_form_;  ///< canonical content of the root
  bool started_ = false;
  std::optional<TimestampMetadata> timestamp_;
  std::optional<SnapshotMetadata> snapshot_;
  TargetsMetadata targets_;
  std::map<std::string, std::unique_ptr<LoadedRole>, std::less<>> roles_;
};

/// The root that a client trusts on first use: the oldest that the repository still has, if it is
/// signed by its own keys. Errors: kMissing, kMalformed, kThreshold, …
Checked<std::string> first_root(Fetcher& fetcher, const RepositoryClient::Options& options);

/// The whole file, if there is one and it is not larger. Errors: kMissing, kTooLarge, kTooSlow.
Checked<std::string> fetch_whole(Fetcher& fetcher, const std::string& name, std::size_t max_bytes);

}  // namespace gatehouse::uptane
