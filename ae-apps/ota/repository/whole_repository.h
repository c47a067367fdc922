#pragma once
#include <map>
#include <optional>
#include <string>

#include "ae-apps/ota/uptane/memory_fetcher.h"
#include "ae-apps/ota/uptane/repository_client.h"

namespace gatehouse::uptane {

// A repository as the one who serves it sees it: all files at once, delegated roles below
// `delegations/`, all but the timestamp with their version before the name.

struct RoleFile {
  std::string role;
  std::uint64_t version = 0;
};
/// "delegations/7.supplier.json" -> supplier, 7; nullopt: named otherwise.
std::optional<RoleFile> role_of_file(std::string_view file);
std::string role_file_name(const std::string& role, std::uint64_t version);
/// 0: there is none.
std::uint64_t newest_version(const FileSet& files, std::string_view role);

/// What a client that begins today needs: all roots, the newest file of every other role, and the
/// timestamp.
FileSet newest_files(const FileSet& files);

/// Every target that somebody with a right to it describes.
using DescribedTargets = std::map<std::string, FoundTarget, std::less<>>;

/// Verifies a whole Image repository as a client would that has kept nothing and trusts
/// `trusted_root` (empty: the oldest that is there). Every delegated role that has a file must be
/// good, too. Refusals: those of RepositoryClient.
Checked<DescribedTargets> verify_repository(const FileSet& files, const std::string& trusted_root,
                                            Timestamp now);

/// The refusal as a sentence, kNotAcceptable.
Error error_of(const Refusal& refusal);

}  // namespace gatehouse::uptane
