// A whole node over CoAP: the same first steps as over HTTP, notifications, two CSEs.
#include <gmock/gmock.h>

#include <condition_variable>
#include <mutex>
#include <set>

#include "bindings/coap/client.h"
#include "bindings/coap/server.h"
#include "tests/cse/node/node_fixture.h"

namespace gatehouse::node {
namespace {

using namespace test;

NodeSettings with_coap() {
  NodeSettings settings = in_memory();
  settings.http.enabled = false;
  settings.coap.plain.enabled = true;
  settings.coap.plain.port = 0;
  return settings;
}

std::string coap_url(const Node& node, const char* scheme = "coap") {
  return std::string(scheme) + "://127.0.0.1:" + std::to_string(node.coap_port());
}

/// Asks over CoAP and waits.
class CoapAsker {
 public:
  explicit CoapAsker(std::string url) : url_(std::move(url)), client_({}, codecs_) {}

  Response ask(Request request) {
    request.request_identifier = "c" + std::to_string(++number_);
    request.release_version = "3";
    auto answer = std::make_shared<std::promise<Response>>();
    auto waiting = answer->get_future();
    client_.send(url_, "/id-in", std::move(request),
                 [answer](Response response) { answer->set_value(std::move(response)); });
    return waiting.get();  // the client has a deadline of its own
  }
  Response operate(Operation operation, const std::string& to, const std::string& from = "CAE1",
                   std::optional<Value> content = {}, std::optional<int> type = {}) {
    Request request;
    request.operation = operation;
    request.to = to;
    request.from = from;
    request.content = std::move(content);
    request.resource_type = type;
    return ask(std::move(request));
  }
  Response register_ae(const std::string& poa = {}) {
    Value ae =
        Value::object({{"rn", "ae"}, {"api", "Nx"}, {"rr", true}, {"srv", Value::array({"3"})}});
    if (!poa.empty()) ae.set("poa", Value::array({Value(poa)}));
    return operate(Operation::kCreate, "cse-in", "CAE1", Value::object({{"m2m:ae", ae}}), 2);
  }
  Response create_container() {
    return operate(Operation::kCreate, "cse-in/ae", "CAE1",
                   Value::object({{"m2m:cnt", Value::object({{"rn", "c"}})}}), 3);
  }
  Response create_instance(const std::string& content) {
    return operate(Operation::kCreate, "cse-in/ae/c", "CAE1",
                   Value::object({{"m2m:cin", Value::object({{"con", content}})}}), 4);
  }

 private:
  const std::string url_;
  const Codecs codecs_ = standard_codecs();
  coap::Client client_;
  int number_ = 0;
};

class CoapNode : public testing::TestWithParam<const char*> {};

TEST_P(CoapNode, ServesTheFiveOperations) {
  Node node(with_coap());
  ASSERT_TRUE(node.start());
  CoapAsker asker(coap_url(node, GetParam()));

  const Response registered = asker.register_ae();
  ASSERT_EQ(registered.rsc, Rsc::kCreated) << why(registered);
  EXPECT_EQ(asker.create_container().rsc, Rsc::kCreated);
  const Response made = asker.create_instance("on");
  EXPECT_EQ(made.rsc, Rsc::kCreated) << why(made);
  const Response latest = asker.operate(Operation::kRetrieve, "cse-in/ae/c/la");
  EXPECT_EQ(attributes(latest).string_at("con"), "on") << why(latest);
  const Response updated = asker.operate(Operation::kUpdate, "cse-in/ae/c", "CAE1",
                                         Value::object({{"m2m:cnt", Value::object({{"mni", 5}})}}));
  EXPECT_EQ(updated.rsc, Rsc::kUpdated) << why(updated);
  EXPECT_EQ(asker.operate(Operation::kDelete, "cse-in/ae/c").rsc, Rsc::kDeleted);
  EXPECT_EQ(asker.operate(Operation::kRetrieve, "cse-in/ae/c").rsc, Rsc::kNotFound);
  EXPECT_EQ(asker.operate(Operation::kRetrieve, "cse-in", "CStranger").rsc,
            Rsc::kOriginatorNotAuthenticated);
}

TEST_P(CoapNode, TakesLargeContentBothWays) {
  Node node(with_coap());
  ASSERT_TRUE(node.start());
  CoapAsker asker(coap_url(node, GetParam()));
  asker.register_ae();
  asker.create_container();
  const std::string large(100'000, 'x');

  ASSERT_EQ(asker.create_instance(large).rsc, Rsc::kCreated);

  const Response latest = asker.operate(Operation::kRetrieve, "cse-in/ae/c/la");
  EXPECT_TRUE(attributes(latest).string_at("con") == large) << why(latest);
}

INSTANTIATE_TEST_SUITE_P(Transports, CoapNode, testing::Values("coap", "coap+tcp"),
                         [](const auto& row) {
                           return std::string(row.param) == "coap" ? "udp" : "tcp";
                         });

/// An AE that is reached over CoAP.
class CoapSubscriber final : public PrimitiveHandler {
 public:
  CoapSubscriber() : server_({}, *this, codecs_) {
    EXPECT_TRUE(server_.start());
    url_ = "coap://127.0.0.1:" + std::to_string(server_.port());
  }
  void handle(Request&& request, Reply reply) override {
    Response response;
    response.request_identifier = request.request_identifier;
    {
      const std::lock_guard lock(mutex_);
      got_.push_back(std::move(request));
    }
    changed_.notify_all();
    reply(std::move(response));
  }
  /// The notification with that content; false after ten seconds.
  bool wait_for(const std::string& content) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [this, &content] {
      for (const Request& request : got_) {
        if (request.content && to_json(*request.content).find(content) != std::string::npos) {
          return true;
        }
      }
      return false;
    });
  }
  const std::string& url() const { return url_; }

 private:
  const Codecs codecs_ = standard_codecs();
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Request> got_;
  std::string url_;
  coap::Server server_;
};

Response subscribe(CoapAsker& asker, const std::string& target) {
  const Value enc = Value::object({{"net", Value::array({3})}});
  const Value sub =
      Value::object({{"enc", enc}, {"nu", Value::array({Value(target)})}, {"nct", 1}});
  return asker.operate(Operation::kCreate, "cse-in/ae/c", "CAE1", Value::object({{"m2m:sub", sub}}),
                       23);
}

TEST(CoapNodeNotifies, AUrlAndAnAeAtItsPointOfAccess) {
  CoapSubscriber at_url, at_poa;
  Node node(with_coap());
  ASSERT_TRUE(node.start());
  CoapAsker asker(coap_url(node));
  asker.register_ae(at_poa.url());
  asker.create_container();
  const Response one = subscribe(asker, at_url.url() + "/notify");
  ASSERT_EQ(one.rsc, Rsc::kCreated) << why(one);
  const Response two = subscribe(asker, "/id-in/CAE1");
  ASSERT_EQ(two.rsc, Rsc::kCreated) << why(two);

  asker.create_instance("news");

  EXPECT_TRUE(at_url.wait_for("news"));
  EXPECT_TRUE(at_poa.wait_for("news"));
}

/// A port that was free just now: a CSE must know its own for its point of access.
int free_port() {
  const std::string url = CoapSubscriber().url();
  return std::stoi(url.substr(url.rfind(':') + 1));
}

// Mcc over CoAP: registration by registrar.url, forwarding both ways by points of access.
TEST(CoapNodeForwards, BetweenTwoCses) {
  Node in(with_coap());
  ASSERT_TRUE(in.start());
  NodeSettings settings = with_coap();
  settings.cse.cse_type = 2;
  settings.cse.cse_id = "/id-mn";
  settings.cse.csebase_name = "cse-mn";
  settings.registrar = {"/id-in", "cse-in", coap_url(in), 1, 3600};
  settings.coap.plain.port = free_port();
  Node mn(settings);
  ASSERT_TRUE(mn.start());
  CoapAsker at_in(coap_url(in)), at_mn(coap_url(mn));

  // The registration is made in the background: until then the two do not know each other.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  Response there;
  do {
    there = at_in.operate(Operation::kRetrieve, "/id-mn/cse-mn", "CAdmin");
  } while (there.rsc != Rsc::kOk && std::chrono::steady_clock::now() < deadline);

  EXPECT_EQ(attributes(there).string_at("csi"), "/id-mn") << why(there);
  const Response back = at_mn.operate(Operation::kRetrieve, "/id-in/cse-in", "CAdmin");
  EXPECT_EQ(attributes(back).string_at("csi"), "/id-in") << why(back);
}

}  // namespace
}  // namespace gatehouse::node
