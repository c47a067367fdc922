// gatehouse-ota: the OTA part from the command line.
#include <CLI/CLI.hpp>
#include <iostream>

#include "ae-apps/ota/cli/campaign_command.h"
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

void add_access(CLI::App& command, gatehouse::ota::CampaignAccess& o) {
  command.add_option("--cse", o.cse, "URL of the IN-CSE")->capture_default_str();
  command.add_option("--csebase", o.csebase, "name of its CSEBase")->capture_default_str();
  command.add_option("--server", o.server, "name of the server's <AE>")->capture_default_str();
  command.add_option("--originator", o.originator, "as whom we speak")->capture_default_str();
  command.add_option("--certificate", o.certificate, "our certificate, of https");
  command.add_option("--key", o.key, "its key");
  command.add_option("--ca", o.ca, "who may certify the CSE");
  command.add_option("--wait", o.wait_s, "seconds for the server's verdict")->capture_default_str();
}

/// `campaign ACTION NAME`; each action is a subcommand of its own.
CLI::App* add_campaign(CLI::App& app, gatehouse::ota::CampaignOptions& o) {
  CLI::App* campaign = app.add_subcommand("campaign", "roll out images over the fleet");
  add_access(*campaign, o.access);
  campaign->require_subcommand(1);
  constexpr std::pair<const char*, const char*> kActions[] = {
      {"create", "from a definition in a file"},
      {"list", "all campaigns with their states"},
      {"show", "definition, state and vehicles"},
      {"dry-run", "which vehicle would get what, and why not"},
      {"approve", "as somebody else than its author"},
      {"pause", "tell no more vehicles"},
      {"resume", "go on; what it paused for is accepted"},
      {"stop", "for good"},
      {"retry", "what failed, was declined or excluded"}};
  for (const auto& [name, help] : kActions) {
    CLI::App* action = campaign->add_subcommand(name, help);
    action->callback([&o, name = name] { o.action = name; });
    const std::string word = name;
    if (word == "create") {
      action->add_option("file", o.file, "JSON; - is standard input")->required();
    } else if (word != "list") {
      action->add_option("name", o.name)->required();
    }
    if (word == "retry") action->add_option("--vehicle", o.vehicle, "this one alone");
    if (word != "create" && word != "list" && word != "show") {
      action->add_option("--reason", o.reason, "for the record");
    }
  }
  return campaign;
}

CLI::App* add_r156(CLI::App& app, gatehouse::ota::R156Options& o) {
  CLI::App* command = app.add_subcommand("r156", "evidence of a campaign for UN R156");
  add_access(*command, o.access);
  command->add_option("name", o.name, "of the campaign")->required();
  command->add_option("--json", o.json_file, "file; default: standard output");
  command->add_option("--html", o.html_file, "file: a page to be printed");
  command->add_option("--consents", o.consents, "where a gateway keeps what its user answered")
      ->capture_default_str();
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
  gatehouse::ota::CampaignOptions campaign;
  const CLI::App* campaign_command = add_campaign(app, campaign);
  gatehouse::ota::R156Options r156;
  const CLI::App* r156_command = add_r156(app, r156);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : gatehouse::ota::kWrongUse;
  }
  if (director_command->parsed()) {
    return gatehouse::ota::run_director(director, std::cout, std::cerr);
  }
  if (campaign_command->parsed()) return run_campaign(campaign, std::cout, std::cerr);
  if (r156_command->parsed()) return run_r156(r156, std::cout, std::cerr);
  if (suit_command->parsed()) return run_suit_verify(suit, std::cout, std::cerr);
  return gatehouse::ota::run_verify(options, std::cout, std::cerr);
}
