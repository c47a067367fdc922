// A whole node in this process, asked over HTTP.
#include "tests/bindings/http/test_support.h"
#include "tests/cse/node/node_fixture.h"

namespace gatehouse::node {
namespace {

using http::testing_support::RawClient;
using test::Asker;
using test::Folder;
using test::in_memory;
using test::url_of;
using test::why;

std::string get_page(const Node& node, const std::string& path) {
  RawClient client(static_cast<std::uint16_t>(node.http_port()));
  client.send("GET " + path + " HTTP/1.1\r\nHost: a.example:80\"<x>\r\nConnection: close\r\n\r\n");
  return client.read_to_end();
}

TEST(NodeTest, CreatesAndRetrievesOverHttp) {
  Node node(in_memory());
  ASSERT_TRUE(node.start());
  Asker asker(url_of(node));

  const Response made =
      asker.create("cse-in", 3, "m2m:cnt", Value::object({{"rn", "cnt"}, {"mni", 5}}));
  ASSERT_EQ(made.rsc, Rsc::kCreated) << why(made);
  asker.create("cse-in/cnt", 4, "m2m:cin", Value::object({{"con", "hello"}}));

  EXPECT_EQ(test::attributes(asker.retrieve("cse-in/cnt/la")).string_at("con"), "hello");
  EXPECT_EQ(test::attributes(asker.retrieve("cse-in/cnt")).integer_at("cni"), 1);
}

TEST(NodeTest, AnAeRegistersAndIsItselfOnly) {
  Node node(in_memory());
  ASSERT_TRUE(node.start());
  Asker asker(url_of(node));
  const Value ae = Value::object({{"api", "Ntest"}, {"rr", false}, {"srv", Value::array({"3"})}});

  ASSERT_EQ(asker.create("cse-in", 2, "m2m:ae", ae, "CAE1").rsc, Rsc::kCreated);
  ASSERT_EQ(asker.create("cse-in", 2, "m2m:ae", ae, "CAE2").rsc, Rsc::kCreated);

  EXPECT_EQ(asker.retrieve("CAE1", "CAE1").rsc, Rsc::kOk);
  EXPECT_EQ(asker.retrieve("CAE1", "CAE2").rsc, Rsc::kOriginatorHasNoPrivilege);
  EXPECT_EQ(asker.retrieve("CAE1", "CAE3").rsc, Rsc::kOriginatorNotAuthenticated);
}

TEST(NodeTest, KeepsItsDataOverARestart) {
  const Folder folder;
  NodeSettings settings = in_memory();
  settings.store.backend = "sqlite";
  settings.store.path = folder / "cse.db";
  {
    Node node(settings);
    ASSERT_TRUE(node.start());
    Asker asker(url_of(node));
    asker.create("cse-in", 3, "m2m:cnt", Value::object({{"rn", "cnt"}}));
    ASSERT_EQ(asker.create("cse-in/cnt", 4, "m2m:cin", Value::object({{"con", "kept"}})).rsc,
              Rsc::kCreated);
  }

  Node again(settings);
  ASSERT_TRUE(again.start());

  EXPECT_EQ(test::attributes(Asker(url_of(again)).retrieve("cse-in/cnt/la")).string_at("con"),
            "kept");
}

struct OtherCse {
  std::string name, cse_id, csebase;
};
class StoreOfAnother : public testing::TestWithParam<OtherCse> {};

TEST_P(StoreOfAnother, IsRefusedWithBothNames) {
  const Folder folder;
  NodeSettings settings = in_memory();
  settings.store.backend = "sqlite";
  settings.store.path = folder / "cse.db";
  {
    Node node(settings);
    ASSERT_TRUE(node.start());
  }
  settings.cse.cse_id = GetParam().cse_id;
  settings.cse.csebase_name = GetParam().csebase;

  Node other(settings);
  const auto started = other.start();

  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().rsc, Rsc::kConflict);
  EXPECT_NE(started.error().detail.find("/id-in cse-in"), std::string::npos)
      << started.error().detail;
  EXPECT_NE(started.error().detail.find(GetParam().cse_id + " " + GetParam().csebase),
            std::string::npos)
      << started.error().detail;
}
INSTANTIATE_TEST_SUITE_P(Others, StoreOfAnother,
                         testing::Values(OtherCse{"cse_id", "/id-other", "cse-in"},
                                         OtherCse{"csebase", "/id-in", "other"}),
                         [](const auto& each) { return each.param.name; });

TEST(NodeStart, RefusesAStoreThatIsInUse) {
  const Folder folder;
  NodeSettings settings = in_memory();
  settings.store.backend = "sqlite";
  settings.store.path = folder / "cse.db";
  Node node(settings);
  ASSERT_TRUE(node.start());

  Node second(settings);
  const auto started = second.start();

  ASSERT_FALSE(started);
  EXPECT_NE(started.error().detail.find("cse.db"), std::string::npos) << started.error().detail;
}

TEST(NodeStart, TellsAnAddressThatIsTaken) {
  // A plain socket: a second server of ours would share the port.
  const int taken = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(taken, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(taken, 1), 0);
  ::getsockname(taken, reinterpret_cast<sockaddr*>(&address), &size);
  NodeSettings settings = in_memory();
  settings.http.port = ntohs(address.sin_port);

  Node node(settings);
  const auto started = node.start();
  ::close(taken);

  ASSERT_FALSE(started);
  EXPECT_TRUE(started.error().detail.starts_with("http: ")) << started.error().detail;
  EXPECT_NE(started.error().detail.find(std::to_string(settings.http.port)), std::string::npos)
      << started.error().detail;
}

TEST(NodeStart, TwoNodesOfOneAddressAreAMistake) {
  Node first(in_memory());
  ASSERT_TRUE(first.start());
  NodeSettings settings = in_memory();
  settings.http.port = first.http_port();

  Node second(settings);

  EXPECT_FALSE(second.start()) << "requests would go to either of them by chance";
}

TEST(NodeStart, RefusesAFolderThatIsNotThere) {
  NodeSettings settings = in_memory();
  settings.store.backend = "sqlite";
  settings.store.path = "/nonexistent/folder/cse.db";

  Node node(settings);
  const auto started = node.start();

  ASSERT_FALSE(started);
  EXPECT_NE(started.error().detail.find("/nonexistent/folder/cse.db"), std::string::npos);
}

TEST(NodeStop, EndsAtOnceAndTwiceIsHarmless) {
  Node node(in_memory());
  ASSERT_TRUE(node.start());
  Asker(url_of(node)).retrieve("cse-in");

  node.stop();
  node.stop();

  RawClient late(static_cast<std::uint16_t>(node.http_port()));
  EXPECT_FALSE(late.connected() && !late.read_to_end().empty());
}

TEST(NodeReady, IsToldByAFileWithTheAddresses) {
  const Folder folder;
  NodeSettings settings = in_memory();
  settings.ready_file = folder / "ready";
  Node node(settings);
  ASSERT_TRUE(node.start());

  std::ifstream file(settings.ready_file);
  std::string scheme;
  int port = 0;
  file >> scheme >> port;
  EXPECT_EQ(scheme, "http");
  EXPECT_EQ(port, node.http_port());
}

struct PageCase {
  std::string name, path, status, holds;
};
class Pages : public testing::TestWithParam<PageCase> {};

TEST_P(Pages, AreAnswered) {
  Node node(in_memory());
  ASSERT_TRUE(node.start());
  Asker(url_of(node)).retrieve("cse-in");
  Asker(url_of(node)).retrieve("cse-in/none");

  const std::string answer = get_page(node, GetParam().path);

  EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + GetParam().status)) << answer.substr(0, 100);
  EXPECT_NE(answer.find(GetParam().holds), std::string::npos) << answer;
}
INSTANTIATE_TEST_SUITE_P(
    Paths, Pages,
    testing::Values(PageCase{"front", "/", "200", "X-M2M-Origin: C'"},
                    PageCase{"front_names_the_cse", "/", "200", "<b>/id-in</b>"},
                    PageCase{"live", "/health/live", "200", "alive"},
                    PageCase{"ready", "/health/ready", "200", "ready"},
                    PageCase{"requests", "/metrics", "200", "gatehouse_requests_total 2\n"},
                    PageCase{"refused", "/metrics", "200", "gatehouse_requests_refused_total 1\n"},
                    PageCase{"failed", "/metrics", "200", "gatehouse_requests_failed_total 0\n"},
                    PageCase{"websocket", "/metrics", "200",
                             "gatehouse_received_requests_total{binding=\"websocket\"} 0\n"},
                    PageCase{"a_primitive_without_identifier", "/cse-in", "400", "X-M2M-RI"}),
    [](const auto& each) { return each.param.name; });

TEST(FrontPage, TakesNoMarkupFromTheHostHeader) {
  Node node(in_memory());
  ASSERT_TRUE(node.start());

  const std::string page = get_page(node, "/");

  EXPECT_EQ(page.find("<x>"), std::string::npos) << page;
}

}  // namespace
}  // namespace gatehouse::node
