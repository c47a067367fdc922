#include "ae-apps/ota/cli/r156.h"

#include <gmock/gmock.h>

#include "tests/ae-apps/ota/campaign/fake_updates.h"

namespace gatehouse::ota {
namespace {

using campaign::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

R156Sources sources() {
  R156Sources out;
  out.definition = json(R"({"author":"CAda","definition":{"name":"winter","images":["f11"],
      "user_information":{"purpose":"ice","criticality":"safety","changes":"brakes","duration":"9 min",
      "unavailable":"driving"},
      "compatibility":{"statement":"assessed","regulations":"R13","rxswin_before":"R13-1","rxswin_after":"R13-2"}}})");
  const std::string total = R"("total":{"updated":1},"approved_by":["CBob"],
      "images":[{"sha256":"f11","name":"brake","version":"1.1.0","hardware_id":"brake-2","release_counter":11}]})";
  out.states = {json(R"({"state":"draft","at":"1",)" + total),
                json(R"({"state":"running","at":"2","stage":"all",)" + total),
                json(R"({"state":"running","at":"2","stage":"all",)" + total),
                json(R"({"state":"finished","at":"3","stage":"all",)" + total)};
  out.vehicles = {
      json(R"({"vehicle":"/v1","state":"updated","reason":"","attempts":1,"stage":"all","at":"3",
      "ecus":[{"ecu":"B1","image":"f11","state":"updated",
      "before":{"version":"1.0.0","release_counter":10,"verified_at":"2"},
      "after":{"version":"1.1.0","release_counter":11,"verified_at":"3"}}]})")};
  out.histories["B1"] = std::vector<Value>{
      json(R"({"event":"offered","image":"f11","to":"1.1.0"})"),
      json(R"({"event":"updated","image":"f11","to":"1.1.0","verified":true,"key_id":"k"})"),
      json(R"({"event":"updated","image":"f09","to":"0.9.0","verified":true})")};
  out.consents["/v1"] = std::vector<Value>{
      json(R"({"ecu":"B1","to":"1.1.0","decision":"postponed","by":"the display","at":"1"})"),
      json(R"({"ecu":"B1","to":"1.1.0","decision":"accepted","by":"the display","at":"2"})")};
  return out;
}

std::vector<std::string> gaps(const R156Sources& from) {
  return r156_report(from, "9").strings_at("gaps");
}

TEST(R156Test, SaysWhatWasBeforeAndAfterAndWhoAgreed) {
  const Value report = r156_report(sources(), "20300101T120000");
  EXPECT_THAT(gaps(sources()), IsEmpty());
  EXPECT_EQ(report.string_at("author"), "CAda");
  EXPECT_EQ(report.find("trail")->size(), 3u);
  const Value& ecu = (*(*report.find("vehicles")->as_array())[0].find("ecus")->as_array())[0];
  EXPECT_EQ(ecu.find("before")->string_at("version"), "1.0.0");
  EXPECT_EQ(ecu.find("after")->string_at("version"), "1.1.0");
  EXPECT_EQ(ecu.find("consent")->string_at("decision"), "accepted");
  EXPECT_TRUE(ecu.find("compatibility")->bool_at("no_downgrade"));
  EXPECT_EQ(ecu.find("evidence")->size(), 2u);
}

TEST(R156Test, SaysWhoSignedWhatIsProven) {
  R156Sources from = sources();
  Value& ecu = from.vehicles[0].find("ecus")->as_array()->front();
  ecu.find("before")->set("signed_by", "full");  // as older records say
  ecu.find("after")->set("signed_by", "gateway");
  const Value report = r156_report(from, "9");
  const Value& shown = (*(*report.find("vehicles")->as_array())[0].find("ecus")->as_array())[0];
  EXPECT_EQ(shown.string_at("signed_by"), "gateway");
  EXPECT_EQ(shown.find("before")->string_at("signed_by"), "ecu");
  EXPECT_EQ(shown.find("after")->string_at("signed_by"), "gateway");
  const std::string page = r156_html(report);
  EXPECT_THAT(page, HasSubstr("1.0.0 (10), verified 2, signed by the ECU"));
  EXPECT_THAT(page, HasSubstr("1.1.0 (11), verified 3, signed by the gateway"));
}

TEST(R156Test, WhatIsNotThereIsAGapAndNotMadeUp) {
  R156Sources from = sources();
  from.definition.find("definition")->erase("user_information");
  from.histories["B1"] = std::vector<Value>{};
  from.consents["/v1"] = Result<std::vector<Value>>(fail(Rsc::kTargetNotReachable, "is away"));
  EXPECT_THAT(gaps(from),
              ElementsAre("user_information.purpose: is not stated",
                          "user_information.criticality: is not stated",
                          "user_information.changes: is not stated",
                          "user_information.duration: is not stated",
                          "user_information.unavailable: is not stated",
                          "/v1: B1: consent: cannot be read: is away",
                          "/v1: B1: no verified report is kept in the history any more"));
  from.histories.clear();
  EXPECT_THAT(gaps(from).back(), StartsWith("/v1: B1: no verified report"));
}

TEST(R156Test, ThePageHoldsTextsOnlyAsTexts) {
  R156Sources from = sources();
  from.vehicles[0].find("ecus")->as_array()->front().set("reason", "<script>alert(1)</script>");
  const std::string page = r156_html(r156_report(from, "9"));
  EXPECT_THAT(page, Not(HasSubstr("<script>")));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(1)"));
  EXPECT_THAT(page, HasSubstr("1.1.0 (11), verified 3"));
  EXPECT_THAT(page, HasSubstr("R13-2"));
}

TEST(R156Test, NothingAtAllGivesAReportToo) {
  const Value report = r156_report({}, "9");
  EXPECT_THAT(report.strings_at("gaps"), Not(IsEmpty()));
  EXPECT_THAT(r156_html(report), HasSubstr("</html>"));
}

}  // namespace
}  // namespace gatehouse::ota
