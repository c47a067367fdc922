// From evidence to a verdict: what is found of each component, and what follows.
#include "ae-apps/attestation/verifier/appraisal.h"

#include <gtest/gtest.h>

#include <functional>

#include "tests/ae-apps/attestation/verifier/appraisal_world.h"

namespace gatehouse::attest {
namespace {

struct Row {
  std::string name;
  Recommendation recommendation;
  std::string reason;  ///< within the first reason
  std::function<void(World&)> change;
};
class Appraise : public testing::TestWithParam<Row> {};

TEST_P(Appraise, FollowsThePolicyAndNamesTheFirstReason) {
  World world;
  GetParam().change(world);

  const Appraisal appraisal = world.judge();

  EXPECT_EQ(appraisal.recommendation, GetParam().recommendation) << appraisal.reason;
  EXPECT_NE(appraisal.reason.find(GetParam().reason), std::string::npos) << appraisal.reason;
  EXPECT_EQ(appraisal.reason.empty(), GetParam().reason.empty()) << appraisal.reason;
}

constexpr auto kAllowed = Recommendation::kAllowed;
constexpr auto kQuarantined = Recommendation::kQuarantined;
constexpr auto kDenied = Recommendation::kDenied;
using W = World;

INSTANTIATE_TEST_SUITE_P(
    Components, Appraise,
    testing::Values(
        Row{"all_match", kAllowed, "", [](W&) {}},
        Row{"file_altered", kQuarantined,
            "file:/bin/sh: unknown: no version of it has the digest sha256:",
            [](W& w) { w.files[0].second = "other"; }},
        Row{"file_named_with_its_entry", kQuarantined, "(entry 1 of log 2, PCR 10)",
            [](W& w) { w.files.emplace_back("/tmp/x", "x"); }},
        Row{"firmware_altered", kQuarantined, "boot:0: unknown",
            [](W& w) { w.firmware = "firmware 2"; }},
        Row{"revoked", kDenied, "file:/bin/sh: revoked: a hole",
            [](W& w) {
              w.references[1] =
                  reference("file:/bin/sh", "shell", R"(,"standing":"revoked","reason":"a hole")");
            }},
        Row{"superseded_still_allowed", kAllowed, "",
            [](W& w) {
              w.references[2] = reference("ecu:brake", "brake",
                                          R"(,"standing":"superseded","until":"20261122T120000")");
            }},
        Row{"superseded_too_long_ago", kDenied,
            "ecu:brake: revoked: superseded, and allowed only until 20261122T115959",
            [](W& w) {
              w.references[2] = reference("ecu:brake", "brake",
                                          R"(,"standing":"superseded","until":"20261122T115959")");
            }},
        Row{"new_and_authorised", kAllowed, "",
            [](W& w) { w.ecus.push_back(ecu("radar", "radar")); }},
        Row{"new_and_unauthorised", kDenied, "ecu:spy: new-unauthorised: not in the white list",
            [](W& w) { w.ecus.push_back(ecu("spy", "spy")); }},
        Row{"new_with_another_digest", kDenied, "ecu:radar: new-unauthorised",
            [](W& w) { w.ecus.push_back(ecu("radar", "other")); }},
        Row{"ecu_missing", kDenied, "ecu:brake: missing: required",
            [](W& w) { w.ecus = {ecu("radar", "radar")}; }},
        Row{"ecu_of_the_last_inventory_gone", kDenied, "ecu:radar: missing: in the last inventory",
            [](W& w) { w.enrolment.known->insert("ecu:radar"); }},
        Row{"ecu_twice", kDenied, "ecu:brake: unverifiable: it is reported twice",
            [](W& w) { w.ecus.push_back(w.ecus[0]); }},
        Row{"ecu_without_a_digest", kDenied, "ecu:brake: unverifiable: it has no digest",
            [](W& w) { w.ecus = {R"({"type":"ecu","id":"brake"})"}; }},
        Row{"version_right_digest_of_another", kQuarantined, "ecu:brake: unknown",
            [](W& w) { w.ecus = {ecu("brake", "other")}; }},
        Row{"digest_right_version_of_another", kQuarantined, "it says version 2.0",
            [](W& w) { w.ecus[0].replace(w.ecus[0].find("1.0"), 3, "2.0"); }},
        Row{"pcr_that_is_not_quoted", kDenied, "its PCR is not quoted",
            [](W& w) {
              w.tamper = [](AttestationEvidence& e) {
                append(e.logs[1],
                       make_ima_entry(HashAlg::kSha256, Bytes(32), "/in/pcr/12", 12).binary);
              };
            }},
        Row{"measured_behind_the_quote", kDenied, "it was measured after the quote",
            [](W& w) {
              w.tamper = [](AttestationEvidence& e) {
                append(e.logs[1], make_ima_entry(HashAlg::kSha256, Bytes(32), "/late").binary);
              };
            }}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Machine, Appraise,
    testing::Values(
        Row{"software_tpm", kQuarantined, "its TPM is software",
            [](W& w) { w.enrolment.emulator = true; }},
        Row{"software_tpm_by_policy", kAllowed, "",
            [](W& w) {
              w.enrolment.emulator = true;
              w.policy.insert(1, R"("emulator":"allowed",)");
            }},
        Row{"key_revoked", kDenied,
            "denied, because key: ", [](W& w) { w.enrolment.revoked = true; }},
        Row{"key_of_another_car", kDenied,
            "denied, because signature: ", [](W& w) { w.enrolment.key = SoftwareTpm().key(); }},
        Row{"nonce_of_another_operation", kDenied,
            "denied, because nonce: ", [](W& w) { w.challenge.nonce[0] ^= 1; }},
        Row{"selection_of_another_policy", kDenied, "denied, because selection: ",
            [](W& w) { w.policy.replace(w.policy.find("0,10,11"), 7, "0,10"); }},
        Row{"reboot_outside", kQuarantined, "1 reboots since the last time, 0 were expected",
            [](W& w) {
              w.enrolment.last = ClockMemory{w.tpm.qualified_name(), {1, 6, 0, true}, 0};
            }},
        Row{"reboot_inside", kAllowed, "",
            [](W& w) {
              w.enrolment.last = ClockMemory{w.tpm.qualified_name(), {1, 6, 0, true}, 0};
              w.challenge.resets_expected = 1;
            }},
        Row{"cleared", kDenied, "denied, because clock: the reset counter fell from 8 to 7",
            [](W& w) {
              w.enrolment.last = ClockMemory{w.tpm.qualified_name(), {1, 8, 0, true}, 0};
            }},
        Row{"rolled_back", kDenied, "denied, because clock: the clock (ms) fell",
            [](W& w) {
              w.enrolment.last = ClockMemory{w.tpm.qualified_name(), {200'000, 6, 0, true}, 0};
            }},
        Row{"another_tpm", kDenied, "denied, because clock: signed under another",
            [](W& w) {
              w.enrolment.last = ClockMemory{Bytes(34), {1, 6, 0, true}, 0};
            }},
        Row{"counter_absent", kDenied, "denied, because counter: not in the evidence",
            [](W& w) { w.enrolment.counter_name = Bytes(34, 1); }},
        Row{"log_cut", kDenied, "denied, because log: ",
            [](W& w) { w.tamper = [](AttestationEvidence& e) { e.logs[1].pop_back(); }; }},
        Row{"log_left_out", kDenied, "denied, because log: PCR 11",
            [](W& w) { w.tamper = [](AttestationEvidence& e) { e.logs.pop_back(); }; }},
        Row{"values_of_others", kDenied, "denied, because PCR values: ",
            [](W& w) { w.tamper = [](AttestationEvidence& e) { e.pcr_values[150] ^= 1; }; }}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    List, Appraise,
    testing::Values(
        Row{"same_number_again", kAllowed, "", [](W& w) { w.highest_seen = 7; }},
        Row{"old_bundle", kDenied, "denied, because white list: number 7 is older than number 8",
            [](W& w) { w.highest_seen = 8; }},
        Row{"no_longer_valid", kDenied, "denied, because white list: number 7 is no longer valid",
            [](W& w) { w.valid_until = "20261122T115959"; }},
        Row{"signed_by_nobody_trusted", kDenied,
            "denied, because white list: signed object: signed by no",
            [](W& w) {
              w.trusted = {crypto::SigningKey::generate(crypto::Algorithm::kEd25519)->public_key()};
            }},
        Row{"one_digest_twice", kDenied, "denied, because white list: ecu:brake: one digest twice",
            [](W& w) { w.references.push_back(w.references[2]); }},
        Row{"digest_of_a_wrong_length", kDenied, "denied, because white list: ecu:x: digest",
            [](W& w) { w.references.push_back(R"({"component":"ecu:x","digest":"sha256:00"})"); }},
        Row{"superseded_without_a_date", kDenied, "denied, because white list: ecu:x: 'until'",
            [](W& w) {
              w.references.push_back(reference("ecu:x", "x", R"(,"standing":"superseded")"));
            }}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Reports, Appraise,
    testing::Values(
        Row{"good", kAllowed, "", [](W& w) { w.report(); }},
        Row{"of_an_earlier_challenge", kDenied, "ecu:brake: unverifiable",
            [](W& w) { w.report([](auto& said) { said.nonce = std::string(64, '0'); }); }},
        Row{"of_another_ecu", kDenied, "its report is that of radar",
            [](W& w) { w.report([](auto& said) { said.serial = "radar"; }); }},
        Row{"of_another_version_than_the_log", kDenied, "another version or digest than the log",
            [](W& w) { w.report([](auto& said) { said.version = "9.9"; }); }},
        Row{"of_another_digest_than_the_log", kDenied, "another version or digest than the log",
            [](W& w) { w.report([](auto& said) { said.payload_sha256 = std::string(64, 'e'); }); }},
        Row{"twice", kDenied, "it reported twice",
            [](W& w) {
              w.report();
              w.report();
            }},
        Row{"not_there", kDenied, "its report did not come along",
            [](W& w) {
              w.report();
              w.inventory = "[]";
            }},
        Row{"by_another_key", kDenied, "ecu:brake: unverifiable",
            [](W& w) {
              w.report();
              w.enrolment.ecu_keys = {
                  {{"brake",
                    crypto::SigningKey::generate(crypto::Algorithm::kEcdsaP256)->public_key()}}};
            }},
        Row{"by_a_mac_in_place_of_a_signature", kDenied, "ecu:brake: unverifiable",
            [](W& w) {
              w.report();
              const auto said =
                  image::decode_report(to_json(Value::object({{"alg", "hmac-sha256"},
                                                              {"key", ""},
                                                              {"report", "{}"},
                                                              {"sig", to_base64(Bytes(32))}})));
              w.inventory = "[" + World::entry_of(*said) + "]";
            }},
        Row{"claims_to_sign_without_a_key", kDenied, "claims to sign, but no key of it is enrolled",
            [](W& w) {
              w.report();
              w.enrolment.ecu_keys->clear();
            }},
        Row{"cannot_sign_and_says_so", kAllowed, "",
            [](W& w) {
              w.report();
              w.enrolment.ecu_keys->clear();
              w.ecus = {ecu("brake", "brake", "mac")};
            }},
        Row{"for_another_purpose", kDenied, "denied, because nonce:",
            [](W& w) {
              w.report();
              w.tamper = [&w](AttestationEvidence&) { w.challenge.purpose = "after"; };
            }},
        Row{"for_another_maintenance", kDenied, "denied, because nonce:",
            [](W& w) {
              w.report();
              w.tamper = [&w](AttestationEvidence&) { w.challenge.operation = "op-2"; };
            }},
        Row{"altered_behind_the_quote", kDenied, "denied, because nonce:",
            [](W& w) {
              w.report();
              w.tamper = [](AttestationEvidence& e) { e.inventory += " "; };
            }}),
    [](const auto& row) { return row.param.name; });

struct CounterCase {
  std::string name;
  std::uint8_t value;
  std::string reason;
};
class CounterInEvidence : public testing::TestWithParam<CounterCase> {};

// The last accepted value is 10.
TEST_P(CounterInEvidence, NeverFalls) {
  World world;
  world.enrolment.counter_name = Bytes(34, 1);
  world.enrolment.last_counter = 10;
  world.tamper = [&](AttestationEvidence& evidence) {
    Attest attest;
    attest.extra_data = kNonce;
    attest.body = NvInfo{Bytes(34, 1), 0, Bytes{0, 0, 0, 0, 0, 0, 0, GetParam().value}};
    const Bytes message = encode(attest);
    evidence.counter = {message, encode(world.tpm.sign(message))};
  };

  const Appraisal appraisal = world.judge();

  EXPECT_EQ(appraisal.reason, GetParam().reason);
  EXPECT_EQ(appraisal.next.has_value(), GetParam().reason.empty());
  EXPECT_EQ(appraisal.next ? appraisal.next->last_counter : GetParam().value, GetParam().value);
}

INSTANTIATE_TEST_SUITE_P(
    Values, CounterInEvidence,
    testing::Values(CounterCase{"rose", 11, ""}, CounterCase{"stayed", 10, ""},
                    CounterCase{"fell", 9,
                                "denied, because counter: fell from 10 to 9: the TPM was cleared, "
                                "rolled back or replaced"}),
    [](const auto& row) { return row.param.name; });

TEST(WhiteListUnreachable, IsDeniedAndSaid) {
  World world;
  const Result<WhiteList> none = fail(Rsc::kTargetNotReachable, "white list: cannot be reached");

  const auto appraisal = appraise(world.enrolment, world.challenge, *parse_policy(kPolicy), none,
                                  world.evidence(), kNow);

  EXPECT_EQ(appraisal.recommendation, kDenied);
  EXPECT_EQ(appraisal.reason, "denied, because white list: cannot be reached");
  EXPECT_EQ(appraisal.overall, Overall::kError);
}

TEST(Inventory, ChangesOnlyWithWhatWasAccepted) {
  World good;
  good.ecus.push_back(ecu("radar", "radar", "none"));
  const Appraisal accepted = good.judge();
  EXPECT_EQ(*accepted.next->known, (std::set<std::string>{"ecu:brake", "ecu:radar"}));
  EXPECT_EQ(accepted.components.back().finding, Finding::kNewAuthorised);
  EXPECT_TRUE(accepted.components.back().spoken_for);
  EXPECT_FALSE(accepted.components[2].spoken_for);

  World bad;
  bad.ecus.push_back(ecu("spy", "spy"));
  const Appraisal refused = bad.judge();
  EXPECT_EQ(*refused.next->known, std::set<std::string>{"ecu:brake"});
}

// --- the D-H exchange of TNC ---------------------------------------------------------------------

const NonceExchange kExchange{Bytes(32, 0x44), Bytes(32, 0x55)};

INSTANTIATE_TEST_SUITE_P(
    Exchange, Appraise,
    testing::Values(
        Row{"with_the_verifiers_nonce", kAllowed, "", [](W& w) { w.exchange = kExchange; }},
        Row{"with_reports_of_ecus", kAllowed, "",
            [](W& w) {
              w.exchange = kExchange;
              w.report();
            }},
        Row{"with_an_old_nonce", kDenied, "denied, because nonce:",
            [](W& w) {
              w.exchange = kExchange;
              w.challenge.nonce[0] ^= 1;
            }},
        Row{"of_another_secret", kDenied, "denied, because nonce:",
            [](W& w) {
              w.exchange = kExchange;
              w.tamper = [](AttestationEvidence& e) { e.exchange->shared_secret[0] ^= 1; };
            }},
        Row{"left_out", kDenied, "denied, because nonce:",
            [](W& w) {
              w.exchange = kExchange;
              w.tamper = [](AttestationEvidence& e) { e.exchange.reset(); };
            }},
        Row{"invented", kDenied, "denied, because nonce:",
            [](W& w) { w.tamper = [](AttestationEvidence& e) { e.exchange = kExchange; }; }}),
    [](const auto& row) { return row.param.name; });

TEST(EvidenceText, HasAnExchangeOfTheRightLengthsOnly) {
  World world;
  world.exchange = kExchange;
  const AttestationEvidence good = world.evidence();
  EXPECT_EQ(parse_evidence(encode(good)), good);
  for (const auto& [nonce, secret] :
       {std::pair(16, 32), std::pair(256, 32), std::pair(32, 31), std::pair(32, 33)}) {
    AttestationEvidence bad = good;
    bad.exchange = NonceExchange{Bytes(static_cast<std::size_t>(nonce), 1),
                                 Bytes(static_cast<std::size_t>(secret), 1)};
    EXPECT_FALSE(parse_evidence(encode(bad))) << nonce << ' ' << secret;
  }
}

}  // namespace
}  // namespace gatehouse::attest
