// NOTIFY addressed to resources of this CSE.
#include "cse/services/delivery/notify.h"

#include "tests/cse/core/test_cse.h"
#include "tests/cse/services/delivery/recording_sender.h"

namespace gatehouse {
namespace {

using test::RecordingSender;
using test::TestCse;

class Notify : public testing::Test {
 protected:
  Notify() {
    node.cse().extensions().notify = &receiver;
    node.add_ae("CAE1", Value::object({{"poa", Value::array({"http://ae1"})}}));
    node.create("CAE1", "CAE1", 3, Value::object({{"rn", "cnt"}}));
  }
  static Value sgn() { return Value::object({{"m2m:sgn", Value::object({{"sur", "/x/y"}})}}); }

  TestCse node;
  RecordingSender http;
  EntityMessenger messenger{node.cse(), {&http}};
  NotifyReceiver receiver{node.cse(), messenger};
};

// TS-0004 clause 7.5.1: a NOTIFY to an <AE> goes to the AE.
TEST_F(Notify, ToAnEntityIsHandedOnInTheNameOfItsOriginator) {
  EXPECT_EQ(node.notify("CAE1", "cse-in/CAE1", sgn()).rsc, Rsc::kOk);

  ASSERT_EQ(http.sent.size(), 1u);
  EXPECT_EQ(http.sent[0].request.from, "/id-in/CAE1");
  EXPECT_EQ(http.sent[0].request.to, "/id-in/CAE1");
  EXPECT_EQ(*http.sent[0].request.content, sgn());
}

TEST_F(Notify, NeedsThePrivilege) {
  EXPECT_EQ(node.notify("CAE2", "CAE1", sgn()).rsc, Rsc::kOriginatorHasNoPrivilege);
  EXPECT_TRUE(http.sent.empty());
}

TEST_F(Notify, TheAnswerOfTheEntityIsTheAnswer) {
  http.answers = [](const RecordingSender::Sent&) { return Rsc::kOperationDeniedByRemoteEntity; };

  EXPECT_EQ(node.notify("CAE1", "CAE1", sgn()).rsc, Rsc::kOperationDeniedByRemoteEntity);
}

TEST_F(Notify, AContainerTakesNone) {
  EXPECT_EQ(node.notify("CAE1", "CAE1/cnt", sgn()).rsc, Rsc::kOperationNotAllowed);
}

TEST_F(Notify, ToTheBaseGoesToTheHandlerOfItsContent) {
  std::vector<std::string> calls;
  const auto handler = [&calls](const std::string& name) {
    return
        [&calls, name](const Request& request, const std::string& originator, const Reply& reply) {
          calls.push_back(name + " of " + originator);
          Response response;
          response.request_identifier = request.request_identifier;
          reply(Response(response));
        };
  };
  receiver.add_handler("m2m:rsp", handler("first"),
                       [](const Request& request) { return request.to == "elsewhere"; });
  receiver.add_handler("m2m:rsp", handler("second"));

  const Value content = Value::object({{"m2m:rsp", Value::object({{"rsc", 2000}})}});
  EXPECT_EQ(node.notify("CAdmin", "cse-in", content).rsc, Rsc::kOk);

  EXPECT_EQ(calls, std::vector<std::string>{"second of CAdmin"});
}

struct ContentCase {
  std::string name;
  Value content;
  Rsc expected;
};
class ToTheBase : public Notify, public testing::WithParamInterface<ContentCase> {};

TEST_P(ToTheBase, WithoutHandlerOnlyNotificationsAreAccepted) {
  EXPECT_EQ(node.notify("CAdmin", "cse-in", GetParam().content).rsc, GetParam().expected);
}
INSTANTIATE_TEST_SUITE_P(
    Contents, ToTheBase,
    testing::Values(
        ContentCase{"sgn", Value::object({{"m2m:sgn", Value::object({{"sur", "x"}})}}), Rsc::kOk},
        ContentCase{"sgn_without_sur", Value::object({{"m2m:sgn", Value::object()}}),
                    Rsc::kBadRequest},
        ContentCase{"agn",
                    Value::object({{"m2m:agn", Value::object({{"m2m:sgn", Value::array()}})}}),
                    Rsc::kOk},
        ContentCase{"agn_without_list", Value::object({{"m2m:agn", Value::object()}}),
                    Rsc::kBadRequest},
        ContentCase{"sgn_of_text", Value::object({{"m2m:sgn", "x"}}), Rsc::kBadRequest},
        ContentCase{"unknown", Value::object({{"m2m:xyz", Value::object()}}), Rsc::kBadRequest},
        ContentCase{"two", Value::object({{"m2m:sgn", Value::object()}, {"b", 1}}),
                    Rsc::kBadRequest},
        ContentCase{"text", Value("x"), Rsc::kBadRequest}),
    [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace gatehouse
