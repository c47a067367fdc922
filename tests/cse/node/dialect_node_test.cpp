// Dialects over HTTP: what a client sees of them, and what the metrics do.
#include "tests/bindings/http/test_support.h"
#include "tests/cse/node/node_fixture.h"

namespace gatehouse::node {
namespace {

using http::testing_support::RawClient;

std::string exchange(const Node& node, const std::string& head, const std::string& body = "") {
  RawClient client(static_cast<std::uint16_t>(node.http_port()));
  client.send(head + "\r\nHost: h\r\nConnection: close\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + body);
  return client.read_to_end();
}

NodeSettings with(const std::string& profile) {
  NodeSettings settings = test::in_memory();
  settings.compat.profile = profile;
  return settings;
}

/// An old client: no request identifier, no release, a resource type in an UPDATE, user and
/// password as originator.
const char* const kOldUpdate =
    "PUT /~/cse-in/old HTTP/1.1\r\nX-M2M-Origin: admin:admin\r\n"
    "Content-Type: application/json;ty=3";
const char* const kOldCreate =
    "POST /~/id-in HTTP/1.1\r\nX-M2M-Origin: admin:admin\r\nContent-Type: application/json;ty=3";

TEST(DialectNode, AnOldClientIsServedByItsProfileAndToldWhatIsWrong) {
  Node node(with("om2m"));
  ASSERT_TRUE(node.start());

  const std::string made = exchange(node, kOldCreate, R"({"m2m:cnt":{"rn":"old","mni":"3"}})");
  const std::string changed = exchange(node, kOldUpdate, R"({"m2m:cnt":{"lbl":"a"}})");
  const std::string metrics = exchange(node, "GET /metrics HTTP/1.1");

  EXPECT_NE(made.find("X-M2M-RSC: 2001\r\n"), std::string::npos) << made;
  EXPECT_NE(made.find("X-Gatehouse-Compat: mapped_originator,no_rvi,no_request_id,coerce_scalars,"
                      "answer_in_asked_form\r\n"),
            std::string::npos)
      << made;
  EXPECT_NE(changed.find("X-M2M-RSC: 2004\r\n"), std::string::npos) << changed;
  EXPECT_NE(changed.find("ty_outside_create,address_without_cse_id"), std::string::npos) << changed;
  EXPECT_NE(metrics.find("gatehouse_compat_used_total{switch=\"no_rvi\"} 2\n"), std::string::npos);
  EXPECT_NE(metrics.find("gatehouse_compat_used_total{switch=\"ty_outside_create\"} 1\n"),
            std::string::npos);
  EXPECT_NE(metrics.find("gatehouse_compat_used_total{switch=\"acme_om\"} 0\n"), std::string::npos);
}

TEST(DialectNode, TheStandardRefusesItAndNamesTheFirstSwitch) {
  Node node(with("strict"));
  ASSERT_TRUE(node.start());

  const std::string refused = exchange(node, kOldCreate, R"({"m2m:cnt":{"rn":"old","mni":"3"}})");
  const std::string page = exchange(node, "GET /metrics HTTP/1.1");

  EXPECT_NE(refused.find("X-M2M-RSC: 4000\r\n"), std::string::npos) << refused;
  EXPECT_NE(refused.find("the switch compat.no_request_id would accept this"), std::string::npos)
      << refused;
  EXPECT_EQ(refused.find("X-Gatehouse-Compat"), std::string::npos);
  EXPECT_NE(page.find("gatehouse_compat_advised_total{switch=\"no_request_id\"} 1\n"),
            std::string::npos)
      << page;
}

TEST(DialectNode, ValidRequestsCarryNoReport) {
  Node node(with("om2m"));
  ASSERT_TRUE(node.start());

  const std::string answer =
      exchange(node, "GET /cse-in HTTP/1.1\r\nX-M2M-Origin: CAdmin\r\nX-M2M-RI: 1\r\nX-M2M-RVI: 3");

  EXPECT_NE(answer.find("X-M2M-RSC: 2000\r\n"), std::string::npos) << answer;
  EXPECT_EQ(answer.find("X-Gatehouse-Compat"), std::string::npos) << answer;
}

TEST(DialectNode, TheCoreReportsItsOwnSwitches) {
  NodeSettings settings = test::in_memory();
  settings.compat.switches = {"admit_unregistered", "public_csebase"};
  Node node(settings);
  ASSERT_TRUE(node.start());
  const std::string base =
      exchange(node, "GET /cse-in HTTP/1.1\r\nX-M2M-Origin: Sx\r\nX-M2M-RI: 1\r\nX-M2M-RVI: 3");
  const std::string below = exchange(
      node, "GET /cse-in?fu=1 HTTP/1.1\r\nX-M2M-Origin: Sx\r\nX-M2M-RI: 1\r\nX-M2M-RVI: 3");

  EXPECT_NE(base.find("X-Gatehouse-Compat: public_csebase\r\n"), std::string::npos) << base;
  EXPECT_NE(below.find("X-Gatehouse-Compat: admit_unregistered\r\n"), std::string::npos) << below;
}

}  // namespace
}  // namespace gatehouse::node
