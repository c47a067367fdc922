#pragma once
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "ae-apps/ota/oem/bundle.h"
#include "ae-apps/ota/oem/repository_commands.h"

namespace CLI {
class App;
}

namespace gatehouse::oem {

/// Where the options of `gatehouse-oem repo` are put; outlives the parsing.
struct RepositoryOptions {
  std::string folder, time, file, role, name, key_id, snapshot_key, timestamp_key, crl_file;
  bool director = false;
  std::map<std::string, RoleRequest, std::less<>> roles;
  RoleRequest keys;
  std::vector<std::string> signers;
  ImageRequest image;
  DelegateRequest delegation;
  UploadRequest upload;
  BundleRequest bundle;
};

/// The sub-commands of `repo`, each with what it does.
std::vector<std::pair<const CLI::App*, std::function<Result<void>()>>> add_repository_commands(
    CLI::App& app, RepositoryOptions& options);

}  // namespace gatehouse::oem
