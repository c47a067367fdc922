#include "ae-apps/ota/uptane/file_fetcher.h"

#include <algorithm>
#include <fstream>

namespace gatehouse::uptane {
namespace {

constexpr std::size_t kPieceBytes = 64 * 1024;

bool stays_inside(const std::filesystem::path& name) {
  if (name.empty() || name.is_absolute()) return false;
  return std::none_of(name.begin(), name.end(), [](const auto& part) { return part == ".."; });
}

FetchStatus read_file(const std::filesystem::path& path, std::uint64_t max_bytes,
                      const Fetcher::Sink& sink) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return FetchStatus::kFailed;
  std::vector<char> piece(kPieceBytes);
  for (std::uint64_t left = max_bytes;;) {
    file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    const auto got = static_cast<std::size_t>(file.gcount());
    if (got == 0) return file.bad() ? FetchStatus::kFailed : FetchStatus::kFound;
    if (got > left) return FetchStatus::kTooLarge;
    left -= got;
    sink(view_of({piece.data(), got}));
  }
}

}  // namespace

FetchStatus FileFetcher::fetch(const std::string& name, std::uint64_t max_bytes, const Sink& sink) {
  const std::filesystem::path relative(name);
  if (name.find('\0') != std::string::npos || !stays_inside(relative)) return FetchStatus::kMissing;
  for (const std::filesystem::path& folder : folders_) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(folder / relative, error)) continue;
    return read_file(folder / relative, max_bytes, sink);
  }
  return FetchStatus::kMissing;
}

FileFetcher fetcher_of(const std::filesystem::path& folder) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder / "metadata", error)) return FileFetcher({folder});
  return FileFetcher({folder / "metadata", folder});
}

}  // namespace gatehouse::uptane
