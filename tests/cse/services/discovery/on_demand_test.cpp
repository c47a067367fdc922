// IPE on-demand discovery (filterUsage 3). Source: TS-0004 clauses 7.3.3.14 and 7.5.1.2.8.
#include <gmock/gmock.h>

#include "cse/services/discovery/discovery.h"
#include "tests/cse/core/test_cse.h"

namespace gatehouse::test {
namespace {

/// An interworking proxy that makes a container for what is asked of it.
class Proxy final : public Messenger {
 public:
  explicit Proxy(TestCse& node) : node_(node) {}
  void send_to(const std::string& target, Request request, Reply reply) override {
    targets.push_back(target);
    asked.push_back(std::move(request));
    Response response;
    response.rsc = answer;
    if (is_success(answer)) {
      node_.send(
          node_.create_request("CIpe", "cse-in/CIpe", 3,
                               Value::object({{"rn", "found"}, {"lbl", Value::array({"lamp"})}})));
      node_.cse().run_pending();
    }
    reply(std::move(response));
  }
  std::vector<std::string> targets;
  std::vector<Request> asked;
  Rsc answer = Rsc::kOk;

 private:
  TestCse& node_;
};

class OnDemand : public testing::Test {
 protected:
  OnDemand() : discovery(node.cse()), proxy(node) {
    node.cse().extensions().messenger = &proxy;
    node.add_ae("CIpe");
  }
  Response look(std::int64_t usage, const std::string& to = "cse-in/CIpe",
                std::int64_t content = 0) {
    Request request = TestCse::request(Operation::kRetrieve, "CIpe", to);
    request.filter.emplace();
    request.filter->filter_usage = usage;
    request.filter->labels = {"lamp"};
    if (content != 0) request.result_content = content;
    return node.ask(std::move(request));
  }
  static std::vector<std::string> found(const Response& response) {
    return tree_of(response.content)->strings_at("m2m:uril");
  }

  TestCse node;
  Discovery discovery;
  Proxy proxy;
};

TEST_F(OnDemand, AsksTheProxyWhenNothingIsFound) {
  const Response response = look(3);

  EXPECT_EQ(response.rsc, Rsc::kOk) << TestCse::debug_text(response);
  EXPECT_THAT(found(response), testing::ElementsAre("cse-in/CIpe/found"));
  ASSERT_EQ(proxy.asked.size(), 1u);
  EXPECT_EQ(proxy.targets[0], "CIpe");
  const Value* request = proxy.asked[0].content->find("m2m:sgn")->find("idr");
  ASSERT_NE(request, nullptr);
  EXPECT_EQ(request->string_at("or"), "CIpe");
  EXPECT_EQ(request->find("fc")->strings_at("lbl"), std::vector<std::string>{"lamp"});
}

TEST_F(OnDemand, DoesNotAskForWhatIsThere) {
  look(3);
  proxy.asked.clear();

  EXPECT_EQ(found(look(3)).size(), 1u);
  EXPECT_TRUE(proxy.asked.empty());
}

TEST_F(OnDemand, AnswersReferencesToo) {
  const Response response = look(3, "cse-in/CIpe", 6);

  EXPECT_EQ(tree_of(response.content)->find("m2m:rrl")->find("rrf")->size(), 1u);
}

TEST_F(OnDemand, AnswersWhatTheProxyRefusesWith) {
  proxy.answer = static_cast<Rsc>(5208);  // DISCOVERY_DENIED_BY_IPE

  EXPECT_EQ(static_cast<int>(look(3).rsc), 5208);
}

TEST_F(OnDemand, LeavesOthersAlone) {
  EXPECT_TRUE(found(look(1)).empty());
  EXPECT_TRUE(proxy.asked.empty()) << "an ordinary discovery";
  Request request = TestCse::request(Operation::kRetrieve, "CAdmin", "cse-in");
  request.filter.emplace();
  request.filter->filter_usage = 3;
  request.filter->labels = {"lamp"};
  EXPECT_TRUE(found(node.ask(std::move(request))).empty());
  EXPECT_TRUE(proxy.asked.empty()) << "no <AE>";
}

}  // namespace
}  // namespace gatehouse::test
