#pragma once
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ae-apps/ota/repository/content.h"
#include "ae-apps/ota/uptane/memory_fetcher.h"

namespace gatehouse::uptane {

/// For how long metadata holds once it is made. Source: Uptane deployment practices.
struct Validity {
  std::chrono::hours root{24 * 365};
  std::chrono::hours targets{24 * 90};  ///< delegated roles too
  std::chrono::hours snapshot{24 * 7};
  std::chrono::hours timestamp{24};
};

/// Keys that sign without anybody at a desk.
struct OnlineKeys {
  const crypto::SigningKey* snapshot = nullptr;
  const crypto::SigningKey* timestamp = nullptr;
};

/// How a role stands, for people.
struct RoleState {
  std::string name;
  std::uint64_t version = 0;  ///< published; 0: never
  std::string expires;        ///< of what is published
  bool drafted = false;
  std::size_t signatures = 0;  ///< good ones on the draft
  std::uint64_t threshold = 0;
};

/// A repository in the making, as a folder: `metadata/` is what clients see, `drafts/ROLE.json`
/// what still gathers signatures, `targets/` the images. A draft is one plain file, so each signer
/// signs where the key is; nothing is published that a client would refuse. Threading: one thread,
/// one process.
class RepositoryFolder {
 public:
  explicit RepositoryFolder(std::filesystem::path folder, Profile profile = Profile::kImages)
      : folder_(std::move(folder)), profile_(profile) {}

  /// Drafts of root and targets. Errors: kAlreadyExists; as make_root; kInternalServerError (disk;
  /// of every function here).
  Result<void> create(const RoleSpecs& roles, Timestamp now);

  /// The draft of a role, or what is published in its next version with a new expiry. Errors:
  /// kNotFound if there is neither.
  Result<Value> draft(const std::string& role, Timestamp now) const;
  /// What is staged has no signatures: it says something new.
  Result<void> stage(const std::string& role, const Value& content);
  Result<void> sign(const std::string& role, const crypto::SigningKey& key);

  /// Copies an image to `targets/<directory>/<sha256>.<file>` and fills in length and hashes.
  /// Errors: kBadRequest for a name that leads elsewhere.
  Result<TargetSpec> add_image(TargetSpec target, const std::filesystem::path& image,
                               std::uint64_t max_bytes) const;
  /// A delegation in `delegator`'s metadata, and an empty draft of the role if it is new.
  Result<void> delegate(const std::string& delegator, const DelegationSpec& delegation,
                        Timestamp now);
  /// Other keys for a top-level role; what its old keys signed is drafted anew.
  Result<void> rotate(const std::string& role, const RoleSpec& spec, Timestamp now);
  /// Takes a key away from root and targets, wherever it stands.
  Result<void> revoke(const std::string& key_id, Timestamp now);

  /// All drafts become the next versions, then snapshot and timestamp follow; first it is looked at
  /// with a client's eyes. Without drafts only snapshot and timestamp are made anew. The timestamp
  /// is written last: who is cut off before has published nothing. Errors: kNotAcceptable with the
  /// client's reason (signatures are missing, …).
  Result<void> publish(const OnlineKeys& keys, Timestamp now);

  std::vector<RoleState> states() const;
  FileSet metadata() const;  ///< all that is published, by file name
  Validity validity;

 private:
  std::filesystem::path draft_file(const std::string& role) const;
  std::filesystem::path published_file(const std::string& name) const;
  std::vector<std::string> drafted_roles() const;
  std::uint64_t published_version(const std::string& role, const FileSet& files) const;
  std::optional<std::string> published_text(const std::string& role, const FileSet& files) const;
  Result<std::string> read_draft(const std::string& role) const;
  Result<void> add_online_roles(FileSet& files, const OnlineKeys& keys, Timestamp now) const;
  Result<void> check(const FileSet& files, Timestamp now) const;

  std::filesystem::path folder_;
  Profile profile_;
};

}  // namespace gatehouse::uptane
