// What answers contain, and who may make the CSE compose them. Source: TS-0001 clause 8.1.2 (Result
// Content), TS-0004 clauses 7.3.3.7 and 7.3.3.8.
#include "tests/cse/core/test_cse.h"

namespace gatehouse::test {
namespace {

class Answers : public testing::Test {
 protected:
  void SetUp() override {
    node.add_ae("CAE1");
    node.create("CAE1", "CAE1", 3,
                Value::object({{"rn", "cnt"}, {"lbl", Value::array({"a"})}, {"mni", 5}}));
  }
  Response update(std::int64_t rcn, Value attributes) {
    Request request = TestCse::request(Operation::kUpdate, "CAE1", "CAE1/cnt");
    request.content = Value::object({{"m2m:cnt", std::move(attributes)}});
    request.result_content = rcn;
    return node.ask(std::move(request));
  }

  TestCse node;
};

TEST_F(Answers, AnUpdateTellsOnlyWhatTheCseChangedItself) {
  const Response updated = update(9, Value::object({{"lbl", Value::array({"b"})}, {"mni", 3}}));

  ASSERT_EQ(updated.rsc, Rsc::kUpdated);
  const Value told = TestCse::attributes(updated);
  EXPECT_EQ(told.integer_at("st"), 1);
  for (const char* kept : {"rn", "ri", "ty", "pi", "ct", "cni", "lbl", "mni", "et"}) {
    EXPECT_FALSE(told.contains(kept)) << kept;
  }
}

TEST_F(Answers, AnUpdateTellsWhatBecameOfAWish) {
  const Response updated = update(9, Value::object({{"et", "29990101T000000"}}));

  const Value told = TestCse::attributes(updated);
  EXPECT_TRUE(told.contains("et"));
  EXPECT_NE(told.string_at("et"), "29990101T000000");
}

TEST_F(Answers, ADeletedAttributeIsNotRepeated) {
  const Response updated = update(9, Value::object({{"lbl", nullptr}}));

  EXPECT_FALSE(TestCse::attributes(updated).contains("lbl"));
}

// The answer holds what the request was made of, and so it must not hold the way to the answer.
TEST_F(Answers, AreFreedWithWhoeverKeepsThem) {
  std::weak_ptr<std::optional<Response>> kept;
  {
    const auto answer = node.send(TestCse::request(Operation::kDelete, "CAE1", "CAE1/cnt"));
    node.settle();
    ASSERT_TRUE(*answer);
    kept = answer;
  }
  EXPECT_TRUE(kept.expired());
}

/// Counts how often a tree is composed.
class CountingRetrieval final : public Retrieval {
 public:
  Response discover(const Request&, const ResourcePtr&, ResourceReader&,
                    const std::string&) override {
    return {};
  }
  Response with_children(const Request&, const ResourcePtr&, ResourceReader&,
                         const std::string&) override {
    ++trees;
    return {};
  }
  Result<bool> matches(const FilterCriteria&, const ResourcePtr&, ResourceReader&) override {
    return true;
  }
  int trees = 0;
};

TEST_F(Answers, WhoMayNotDeleteCausesNoWork) {
  CountingRetrieval retrieval;
  node.cse().extensions().retrieval = &retrieval;
  Request request = TestCse::request(Operation::kDelete, "CStranger", "CAE1/cnt");
  request.result_content = 4;

  EXPECT_EQ(node.ask(request).rsc, Rsc::kOriginatorHasNoPrivilege);
  EXPECT_EQ(retrieval.trees, 0) << "it walks the tree on the write lane";

  request.from = "CAE1";
  request.request_identifier.clear();
  EXPECT_EQ(node.ask(request).rsc, Rsc::kDeleted);
  EXPECT_EQ(retrieval.trees, 1);
}

TEST_F(Answers, TheLatestInstanceIsAnsweredAsItIsNow) {
  node.create("CAE1", "CAE1/cnt", 4, Value::object({{"rn", "cin"}, {"con", "x"}}));
  ASSERT_EQ(node.retrieve("CAE1", "CAE1/cnt/la").rsc, Rsc::kOk);

  node.cse().submit([](OperationContext& context) {  // as announcing an instance does
    auto base = context.resources.find(ResourceId{"CAE1"});
    auto cnt = context.resources.child(**base, "cnt");
    auto cin = context.resources.child(**cnt, "cin");
    Value attributes = (*cin)->attributes();
    attributes.set("lbl", Value::array({"announced"}));
    context.resources.update(*cin, std::move(attributes), true);
    return Response{};
  });
  node.settle();

  const Value latest = TestCse::attributes(node.retrieve("CAE1", "CAE1/cnt/la"));
  EXPECT_EQ(latest.strings_at("lbl"), std::vector<std::string>{"announced"});
}

TEST_F(Answers, AnUndoneEvictionLeavesTheLatestInstanceTheLatest) {
  for (const char* name : {"one", "two"}) {
    node.create("CAE1", "CAE1/cnt", 4, Value::object({{"rn", name}, {"con", name}}));
  }
  node.cse().submit([](OperationContext& context) {
    auto base = context.resources.find(ResourceId{"CAE1"});
    auto cnt = context.resources.child(**base, "cnt");
    auto one = context.resources.child(**cnt, "one");
    context.resources.erase(*one);
    auto listed = context.resources.children((*cnt)->id(), Page{});  // writes the deletion
    return error_response(context.request, {Rsc::kBadRequest, "and then it fails"});
  });
  node.settle();

  EXPECT_EQ(TestCse::attributes(node.retrieve("CAE1", "CAE1/cnt/la")).string_at("con"), "two");
  EXPECT_EQ(node.retrieve("CAE1", "CAE1/cnt/one").rsc, Rsc::kOk);
}

// A structured address longer than `to` may be cannot be asked for; and a tree of any depth would
// be walked by recursion somewhere.
TEST_F(Answers, ATreeIsNoDeeperThanAnAddressIsLong) {
  std::string parent = "CAE1/cnt";
  Response made;
  int levels = 0;
  for (; levels < 2000; ++levels) {
    made = node.create("CAE1", parent, 3, Value::object({{"rn", "c"}}));
    if (made.rsc != Rsc::kCreated) break;
    parent = TestCse::attributes(made).string_at("ri");  // by identifier, whatever the path
  }
  EXPECT_EQ(made.rsc, Rsc::kBadRequest);
  EXPECT_GT(levels, 100);
  EXPECT_LT(levels, 1024);
  EXPECT_EQ(node.remove("CAE1", "CAE1/cnt").rsc, Rsc::kDeleted);
}

TEST(Stopped, ACseRefusesWrites) {
  TestCse node;
  node.add_ae("CAE1");
  node.cse().stop();

  std::optional<Response> answer;
  Request request = node.create_request("CAE1", "CAE1", 3, Value::object());
  request.request_identifier = "late";
  request.release_version = "3";
  node.cse().handle(std::move(request), [&](Response response) { answer = std::move(response); });

  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->rsc, Rsc::kInternalServerError);
}

}  // namespace
}  // namespace gatehouse::test
