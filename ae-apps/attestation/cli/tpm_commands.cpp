// The commands that need a TPM.
#include <CLI/CLI.hpp>
#include <iostream>

#include "ae-apps/attestation/cli/command.h"
#include "ae-apps/attestation/quote/attestation_key.h"
#include "ae-apps/attestation/tpm/emulator.h"
#include "ae-apps/attestation/tpm/tpm.h"
#include "ae-apps/ota/crypto/files.h"

namespace gatehouse::attest {
namespace {

constexpr std::size_t kMaxFileBytes = 64 * 1024;

struct Options {
  std::string tcti, state;
  std::string nonce, pcrs, message, signature, pcr_values, format = "serialized";
  std::string key, key_pem, endorsement_key, kind = "rsa";
  std::string in, out;
};

/// The TPM of the command line: the named one, or an emulator for as long as this lives.
struct Machine {
  std::optional<Emulator> emulator;
  std::optional<Tpm> tpm;
  ~Machine() {
    if (emulator && tpm) static_cast<void>(tpm->shut_down());
    tpm.reset();  // before the emulator ends
  }
};

void add_tpm_options(CLI::App& command, Options& o) {
  command.add_option("--tcti", o.tcti,
                     "swtpm:path=..., swtpm:host=...,port=..., device:/dev/tpmrm0, tabrmd:...; "
                     "default: a software TPM, started and ended by this command");
  command.add_option("--state", o.state, "folder in which the software TPM lives on");
}

/// Empty if all is well.
std::string open_machine(const Options& options, Machine& machine) {
  std::string tcti = options.tcti;
  if (tcti.empty()) {
    auto emulator = Emulator::start(options.state);
    if (!emulator) return emulator.error().detail;
    machine.emulator.emplace(*std::move(emulator));
    tcti = machine.emulator->tcti();
    std::cerr << "gatehouse-attest: assurance: a software TPM, which is only as good as this "
                 "machine\n";
  } else if (!options.state.empty()) {
    return "--state is for the software TPM that is started when there is no --tcti";
  }
  auto tpm = Tpm::open(tcti);
  if (!tpm) return tpm.error().detail;
  machine.tpm.emplace(*std::move(tpm));
  return {};
}

KeyKind kind_of(const Options& options) {
  return options.kind == "rsa" ? KeyKind::kRsa2048 : KeyKind::kEccP256;
}

/// TPM2B_PUBLIC, tpm2-tools' format "tss".
Bytes tss_of(const PublicArea& area) {
  const Bytes body = encode(area);
  Bytes out{static_cast<std::uint8_t>(body.size() >> 8), static_cast<std::uint8_t>(body.size())};
  append(out, body);
  return out;
}

Outcome write_key(Tpm& tpm, const Options& options) {
  if (options.key.empty() && options.key_pem.empty()) return {};
  const auto area = tpm.attestation_key();
  if (!area) return refused(area.error());
  if (!options.key.empty()) {
    if (auto out = write_out(options.key, tss_of(*area)); out.exit != Exit::kAccepted) return out;
  }
  if (options.key_pem.empty()) return {};
  const auto key = AttestationKey::from_public_area(*area);
  if (!key) return refused(key.error());
  return write_out(options.key_pem, view_of(key->to_pem()));
}

Outcome run_quote(const Options& options) {
  const auto nonce = from_hex(options.nonce);
  if (!nonce || nonce->empty() || nonce->size() > 32) {
    return wrong_use("--nonce: not 1 to 32 bytes in hexadecimal");
  }
  const auto selection = parse_pcr_list(options.pcrs);
  if (!selection) return wrong_use("--pcrs: " + selection.error().detail);
  Machine machine;
  if (const std::string fault = open_machine(options, machine); !fault.empty()) {
    return wrong_use(fault);
  }
  // Read, quote, and again if somebody extended a PCR in between.
  for (int attempt = 0; attempt < 5; ++attempt) {
    const auto values = machine.tpm->read_pcrs(*selection);
    if (!values) return refused(values.error());
    const auto quote = machine.tpm->quote(*nonce, *selection);
    if (!quote) return refused(quote.error());
    const auto attest = parse_attest(quote->message);
    const auto composite = composite_digest(HashAlg::kSha256, *selection, *values);
    if (!attest || !composite) return {Exit::kRefused, "the TPM's quote cannot be read"};
    if (std::get<QuoteInfo>(attest->body).pcr_digest != *composite) continue;
    for (const auto& [file, bytes] :
         {std::pair(&options.message, quote->message),
          std::pair(&options.signature, quote->signature),
          std::pair(&options.pcr_values, options.format == "values"
                                             ? write_plain(*selection, *values)
                                             : write_serialized(*selection, *values))}) {
      if (file->empty()) continue;
      if (auto out = write_out(*file, bytes); out.exit != Exit::kAccepted) return out;
    }
    return write_key(*machine.tpm, options);
  }
  return {Exit::kRefused, "the PCRs change faster than they can be quoted"};
}

Outcome run_activate(const Options& options) {
  const auto file = crypto::read_file(options.in, kMaxFileBytes);
  if (!file) return wrong_use(file.error().detail);
  const auto credential = read_credential(*file);
  if (!credential) return refused(credential.error());
  Machine machine;
  if (const std::string fault = open_machine(options, machine); !fault.empty()) {
    return wrong_use(fault);
  }
  const auto secret = machine.tpm->activate_credential(kind_of(options), *credential);
  if (!secret) return refused(secret.error());
  return write_out(options.out, *secret);
}

Outcome run_keys(const Options& options) {
  Machine machine;
  if (const std::string fault = open_machine(options, machine); !fault.empty()) {
    return wrong_use(fault);
  }
  const auto area = machine.tpm->attestation_key();
  if (!area) return refused(area.error());
  std::cout << to_hex(area->name()) << '\n';
  if (!options.endorsement_key.empty()) {
    const auto endorsement = machine.tpm->endorsement_key(kind_of(options));
    if (!endorsement) return refused(endorsement.error());
    auto out = write_out(options.endorsement_key, tss_of(*endorsement));
    if (out.exit != Exit::kAccepted) return out;
  }
  return write_key(*machine.tpm, options);
}

void add_kind(CLI::App& command, Options& o) {
  command.add_option("--ek-kind", o.kind, "of the TCG's templates")
      ->check(CLI::IsMember({"rsa", "ecc"}))
      ->capture_default_str();
}

}  // namespace

Command add_quote(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("quote", "let a TPM sign the values of its PCRs");
  Options& o = *options;
  add_tpm_options(*command, o);
  command->add_option("--nonce", o.nonce, "hexadecimal, of the verifier")->required();
  command->add_option("--pcrs", o.pcrs, "such as sha256:0,1,10")->required();
  command->add_option("--msg", o.message, "file for TPMS_ATTEST")->required();
  command->add_option("--sig", o.signature, "file for TPMT_SIGNATURE")->required();
  command->add_option("--pcr-values", o.pcr_values, "file for the values of the PCRs");
  command->add_option("--pcrs-format", o.format, "of that file, as tpm2_quote -F")
      ->check(CLI::IsMember({"serialized", "values"}))
      ->capture_default_str();
  command->add_option("--ak", o.key_pem, "file for the attestation key, PEM");
  command->add_option("--ak-public", o.key, "file for its public area, TPM2B_PUBLIC");
  return [options] { return run_quote(*options); };
}

Command add_activate_credential(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("activate-credential", "unwrap a secret made for this TPM and its key");
  Options& o = *options;
  add_tpm_options(*command, o);
  add_kind(*command, o);
  command->add_option("--in", o.in, "file of make-credential or tpm2_makecredential")->required();
  command->add_option("--out", o.out, "file for the secret")->required();
  return [options] { return run_activate(*options); };
}

Command add_public_keys(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("keys", "write a TPM's public keys and print the attestation key's name");
  Options& o = *options;
  add_tpm_options(*command, o);
  add_kind(*command, o);
  command->add_option("--ak", o.key_pem, "file for the attestation key, PEM");
  command->add_option("--ak-public", o.key, "file for its public area, TPM2B_PUBLIC");
  command->add_option("--ek", o.endorsement_key, "file for the endorsement key, TPM2B_PUBLIC");
  return [options] { return run_keys(*options); };
}

}  // namespace gatehouse::attest
