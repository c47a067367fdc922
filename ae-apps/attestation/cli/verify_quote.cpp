#include <CLI/CLI.hpp>
#include <iostream>

#include "ae-apps/attestation/cli/clock_file.h"
#include "ae-apps/attestation/cli/command.h"
#include "ae-apps/attestation/quote/replay.h"
#include "ae-apps/attestation/quote/verify.h"
#include "ae-apps/ota/crypto/files.h"

namespace gatehouse::attest {
namespace {

constexpr std::size_t kMaxEvidenceBytes = 64 * 1024;

struct Options {
  std::string key, nonce, pcrs, message, signature, pcr_values, reference_log, clock_state;
  std::string hash = "sha256";
  std::string scheme = "rsassa";
  std::vector<std::string> logs;
  bool later_entries = false;
};

struct Files {
  Bytes message, signature, pcr_values;
  std::vector<Bytes> logs;
  Bytes reference;
};

Result<Files> read_files(const Options& options) {
  Files out;
  const auto read = [](const std::string& path, std::size_t most, Bytes& into) -> Result<void> {
    if (path.empty()) return {};
    auto content = crypto::read_file(path, most);
    if (!content) return fail(content.error());
    into = *std::move(content);
    return {};
  };
  for (const auto& [path, into] :
       {std::pair(&options.message, &out.message), std::pair(&options.signature, &out.signature),
        std::pair(&options.pcr_values, &out.pcr_values)}) {
    if (auto done = read(*path, kMaxEvidenceBytes, *into); !done) return fail(done.error());
  }
  for (const std::string& log : options.logs) {
    if (auto done = read(log, kMaxLogBytes, out.logs.emplace_back()); !done) {
      return fail(done.error());
    }
  }
  if (auto done = read(options.reference_log, kMaxLogBytes, out.reference); !done) {
    return fail(done.error());
  }
  return out;
}

Result<QuoteExpectation> expectation(const Options& options) {
  const auto file = crypto::read_file(options.key, kMaxEvidenceBytes);
  if (!file) return fail(Rsc::kBadRequest, file.error().detail);
  auto key = AttestationKey::from_bytes(*file, *hash_named(options.hash),
                                        options.scheme == "rsapss" ? kSchemeRsaPss : kSchemeRsaSsa);
  if (!key) return fail(key.error().rsc, options.key + ": " + key.error().detail);
  auto nonce = from_hex(options.nonce);
  if (!nonce || nonce->empty()) {
    return fail(Rsc::kBadRequest, "--nonce: not an even number of hexadecimal digits");
  }
  auto selection = parse_pcr_list(options.pcrs);
  if (!selection) return fail(Rsc::kBadRequest, "--pcrs: " + selection.error().detail);
  return QuoteExpectation{*std::move(key), *std::move(nonce), *std::move(selection), true};
}

void warn_of_resettable(const PcrSelection& selection) {
  for (const PcrBank& bank : selection.banks) {
    if ((bank.mask & kResettablePcrs) == 0) continue;
    std::cerr << "gatehouse-attest: warning: PCR 16 and 23 can be reset by anybody: they prove "
                 "nothing\n";
    return;
  }
}

/// Says which entry differs, where the user has a log that is right.
std::string compared(const Files& files, const std::vector<EventLog>& logs) {
  if (files.reference.empty()) return {};
  const auto reference = parse_event_log(files.reference);
  if (!reference) return "; reference " + reference.error().detail;
  for (const EventLog& log : logs) {
    const bool boot = log.format == LogFormat::kBoot;
    if (boot != (reference->format == LogFormat::kBoot)) continue;
    const std::string difference = first_difference(log, *reference);
    if (!difference.empty()) return "; first difference: " + difference;
  }
  return {};
}

Result<void> judge_logs(const Options& options, const Files& files,
                        const QuoteExpectation& expected, const VerifiedQuote& quote) {
  if (files.logs.empty()) return {};
  std::vector<EventLog> logs;
  for (const Bytes& bytes : files.logs) {
    auto log = parse_event_log(bytes);
    if (!log) return fail(log.error());
    logs.push_back(*std::move(log));
  }
  const auto& info = quote.info();
  const auto replayed =
      replay(logs, info.selection, quote.values, expected.key.hash(), info.pcr_digest);
  if (!replayed) {
    return fail(replayed.error().rsc, replayed.error().detail + compared(files, logs));
  }
  if (!replayed->violations.empty()) {
    return fail(Rsc::kNotAcceptable,
                "log: a file was changed while it was measured: " + replayed->violations.front());
  }
  for (std::size_t i = 0; i < logs.size(); ++i) {
    const std::size_t proven = replayed->proven_entries[i];
    if (proven < logs[i].entries.size() && !options.later_entries) {
      return fail(bad_entry(logs[i].entries[proven].number, logs[i].entries[proven].name,
                            "it was not extended when the quote was made" + compared(files, logs)));
    }
    std::cout << "log: " << proven << " of " << logs[i].entries.size()
              << " entries are proven by the quote\n";
  }
  return {};
}

Outcome run(const Options& options) {
  const auto expected = expectation(options);
  if (!expected) {
    return expected.error().rsc == Rsc::kBadRequest ? wrong_use(expected.error().detail)
                                                    : refused(expected.error());
  }
  const auto files = read_files(options);
  if (!files) {
    return files.error().rsc == Rsc::kNotAcceptable ? refused(files.error())
                                                    : wrong_use(files.error().detail);
  }
  warn_of_resettable(expected->selection);
  QuoteEvidence evidence{files->message, files->signature, std::nullopt};
  if (!options.pcr_values.empty()) evidence.pcr_values = files->pcr_values;
  const auto quote = verify_quote(*expected, evidence);
  if (!quote) return refused(quote.error());
  if (const auto logs = judge_logs(options, *files, *expected, *quote); !logs)
    return refused(logs.error());
  if (!options.clock_state.empty()) {
    const auto clock = judge_clock(options.clock_state, quote->attest);
    if (!clock) return refused(clock.error());
    std::cout << "clock: " << *clock << '\n';
  }
  const ClockInfo& clock = quote->attest.clock;
  std::cout << "accepted: " << to_text(quote->info().selection) << ", reset count "
            << clock.reset_count << ", restart count " << clock.restart_count << ", clock "
            << clock.clock_ms << " ms" << (clock.safe ? "" : " (not safe)") << '\n';
  return {};
}

}  // namespace

Command add_verify_quote(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("verify-quote", "judge a quote made by any TPM");
  Options& o = *options;
  command->add_option("--ak", o.key, "attestation key: PEM, or a TPM's public area")->required();
  command->add_option("--nonce", o.nonce, "hexadecimal, as given out")->required();
  command->add_option("--pcrs", o.pcrs, "such as sha1:0+sha256:0,1,10")->required();
  command->add_option("--msg", o.message, "TPMS_ATTEST (tpm2_quote -m)")->required();
  command->add_option("--sig", o.signature, "TPMT_SIGNATURE or plain (tpm2_quote -s)")->required();
  command->add_option("--pcr-values", o.pcr_values, "either format of tpm2_quote -o");
  command->add_option("--log", o.logs, "TCG boot log, IMA's, or a canonical one (repeatable)");
  command->add_flag("--later-entries", o.later_entries,
                    "a log that grows may have been read some entries after the quote");
  command->add_option("--reference-log", o.reference_log,
                      "a log that is right, to name what is not");
  command->add_option("--clock-state", o.clock_state,
                      "file with the clock and counters of the last accepted quote; kept up");
  command->add_option("--hash", o.hash, "of the signature, unless the key says so")
      ->check(CLI::IsMember({"sha256", "sha384", "sha512"}))
      ->capture_default_str();
  command->add_option("--scheme", o.scheme, "of an RSA key in PEM")
      ->check(CLI::IsMember({"rsassa", "rsapss"}))
      ->capture_default_str();
  return [options] { return run(*options); };
}

}  // namespace gatehouse::attest
