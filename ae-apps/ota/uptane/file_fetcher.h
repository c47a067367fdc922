#pragma once
#include <filesystem>
#include <vector>

#include "ae-apps/ota/uptane/fetcher.h"

namespace gatehouse::uptane {

/// A repository in a folder, or in several that are asked in turn. Names that lead out of them are
/// missing.
class FileFetcher final : public Fetcher {
 public:
  explicit FileFetcher(std::vector<std::filesystem::path> folders) : folders_(std::move(folders)) {}
  FetchStatus fetch(const std::string& name, std::uint64_t max_bytes, const Sink& sink) override;

 private:
  std::vector<std::filesystem::path> folders_;
};

/// The usual places in a repository's folder: "metadata" in it if there is one, and itself.
FileFetcher fetcher_of(const std::filesystem::path& folder);

}  // namespace gatehouse::uptane
