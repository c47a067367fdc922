// What a verdict says, how it is signed, and the policy that it follows.
#include "ae-apps/attestation/verifier/verdict.h"

#include <gtest/gtest.h>

#include <functional>

#include "ae-apps/attestation/verifier/jws.h"
#include "tests/ae-apps/attestation/verifier/appraisal_world.h"

namespace gatehouse::attest {
namespace {

TEST(Verdict, SaysWhoWhatByWhichListAndPolicyAndIsSigned) {
  World world;
  world.files[0].second = "other";
  world.enrolment.emulator = true;
  const auto list = world.white_list();
  const auto policy = *parse_policy(world.policy);
  const auto appraisal =
      appraise(world.enrolment, world.challenge, policy, list, world.evidence(), kNow);
  const auto key = *crypto::SigningKey::generate(crypto::Algorithm::kEcdsaP256);

  const auto jws = sign_verdict(
      key, verdict_claims(appraisal, world.enrolment, world.challenge, policy, list, kNow));

  const auto payload = open_jws(*jws, kVerdictType, {key.public_key()});
  ASSERT_TRUE(payload) << payload.error().detail;
  const Value claims = *parse_json(*payload);
  EXPECT_EQ(claims.string_at("eat_profile"), "tag:github.com,2023:veraison/ear");
  EXPECT_EQ(claims.string_at("eat_nonce"), "MzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzM");
  EXPECT_EQ(claims.integer_at("iat"), kNow.microseconds / 1'000'000);
  const Value* module = claims.find("submods")->find("car-1");
  ASSERT_NE(module, nullptr);
  EXPECT_EQ(module->string_at("ear.status"), "warning");
  EXPECT_EQ(module->find("ear.trustworthiness-vector")->integer_at("file-system"), 32);
  EXPECT_EQ(module->find("ear.trustworthiness-vector")->integer_at("executables"), 3);
  EXPECT_EQ(module->string_at("eat_nonce"), claims.string_at("eat_nonce"));
  const std::string ueid = module->string_at("ueid");
  EXPECT_EQ(ueid.size(), 44u);  // 33 bytes
  EXPECT_TRUE(ueid.starts_with("A")) << "type 1, RAND: " << ueid;
  const Value* own = module->find("gatehouse");
  EXPECT_EQ(own->string_at("assurance"), "software");
  EXPECT_EQ(own->find("whiteList")->integer_at("number"), 7);
  EXPECT_EQ(own->find("whiteList")->string_at("hash"), "sha256:" + list->hash);
  EXPECT_EQ(own->find("policy")->string_at("hash"), "sha256:" + policy.hash);
  EXPECT_EQ(own->find("components")->size(), 3u);
}

struct VectorCase {
  std::string name;
  std::function<void(World&)> change;
  std::string status;
  std::map<std::string, int> claims;
};
class TrustVector : public testing::TestWithParam<VectorCase> {};

// draft-ietf-rats-ar4si clause 2.3.4, draft-ietf-rats-ear clause 3.2
TEST_P(TrustVector, HasTheValuesOfTheDraftAndAStatusNoBetterThanTheWorst) {
  World world;
  GetParam().change(world);
  const auto policy = *parse_policy(world.policy);
  const auto list = world.white_list();
  const auto appraisal =
      appraise(world.enrolment, world.challenge, policy, list, world.evidence(), kNow);

  const Value claims =
      verdict_claims(appraisal, world.enrolment, world.challenge, policy, list, kNow);

  const Value* module = claims.find("submods")->find("car-1");
  EXPECT_EQ(module->string_at("ear.status"), GetParam().status) << appraisal.reason;
  std::map<std::string, int> found;
  for (const Member& each : *module->find("ear.trustworthiness-vector")->as_object()) {
    found[each.name] =
        static_cast<int>(module->find("ear.trustworthiness-vector")->integer_at(each.name));
  }
  EXPECT_EQ(found, GetParam().claims);
}

const std::map<std::string, int> kAllGood = {{"configuration", 2},
                                             {"executables", 3},
                                             {"file-system", 2},
                                             {"hardware", 2},
                                             {"instance-identity", 2}};
std::map<std::string, int> but(const std::string& claim, int value) {
  auto out = kAllGood;
  out[claim] = value;
  return out;
}

INSTANTIATE_TEST_SUITE_P(
    Table, TrustVector,
    testing::Values(VectorCase{"good", [](World&) {}, "affirming", kAllGood},
                    VectorCase{"software_tpm_that_the_policy_allows",
                               [](World& w) {
                                 w.enrolment.emulator = true;
                                 w.policy = R"({"id":"car","version":3,"pcrs":"sha256:0,10,11",)"
                                            R"("emulator":"allowed"})";
                               },
                               "warning", but("hardware", 32)},
                    VectorCase{"unknown_file", [](World& w) { w.files[0].second = "other"; },
                               "warning", but("file-system", 32)},
                    VectorCase{"unknown_firmware", [](World& w) { w.firmware = "other"; },
                               "warning", but("executables", 33)},
                    VectorCase{"unknown_ecu", [](World& w) { w.ecus[0] = ecu("brake", "other"); },
                               "warning", but("configuration", 36)},
                    VectorCase{"forged",
                               [](World& w) {
                                 w.tamper = [](AttestationEvidence& e) { e.signature.back() ^= 1; };
                               },
                               "contraindicated",
                               {{"instance-identity", 99}}},
                    VectorCase{"revoked_key",
                               [](World& w) { w.enrolment.revoked = true; },
                               "contraindicated",
                               {{"instance-identity", 96}}}),
    [](const auto& row) { return row.param.name; });

TEST(Jws, IsRefusedWhenAnyCharacterIsOther) {
  const auto key = *crypto::SigningKey::generate(crypto::Algorithm::kEcdsaP256);
  const std::string jws = *sign_jws(key, "t", R"({"a":1})");
  ASSERT_TRUE(open_jws(jws, "t", {key.public_key()}));
  for (std::size_t at = 0; at < jws.size(); ++at) {
    std::string changed = jws;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(open_jws(changed, "t", {key.public_key()})) << at;
  }
  EXPECT_FALSE(open_jws(jws, "u", {key.public_key()}));
  EXPECT_FALSE(open_jws(jws + "A", "t", {key.public_key()}));
  EXPECT_FALSE(open_jws("", "t", {key.public_key()}));
  EXPECT_FALSE(open_jws("..", "t", {key.public_key()}));
  for (const auto algorithm : {crypto::Algorithm::kEcdsaP256, crypto::Algorithm::kEd25519}) {
    const auto other = *crypto::SigningKey::generate(algorithm);
    EXPECT_TRUE(open_jws(*sign_jws(other, "t", "x"), "t", {key.public_key(), other.public_key()}));
    EXPECT_FALSE(open_jws(jws, "t", {other.public_key()}));
  }
}

struct PolicyCase {
  std::string name, json, reason;
};
class PolicyText : public testing::TestWithParam<PolicyCase> {};

TEST_P(PolicyText, IsRefusedWithItsReason) {
  const auto policy = parse_policy(GetParam().json);
  EXPECT_EQ(policy ? "" : policy.error().detail, GetParam().reason);
}

INSTANTIATE_TEST_SUITE_P(
    Wrong, PolicyText,
    testing::Values(
        PolicyCase{"good", kPolicy, ""}, PolicyCase{"no_json", "x", "policy: no JSON object"},
        PolicyCase{"no_id", R"({"version":1,"pcrs":"sha256:0"})", "policy: id: must be there"},
        PolicyCase{"no_version", R"({"id":"a","pcrs":"sha256:0"})",
                   "policy: version: must be a positive integer"},
        PolicyCase{"no_pcrs", R"({"id":"a","version":1})", "policy: pcrs: PCR list: no ':' in ''"},
        PolicyCase{"unknown_member", R"({"id":"a","version":1,"pcrs":"sha256:0","x":1})",
                   "policy: unknown member x"},
        PolicyCase{"unknown_finding",
                   R"({"id":"a","version":1,"pcrs":"sha256:0","findings":{"good":"allowed"}})",
                   "policy: findings: good: a finding, and allowed, quarantined or denied"},
        PolicyCase{"unknown_word", R"({"id":"a","version":1,"pcrs":"sha256:0","emulator":"yes"})",
                   "policy: emulator: no such word"}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace gatehouse::attest
