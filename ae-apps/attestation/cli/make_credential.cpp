#include <CLI/CLI.hpp>

#include "ae-apps/attestation/cli/command.h"
#include "ae-apps/attestation/quote/credential.h"
#include "ae-apps/ota/crypto/digest.h"
#include "ae-apps/ota/crypto/files.h"

namespace gatehouse::attest {
namespace {

constexpr std::size_t kMaxFileBytes = 64 * 1024;

struct Options {
  std::string endorsement_key, name, key, secret, out;
};

/// The name of the key: given in hexadecimal, or computed from its public area.
Result<Bytes> name_in(const Options& options) {
  if (!options.name.empty()) return from_hex(options.name);
  const auto file = crypto::read_file(options.key, kMaxFileBytes);
  if (!file) return fail(file.error());
  const auto area = parse_public_area(*file);
  if (!area) return fail(area.error());
  if (const auto fit = check_attestation_key(*area); !fit) return fail(fit.error());
  return area->name();
}

Outcome run(const Options& options) {
  if (options.name.empty() == options.key.empty()) return wrong_use("either --name or --ak");
  const auto key_file = crypto::read_file(options.endorsement_key, kMaxFileBytes);
  if (!key_file) return wrong_use(key_file.error().detail);
  const auto key = read_endorsement_key(*key_file);
  if (!key) return wrong_use(options.endorsement_key + ": " + key.error().detail);
  const auto name = name_in(options);
  if (!name) {
    return name.error().rsc == Rsc::kNotAcceptable ? refused(name.error())
                                                   : wrong_use(name.error().detail);
  }
  auto secret = crypto::read_file(options.secret, kMaxFileBytes);
  if (!secret) return wrong_use(secret.error().detail);
  crypto::SystemRandom random;
  const auto credential = make_credential(*key, *name, *secret, random);
  crypto::wipe(*secret);
  if (!credential) return wrong_use(credential.error().detail);
  return write_out(options.out, write_credential(*credential));
}

}  // namespace

Command add_make_credential(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "make-credential", "wrap a secret for the TPM that holds both keys; needs no TPM");
  Options& o = *options;
  command->add_option("--ek", o.endorsement_key, "endorsement key: PEM or a TPM's public area")
      ->required();
  command->add_option("--name", o.name, "of the attestation key, hexadecimal");
  command->add_option("--ak", o.key, "or its public area, which is checked too");
  command->add_option("--secret", o.secret, "file with the secret, 32 bytes at most")->required();
  command->add_option("--out", o.out, "file for tpm2_activatecredential or activate-credential")
      ->required();
  return [options] { return run(*options); };
}

}  // namespace gatehouse::attest
