#pragma once
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "ae-apps/ota/crypto/bytes.h"
#include "ae-apps/ota/server/record.h"
#include "ae-apps/ota/server/settings.h"

namespace gatehouse::ota_server {

/// The images on the disk: <sha256 of the file>.img in one folder, nothing but images that verify
/// against the OEM's keys. There is no index that could be wrong: facts come from the images
/// themselves, which are verified again at every start. Threading: any thread.
class ImageStore {
 public:
  /// Makes the folder; sets aside (*.damaged) what does not verify any more. Errors:
  /// kInternalServerError.
  static Result<std::unique_ptr<ImageStore>> open(StoreSettings settings);

  struct Stored {
    ImageFacts facts;
    bool fresh = false;  ///< false: it was there already
  };
  /// Verifies, then writes; a refused image leaves nothing behind. `name`: where it was PUT; 64
  /// hexadecimal digits must be the SHA-256 of the bytes. Errors: kContentsUnacceptable with the
  /// verdict in words, kBadRequest (name), kNotAcceptable (the store is full),
  /// kInternalServerError (disk).
  Result<Stored> put(std::string_view name, ByteView image);

  std::vector<ImageFacts> images() const;  ///< by name, then release counter
  const std::filesystem::path& folder() const { return folder_; }
  const std::vector<std::string>& set_aside() const { return set_aside_; }  ///< at the start

 private:
  explicit ImageStore(StoreSettings settings);
  Result<ImageFacts> examine(ByteView image) const;
  Result<void> load();

  const StoreSettings settings_;
  const std::filesystem::path folder_;
  std::vector<std::string> set_aside_;
  mutable std::mutex mutex_;
  std::vector<ImageFacts> images_;
};

}  // namespace gatehouse::ota_server
