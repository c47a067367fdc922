#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ae-apps/ota/repository/director_metadata.h"
#include "ae-apps/ota/server/settings.h"

namespace gatehouse::ota_server {

/// The two Uptane repositories as the server keeps them: the Image repository, as the OEM has
/// signed it, and a Director for each vehicle. All is on the disk before anybody sees it.
/// Threading: any thread.
class Repositories {
 public:
  /// Takes up what is in the folder, and the Director's roots. Errors: kInternalServerError;
  /// kBadRequest if the Director has no root.
  static Result<std::unique_ptr<Repositories>> open(const UptaneSettings& settings,
                                                    std::string folder, Timestamp now);

  /// `{"files": {"1.root.json": "…", …}}`: the whole metadata of the Image repository. Verified as
  /// a client would that trusts the configured root; nothing is kept of what is refused. Errors:
  /// kBadRequest (no such bundle), kContentsUnacceptable with the reason, kNotAcceptable if it is
  /// older than what is there.
  Result<void> take_images(std::string_view bundle, Timestamp now);
  /// Names of targets by the SHA-256 of the image.
  std::map<std::string, std::string> targets() const;

  /// Whether the OEM wants this image to go to nobody in the clear.
  bool only_encrypted(std::string_view image_sha256) const;
  /// Why a file of another form must be neither kept nor handed out: it would show such an image in
  /// the clear. `front`: its first bytes, kFrontBytes if it has so many. Empty: nothing is against.
  std::string objection_to_form(std::string_view sha256, ByteView front) const;
  static constexpr std::size_t kFrontBytes = 32 * 1024;

  struct Order {
    std::string serial, hardware_id;
    std::string image;         ///< SHA-256 of the file
    std::string release = {};  ///< what is updated together has the same; empty: alone
    friend bool operator==(const Order&, const Order&) = default;
  };
  struct Issued {
    std::uint64_t version = 0;
    bool fresh = false;  ///< false: this is what the latest issue says already, and it still holds
  };
  /// What this vehicle shall install, all of it. Errors: kNotFound if the Image repository does not
  /// describe an image; kInternalServerError.
  Result<Issued> issue(const std::string& vehicle, const std::vector<Order>& orders, Timestamp now);

  /// A file by its path below /uptane/: "images/1.root.json", "director/id-mn/timestamp.json".
  std::optional<std::string> file(std::string_view path) const;

 private:
  struct Latest {
    std::uint64_t version = 0;
    std::vector<Order> orders;
    Timestamp made;
    uptane::FileSet files;
  };
  Repositories(const UptaneSettings& settings, std::string folder)
      : settings_(settings), folder_(std::move(folder)) {}
  Result<void> load(Timestamp now);
  void load_directors();

  const UptaneSettings& settings_;
  const std::string folder_;
  uptane::FileSet director_roots_;
  mutable std::mutex mutex_;
  uptane::FileSet images_;
  uptane::DescribedTargets described_;
  std::map<std::string, Latest> directors_;  ///< by name_of_vehicle()
};

/// "/id-mn" -> "id-mn": part of paths.
std::string name_of_vehicle(const std::string& cse_id);

}  // namespace gatehouse::ota_server
