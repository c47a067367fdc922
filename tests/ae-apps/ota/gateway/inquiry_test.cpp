#include "ae-apps/ota/uds/client.h"
#include "ae-apps/ota/uds/doip_client.h"
#include "tests/ae-apps/ota/gateway/gateway_fixture.h"

namespace gatehouse::gateway {
namespace {

using InquiryTest = GatewayTest;

TEST_F(InquiryTest, ShowsItsEcusAtTheCse) {
  start();

  EXPECT_EQ(firmware(kFull).string_at("vr"), "1.0.0");
  EXPECT_EQ(firmware(kFull).string_at("fwn"), "brake");
  EXPECT_EQ(firmware(kFull).integer_at("mgd"), 1001);
  EXPECT_EQ(firmware(kFull).strings_at("at"), std::vector<std::string>{"/id-in"});
  const Value device = cse_.find("cse-mn/ecu-ECU-0002/device-info");
  EXPECT_EQ(device.string_at("fwv"), "1.0.0");
  EXPECT_EQ(device.string_at("hwv"), "demo-ecu");
}

/// The labels of [firmware] are the order's.
TEST_F(InquiryTest, ShowsWhoSignsForEachEcu) {
  start();

  const std::pair<std::string, std::string> rows[] = {{kFull, "signed_by:ecu"},
                                                      {kConstrained, "signed_by:gateway"}};
  for (const auto& [serial, text] : rows) {
    EXPECT_EQ(firmware(serial).string_at("dc"), text);
    EXPECT_EQ(firmware(serial).strings_at("lbl"), std::vector<std::string>{});
    const Value device = cse_.find("cse-mn/ecu-" + serial + "/device-info");
    EXPECT_EQ(device.string_at("dc"), text);
    EXPECT_EQ(device.strings_at("lbl"), std::vector<std::string>{text});
    const auto announced = firmware(serial).strings_at("aa");
    EXPECT_EQ(std::count(announced.begin(), announced.end(), "dc"), 1);
  }
}

TEST_F(InquiryTest, LetsTheServerAskAndOrderAndNobodyElse) {
  start();

  const auto rights = [&](const std::string& policy, const std::string& who) {
    const Value acp = cse_.find("cse-mn/ota-gateway/" + policy);
    std::int64_t out = 0;
    for (const Value& rule : *acp.find("pv")->find("acr")->as_array()) {
      const auto originators = rule.strings_at("acor");
      if (std::find(originators.begin(), originators.end(), who) != originators.end()) {
        out |= rule.integer_at("acop");
      }
    }
    return out;
  };
  EXPECT_EQ(rights("inquiries-policy", "/id-mn/CotaServer"), 1 + 2 + 32);
  EXPECT_EQ(rights("ecu-policy", "/id-mn/CotaServer"), 2 + 4 + 32);
  EXPECT_EQ(rights("own-policy", "/id-mn/CotaServer"), 0);
  EXPECT_EQ(rights("ecu-policy", "all"), 0);
  EXPECT_EQ(firmware(kFull).strings_at("acpi").size(), 1u);
}

TEST_F(InquiryTest, AnswersWithSignedReportsOfAllEcus) {
  start();
  const std::string nonce = fresh_nonce();

  ask(nonce);
  settle();

  const Value answer = only_report("inventory");
  ASSERT_FALSE(answer.is_null());
  EXPECT_EQ(answer.string_at("inquiry"), "i-" + nonce.substr(0, 8));
  const auto& entries = *answer.find("reports")->as_array();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].string_at("level"), "full");
  EXPECT_EQ(entries[1].string_at("level"), "gateway");
  const crypto::PublicKey keys[] = {ecu::ecu_key().public_key(), gateway_key().public_key()};
  for (std::size_t i = 0; i < 2; ++i) {
    const image::SignedReport report{entries[i].string_at("alg"), entries[i].string_at("key_id"),
                                     entries[i].string_at("report"),
                                     from_base64(entries[i].string_at("signature")).value()};
    const auto content = image::verify_report(report, keys[i], from_hex(nonce).value());
    ASSERT_TRUE(content) << content.error().detail;
    EXPECT_EQ(content->version, "1.0.0");
    EXPECT_EQ(content->serial, entries[i].string_at("ecu"));
  }
}

TEST_F(InquiryTest, TellsWhatOthersSentToAnEcu) {
  start();
  doip::Client stranger(
      {.port = full_.port(), .tester = 0x0E80, .ecu = EcuEntry().logical_address});
  ASSERT_TRUE(stranger.connect());
  uds::Client intruder(stranger, {});
  const auto said = intruder.request(Bytes{0x22, 0xF1, 0x90}, "who are you?");
  ASSERT_TRUE(said) << "of our testers";
  EXPECT_FALSE(intruder.request(Bytes{0x36, 0x01, 0x00}, "a block that nobody asked for"));
  EXPECT_FALSE(intruder.request(Bytes{0x11, 0x01}, "a reset without any right"));

  ask(fresh_nonce());
  settle();

  const Value answer = only_report("inventory");
  const auto& entries = *answer.find("reports")->as_array();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].find("disturbed")->integer_at("unsolicited"), 2);
  EXPECT_EQ(entries[1].find("disturbed")->integer_at("unsolicited"), 0) << "only that one was";
}

TEST_F(InquiryTest, AsksOnlyTheEcusThatAreMeant) {
  start();

  ask(fresh_nonce(), Value::object({{"ecus", Value::array({kConstrained})}}));
  settle();

  const Value answer = only_report("inventory");
  ASSERT_EQ(answer.find("reports")->size(), 1u);
  EXPECT_EQ(answer.find("reports")->as_array()->at(0).string_at("ecu"), kConstrained);
}

TEST_F(InquiryTest, NamesAnEcuThatDoesNotAnswer) {
  start();
  full_.power_off();

  ask(fresh_nonce(), Value::object({{"ecus", Value::array({kFull, kConstrained, "ECU-9"})}}));
  settle();

  const auto all = reports();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].find("reports")->size(), 1u);
  const Value* silent = all[1].find("error");
  ASSERT_NE(silent, nullptr);
  EXPECT_EQ(silent->string_at("ecu"), kFull);
  EXPECT_EQ(silent->string_at("stage"), "inventory");
  EXPECT_NE(silent->string_at("reason").find("does not answer"), std::string::npos);
  EXPECT_NE(all[2].find("error")->string_at("reason").find("no such ECU"), std::string::npos);
}

TEST_F(InquiryTest, DoesNotVouchForAConstrainedEcuWithAnotherKey) {
  settings_.ecus[1].shared_key = Bytes(32, 0x77);
  start();

  ask(fresh_nonce(), Value::object({{"ecus", Value::array({kConstrained})}}));
  settle();

  const Value answer = only_report("inventory");
  EXPECT_EQ(answer.find("reports")->size(), 0u);
  EXPECT_TRUE(answer.contains("error"));
}

TEST_F(InquiryTest, DoesNotHandOnAReportSignedByAnotherKey) {
  settings_.ecus[0].public_key = ecu::foreign_key().public_key();
  start();

  ask(fresh_nonce(), Value::object({{"ecus", Value::array({kFull})}}));
  settle();

  EXPECT_TRUE(only_report("inventory").contains("error"));
}

TEST_F(InquiryTest, IgnoresWhatIsNoInquiry) {
  start();
  sdk::Container inquiries = server_ae_->container("cse-mn/ota-gateway/inquiries");
  ASSERT_TRUE(inquiries.push("hello"));
  ASSERT_TRUE(inquiries.push(Value::object({{"inquiry", "x"}, {"nonce", "0011"}})));
  ASSERT_TRUE(inquiries.push(Value::object({{"nonce", fresh_nonce()}})));
  ASSERT_TRUE(
      inquiries.push(Value::object({{"inquiry", "x"}, {"nonce", fresh_nonce()}, {"ecus", "all"}})));

  settle();

  EXPECT_TRUE(reports().empty());
}

TEST_F(InquiryTest, AnswersOnceAlsoAfterARestart) {
  start();
  const std::string nonce = fresh_nonce();
  ask(nonce);
  ask(nonce);
  settle();

  restart();
  settle();

  EXPECT_EQ(reports().size(), 1u);
}

TEST_F(InquiryTest, AnswersWhatCameWhileItWasAway) {
  start();
  gateway_.reset();
  ask(fresh_nonce());

  start();
  settle();

  EXPECT_FALSE(only_report("inventory").is_null());
}

TEST_F(InquiryTest, StartsWithoutItsEcus) {
  full_.power_off();
  constrained_.power_off();

  start();

  EXPECT_EQ(firmware(kFull).string_at("vr"), "unknown");
  EXPECT_NE(steps_.str().find("STEP D event=missing ecu=ECU-0001"), std::string::npos);
}

TEST_F(InquiryTest, TellsTheServerLaterIfItCannotBeReached) {
  start();
  cse_.inject({.operation = Operation::kCreate,
               .to = "/reports",
               .times = 1,
               .answer = Rsc::kTargetNotReachable});

  ask(fresh_nonce());
  settle();

  EXPECT_EQ(reports().size(), 2u) << "one refused, one taken";
}

}  // namespace
}  // namespace gatehouse::gateway
