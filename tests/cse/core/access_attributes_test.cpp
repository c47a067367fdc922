// Rules with attribute lists (aca, R4), specializations, and links to policies: by whole requests.
// Source: TS-0001 clauses 9.6.2 and 9.6.1.3.2.
#include "tests/cse/core/test_cse.h"

namespace gatehouse {
namespace {

using test::TestCse;

/// A container "res" with a label, of CAE1; the policy "acp" lets CAE2 do what a test says.
class AccessByRequest : public testing::Test {
 protected:
  AccessByRequest() {
    for (const char* stem : {"CAE1", "CAE2"}) node.add_ae(stem);
  }
  static Value rule(int operations, std::vector<std::string> attributes) {
    Value made = Value::object({{"acor", Value::array({"CAE2"})}, {"acop", operations}});
    Value list = Value::array();
    for (const std::string& name : attributes) list.push_back(name);
    if (list.size() > 0) made.set("aca", std::move(list));
    return made;
  }
  void put(Value::Array rules) {
    const Value own = Value::object({{"acor", Value::array({"CAE1"})}, {"acop", 63}});
    node.put(type_number::kAccessControlPolicy, "acp", "CAE1",
             Value::object({{"pv", Value::object({{"acr", Value(std::move(rules))}})},
                            {"pvs", Value::object({{"acr", Value::array({own})}})}}));
    node.put(type_number::kContainer, "res", "CAE1",
             Value::object({{"acpi", Value::array({"acp"})}, {"lbl", Value::array({"a"})}}));
  }
  Response retrieve(std::vector<std::string> attributes) {
    Request request = TestCse::request(Operation::kRetrieve, "CAE2", "cse-in/res");
    request.attribute_list = std::move(attributes);
    return node.ask(std::move(request));
  }
  TestCse node;
};

struct AttributeCase {
  std::string name;
  std::vector<std::string> covered;  ///< by the one rule; empty: all
  Operation operation;
  std::vector<std::string> named;  ///< atrl, or the content's attributes
  Rsc expected;
};
class Attributes : public AccessByRequest, public testing::WithParamInterface<AttributeCase> {};

TEST_P(Attributes, LimitARule) {
  put({rule(15, GetParam().covered)});
  Value content = Value::object();
  for (const std::string& name : GetParam().named) {
    content.set(name, name == "lbl" ? Value::array({"b"}) : name == "mni" ? Value(5) : Value("n"));
  }
  Response response;
  switch (GetParam().operation) {
    case Operation::kRetrieve:
      response = retrieve(GetParam().named);
      break;
    case Operation::kCreate:
      response = node.create("CAE2", "cse-in/res", type_number::kContainer, content);
      break;
    case Operation::kUpdate:
      response = node.update("CAE2", "cse-in/res", "m2m:cnt", content);
      break;
    default:
      response = node.remove("CAE2", "cse-in/res");
  }

  EXPECT_EQ(response.rsc, GetParam().expected) << TestCse::debug_text(response);
}
const std::vector<std::string> kAll = {"rn", "ty",   "ri",  "pi", "ct",  "lt",
                                       "et", "acpi", "lbl", "st", "cni", "cbs"};
constexpr Operation kC = Operation::kCreate, kR = Operation::kRetrieve, kU = Operation::kUpdate,
                    kD = Operation::kDelete;
constexpr Rsc kNo = Rsc::kOriginatorHasNoPrivilege;
INSTANTIATE_TEST_SUITE_P(
    Operations, Attributes,
    testing::Values(AttributeCase{"retrieve_all_with_some", {"lbl"}, kR, {}, kNo},
                    AttributeCase{"retrieve_all_with_all", kAll, kR, {}, Rsc::kOk},
                    AttributeCase{"retrieve_all_without_list", {}, kR, {}, Rsc::kOk},
                    AttributeCase{"retrieve_the_covered", {"lbl", "rn"}, kR, {"lbl"}, Rsc::kOk},
                    AttributeCase{"retrieve_another", {"lbl"}, kR, {"rn"}, kNo},
                    AttributeCase{"retrieve_two", {"lbl"}, kR, {"lbl", "rn"}, kNo},
                    AttributeCase{"delete_with_some", {"lbl"}, kD, {}, kNo},
                    AttributeCase{"delete_with_all", kAll, kD, {}, Rsc::kDeleted},
                    AttributeCase{"create_the_covered", {"rn", "mni"}, kC, {"rn"}, Rsc::kCreated},
                    AttributeCase{"create_another", {"rn"}, kC, {"rn", "mni"}, kNo},
                    AttributeCase{"create_without_any", {"rn"}, kC, {}, Rsc::kCreated},
                    AttributeCase{"update_the_covered", {"lbl"}, kU, {"lbl"}, Rsc::kUpdated},
                    AttributeCase{"update_another", {"lbl"}, kU, {"mni"}, kNo},
                    AttributeCase{"update_two", {"lbl"}, kU, {"lbl", "mni"}, kNo}),
    [](const auto& each) { return each.param.name; });

TEST_F(AccessByRequest, ListsOfSeveralRulesAddUp) {
  put({rule(2, {"lbl"}), rule(2, {"rn"})});

  EXPECT_EQ(retrieve({"lbl", "rn"}).rsc, Rsc::kOk);
  EXPECT_EQ(retrieve({"lbl", "rn", "ri"}).rsc, kNo);
}

TEST_F(AccessByRequest, ARuleWithoutListBeatsThoseWithOne) {
  put({rule(2, {"lbl"}), rule(2, {})});

  EXPECT_EQ(retrieve({}).rsc, Rsc::kOk);
}

TEST_F(AccessByRequest, AnAnswerShowsWhatTheListNamesOnly) {
  put({rule(5, {"rn", "lbl", "mni"})});

  const Value made = TestCse::attributes(node.create("CAE2", "cse-in/res", type_number::kContainer,
                                                     Value::object({{"rn", "below"}, {"mni", 3}})));
  const Value changed = TestCse::attributes(
      node.update("CAE2", "cse-in/res", "m2m:cnt", Value::object({{"mni", 4}})));

  EXPECT_EQ(made, Value::object({{"rn", "below"}, {"mni", 3}}));
  EXPECT_EQ(changed, Value::object({{"rn", "res"}, {"lbl", Value::array({"a"})}, {"mni", 4}}));
}

struct LinkCase {
  std::string name;
  Value acpi;
  Rsc created, updated;
};
class PolicyLinks : public AccessByRequest, public testing::WithParamInterface<LinkCase> {};

TEST_P(PolicyLinks, LeadToPoliciesOrAreRefused) {
  put({});
  const Value attributes = Value::object({{"rn", "x"}, {"acpi", GetParam().acpi}});

  EXPECT_EQ(node.create("CAdmin", "cse-in", type_number::kContainer, attributes).rsc,
            GetParam().created);
  EXPECT_EQ(
      node.update("CAE1", "cse-in/res", "m2m:cnt", Value::object({{"acpi", GetParam().acpi}})).rsc,
      GetParam().updated);
}
INSTANTIATE_TEST_SUITE_P(
    Links, PolicyLinks,
    testing::Values(
        LinkCase{"by_id", Value::array({"acp"}), Rsc::kCreated, Rsc::kUpdated},
        LinkCase{"by_path", Value::array({"cse-in/acp"}), Rsc::kCreated, Rsc::kUpdated},
        LinkCase{"sp_relative", Value::array({"/id-in/acp"}), Rsc::kCreated, Rsc::kUpdated},
        LinkCase{"of_another_cse", Value::array({"/id-mn/acp9"}), Rsc::kCreated, Rsc::kUpdated},
        LinkCase{"nowhere", Value::array({"anID"}), Rsc::kBadRequest, Rsc::kBadRequest},
        LinkCase{"one_nowhere", Value::array({"acp", "anID"}), Rsc::kBadRequest, Rsc::kBadRequest},
        LinkCase{"no_policy", Value::array({"CAE1"}), Rsc::kBadRequest, Rsc::kBadRequest},
        LinkCase{"empty_list", Value::array(), Rsc::kBadRequest, Rsc::kBadRequest},
        LinkCase{"no_list", "acp", Rsc::kBadRequest, Rsc::kBadRequest}),
    [](const auto& each) { return each.param.name; });

TEST_F(AccessByRequest, NullTakesThePoliciesAway) {
  put({rule(63, {})});

  EXPECT_EQ(node.update("CAE2", "cse-in/res", "m2m:cnt", Value::object({{"acpi", nullptr}})).rsc,
            kNo);
  EXPECT_EQ(node.update("CAE1", "cse-in/res", "m2m:cnt", Value::object({{"acpi", nullptr}})).rsc,
            Rsc::kUpdated);
  EXPECT_EQ(node.retrieve("CAE2", "cse-in/res").rsc, kNo);
}

}  // namespace
}  // namespace gatehouse
