// gatehouse-attest: quotes and credentials on the command line, in the file formats of tpm2-tools.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>

#include "ae-apps/attestation/cli/command.h"
#include "ae-apps/ota/program/state_files.h"

namespace gatehouse::attest {

Outcome wrong_use(std::string reason) { return {Exit::kWrongUse, std::move(reason)}; }
Outcome refused(const Error& error) { return {Exit::kRefused, error.detail}; }

Outcome write_out(const std::string& file, ByteView content) {
  const auto written = ota::replace_file(std::filesystem::absolute(file), text_of(content));
  return written ? Outcome{} : wrong_use(written.error().detail);
}

}  // namespace gatehouse::attest

int main(int argc, char** argv) {
  using namespace gatehouse::attest;
  CLI::App app{
      "Makes and judges attestations of TPMs. Exit code 0: accepted or done, 1: refused, "
      "2: wrong use"};
  app.require_subcommand(1);
  using Adder = Command (*)(CLI::App&);
  std::vector<std::pair<const CLI::App*, Command>> commands;
  for (const Adder add : {add_verify_quote, add_quote, add_make_credential, add_activate_credential,
                          add_public_keys}) {
    Command command = add(app);
    commands.emplace_back(app.get_subcommands({}).back(), std::move(command));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(Exit::kWrongUse);
  }
  for (const auto& [chosen, command] : commands) {
    if (!chosen->parsed()) continue;
    const Outcome outcome = command();
    if (outcome.exit == Exit::kRefused) std::cerr << "refused: " << outcome.reason << '\n';
    if (outcome.exit == Exit::kWrongUse) std::cerr << "wrong use: " << outcome.reason << '\n';
    return static_cast<int>(outcome.exit);
  }
  return static_cast<int>(Exit::kWrongUse);
}
