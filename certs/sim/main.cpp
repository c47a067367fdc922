// gatehouse-sim: a simulated SIM, an ISO 7816 card that signs. It goes into the reader "Virtual
// PCD" of pcscd, behind which PKCS#11 finds it like any card.
#include <CLI/CLI.hpp>
#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>
#include <thread>

#include "certs/sim/reader.h"

namespace {

using namespace gatehouse;

constexpr std::chrono::milliseconds kLookAgain{200};  // for a reader that is not there yet
constexpr std::size_t kMaxFileBytes = 64 * 1024;

struct Options {
  std::string folder = "sim";
  std::string label;
  std::string pin_file;
  std::string puk_file;
  std::string key = "signature";
  std::string certificate_file;
  std::string reader = "127.0.0.1:35963";
};

int report(const Error& error) {
  std::cerr << "gatehouse-sim: " << error.detail << '\n';
  return 1;
}

/// The first line of a file, or a new PIN where no file is named.
std::string pin_of(const std::string& file) {
  if (file.empty()) return sim::random_pin();
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

void print_uris(const Options& options) {
  std::error_code error;
  const std::string pin = (std::filesystem::absolute(options.folder, error) / "pin").string();
  for (const sim::KeyRow& row : sim::kKeys) {
    std::cout << row.name << "  pkcs11:token=" << options.label << ";id=" << row.pkcs11_id
              << ";type=private?pin-source=file:" << pin << '\n';
  }
}

int personalise(const Options& options) {
  const std::string pin = pin_of(options.pin_file);
  const std::string puk = pin_of(options.puk_file);
  const auto state = sim::personalise(options.label, pin, puk);
  if (!state) return report(state.error());
  const auto card = sim::StateFolder::create(options.folder, *state);
  if (!card) return report(card.error());
  for (const auto& [name, secret] : {std::pair{"pin", pin}, std::pair{"puk", puk}}) {
    if (auto done = card->folder().write_secret(name, secret); !done) {
      return report(done.error());
    }
  }
  print_uris(options);
  return 0;
}

int show_public_key(const Options& options) {
  const auto card = sim::StateFolder::open(options.folder);
  if (!card) return report(card.error());
  const auto state = card->load();
  if (!state) return report(state.error());
  const auto pem = sim::public_key_pem(*state, sim::key_named(options.key)->reference);
  if (!pem) return report(pem.error());
  std::cout << *pem;
  return 0;
}

int put_certificate(const Options& options) {
  std::ifstream in(options.certificate_file, std::ios::binary);
  const std::string pem(std::istreambuf_iterator<char>(in), {});
  if (pem.empty() || pem.size() > kMaxFileBytes) {
    return report({Rsc::kBadRequest, "'" + options.certificate_file + "' holds no certificate"});
  }
  const auto card = sim::StateFolder::open(options.folder);
  if (!card) return report(card.error());
  auto state = card->load();
  if (!state) return report(state.error());
  const auto reference = sim::key_named(options.key)->reference;
  if (auto done = sim::set_certificate(*state, reference, pem); !done) return report(done.error());
  if (auto done = card->save(*state); !done) return report(done.error());
  return 0;
}

int show(const Options& options) {
  const auto card = sim::StateFolder::open(options.folder);
  if (!card) return report(card.error());
  const auto state = card->load();
  if (!state) return report(state.error());
  std::cout << "label " << state->label << "\npin tries " << state->pin.tries_left << "\npuk tries "
            << state->puk.tries_left << '\n';
  return 0;
}

/// Until the process is ended. The state is whole at each instruction, so a kill is a power cut.
int run(const Options& options) {
  const auto address = sim::reader_address(options.reader);
  if (!address) return report(address.error());
  const auto memory = sim::StateFolder::open(options.folder);
  if (!memory) return report(memory.error());
  const auto state = memory->load();
  if (!state) return report(state.error());
  sim::Card card(*state, [&memory](const sim::State& next) { return memory->save(next); });
  bool said = false;
  while (true) {
    const auto done = sim::stay_in_reader(card, *address);
    if (!done && !said) std::cerr << "gatehouse-sim: " << done.error().detail << "; trying on\n";
    said = !done;
    std::this_thread::sleep_for(kLookAgain);
  }
}

}  // namespace

int main(int count, char** words) {
  Options options;
  CLI::App app{
      "A simulated SIM: an ISO 7816 card with a PIV applet, for the PC/SC reader Virtual PCD"};
  app.require_subcommand(1);
  const auto command = [&](const char* name, const char* what) {
    CLI::App* out = app.add_subcommand(name, what);
    out->add_option("--dir", options.folder, "the card's folder")->envname("GATEHOUSE_SIM");
    return out;
  };
  const auto with_key = [&](CLI::App* which) {
    which->add_option("--key", options.key, "signature or authentication")
        ->check(CLI::IsMember({"signature", "authentication"}));
    return which;
  };
  CLI::App* create =
      command("personalise", "makes a card with new keys; prints their PKCS#11 URIs");
  create->add_option("--label", options.label, "the token's label")->required();
  create->add_option("--pin-source", options.pin_file, "a file with 6 to 8 digits; else a new PIN")
      ->check(CLI::ExistingFile);
  create->add_option("--puk-source", options.puk_file, "likewise")->check(CLI::ExistingFile);
  CLI::App* key = with_key(command("public-key", "prints a public key, for an authority"));
  CLI::App* certificate = with_key(command("certificate", "puts an authority's certificate in"));
  certificate->add_option("FILE", options.certificate_file, "PEM")->required();
  CLI::App* state = command("show", "the label, and how many tries are left");
  CLI::App* insert = command("run", "puts the card into the reader until it is ended");
  insert->add_option("--reader", options.reader, "HOST:PORT of the reader");
  CLI11_PARSE(app, count, words);
  if (create->parsed()) return personalise(options);
  if (key->parsed()) return show_public_key(options);
  if (certificate->parsed()) return put_certificate(options);
  if (state->parsed()) return show(options);
  if (insert->parsed()) return run(options);
  return 2;
}
