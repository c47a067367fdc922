// Names and identifiers that are taken, or no more: what one request brings never harms its
// neighbours on the write lane. Source: TS-0004 clause 7.3.3.5 (4105), TS-0001 clause 9.6.1.3.2.
#include "tests/cse/core/test_cse.h"

namespace gatehouse::test {
namespace {

using std::chrono::seconds;

/// Stands for <AE> and <remoteCSE>: the originator's identity becomes the identifier.
class NamedByOriginator final : public TypeBehaviour {
  Result<void> on_create(Draft& draft, OperationContext& context) const override {
    draft.record.id.text = context.request.from;
    return {};
  }
};

class TakenNames : public testing::Test {
 protected:
  void SetUp() override {
    node.cse().behaviours().add(type_number::kGroup, std::make_shared<NamedByOriginator>());
    node.add_ae("CAE1");
  }
  Request group(std::string from, Value attributes = Value::object()) {
    attributes.set("mnm", 1);
    attributes.set("mid", Value::array({"CAE1"}));
    Request request = node.create_request("CAdmin", "cse-in", type_number::kGroup, attributes);
    request.from = std::move(from);
    return request;
  }
  std::string in(seconds span) { return to_text(node.clock().now() + span); }

  TestCse node;
};

TEST_F(TakenNames, AnIdentifierBroughtAlongClashesAloneWithTheNameOfAnother) {
  ASSERT_EQ(node.create("CAdmin", "cse-in", 3, Value::object({{"rn", "CAdmin"}})).rsc,
            Rsc::kCreated);

  const auto clash = node.send(group("CAdmin"));
  const auto neighbour =
      node.send(node.create_request("CAE1", "CAE1", 3, Value::object({{"rn", "neighbour"}})));
  node.settle();

  EXPECT_EQ((*clash)->rsc, Rsc::kConflict) << TestCse::debug_text(**clash);
  EXPECT_EQ((*neighbour)->rsc, Rsc::kCreated) << TestCse::debug_text(**neighbour);
}

TEST_F(TakenNames, AnExpiredIdentifierIsFreeBeforeItIsRemoved) {
  ASSERT_EQ(node.ask(group("CAdmin", Value::object({{"rn", "one"}, {"et", in(seconds(5))}}))).rsc,
            Rsc::kCreated);
  node.clock().advance(seconds(6));

  const Response again = node.ask(group("CAdmin", Value::object({{"rn", "two"}})));

  EXPECT_EQ(again.rsc, Rsc::kCreated) << TestCse::debug_text(again);
  EXPECT_EQ(node.find("CAdmin")->name(), "two");
  EXPECT_FALSE(node.find("cse-in/one"));
}

TEST_F(TakenNames, AnExpiredNameIsFreeWithAllThatIsBelowIt) {
  node.create("CAE1", "CAE1", 3, Value::object({{"rn", "cnt"}, {"et", in(seconds(5))}}));
  node.create("CAE1", "CAE1/cnt", 3, Value::object({{"rn", "below"}}));
  node.clock().advance(seconds(6));

  const Response again = node.create("CAE1", "CAE1", 3, Value::object({{"rn", "cnt"}}));

  EXPECT_EQ(again.rsc, Rsc::kCreated) << TestCse::debug_text(again);
  EXPECT_EQ(node.retrieve("CAE1", "CAE1/cnt").rsc, Rsc::kOk);
  EXPECT_EQ(node.retrieve("CAE1", "CAE1/cnt/below").rsc, Rsc::kNotFound);
}

TEST_F(TakenNames, AnInstanceThatIsTooOldAtOnceIsAnsweredAndGone) {
  node.create("CAE1", "CAE1", 3, Value::object({{"rn", "cnt"}, {"mia", 0}}));

  const Response made = node.create("CAE1", "CAE1/cnt", 4, Value::object({{"con", "x"}}));

  EXPECT_EQ(made.rsc, Rsc::kCreated);
  EXPECT_EQ(TestCse::attributes(made).string_at("con"), "x");
  EXPECT_EQ(node.retrieve("CAE1", "CAE1/cnt/la").rsc, Rsc::kNotFound);
}

}  // namespace
}  // namespace gatehouse::test
