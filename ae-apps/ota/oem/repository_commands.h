#pragma once
#include <filesystem>
#include <ostream>
#include <string>
#include <vector>

#include "ae-apps/ota/oem/upload.h"
#include "ae-apps/ota/repository/repository_folder.h"

namespace gatehouse::oem {

// The commands of `gatehouse-oem repo`, less their command line. A key to be named in metadata is a
// public key, a certificate, a key file or a "pkcs11:" URI; one that signs is of the last two
// kinds.

struct RoleRequest {
  std::vector<std::string> keys;
  std::uint64_t threshold = 1;
};

struct RepositoryRequest {
  std::filesystem::path folder;
  bool director = false;  ///< nothing but the root is made by hand
  Timestamp now;
};

/// Errors: those of the keys, and of uptane::RepositoryFolder.
Result<void> init_repository(const RepositoryRequest& request,
                             const std::map<std::string, RoleRequest, std::less<>>& roles,
                             std::ostream& out);

struct ImageRequest {
  std::string image_file;  ///< as `gatehouse-oem sign` wrote it
  std::string name;        ///< of the target; empty: NAME/VERSION.ghfw
  std::string role = "targets";
  std::string sbom_file;                     ///< CycloneDX, JSON; empty: none
  bool compress = false;                     ///< also as a compressed form
  std::vector<std::string> bases = {};       ///< older images: also as deltas from these
  std::vector<std::string> recipients = {};  ///< public keys of ECUs: also encrypted for these
  bool encrypted_only = false;               ///< and in no other form
};
/// Hardware id, release counter and version come from the image. Errors: kBadRequest if the image
/// is a draft, the bill of materials is no CycloneDX, or nobody could read what is encrypted only.
/// Forms and the bill of materials go to artifacts/SHA256.
Result<void> add_image(const RepositoryRequest& request, const ImageRequest& image,
                       std::ostream& out);
Result<void> remove_image(const RepositoryRequest& request, const std::string& name,
                          const std::string& role, std::ostream& out);

struct DelegateRequest {
  std::string role, delegator = "targets";
  RoleRequest keys;
  std::vector<std::string> paths, hardware_ids;
  bool terminating = false;
};
Result<void> delegate_role(const RepositoryRequest& request, const DelegateRequest& delegation,
                           std::ostream& out);
Result<void> rotate_role(const RepositoryRequest& request, const std::string& role,
                         const RoleRequest& keys, std::ostream& out);
Result<void> revoke_key_id(const RepositoryRequest& request, const std::string& key_id,
                           std::ostream& out);
/// Each signer signs a file: it need not lie in a repository.
Result<void> sign_metadata(const std::string& file, const std::vector<std::string>& keys,
                           std::ostream& out);
/// The keys may be empty for a Director.
Result<void> publish_repository(const RepositoryRequest& request, const std::string& snapshot_key,
                                const std::string& timestamp_key, std::ostream& out);
/// Roles, and what is described: images, their forms and what their bills of materials list.
Result<void> show_repository(const RepositoryRequest& request, std::ostream& out);
/// Forms and bills of materials, PUT /artifacts/SHA256, then all published metadata in one piece,
/// PUT /uptane/images, to the OTA server. Errors: as upload().
Result<void> send_repository(const RepositoryRequest& request, UploadRequest upload,
                             std::ostream& out);

}  // namespace gatehouse::oem
