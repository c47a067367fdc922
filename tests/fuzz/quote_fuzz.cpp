// Any bytes are a structure of a TPM that comes out as it went in, or are refused; and no bytes are
// a good quote.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "ae-apps/attestation/quote/credential.h"
#include "ae-apps/attestation/quote/replay.h"
#include "ae-apps/attestation/quote/verify.h"

namespace {

using namespace gatehouse;
using namespace gatehouse::attest;

constexpr std::string_view kKey =
    "0023000b00050472000000100018000b000300100020372fb3ce7c68507f222ac7eaa563c745183be0ef0b81f6d05c"
    "66c0b823323efa0020f6f7d87454e16da8084f81737c798d94d37f0bf8137483c16f52e119afb78e0b";

bool same(const Bytes& a, ByteView b) { return Bytes(b.begin(), b.end()) == a; }

void check_structures(ByteView bytes) {
  // A bitmap may have come in more bytes than it needs; all else is as it was.
  if (const auto attest = parse_attest(bytes)) {
    const auto again = parse_attest(encode(*attest));
    if (!again || encode(*again) != encode(*attest)) std::abort();
  }
  if (const auto signature = parse_signature(bytes)) {
    if (!same(encode(*signature), bytes)) std::abort();
  }
  if (const auto area = parse_public_area(bytes)) {
    const Bytes body = encode(*area);
    if (!same(body, bytes) && !same(body, bytes.subspan(2))) std::abort();
  }
  if (const auto credential = read_credential(bytes)) {
    if (!same(write_credential(*credential), bytes)) std::abort();
  }
}

void check_quote(ByteView bytes) {
  static const AttestationKey kAttestationKey = *AttestationKey::from_bytes(*from_hex(kKey));
  const QuoteExpectation expected{kAttestationKey, Bytes(32), *parse_pcr_list("sha256:0,10")};
  const std::size_t half = bytes.size() / 2;
  if (verify_quote(expected, {bytes.first(half), bytes.subspan(half), bytes})) std::abort();
}

void check_logs(ByteView bytes) {
  const auto log = parse_event_log(bytes);
  if (!log) return;
  const auto selection = *parse_pcr_list("sha1:0+sha256:0,1,4,10,11");
  PcrValues values;
  for (const unsigned pcr : {0u, 1u, 4u, 10u, 11u}) {
    values[{HashAlg::kSha256, pcr}] = Bytes(32, 1);
  }
  values[{HashAlg::kSha1, 0}] = Bytes(20, 1);
  if (replay({*log}, selection, values, HashAlg::kSha256, Bytes(32))) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  check_structures(bytes);
  check_quote(bytes);
  check_logs(bytes);
  const auto selection = parse_pcr_list(text_of(bytes));
  if (selection && !(*parse_pcr_list(to_text(*selection))).same_pcrs(*selection)) std::abort();
  if (const auto values = read_pcr_values(bytes, *parse_pcr_list("sha256:0,10"))) {
    if (values->size() != 2) std::abort();
  }
  return 0;
}
