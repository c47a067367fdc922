#pragma once
#include <string>
#include <unordered_set>
#include <vector>

#include "ae-apps/ota/server/settings.h"
#include "cse/primitive/value.h"

namespace gatehouse::ota_server {

/// A path of a configuration, from the folder of the file that names it; URIs, absolute paths and
/// nothing stay as they are.
struct Folder {
  std::string path;
  std::string locate(const std::string& name) const;
};

/// Vehicles as they are read: from the configuration and from files of a fleet, in which each line
/// is one vehicle, an object as in `vehicles` (README.md). CSE-IDs and serial numbers are unique
/// over all of them. Threading: one thread.
class VehicleReader {
 public:
  static constexpr std::size_t kMaxVehicles = 100'000, kMaxEcusOfVehicle = 64;
  static constexpr std::size_t kMaxLineBytes = 64 * 1024;

  /// One vehicle. `prefix`: "vehicles[3]."; relative paths of keys start at `folder`. Errors:
  /// kBadRequest that names the member and the rule.
  Result<void> take(const Value& object, const std::string& prefix, const Folder& folder);
  /// A file, or all files of a folder whose names end in .jsonl, by name. Lines are read one after
  /// the other; empty ones are passed over. Errors: kBadRequest with file and line,
  /// "fleet.jsonl:17: ecus[0].serial: …"; kNotFound.
  Result<void> take_fleet(const std::string& path);

  std::vector<Vehicle> finish() { return std::move(vehicles_); }

 private:
  Result<void> take_file(const std::string& path);
  Result<void> take_line(const std::string& line, const std::string& place, const Folder& folder);

  std::vector<Vehicle> vehicles_;
  std::unordered_set<std::string> ids_, serials_;
};

}  // namespace gatehouse::ota_server
