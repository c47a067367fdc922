#include "cse/services/data/containers.h"

#include <gmock/gmock.h>

#include "tests/cse/core/test_cse.h"

namespace gatehouse::test {
namespace {

class Containers : public testing::Test {
 protected:
  Response container(Value attributes) {
    attributes.set("rn", "c");
    return node.create("CAdmin", "cse-in", 3, std::move(attributes));
  }
  Response push(const std::string& content) {
    return node.create("CAdmin", "cse-in/c", 4, Value::object({{"con", content}}));
  }
  Value now() { return node.find("cse-in/c")->attributes(); }

  TestCse node;
};

// TS-0018 TP/oneM2M/CSE/DMR/CRE/010 and 011
TEST_F(Containers, HaveNoChildThatIsCalledLikeAVirtualOne) {
  container(Value::object());
  for (const int type : {3, 4}) {
    for (const char* name : {"la", "ol"}) {
      Value wanted = Value::object({{"rn", name}});
      if (type == 4) wanted.set("con", "x");

      const Response refused = node.create("CAdmin", "cse-in/c", type, std::move(wanted));

      EXPECT_EQ(refused.rsc, Rsc::kOperationNotAllowed) << type << ' ' << name;
      EXPECT_THAT(TestCse::debug_text(refused), testing::HasSubstr("rn (resourceName)"));
    }
  }
  EXPECT_EQ(node.create("CAdmin", "cse-in", 3, Value::object({{"rn", "la"}})).rsc, Rsc::kCreated)
      << "nothing is called so below the CSEBase";
}

struct SizeCase {
  std::string name;
  std::optional<std::int64_t> max_bytes;
  std::string content;
  Rsc expected;
};
class ContentInstanceCreate : public Containers, public testing::WithParamInterface<SizeCase> {};

// TS-0004 clause 7.4.7.2.1
TEST_P(ContentInstanceCreate, IsRefusedOnlyWhenLargerThanMaxByteSize) {
  container(GetParam().max_bytes ? Value::object({{"mbs", *GetParam().max_bytes}})
                                 : Value::object());

  EXPECT_EQ(push(GetParam().content).rsc, GetParam().expected);
}
INSTANTIATE_TEST_SUITE_P(Sizes, ContentInstanceCreate,
                         testing::Values(SizeCase{"no_limit", std::nullopt, "12345", Rsc::kCreated},
                                         SizeCase{"at_the_limit", 5, "12345", Rsc::kCreated},
                                         SizeCase{"one_byte_over", 5, "123456",
                                                  Rsc::kNotAcceptable}),
                         [](const auto& each) { return each.param.name; });

// TS-0004 clause 7.4.7.2.1
TEST_F(Containers, KeepOnlyTheNewestInstances) {
  container(Value::object({{"mni", 2}}));
  for (const char* content : {"1", "2", "3"}) push(content);

  EXPECT_EQ(now().integer_at("cni"), 2);
  EXPECT_EQ(now().integer_at("st"), 3);
  EXPECT_EQ(TestCse::attributes(node.retrieve("CAdmin", "cse-in/c/ol")).string_at("con"), "2");
  EXPECT_EQ(TestCse::attributes(node.retrieve("CAdmin", "cse-in/c/la")).string_at("con"), "3");
}

TEST_F(Containers, KeepNoMoreBytesThanAllowed) {
  container(Value::object({{"mbs", 6}}));
  for (const char* content : {"1234", "12", "123"}) push(content);

  EXPECT_EQ(now().integer_at("cbs"), 5);
  EXPECT_EQ(now().integer_at("cni"), 2);
}

TEST_F(Containers, ASmallerLimitTakesEffectAtOnce) {
  container(Value::object());
  for (const char* content : {"1", "2", "3"}) push(content);

  ASSERT_EQ(node.update("CAdmin", "cse-in/c", "m2m:cnt", Value::object({{"mni", 1}})).rsc,
            Rsc::kUpdated);

  EXPECT_EQ(now().integer_at("cni"), 1);
  EXPECT_EQ(TestCse::attributes(node.retrieve("CAdmin", "cse-in/c/ol")).string_at("con"), "3");
}

TEST_F(Containers, DeletingAnInstanceLowersTheCounters) {
  container(Value::object());
  push("123");
  ASSERT_EQ(node.remove("CAdmin", "cse-in/c/la").rsc, Rsc::kDeleted);

  EXPECT_EQ(now().integer_at("cni"), 0);
  EXPECT_EQ(now().integer_at("cbs"), 0);
  EXPECT_EQ(node.retrieve("CAdmin", "cse-in/c/la").rsc, Rsc::kNotFound);
}

TEST_F(Containers, InstancesGrowOldNoLaterThanMaxInstanceAge) {
  container(Value::object({{"mia", 10}}));
  push("1");
  node.advance(std::chrono::seconds(9));
  EXPECT_EQ(node.retrieve("CAdmin", "cse-in/c/la").rsc, Rsc::kOk);
  node.advance(std::chrono::seconds(2));
  EXPECT_EQ(node.retrieve("CAdmin", "cse-in/c/la").rsc, Rsc::kNotFound);
}

TEST_F(Containers, DisabledRetrievalClosesLatestAndOldest) {
  container(Value::object({{"disr", true}}));
  push("1");

  EXPECT_EQ(node.retrieve("CAdmin", "cse-in/c/la").rsc, Rsc::kOperationNotAllowed);
}

TEST_F(Containers, InstancesCannotBeUpdated) {
  container(Value::object());
  push("1");

  EXPECT_EQ(node.update("CAdmin", "cse-in/c/la", "m2m:cin", Value::object({{"con", "2"}})).rsc,
            Rsc::kOperationNotAllowed);
}

class ContentInfo : public Containers,
                    public testing::WithParamInterface<std::pair<const char*, Rsc>> {};

// TS-0004 clause 6.3.3 (m2m:contentInfo)
TEST_P(ContentInfo, IsReadStrictly) {
  container(Value::object());

  const Response made = node.create("CAdmin", "cse-in/c", 4,
                                    Value::object({{"con", "AAAA"}, {"cnf", GetParam().first}}));

  EXPECT_EQ(made.rsc, GetParam().second) << TestCse::debug_text(made);
}
INSTANTIATE_TEST_SUITE_P(Texts, ContentInfo,
                         testing::Values(std::pair{"text/plain:0", Rsc::kCreated},
                                         std::pair{"text/plain", Rsc::kBadRequest},
                                         std::pair{"application/json:1:2", Rsc::kCreated},
                                         std::pair{"text/plain:3", Rsc::kBadRequest},
                                         std::pair{"text", Rsc::kBadRequest},
                                         std::pair{"/:0", Rsc::kBadRequest},
                                         std::pair{"text/plain:0:9", Rsc::kBadRequest}));

// TS-0004 clause 6.3.3: encoding 1 and 2 say that the content is base64 text.
TEST_F(Containers, ContentIsAsItsContentInfoSays) {
  container(Value::object());
  const auto create = [this](const char* content, const char* info) {
    const Value attributes = Value::object({{"con", content}, {"cnf", info}});
    return node.create("CAdmin", "cse-in/c", 4, attributes).rsc;
  };

  EXPECT_EQ(create("no base64!", "text/plain:0"), Rsc::kCreated);
  EXPECT_EQ(create("no base64!", "text/plain:1"), Rsc::kBadRequest);
  EXPECT_EQ(create("AAA=", "image/png:2"), Rsc::kCreated);
  EXPECT_EQ(create("AAA", "image/png:2"), Rsc::kBadRequest);
}

// TS-0001 table 9.6.6-2 (disableRetrieval)
TEST_F(Containers, DisabledRetrievalHidesInstancesForGood) {
  container(Value::object({{"disr", true}}));
  push("1");
  auto entries = node.cse().view().children(node.find("cse-in/c")->id(), Page{});
  ASSERT_TRUE(entries);
  const std::string instance = entries->front().id.text;

  for (const std::string& target : {std::string("cse-in/c/la"), instance}) {
    EXPECT_EQ(node.retrieve("CAdmin", target).rsc, Rsc::kOperationNotAllowed) << target;
    EXPECT_EQ(node.remove("CAdmin", target).rsc, Rsc::kOperationNotAllowed) << target;
  }
  node.update("CAdmin", "cse-in/c", "m2m:cnt", Value::object({{"disr", false}}));
  EXPECT_EQ(node.find("cse-in/c")->attributes().integer_at("cni", -1), 0);
  EXPECT_EQ(node.retrieve("CAdmin", instance).rsc, Rsc::kNotFound);
}

TEST_F(Containers, ARelativeGenerationTimeBecomesAPointOfTime) {
  container(Value::object());

  const Response made =
      node.create("CAdmin", "cse-in/c", 4, Value::object({{"con", "x"}, {"dgt", -1000}}));

  EXPECT_EQ(TestCse::attributes(made).string_at("dgt"),
            to_text(node.clock().now() - std::chrono::seconds(1)));
}

}  // namespace
}  // namespace gatehouse::test
