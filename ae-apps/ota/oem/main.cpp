// gatehouse-oem: the tool at the OEM's desk that makes, signs and checks firmware images. It works
// offline.
#include <CLI/CLI.hpp>
#include <functional>
#include <iostream>

#include "ae-apps/ota/oem/commands.h"
#include "ae-apps/ota/oem/repository_cli.h"
#include "ae-apps/ota/oem/suit_make.h"
#include "ae-apps/ota/oem/token.h"
#include "ae-apps/ota/oem/upload.h"

namespace {

using namespace gatehouse;

struct Options {
  std::string in_file, out_file, key;
  std::vector<std::string> keys;
  image::Manifest manifest;
  std::vector<std::string> trusted_keys;
  std::size_t threshold = 1;
  std::string hardware_id;
  std::uint64_t minimum_counter = 0;
  oem::TokenRequest token;
  oem::UploadRequest upload;
  oem::SuitRequest suit;
  std::string crl_file;
  std::string algorithm = "ecdsa-p256-sha256";
};

using Action = std::function<Result<void>()>;

Result<void> verify(const Options& options) {
  image::Policy policy;
  policy.threshold = options.threshold;
  policy.minimum_release_counter = options.minimum_counter;
  policy.max_payload_bytes = oem::kMaxPayloadBytes;
  if (!options.hardware_id.empty()) policy.hardware_id = options.hardware_id;
  for (const std::string& file : options.trusted_keys) {
    auto key = crypto::PublicKey::load(file);
    if (!key) return fail(key.error());
    policy.trusted_keys.push_back(*std::move(key));
  }
  return oem::verify(options.in_file, std::move(policy), std::cout);
}

Result<void> init_token(const Options& options) {
  const auto token = oem::create_token(options.token);
  if (!token) return fail(token.error());
  std::cout << "export SOFTHSM2_CONF='" << token->configuration_file << "'\n"
            << "key  " << token->key_uri << '\n';
  if (options.out_file.empty()) return {};
  return oem::export_public_key(token->key_uri, options.out_file);
}

Result<void> new_key(const Options& options) {
  const auto key = crypto::SigningKey::generate(*crypto::algorithm_named(options.algorithm));
  if (!key) return fail(key.error());
  if (auto done = key->save(options.key); !done) return done;
  if (options.out_file.empty()) return {};
  return oem::write_whole(options.out_file, view_of(key->public_key().to_pem()));
}

constexpr const char* kKeyHelp = "a PEM file, or pkcs11:token=...;object=...?pin-source=file:...";

Action add_make(CLI::App& app, Options& o) {
  CLI::App* command = app.add_subcommand("make", "make a draft, not signed yet, out of a payload");
  command->add_option("--payload", o.in_file, "the firmware itself")->required();
  command->add_option("--name", o.manifest.name, "of the software")->required();
  command->add_option("--version", o.manifest.version, "semantic version, 1.4.0")->required();
  command->add_option("--release-counter", o.manifest.release_counter, "never falls")->required();
  command->add_option("--hardware-id", o.manifest.hardware_id, "the ECUs it is made for")
      ->required();
  command->add_option("--requires", o.manifest.requirements,
                      "SERIAL>=1.2, HARDWARE-ID>=1.2 or release=NAME/COUNT (repeatable)");
  command->add_option("--notes", o.manifest.notes, "for people: why");
  command->add_option("--duration-s", o.manifest.duration_s,
                      "of the installation, in seconds; for people");
  command->add_option("--unavailable", o.manifest.unavailable,
                      "what does not work meanwhile, a sentence without its full stop; for people");
  command->add_option("--created", o.manifest.created, "YYYYMMDDThhmmss; default: now");
  command->add_option("--out", o.out_file)->required();
  return [&o] { return oem::make(o.in_file, o.manifest, o.out_file, std::cout); };
}

Action add_sign(CLI::App& app, Options& o) {
  CLI::App* command = app.add_subcommand("sign", "sign a draft, or add a signature to an image");
  command->add_option("image", o.in_file)->required();
  command->add_option("--key", o.keys, std::string(kKeyHelp) + " (repeatable)")->required();
  command->add_option("--out", o.out_file)->required();
  return [&o] { return oem::sign_file(o.in_file, o.keys, o.out_file, std::cout); };
}

Action add_inspect(CLI::App& app, Options& o) {
  CLI::App* command = app.add_subcommand("inspect", "print what a draft or an image says");
  command->add_option("image", o.in_file)->required();
  return [&o] { return oem::inspect(o.in_file, std::cout); };
}

Action add_verify(CLI::App& app, Options& o) {
  CLI::App* command = app.add_subcommand("verify", "verify an image as an ECU would");
  command->add_option("image", o.in_file)->required();
  command->add_option("--oem-key", o.trusted_keys, "public key or certificate (repeatable)")
      ->required();
  command->add_option("--threshold", o.threshold, "how many of the keys must have signed");
  command->add_option("--hardware-id", o.hardware_id, "insist on it");
  command->add_option("--minimum-counter", o.minimum_counter, "insist on at least this release");
  return [&o] { return verify(o); };
}

Action add_upload(CLI::App& app, Options& o) {
  CLI::App* command = app.add_subcommand("upload", "hand a signed image to the OTA server");
  command->add_option("image", o.upload.image_file)->required();
  command->add_option("--server", o.upload.server_url, "https://host:port")->required();
  command->add_option("--cert", o.upload.tls.certificate_file, "our certificate, PEM")->required();
  command->add_option("--cert-key", o.upload.tls.key_file, "its key, PEM or pkcs11:")->required();
  command->add_option("--ca", o.upload.tls.ca_file, "whom to believe, PEM")->required();
  command->add_option("--crl", o.crl_file, "revocation list, PEM");
  command->add_option("--name", o.upload.name, "at the server; default: SHA-256 of the file");
  return [&o] {
    if (!o.crl_file.empty()) o.upload.tls.crl_file = o.crl_file;
    return oem::upload(o.upload, std::cout);
  };
}

Action add_public_key(CLI::App& app, Options& o) {
  CLI::App* command = app.add_subcommand("public-key", "write the public half of a key");
  command->add_option("--key", o.key, kKeyHelp)->required();
  command->add_option("--out", o.out_file)->required();
  return [&o] { return oem::export_public_key(o.key, o.out_file); };
}

Action add_keygen(CLI::App& app, Options& o) {
  CLI::App* command = app.add_subcommand("keygen", "make a key file (for tests; else use a token)");
  command->add_option("--key", o.key, "new PEM file, mode 0600")->required();
  command->add_option("--algorithm", o.algorithm)
      ->check(CLI::IsMember({"ecdsa-p256-sha256", "ed25519"}))
      ->capture_default_str();
  command->add_option("--out", o.out_file, "public key, PEM");
  return [&o] { return new_key(o); };
}

Action add_suit(CLI::App& app, Options& o) {
  CLI::App* suit = app.add_subcommand("suit", "SUIT envelopes for constrained ECUs");
  suit->require_subcommand(1);
  CLI::App* command = suit->add_subcommand("make", "make and sign an envelope for one payload");
  command->add_option("--payload", o.suit.payload_file, "the firmware itself")->required();
  command->add_option("--vendor", o.suit.vendor, "domain of the vendor")->required();
  command->add_option("--class", o.suit.device_class, "of devices: a hardware id")->required();
  command->add_option("--sequence-number", o.suit.sequence_number, "rises")->required();
  command->add_option("--uri", o.suit.uri, "where the payload will be; default: in the envelope");
  command->add_option("--description", o.suit.description, "for people");
  command->add_option("--key", o.suit.key, kKeyHelp)->required();
  command->add_option("--out", o.suit.out_file)->required();
  return [&o] { return oem::make_suit(o.suit, std::cout); };
}

Action add_token(CLI::App& app, Options& o) {
  CLI::App* token = app.add_subcommand("token", "software tokens (SoftHSM2)");
  token->require_subcommand(1);
  CLI::App* command = token->add_subcommand("init", "make a token with a key that cannot leave it");
  command->add_option("folder", o.token.folder, "new folder for it")->required();
  command->add_option("--label", o.token.label)->capture_default_str();
  command->add_option("--object", o.token.object, "label of the key")->capture_default_str();
  command->add_option("--out", o.out_file, "public key, PEM");
  return [&o] { return init_token(o); };
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"Makes, signs and checks firmware images, and the repositories that tell of them"};
  app.require_subcommand(1);
  using Adder = Action (*)(CLI::App&, Options&);
  std::vector<std::pair<const CLI::App*, Action>> actions;
  for (const Adder add : {add_make, add_sign, add_inspect, add_verify, add_upload, add_public_key,
                          add_keygen, add_token, add_suit}) {
    Action action = add(app, options);
    actions.emplace_back(app.get_subcommands({}).back(), std::move(action));
  }
  oem::RepositoryOptions repository;
  for (auto& [command, action] : oem::add_repository_commands(app, repository)) {
    actions.emplace_back(command, std::move(action));
  }
  CLI11_PARSE(app, argc, argv);

  for (const auto& [command, action] : actions) {
    if (!command->parsed()) continue;
    if (const Result<void> done = action(); !done) {
      std::cerr << "gatehouse-oem: " << done.error().detail << '\n';
      return 1;
    }
  }
  return 0;
}
