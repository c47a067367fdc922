#pragma once
#include "ae-apps/ota/oem/repository_commands.h"

namespace gatehouse::oem {

/// A vehicle's update as a folder, to be carried to it on a USB stick:
///   gatehouse-bundle.json  {"format":1,"vehicle","made","targets":[names]}; written last
///   director/, images/     metadata of the two repositories, as a vehicle fetches it
///   files/SHA256           images, their forms, their bills of materials
struct BundleRequest {
  /// Folders with the Director's files for this vehicle: its roots, and the latest issue (of
  /// `gatehouse-ota director`, or of the server's state/uptane/director/VEHICLE).
  std::vector<std::string> director;
  std::string vehicle;
  std::filesystem::path out;  ///< new, or an older bundle, which is replaced
};

/// Verifies both repositories in full, as the vehicle will, before anything is written. Errors:
/// kNotAcceptable with the vehicle's reason; kNotFound (an image is not there, nothing is ordered).
Result<void> make_bundle(const RepositoryRequest& images, const BundleRequest& request,
                         std::ostream& out);

}  // namespace gatehouse::oem
