#include "ae-apps/attestation/quote/verify.h"

#include "ae-apps/ota/crypto/digest.h"

namespace gatehouse::attest {
namespace {

/// How far the clock may fall behind after a power cut: a TPM writes it to its memory at least
/// every 2^22 milliseconds. Source: TPM 2.0 Library part 1 clause 36.3.2.
constexpr std::uint64_t kMostLostClockMs = 1u << 22;

tl::unexpected<Error> refused(std::string text) {
  return fail(Rsc::kNotAcceptable, std::move(text));
}

/// The signature first: what nobody signed is not worth a look.
Result<Attest> signed_attest(const AttestationKey& key, ByteView message, ByteView signature) {
  const auto read = key.read_signature(signature);
  if (!read) return fail(read.error());
  if (const auto good = key.verify(message, *read); !good) return fail(good.error());
  return parse_attest(message);
}

Result<void> check_nonce(const Attest& attest, ByteView nonce) {
  if (nonce.empty()) return refused("nonce: none was expected, so nothing is fresh");
  if (!crypto::equal_constant_time(attest.extra_data, nonce)) {
    return refused("nonce: the quote carries another one than was given out");
  }
  return {};
}

Result<void> check_selection(const QuoteExpectation& expected, const QuoteInfo& info) {
  std::uint32_t wanted = 0;
  for (const PcrBank& bank : expected.selection.banks) wanted |= bank.mask;
  if (wanted == 0) return refused("selection: no PCR was expected, so nothing is proven");
  if (!info.selection.same_pcrs(expected.selection)) {
    return refused("selection: quoted are " + to_text(info.selection) + ", expected are " +
                   to_text(expected.selection));
  }
  if ((wanted & kResettablePcrs) != 0 && !expected.allow_resettable) {
    return refused("selection: PCR 16 and 23 can be reset by anybody, they prove nothing");
  }
  return {};
}

}  // namespace

Result<VerifiedQuote> verify_quote(const QuoteExpectation& expected,
                                   const QuoteEvidence& evidence) {
  auto attest = signed_attest(expected.key, evidence.message, evidence.signature);
  if (!attest) return fail(attest.error());
  const auto* info = std::get_if<QuoteInfo>(&attest->body);
  if (info == nullptr) return refused("type: a signed attestation, but no quote");
  if (const auto good = check_nonce(*attest, expected.nonce); !good) return fail(good.error());
  if (const auto good = check_selection(expected, *info); !good) return fail(good.error());
  VerifiedQuote out;
  if (info->pcr_digest.size() != size_of(expected.key.hash())) {
    return refused("PCR values: the quote's digest is not one of the key's hash");
  }
  if (evidence.pcr_values) {
    auto values = read_pcr_values(*evidence.pcr_values, info->selection);
    if (!values) return fail(values.error());
    const auto composite = composite_digest(expected.key.hash(), info->selection, *values);
    if (!composite) return fail(composite.error());
    if (*composite != info->pcr_digest) {
      return refused("PCR values: they do not hash to the quoted digest");
    }
    out.values = *std::move(values);
  }
  out.attest = *std::move(attest);
  return out;
}

Result<std::uint64_t> verify_counter(const AttestationKey& key, ByteView nonce, ByteView index_name,
                                     ByteView message, ByteView signature) {
  const auto attest = signed_attest(key, message, signature);
  if (!attest) return fail(attest.error());
  const auto* info = std::get_if<NvInfo>(&attest->body);
  if (info == nullptr) return refused("type: a signed attestation, but not of an NV index");
  if (const auto good = check_nonce(*attest, nonce); !good) return fail(good.error());
  if (Bytes(index_name.begin(), index_name.end()) != info->index_name) {
    return refused("counter: of another index than was enrolled");
  }
  if (info->offset != 0 || info->contents.size() != 8) {
    return refused("counter: not its whole value of 8 bytes");
  }
  std::uint64_t value = 0;
  for (const std::uint8_t byte : info->contents) value = value << 8 | byte;
  return value;
}

ClockMemory memory_of(const Attest& attest) {
  return {attest.qualified_signer, attest.clock, attest.firmware_version};
}

Result<ClockChange> check_clock(const ClockMemory& last, const Attest& now) {
  if (last.qualified_signer != now.qualified_signer) {
    return refused("clock: signed under another hierarchy or by another TPM than before");
  }
  const ClockInfo& before = last.clock;
  const ClockInfo& after = now.clock;
  const auto fell = [](const char* what, std::uint64_t from, std::uint64_t to) {
    return refused(std::string("clock: ") + what + " fell from " + std::to_string(from) + " to " +
                   std::to_string(to) + ": the TPM was cleared, rolled back or replaced");
  };
  if (after.reset_count < before.reset_count) {
    return fell("the reset counter", before.reset_count, after.reset_count);
  }
  const bool reset = after.reset_count > before.reset_count;
  if (!reset && after.restart_count < before.restart_count) {
    return fell("the restart counter", before.restart_count, after.restart_count);
  }
  // Only a power cut may cost some of the clock, and then the TPM says so.
  const std::uint64_t lost = reset && !after.safe ? kMostLostClockMs : 0;
  if (after.clock_ms + lost < before.clock_ms) {
    return fell("the clock (ms)", before.clock_ms, after.clock_ms);
  }
  if (reset) return ClockChange::kReset;
  return after.restart_count > before.restart_count ? ClockChange::kRestarted
                                                    : ClockChange::kRunning;
}

}  // namespace gatehouse::attest
