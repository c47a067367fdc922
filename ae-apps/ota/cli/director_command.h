#pragma once
#include <ostream>
#include <string>

namespace gatehouse::ota {

/// The options of `gatehouse-ota director`.
struct DirectorOptions {
  std::string vehicle;      ///< file: the vehicle, its Primary and ECUs with their keys
  std::string manifest;     ///< file: the vehicle version manifest
  std::string nonce;        ///< that the vehicle was asked with
  std::string images;       ///< folder of the Image repository
  std::string images_root;  ///< file; empty: the oldest that is there
  std::string time;
  std::string targets_key, snapshot_key, timestamp_key;  ///< key files or "pkcs11:" URIs
  std::string out;  ///< folder of the Director repository; its root is there already
};

/// Verifies a vehicle version manifest and an Image repository, and writes the Director's metadata
/// for that vehicle in the next version. One line of JSON on `out`, as run_verify; returns the exit
/// code.
int run_director(const DirectorOptions& options, std::ostream& out, std::ostream& err);

}  // namespace gatehouse::ota
