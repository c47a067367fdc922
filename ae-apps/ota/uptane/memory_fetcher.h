#pragma once
#include <map>

#include "ae-apps/ota/uptane/fetcher.h"

namespace gatehouse::uptane {

/// Files by their name within a repository.
using FileSet = std::map<std::string, std::string, std::less<>>;

/// A repository in memory: one that is about to be published, or that came in one piece. The files
/// outlive it.
class MemoryFetcher final : public Fetcher {
 public:
  explicit MemoryFetcher(const FileSet& files) : files_(files) {}
  FetchStatus fetch(const std::string& name, std::uint64_t max_bytes, const Sink& sink) override {
    const auto file = files_.find(name);
    if (file == files_.end()) return FetchStatus::kMissing;
    if (file->second.size() > max_bytes) return FetchStatus::kTooLarge;
    sink(view_of(file->second));
    return FetchStatus::kFound;
  }

 private:
  const FileSet& files_;
};

}  // namespace gatehouse::uptane
