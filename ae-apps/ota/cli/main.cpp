// gatehouse-ota: the OTA part from the command line.
#include <CLI/CLI.hpp>
#include <iostream>

#include "ae-apps/ota/cli/director_command.h"
#include "ae-apps/ota/cli/suit_command.h"
#include "ae-apps/ota/cli/verify_command.h"

namespace {

using gatehouse::ota::DirectorOptions;
using gatehouse::ota::VerifyOptions;

CLI::App* add_verify(CLI::App& app, VerifyOptions& o) {
  CLI::App* command = app.add_subcommand(
      "verify", "verify an Uptane (Director and Image) or TUF repository given as files");
  command->add_option("--state", o.state, "folder of what a vehicle keeps between calls")
      ->required();
  command->add_option("--time", o.time, "now: 2030-01-31T12:00:00Z, or seconds since 1970")
      ->required();
  command->add_option("--director", o.director, "folder of the Director repository");
  command->add_option("--images", o.images, "folder of the Image repository");
  command->add_option("--tuf", o.tuf, "folder of a plain TUF repository, in place of the two");
  command->add_flag("--partial", o.partial, "as an ECU that checks the Director's targets only");
  command->add_flag("--director-targets-only", o.director_targets_only,
                    "the Director publishes no timestamp and no snapshot (as OTA Connect)");
  command->add_flag("--trust-first-root", o.trust_first_root,
                    "believe the oldest root that is there, if none is kept yet");
  command->add_option("--director-root", o.director_root, "root to start from, if none is kept");
  command->add_option("--images-root", o.images_root, "root to start from, if none is kept");
  command->add_option("--tuf-root", o.tuf_root, "root to start from, if none is kept");
  command->add_option("--ecu", o.ecus, "SERIAL:HWID of an ECU of this vehicle (repeatable)")
      ->allow_extra_args(false);
  command->add_option("--vehicle", o.vehicle, "this vehicle's id, compared if it is given");
  command->add_option("--target", o.targets, "of --tuf: must be there and good (repeatable)")
      ->allow_extra_args(false);
  command->add_option("--download", o.download, "of --tuf: folder for good targets");
  return command;
}

CLI::App* add_director(CLI::App& app, DirectorOptions& o) {
  CLI::App* command = app.add_subcommand(
      "director", "verify a vehicle's version manifest and make the Director's metadata for it");
  command->add_option("--vehicle", o.vehicle, "file: vehicle, primary_key, ecus")->required();
  command->add_option("--manifest", o.manifest, "file: the vehicle version manifest")->required();
  command->add_option("--nonce", o.nonce, "that the vehicle was asked with")->required();
  command->add_option("--images", o.images, "folder of the Image repository")->required();
  command->add_option("--images-root", o.images_root, "its root; default: the oldest there");
  command->add_option("--time", o.time, "now: 2030-01-31T12:00:00Z, or seconds since 1970")
      ->required();
  command->add_option("--targets-key", o.targets_key, "a key file or a pkcs11: URI")->required();
  command->add_option("--snapshot-key", o.snapshot_key)->required();
  command->add_option("--timestamp-key", o.timestamp_key)->required();
  command->add_option("--out", o.out, "folder of the Director repository")->required();
  return command;
}

CLI::App* add_suit(CLI::App& app, gatehouse::ota::SuitOptions& o) {
  CLI::App* suit = app.add_subcommand("suit", "SUIT envelopes for constrained ECUs");
  suit->require_subcommand(1);
  CLI::App* command = suit->add_subcommand("verify", "verify an envelope, and try it out");
  command->add_option("envelope", o.envelope)->required();
  command->add_option("--key", o.keys, "public key or certificate (repeatable)")->required();
  command->add_option("--vendor", o.vendor, "domain of the vendor of the device");
  command->add_option("--class", o.device_class, "class of the device: as in gatehouse-oem");
  command->add_option("--minimum", o.minimum, "least sequence number that is accepted");
  command->add_option("--payload", o.payload, "file in place of what the manifest fetches");
  return command;
}

}  // namespace

int main(int argc, char** argv) {
  VerifyOptions options;
  CLI::App app{"The OTA part of Gatehouse from the command line"};
  app.require_subcommand(1);
  add_verify(app, options);
  DirectorOptions director;
  const CLI::App* director_command = add_director(app, director);
  gatehouse::ota::SuitOptions suit;
  const CLI::App* suit_command = add_suit(app, suit);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : gatehouse::ota::kWrongUse;
  }
  if (director_command->parsed()) {
    return gatehouse::ota::run_director(director, std::cout, std::cerr);
  }
  if (suit_command->parsed()) return run_suit_verify(suit, std::cout, std::cerr);
  return gatehouse::ota::run_verify(options, std::cout, std::cerr);
}
