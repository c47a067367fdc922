// Attributes that start something, and what is there from the beginning. Source: TS-0001 Annex D.
#include "mgmt-objects/management_behaviour.h"
#include "mgmt-objects/management_objects.h"
#include "tests/cse/core/test_cse.h"

namespace gatehouse::test {
namespace {

class Triggers : public testing::Test {
 protected:
  Triggers() {
    add_management_objects(node.schemas());
    node.cse().behaviours().add(type_number::kMgmtObj, management_object_behaviour());
    node.cse().extensions().participants.push_back(&seen);
    node.create("CAdmin", "cse-in", 14, Value::object({{"rn", "node"}, {"ni", "urn:x"}}));
  }
  Value make(const std::string& root, Value attributes) {
    Request request = TestCse::request(Operation::kCreate, "CAdmin", "cse-in/node");
    request.resource_type = type_number::kMgmtObj;
    request.content = Value::object({{root, std::move(attributes)}});
    const Response made = node.ask(request);
    EXPECT_EQ(made.rsc, Rsc::kCreated) << TestCse::debug_text(made);
    return TestCse::attributes(made);
  }
  struct Seen final : TransactionParticipant {
    Result<void> on_changes(std::span<const Change> changes, OperationContext&) override {
      for (const Change& change : changes) {
        if (!change.side_effect) last = change.resource().attributes();
      }
      return {};
    }
    Value last;
  };
  TestCse node;
  Seen seen;
};

TEST_F(Triggers, ATriggerIsToldToSubscribersAndReadsAtRest) {
  make("m2m:rbo", Value::object({{"rn", "rbo"}, {"mgd", 1009}}));

  const Response response =
      node.update("CAdmin", "cse-in/node/rbo", "m2m:rbo", Value::object({{"rbo", true}}));

  EXPECT_EQ(response.rsc, Rsc::kUpdated);
  EXPECT_TRUE(seen.last.bool_at("rbo"));
  EXPECT_FALSE(TestCse::attributes(response).bool_at("rbo", true));
  EXPECT_FALSE(node.find("cse-in/node/rbo")->attributes().bool_at("rbo", true));
}

TEST_F(Triggers, EnableAndDisableReadTrue) {
  make("m2m:dvc", Value::object({{"rn", "dvc"},
                                 {"mgd", 1008},
                                 {"can", "camera"},
                                 {"att", true},
                                 {"cas", Value::object({{"acn", "a"}, {"sus", 1}})},
                                 {"cus", true}}));

  const Response response =
      node.update("CAdmin", "cse-in/node/dvc", "m2m:dvc", Value::object({{"ena", false}}));

  EXPECT_TRUE(TestCse::attributes(response).bool_at("ena"));
  EXPECT_TRUE(TestCse::attributes(response).bool_at("dis"));
}

TEST_F(Triggers, StatusesAreThereFromTheBeginning) {
  const Value firmware = make(
      "m2m:fwr",
      Value::object(
          {{"rn", "fwr"}, {"mgd", 1001}, {"vr", "1"}, {"fwn", "f"}, {"url", "u"}, {"ud", false}}));

  ASSERT_TRUE(firmware.find("uds"));
  EXPECT_EQ(firmware.find("uds")->integer_at("sus"), 0);
}

// TS-0022 clause 7.3
TEST_F(Triggers, AScheduleAndAnIntervalExcludeEachOther) {
  const TypeSchema* schema = node.schemas().find(type_number::kMgmtObj, 1021);
  ASSERT_TRUE(schema);

  EXPECT_TRUE(check_exclusive(*schema, Value::object({{"mesc", 1}, {"rpil", 1}})));
  EXPECT_FALSE(check_exclusive(*schema, Value::object({{"mesc", 1}, {"meil", 1}})));
  EXPECT_FALSE(check_exclusive(*schema, Value::object({{"rpsc", 1}, {"rpil", 1}})));
}

}  // namespace
}  // namespace gatehouse::test
