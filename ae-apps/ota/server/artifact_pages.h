#pragma once
#include <filesystem>
#include <mutex>

#include "bindings/http/page.h"

namespace gatehouse::ota_server {

/// What belongs to images beside the whole of them: other forms for the way, bills of materials.
/// The server cannot tell whether they are good (some are encrypted); whoever fetches one knows
/// length and SHA-256 from the Image repository's signed metadata. Files of one folder, each named
/// by its SHA-256:
///   PUT /artifacts/SHA256     201 (200: was there), 400 (other bytes than the name says), 507
///   GET /artifacts/SHA256     whole or by ranges, with ETag; 404
/// Who asks has been looked at before. Threading: any thread.
class ArtifactPages {
 public:
  static constexpr std::string_view kPrefix = "/artifacts/";
  static constexpr std::size_t kMaxFiles = 10'000;
  explicit ArtifactPages(std::filesystem::path folder, std::size_t max_files = kMaxFiles)
      : folder_(std::move(folder)), max_files_(max_files) {}

  /// Of a request whose path begins with the prefix.
  http::Page answer(const http::PageRequest& request);

  /// The first bytes of a file; empty if there is none.
  std::string front_of(const std::string& name, std::size_t bytes) const;

 private:
  http::Page take(const std::string& name, std::string_view body);

  const std::filesystem::path folder_;
  const std::size_t max_files_;
  std::mutex mutex_;
};

}  // namespace gatehouse::ota_server
