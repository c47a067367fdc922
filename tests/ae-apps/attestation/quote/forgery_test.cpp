// Quotes that are wrong in one thing and signed by the right key all the same, and those that
// nobody signed.
#include <gtest/gtest.h>

#include <functional>

#include "tests/ae-apps/attestation/software_tpm.h"

namespace gatehouse::attest {
namespace {

const Bytes kNonce(32, 0x5A);

/// A good quote, and the pieces of it that a forger may change before it is signed and after.
struct Case {
  SoftwareTpm tpm;
  PcrSelection selection = *parse_pcr_list("sha256:0,1,10");
  QuoteExpectation expected{tpm.key(), kNonce, selection};
  Attest attest;
  Bytes message;
  Signature signature;
  std::optional<Bytes> signature_bytes;
  Bytes values_file;

  Case() {
    tpm.extend(10, {{HashAlg::kSha256, Bytes(32, 1)}});
    attest = tpm.quote(kNonce, selection, tpm.values(selection));
    values_file = write_serialized(selection, tpm.values(selection));
  }
  QuoteInfo& info() { return std::get<QuoteInfo>(attest.body); }
};

struct Forgery {
  std::string name;
  std::string refused_by;              ///< how the reason begins; empty: accepted
  std::function<void(Case&)> before;   ///< on the structure
  std::function<void(Case&)> between;  ///< on the bytes, before they are signed
  std::function<void(Case&)> after;    ///< on what was signed
};

class QuoteForgery : public testing::TestWithParam<Forgery> {};

TEST_P(QuoteForgery, IsJudgedByTheFirstCheckThatFails) {
  Case c;
  if (GetParam().before) GetParam().before(c);
  c.message = encode(c.attest);
  if (GetParam().between) GetParam().between(c);
  c.signature = c.tpm.sign(c.message);
  if (GetParam().after) GetParam().after(c);
  const Bytes signature = c.signature_bytes.value_or(encode(c.signature));

  const auto quote = verify_quote(c.expected, {c.message, signature, c.values_file});

  if (GetParam().refused_by.empty()) {
    EXPECT_TRUE(quote) << quote.error().detail;
  } else {
    ASSERT_FALSE(quote);
    EXPECT_TRUE(quote.error().detail.starts_with(GetParam().refused_by)) << quote.error().detail;
  }
}

using C = Case;
const auto kNothing = std::function<void(Case&)>();
Forgery before(std::string name, std::string by, std::function<void(Case&)> change) {
  return {std::move(name), std::move(by), std::move(change), kNothing, kNothing};
}
Forgery between(std::string name, std::string by, std::function<void(Case&)> change) {
  return {std::move(name), std::move(by), kNothing, std::move(change), kNothing};
}
Forgery after(std::string name, std::string by, std::function<void(Case&)> change) {
  return {std::move(name), std::move(by), kNothing, kNothing, std::move(change)};
}
/// The quote of other PCRs, right in itself.
void quote_of(Case& c, const std::string& pcrs) {
  const auto selection = *parse_pcr_list(pcrs);
  c.attest = c.tpm.quote(kNonce, selection, c.tpm.values(selection));
  c.values_file = write_serialized(selection, c.tpm.values(selection));
}

INSTANTIATE_TEST_SUITE_P(
    SignedAllTheSame, QuoteForgery,
    testing::Values(
        before("none", "", kNothing),
        before("magic", "magic:", [](C& c) { c.attest.magic = 0xFF544348; }),
        between("type_of_certify", "structure:", [](C& c) { c.message[5] = 0x17; }),
        between("type_of_time", "structure:", [](C& c) { c.message[5] = 0x19; }),
        between("type_unknown", "type:", [](C& c) { c.message[5] = 0x1A; }),
        before("a_true_certify", "type:",
               [](C& c) {
                 c.attest.body = CertifyInfo{Bytes(34), Bytes(34)};
               }),
        before("a_true_time", "type:", [](C& c) { c.attest.body = TimeInfo{}; }),
        before("a_true_nv", "type:",
               [](C& c) {
                 c.attest.body = NvInfo{Bytes(34), 0, Bytes(8)};
               }),
        before("nonce_of_others", "nonce:", [](C& c) { c.attest.extra_data[31] ^= 1; }),
        before("nonce_cut", "nonce:", [](C& c) { c.attest.extra_data.pop_back(); }),
        before("nonce_longer", "nonce:", [](C& c) { c.attest.extra_data.push_back(0); }),
        before("nonce_empty", "nonce:", [](C& c) { c.attest.extra_data.clear(); }),
        before("nonce_over_the_limit", "structure:", [](C& c) { c.attest.extra_data.resize(67); }),
        before("nothing_expected_nothing_given", "nonce:",
               [](C& c) {
                 c.attest.extra_data.clear();
                 c.expected.nonce.clear();
               }),
        before("one_pcr_more", "selection:", [](C& c) { quote_of(c, "sha256:0,1,2,10"); }),
        before("one_pcr_less", "selection:", [](C& c) { quote_of(c, "sha256:0,1"); }),
        before("other_bank", "selection:", [](C& c) { quote_of(c, "sha1:0,1,10"); }),
        before("one_bank_more", "selection:", [](C& c) { quote_of(c, "sha1:0+sha256:0,1,10"); }),
        before("selection_empty", "selection:",
               [](C& c) {
                 c.info().selection.banks.clear();
                 c.info().pcr_digest = digest(HashAlg::kSha256, {});
               }),
        before("bank_of_no_pcr", "selection:",
               [](C& c) {
                 c.info().selection.banks[0].mask = 0;
                 c.info().pcr_digest = digest(HashAlg::kSha256, {});
               }),
        before("nothing_expected", "selection:",
               [](C& c) {
                 c.expected.selection.banks.clear();
                 c.info().selection.banks.clear();
               }),
        before("resettable_16", "selection:",
               [](C& c) {
                 quote_of(c, "sha256:16");
                 c.expected.selection = *parse_pcr_list("sha256:16");
               }),
        before("resettable_23_among_others", "selection:",
               [](C& c) {
                 quote_of(c, "sha256:0,23");
                 c.expected.selection = *parse_pcr_list("sha256:0,23");
               }),
        before("resettable_where_it_is_wanted", "",
               [](C& c) {
                 quote_of(c, "sha256:16");
                 c.expected.selection = *parse_pcr_list("sha256:16");
                 c.expected.allow_resettable = true;
               }),
        before("digest_of_other_values", "PCR values:", [](C& c) { c.info().pcr_digest[0] ^= 1; }),
        before("digest_empty", "PCR values:", [](C& c) { c.info().pcr_digest.clear(); }),
        before("digest_of_sha1", "PCR values:", [](C& c) { c.info().pcr_digest.resize(20); }),
        before("digest_over_the_limit",
               "structure:", [](C& c) { c.info().pcr_digest.resize(65); })),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    SignedBytes, QuoteForgery,
    testing::Values(
        between("trailing_byte", "structure:", [](C& c) { c.message.push_back(0); }),
        between("trailing_kilobytes", "structure:", [](C& c) { c.message.resize(5000); }),
        between("cut_by_one", "structure:", [](C& c) { c.message.pop_back(); }),
        between("empty", "structure:", [](C& c) { c.message.clear(); }),
        between("safe_is_two", "structure:", [](C& c) { c.message[6 + 2 + 34 + 2 + 32 + 16] = 2; }),
        between("bank_unknown",
                "structure:", [](C& c) { c.message[c.message.size() - 34 - 6 + 1] = 0x12; }),
        between("bank_count_too_high",
                "structure:", [](C& c) { c.message[c.message.size() - 34 - 6 - 1] = 2; }),
        between("bank_count_huge",
                "structure:", [](C& c) { c.message[c.message.size() - 34 - 6 - 4] = 0xFF; }),
        between("bits_of_no_byte",
                "structure:", [](C& c) { c.message[c.message.size() - 34 - 6 + 2] = 0; }),
        between("bits_of_five_bytes",
                "structure:", [](C& c) { c.message[c.message.size() - 34 - 6 + 2] = 5; }),
        between("signer_longer_than_all", "structure:", [](C& c) { c.message[6] = 0xFF; })),
    [](const auto& row) { return row.param.name; });

/// The order n of P-256, and what is beyond it.
const Bytes kOrder = *from_hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");

INSTANTIATE_TEST_SUITE_P(
    Signatures, QuoteForgery,
    testing::Values(
        after("message_changed_after", "signature:", [](C& c) { c.message[60] ^= 1; }),
        after("message_longer_after", "signature:", [](C& c) { c.message.push_back(0); }),
        after("message_cut_after", "signature:", [](C& c) { c.message.pop_back(); }),
        after("key_of_another", "signature:", [](C& c) { c.expected.key = SoftwareTpm().key(); }),
        after("signed_by_another",
              "signature:", [](C& c) { c.signature = SoftwareTpm().sign(c.message); }),
        after("r_zero", "signature:", [](C& c) { c.signature.r = Bytes(32); }),
        after("s_zero", "signature:", [](C& c) { c.signature.s = Bytes(32); }),
        after("r_empty", "signature:", [](C& c) { c.signature.r.clear(); }),
        after("both_empty", "signature:",
              [](C& c) {
                c.signature.r.clear();
                c.signature.s.clear();
              }),
        after("r_is_the_order", "signature:", [](C& c) { c.signature.r = kOrder; }),
        after("s_is_the_order", "signature:", [](C& c) { c.signature.s = kOrder; }),
        after("r_of_all_ones", "signature:", [](C& c) { c.signature.r = Bytes(32, 0xFF); }),
        after("r_with_a_zero_in_front",
              "signature:", [](C& c) { c.signature.r.insert(c.signature.r.begin(), 0); }),
        after("r_over_the_limit", "signature:", [](C& c) { c.signature.r.resize(67); }),
        after("r_and_s_swapped",
              "signature:", [](C& c) { std::swap(c.signature.r, c.signature.s); }),
        after("hash_sha1", "signature:", [](C& c) { c.signature.hash = HashAlg::kSha1; }),
        after("hash_sha384", "signature:", [](C& c) { c.signature.hash = HashAlg::kSha384; }),
        after("scheme_rsa", "signature:",
              [](C& c) {
                c.signature.scheme = kSchemeRsaSsa;
                c.signature.rsa = Bytes(256);
              }),
        after("scheme_unknown",
              "signature:", [](C& c) { c.signature_bytes = *from_hex("0005000b0020"); }),
        after("no_bytes", "signature:", [](C& c) { c.signature_bytes = Bytes(); }),
        after("bytes_cut", "signature:",
              [](C& c) {
                c.signature_bytes = encode(c.signature);
                c.signature_bytes->pop_back();
              }),
        after("bytes_behind", "signature:",
              [](C& c) {
                c.signature_bytes = encode(c.signature);
                c.signature_bytes->push_back(0);
              }),
        after("plain_with_bytes_behind",
              "signature:", [](C& c) { c.signature_bytes = *from_hex("300602010102010100"); }),
        after("plain_negative",
              "signature:", [](C& c) { c.signature_bytes = *from_hex("30060201ff0201ff"); })),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Values, QuoteForgery,
    testing::Values(
        after("file_empty", "PCR values:", [](C& c) { c.values_file.clear(); }),
        after("file_cut", "PCR values:", [](C& c) { c.values_file.pop_back(); }),
        after("file_longer", "PCR values:", [](C& c) { c.values_file.push_back(0); }),
        after("value_changed", "PCR values:", [](C& c) { c.values_file[132 + 4 + 4 + 2] ^= 1; }),
        after("of_other_pcrs", "PCR values:",
              [](C& c) {
                const auto other = *parse_pcr_list("sha256:0,1,2");
                c.values_file = write_serialized(other, c.tpm.values(other));
              }),
        after("count_of_digests", "PCR values:", [](C& c) { c.values_file[132 + 4] = 2; }),
        after("count_over_its_list", "PCR values:", [](C& c) { c.values_file[132 + 4] = 9; }),
        after("count_of_lists", "PCR values:", [](C& c) { c.values_file[132] = 2; }),
        after("digest_longer_than_its_place",
              "PCR values:", [](C& c) { c.values_file[132 + 4 + 4] = 65; }),
        after("as_plain_values", "",
              [](C& c) { c.values_file = write_plain(c.selection, c.tpm.values(c.selection)); })),
    [](const auto& row) { return row.param.name; });

TEST(QuoteBytes, NoSingleBitMayBeChanged) {
  Case c;
  c.message = encode(c.attest);
  const Bytes signature = encode(c.tpm.sign(c.message));
  for (std::size_t bit = 0; bit < c.message.size() * 8; ++bit) {
    Bytes changed = c.message;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    EXPECT_FALSE(verify_quote(c.expected, {changed, signature, std::nullopt})) << bit;
  }
  for (std::size_t bit = 0; bit < signature.size() * 8; ++bit) {
    Bytes changed = signature;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    EXPECT_FALSE(verify_quote(c.expected, {c.message, changed, std::nullopt})) << bit;
  }
}

// --- keys ---------------------------------------------------------------------------------------

struct KeyCase {
  std::string name;
  std::uint32_t attributes;
  std::string reason;
};
class KeyAttributes : public testing::TestWithParam<KeyCase> {};

TEST_P(KeyAttributes, DecideWhetherAKeyMayAttest) {
  const SoftwareTpm tpm;

  const auto key = AttestationKey::from_bytes(encode(tpm.area(GetParam().attributes)));

  EXPECT_EQ(key ? "" : key.error().detail, GetParam().reason);
}

constexpr std::uint32_t kAll = kAttestationKeyAttributes;
INSTANTIATE_TEST_SUITE_P(
    Bits, KeyAttributes,
    testing::Values(
        KeyCase{"good", kAll, ""}, KeyCase{"without_no_da", kAll & ~kNoDa, ""},
        KeyCase{"unrestricted", kAll & ~kRestricted,
                "key: no attestation key: it signs anything (restricted is not set)"},
        KeyCase{
            "of_software", kAll & ~kSensitiveDataOrigin,
            "key: no attestation key: it was not made in a TPM (sensitiveDataOrigin is not set)"},
        KeyCase{"that_may_move", kAll & ~kFixedTpm,
                "key: no attestation key: it may leave its TPM (fixedTPM is not set)"},
        KeyCase{"that_decrypts", kAll | kDecrypt,
                "key: no attestation key: it decrypts too (decrypt is set)"},
        KeyCase{"that_does_not_sign", kAll & ~kSign,
                "key: no attestation key: it does not sign (sign is not set)"}),
    [](const auto& row) { return row.param.name; });

TEST(KeyBytes, AreRefusedInAnyOtherForm) {
  const Bytes good = encode(SoftwareTpm().area());
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(AttestationKey::from_bytes(ByteView(good).first(size))) << size;
  }
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_FALSE(AttestationKey::from_bytes(longer));
  Bytes off_the_curve = good;
  off_the_curve.back() ^= 1;
  EXPECT_FALSE(AttestationKey::from_bytes(off_the_curve));
  EXPECT_FALSE(AttestationKey::from_bytes(good, HashAlg::kSha1) &&
               AttestationKey::from_bytes(view_of("-----BEGIN PUBLIC KEY-----\n")));
  auto sha1 = SoftwareTpm().area();
  sha1.scheme_hash = HashAlg::kSha1;
  EXPECT_FALSE(AttestationKey::from_bytes(encode(sha1)));
}

// --- counters -----------------------------------------------------------------------------------

TEST(Counter, IsReadOnlyFromItsOwnIndexAndInWhole) {
  const SoftwareTpm tpm;
  const Bytes index(34, 3);
  const auto read = [&](const NvInfo& info, const Bytes& nonce) {
    Attest attest;
    attest.extra_data = kNonce;
    attest.body = info;
    const Bytes message = encode(attest);
    return verify_counter(tpm.key(), nonce, index, message, encode(tpm.sign(message)));
  };
  const Bytes value = *from_hex("0000000000000135");

  EXPECT_EQ(read({index, 0, value}, kNonce).value_or(0), 0x135u);
  EXPECT_FALSE(read({Bytes(34, 4), 0, value}, kNonce));
  EXPECT_FALSE(read({index, 1, value}, kNonce));
  EXPECT_FALSE(read({index, 0, Bytes(7)}, kNonce));
  EXPECT_FALSE(read({index, 0, value}, Bytes(32, 9)));
}

// --- the clock ----------------------------------------------------------------------------------

struct ClockCase {
  std::string name;
  ClockInfo now;
  std::optional<ClockChange> change;
};
class Clock : public testing::TestWithParam<ClockCase> {};

// Last accepted: clock 1000000 ms, reset count 5, restart count 2.
TEST_P(Clock, TellsARebootFromARollback) {
  Attest now;
  now.clock = GetParam().now;

  const auto change = check_clock({{}, {10'000'000, 5, 2, true}, 0}, now);

  EXPECT_EQ(change ? std::optional(*change) : std::nullopt, GetParam().change);
}

INSTANTIATE_TEST_SUITE_P(
    Changes, Clock,
    testing::Values(ClockCase{"running", {10'000'001, 5, 2, true}, ClockChange::kRunning},
                    ClockCase{"same_moment", {10'000'000, 5, 2, true}, ClockChange::kRunning},
                    ClockCase{"clock_fell", {9'999'999, 5, 2, true}, std::nullopt},
                    ClockCase{"clock_fell_unsafe", {9'999'999, 5, 2, false}, std::nullopt},
                    ClockCase{"resumed", {10'000'001, 5, 3, true}, ClockChange::kRestarted},
                    ClockCase{"restart_count_fell", {10'000'001, 5, 1, true}, std::nullopt},
                    ClockCase{"rebooted", {10'000'001, 6, 0, true}, ClockChange::kReset},
                    ClockCase{"power_cut", {9'000'000, 6, 0, false}, ClockChange::kReset},
                    ClockCase{
                        "power_cut_beyond_all_measure", {5'000'000, 6, 0, false}, std::nullopt},
                    ClockCase{"old_state_restored", {9'000'000, 6, 0, true}, std::nullopt},
                    ClockCase{"reset_count_fell", {20'000'000, 4, 2, true}, std::nullopt},
                    ClockCase{"cleared", {100, 0, 0, true}, std::nullopt}),
    [](const auto& row) { return row.param.name; });

TEST(Clock, OfAnotherHierarchyIsRefused) {
  Attest now;
  now.qualified_signer = Bytes(34, 1);
  now.clock = {10'000'001, 5, 2, true};
  EXPECT_FALSE(check_clock({Bytes(34, 2), {10'000'000, 5, 2, true}, 0}, now));
}

// --- lists of PCRs ------------------------------------------------------------------------------

TEST(PcrList, IsReadAsToolsWriteIt) {
  EXPECT_EQ(to_text(*parse_pcr_list("sha1:0+sha256:10,1")), "sha1:0+sha256:1,10");
  EXPECT_EQ(parse_pcr_list("sha256:all")->banks[0].mask, 0xFFFFFFu);
  for (const char* wrong :
       {"", "sha256", "sha256:", "sha256:24", "sha256:-1", "sha256:0,", "sha256:0,0", "sha3:0",
        "sha256:0+", "sha256:0+sha256:1", "sha256:0 ,1", "sha256:1x"}) {
    EXPECT_FALSE(parse_pcr_list(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace gatehouse::attest
