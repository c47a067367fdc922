// gatehouse-evidence: a log by hand.
#include <CLI/CLI.hpp>
#include <iostream>

#include "ae-apps/attestation/evidence/tool/commands.h"

namespace {

using gatehouse::Result;
using gatehouse::evidence::ToolOptions;

struct Command {
  const char* name;
  const char* help;
  Result<void> (*run)(const ToolOptions&);
  bool on_log;  ///< needs --folder
};
constexpr Command kCommands[] = {
    {"key", "print the log's verifier key", gatehouse::evidence::show_key, false},
    {"append", "each line of input is an entry", gatehouse::evidence::append_lines, true},
    {"publish", "sign a checkpoint, have it cosigned", gatehouse::evidence::publish_log, true},
    {"stamp", "time stamp of the checkpoint", gatehouse::evidence::stamp_checkpoint, true},
    {"stamp-request", "the same, for another authority", gatehouse::evidence::write_stamp_request,
     true},
    {"receipt", "an entry's place, as C2SP tlog-proof", gatehouse::evidence::write_receipt, true},
    {"certify", "the certificate file of an operation", gatehouse::evidence::write_certificate,
     true},
    {"change-key", "hand the log over to another key", gatehouse::evidence::change_log_key, true},
};

void add_options(CLI::App& command, const std::string& name, bool on_log, ToolOptions& options) {
  command.add_option("--key", options.key_file, "Ed25519 key: PEM, made if absent, or pkcs11:")
      ->required();
  command.add_option("--origin", options.origin, "name of the log")->required();
  command.add_option("--out", options.out_file, "default: standard output");
  if (!on_log) return;
  command.add_option("--folder", options.folder, "folder of the log")->required();
  command.add_option("--former", options.former, "verifier key that signed before; repeatable");
  if (name == "publish") {
    command.add_option("--witness", options.witnesses, "URL=vkey; repeatable");
    command.add_option("--quorum", options.quorum, "so many must cosign")->capture_default_str();
  } else if (name == "stamp") {
    command.add_option("--identity", options.identity_folder, "folder of the stamping key")
        ->required();
  } else if (name == "receipt") {
    command.add_option("--index", options.index)->required();
  } else if (name == "change-key") {
    command.add_option("--next", options.next_key_file, "the next key")->required();
  } else if (name == "certify") {
    command.add_option("--device", options.device)->required();
    command.add_option("--operation", options.operation)->required();
    command.add_option("--stamp", options.stamp_file, "RFC 3161 response, DER")->required();
    command.add_option("--signer", options.signer_files, "PEM of who signed records; repeatable");
    command.add_option("--file", options.files, "what records name; repeatable");
  }
}

}  // namespace

int main(int argc, char** argv) {
  ToolOptions options;
  CLI::App app{"An evidence log by hand. Exit code 0: done, 1: refused, 2: wrong use"};
  app.require_subcommand(1);
  for (const Command& one : kCommands) {
    add_options(*app.add_subcommand(one.name, one.help), one.name, one.on_log, options);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? 0 : 2;
  }
  for (const Command& one : kCommands) {
    if (!app.got_subcommand(one.name)) continue;
    if (const Result<void> done = one.run(options); !done) {
      std::cerr << "gatehouse-evidence: " << done.error().detail << '\n';
      return 1;
    }
  }
  return 0;
}
