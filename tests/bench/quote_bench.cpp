// Measures full verifications of quotes: the signature (ECDSA P-256), structure, nonce, selection,
// the digest of twelve PCRs and the clock, each with another nonce. Prints one JSON object.
#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>

#include "tests/ae-apps/attestation/software_tpm.h"

namespace {

using namespace gatehouse;
using namespace gatehouse::attest;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kDifferent = 256;

struct Sample {
  Bytes nonce;
  SoftwareTpm::Quote quote;
};

std::vector<Sample> samples(SoftwareTpm& tpm, const PcrSelection& selection) {
  std::vector<Sample> out;
  const PcrValues values = tpm.values(selection);
  for (std::size_t i = 0; i < kDifferent; ++i) {
    Bytes nonce(32, static_cast<std::uint8_t>(i));
    tpm.clock.clock_ms += 1;
    out.push_back({nonce, tpm.sign_quote(tpm.quote(nonce, selection, values), values)});
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  double seconds = 3;
  unsigned threads = 2;
  CLI::App app{"full quote verifications per second"};
  app.add_option("--seconds", seconds)->capture_default_str();
  app.add_option("--threads", threads)->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  SoftwareTpm tpm;
  const auto selection = *parse_pcr_list("sha256:0,1,2,3,4,5,6,7,8,9,10,11");
  const std::vector<Sample> all = samples(tpm, selection);
  const ClockMemory first = memory_of(*parse_attest(all[0].quote.message));
  std::atomic<std::uint64_t> verified = 0;
  std::atomic<bool> wrong = false;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  const auto work = [&] {
    QuoteExpectation expected{tpm.key(), {}, selection};
    std::uint64_t mine = 0;
    while (Clock::now() < end) {
      const Sample& sample = all[mine++ % all.size()];
      expected.nonce = sample.nonce;
      const auto quote = verify_quote(
          expected, {sample.quote.message, sample.quote.signature, sample.quote.values_file});
      if (!quote || !check_clock(first, quote->attest)) wrong = true;
    }
    verified += mine;
  };
  std::vector<std::thread> workers;
  for (unsigned i = 0; i < threads; ++i) workers.emplace_back(work);
  for (std::thread& worker : workers) worker.join();
  if (wrong) {
    std::fprintf(stderr, "a good quote was refused\n");
    return 1;
  }
  std::printf("{\"quote_verifications_per_second\":%.0f,\"threads\":%u}\n",
              static_cast<double>(verified) / seconds, threads);
  return 0;
}
