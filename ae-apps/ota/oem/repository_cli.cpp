#include "ae-apps/ota/oem/repository_cli.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>

namespace gatehouse::oem {
namespace {

using Action = std::function<Result<void>()>;

Timestamp system_now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
}

Result<RepositoryRequest> request_of(const RepositoryOptions& options) {
  RepositoryRequest out{options.folder, options.director, system_now()};
  if (options.time.empty()) return out;
  const auto time = uptane::parse_iso_time(options.time);
  if (!time) return fail(Rsc::kBadRequest, "--time: must be like 2030-01-31T12:00:00Z");
  out.now = *time;
  return out;
}

/// A command on the repository of the options.
template <class Command>
Action on_repository(const RepositoryOptions& o, Command command) {
  return [&o, command]() -> Result<void> {
    const auto request = request_of(o);
    if (!request) return fail(request.error());
    return command(*request);
  };
}

CLI::App* add_command(CLI::App& repo, RepositoryOptions& o, const char* name, const char* help) {
  CLI::App* command = repo.add_subcommand(name, help);
  command->add_option("folder", o.folder, "of the repository")->required();
  command->add_option("--time", o.time, "now, 2030-01-31T12:00:00Z; default: the clock's");
  command->add_flag("--director", o.director, "a Director's: it has nothing but the root here");
  return command;
}

void add_keys(CLI::App* command, const std::string& prefix, RoleRequest& role, bool required) {
  CLI::Option* keys =
      command->add_option("--" + prefix + "key", role.keys,
                          "public key, certificate, key file or pkcs11: URI (repeatable)");
  keys->allow_extra_args(false);
  if (required) keys->required();
  command->add_option("--" + prefix + "threshold", role.threshold, "how many of them must sign")
      ->capture_default_str();
}

}  // namespace

std::vector<std::pair<const CLI::App*, Action>> add_repository_commands(CLI::App& app,
                                                                        RepositoryOptions& o) {
  std::vector<std::pair<const CLI::App*, Action>> out;
  CLI::App& repo = *app.add_subcommand("repo", "Uptane repositories: make, sign, publish, rotate");
  repo.require_subcommand(1);

  CLI::App* command =
      add_command(repo, o, "init", "begin a repository: drafts of root and targets");
  for (const char* role : {"root", "targets", "snapshot", "timestamp"}) {
    add_keys(command, std::string(role) + "-", o.roles[role], true);
  }
  out.emplace_back(command, on_repository(o, [&o](const RepositoryRequest& request) {
                     return init_repository(request, o.roles, std::cout);
                   }));

  command = add_command(repo, o, "add", "describe a signed image in the draft of a role");
  command->add_option("image", o.image.image_file)->required();
  command->add_option("--name", o.image.name, "default: NAME/VERSION.ghfw");
  command->add_option("--role", o.image.role)->capture_default_str();
  command->add_option("--sbom", o.image.sbom_file, "bill of materials, CycloneDX in JSON");
  command->add_flag("--compress", o.image.compress, "also as a compressed form (zstd)");
  command->add_option("--delta-from", o.image.bases, "also as a delta from this image (repeatable)")
      ->allow_extra_args(false);
  command
      ->add_option("--encrypt-for", o.image.recipients,
                   "also encrypted for this ECU's key on P-256 (repeatable)")
      ->allow_extra_args(false);
  command->add_flag("--encrypted-only", o.image.encrypted_only,
                    "nobody gets it in the clear: neither served nor installed");
  out.emplace_back(command, on_repository(o, [&o](const RepositoryRequest& request) {
                     return add_image(request, o.image, std::cout);
                   }));

  command = add_command(repo, o, "remove", "describe an image no longer");
  command->add_option("name", o.name)->required();
  command->add_option("--role", o.image.role)->capture_default_str();
  out.emplace_back(command, on_repository(o, [&o](const RepositoryRequest& request) {
                     return remove_image(request, o.name, o.image.role, std::cout);
                   }));

  command = add_command(repo, o, "delegate", "let another role speak for some paths");
  command->add_option("role", o.delegation.role)->required();
  add_keys(command, "", o.delegation.keys, true);
  command->add_option("--path", o.delegation.paths, "such as 'engine/*' (repeatable)")
      ->required()
      ->allow_extra_args(false);
  command->add_option("--hardware-id", o.delegation.hardware_ids, "only for these (repeatable)")
      ->allow_extra_args(false);
  command->add_option("--by", o.delegation.delegator)->capture_default_str();
  command->add_flag("--terminating", o.delegation.terminating, "nobody after it is asked");
  out.emplace_back(command, on_repository(o, [&o](const RepositoryRequest& request) {
                     return delegate_role(request, o.delegation, std::cout);
                   }));

  command = add_command(repo, o, "rotate", "give a top-level role other keys");
  command->add_option("role", o.role)->required();
  add_keys(command, "", o.keys, true);
  out.emplace_back(command, on_repository(o, [&o](const RepositoryRequest& request) {
                     return rotate_role(request, o.role, o.keys, std::cout);
                   }));

  command = add_command(repo, o, "revoke", "take a key away from every role");
  command->add_option("key-id", o.key_id)->required();
  out.emplace_back(command, on_repository(o, [&o](const RepositoryRequest& request) {
                     return revoke_key_id(request, o.key_id, std::cout);
                   }));

  command = add_command(repo, o, "publish", "make what is signed enough visible, with fresh times");
  command->add_option("--snapshot-key", o.snapshot_key);
  command->add_option("--timestamp-key", o.timestamp_key);
  out.emplace_back(command, on_repository(o, [&o](const RepositoryRequest& request) {
                     return publish_repository(request, o.snapshot_key, o.timestamp_key, std::cout);
                   }));

  command = add_command(repo, o, "show", "versions, expiry, signatures that are missing");
  out.emplace_back(command, on_repository(o, [](const RepositoryRequest& request) {
                     return show_repository(request, std::cout);
                   }));

  command = add_command(repo, o, "send", "hand the published metadata to the OTA server");
  command->add_option("--server", o.upload.server_url, "https://host:port")->required();
  command->add_option("--cert", o.upload.tls.certificate_file, "our certificate, PEM")->required();
  command->add_option("--cert-key", o.upload.tls.key_file, "its key, PEM or pkcs11:")->required();
  command->add_option("--ca", o.upload.tls.ca_file, "whom to believe, PEM")->required();
  command->add_option("--crl", o.crl_file, "revocation list, PEM");
  out.emplace_back(command, on_repository(o, [&o](const RepositoryRequest& request) {
                     if (!o.crl_file.empty()) o.upload.tls.crl_file = o.crl_file;
                     return send_repository(request, o.upload, std::cout);
                   }));

  command = add_command(app, o, "bundle", "a vehicle's update as a folder for a USB stick");
  command
      ->add_option("--director-files", o.bundle.director,
                   "folder with the Director's files: roots, latest issue (repeatable)")
      ->required()
      ->allow_extra_args(false);
  command->add_option("--vehicle", o.bundle.vehicle, "its id, as the Director calls it")
      ->required();
  command->add_option("--out", o.bundle.out, "folder of the bundle")->required();
  out.emplace_back(command, on_repository(o, [&o](const RepositoryRequest& request) {
                     return make_bundle(request, o.bundle, std::cout);
                   }));

  command = repo.add_subcommand("sign", "add signatures to a metadata file, wherever it lies");
  command->add_option("file", o.file, "such as drafts/root.json")->required();
  command->add_option("--key", o.signers, "a key file or a pkcs11: URI (repeatable)")
      ->required()
      ->allow_extra_args(false);
  out.emplace_back(command, [&o] { return sign_metadata(o.file, o.signers, std::cout); });
  return out;
}

}  // namespace gatehouse::oem
