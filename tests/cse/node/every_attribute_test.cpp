// Every attribute of every resource type, wrong in each way, on CREATE and on UPDATE, through a
// whole CSE with all its services: the exact status code, a text that names attribute and rule, and
// nothing changed.
#include <gmock/gmock.h>

#include "cse/node/services.h"
#include "mgmt-objects/management_behaviour.h"
#include "mgmt-objects/management_objects.h"
#include "tests/cse/core/test_cse.h"
#include "tests/cse/schema/sample_values.h"

namespace gatehouse::node {
namespace {

using gatehouse::test::minimal_create;
using gatehouse::test::sample;
using gatehouse::test::TestCse;
using testing::HasSubstr;
using testing::StartsWith;

/// Nobody is reachable.
class Deaf final : public PrimitiveSender {
 public:
  bool serves(std::string_view) const override { return false; }
  void send(const std::string&, const std::string&, Request request, Reply reply) override {
    reply(error_response(request, {Rsc::kTargetNotReachable, "nobody is there"}));
  }
};

/// Values that are wrong for one item of that kind, none of them by a hair only. Written by hand
/// from TS-0004 clause 6.3.3, not by asking the checker.
std::vector<Value> wrong_items(const DataType& type) {
  const Value object = Value::object({{"nope", 1}});
  switch (type.kind) {
    case Kind::kString:
      return {5, true, object, Value::array({1})};
    case Kind::kToken:
      return {5, "", "two  spaces", "tab\there", object};
    case Kind::kSerialization:
      return {"text/html", 5, ""};
    case Kind::kNcName:
      return {"1a", "a:b", "", 5};
    case Kind::kResourceName:
      return {"a/b", "", 5};
    case Kind::kId:
    case Kind::kUri:
      return {"", "a b", 5, object};
    case Kind::kBoolean:
      return {"true", 1, object};
    case Kind::kInteger:
      return {"5", 1.5, true};
    case Kind::kUnsigned:
      return {-1, "5", 1.5, true};
    case Kind::kPositive:
      return {0, -1, "1", true};
    case Kind::kFloat:
      return {"1.5", true, object};
    case Kind::kTimestamp:
      return {"yesterday", 20270131, "", "20271341T000000"};
    case Kind::kAbsRelTimestamp:
      return {"yesterday", true, object};
    case Kind::kDuration:
      return {"10 s", 10, "P", ""};
    case Kind::kScheduleEntry:
      return {"* * *", 5, "", "99 * * * * * *"};
    case Kind::kIpv4:
      return {"1.2.3", "2001:db8::1", 5};
    case Kind::kIpv6:
      return {"1.2.3.4", "zz::", 5};
    case Kind::kBase64:
      return {"a b", "===", 5};
    case Kind::kEnumeration:
      return {987654, "1", -5, 1.5};
    case Kind::kObject:
      return {5, "text", Value::array({1}), object};
    case Kind::kAny:
      return {};
  }
  return {};
}

/// Values that are wrong for the attribute.
std::vector<Value> wrong_values(const DataType& type) {
  if (!type.list) return wrong_items(type);
  std::vector<Value> wrong{5, "text", Value::object({{"nope", 1}})};
  for (Value& item : wrong_items(type)) wrong.push_back(Value::array({std::move(item)}));
  if (type.non_empty) wrong.push_back(Value::array());
  return wrong;
}

/// How an error text begins that is about that attribute, and that it gives its long name.
void expect_named(const Response& response, const AttributeRule& rule, const std::string& what) {
  const std::string text = TestCse::debug_text(response);
  EXPECT_EQ(response.rsc, Rsc::kBadRequest) << what << ": " << text;
  EXPECT_THAT(text, StartsWith(std::string(rule.short_name))) << what;
  EXPECT_THAT(text, HasSubstr("(" + std::string(rule.long_name) + "): ")) << what;
}

class EveryAttribute : public testing::Test {
 protected:
  EveryAttribute() {
    add_management_objects(node_.schemas());
    add_announced_variants(node_.schemas(), owner_, rule_owner_);
    NodeSettings settings;
    services_ = std::make_unique<Services>(node_.cse(), deaf_, settings, VerifyToken{});
    node_.cse().behaviours().add(type_number::kMgmtObj, management_object_behaviour());
    node_.start();
  }
  ~EveryAttribute() override { services_->stop(); }

  /// Past all checks: an instance of the type, below the CSEBase whether that may be or not.
  std::string put(const TypeSchema& schema) {
    const std::string id = "x" + std::to_string(++count_);
    bool made = false;
    node_.cse().submit([&](OperationContext& context) -> Response {
      auto base = context.resources.find(csebase_id(context.settings));
      auto created = create_internal(schema, *base, id, ResourceId{id}, "CAdmin",
                                     minimal_create(schema), context);
      made = created.has_value();
      return {};
    });
    node_.settle();
    EXPECT_TRUE(made) << schema.root;
    return id;
  }

  /// A type below which it may be created; nullptr: nowhere.
  const TypeSchema* parent_of(const TypeSchema& schema) {
    const auto types = node_.schemas().all();
    const auto found = std::find_if(types.begin(), types.end(), [&](const TypeSchema* parent) {
      return !parent->abstract && may_be_child(*parent, schema);
    });
    return found == types.end() ? nullptr : *found;
  }

  Response create(const TypeSchema& schema, const std::string& parent, Value attributes) {
    Request request = TestCse::request(Operation::kCreate, "CAdmin", parent);
    request.resource_type = schema.type;
    request.content = Value::object({{std::string(schema.root), std::move(attributes)}});
    return node_.ask(std::move(request));
  }
  Response update(const TypeSchema& schema, const std::string& id, Value attributes) {
    return node_.update("CAdmin", id, std::string(schema.root), std::move(attributes));
  }

  bool is_refused(Operation operation, const TypeSchema& schema) {
    Request request = TestCse::request(operation, "CAdmin", "cse-in");
    request.resource_type = schema.type;
    return node_.cse().behaviours().of(schema.type).refuses(operation, request).has_value();
  }

  /// The types that requests create or change.
  std::vector<const TypeSchema*> types(Operation operation) {
    std::vector<const TypeSchema*> all;
    for (const TypeSchema* schema : node_.schemas().all()) {
      const bool made = operation != Operation::kCreate || parent_of(*schema);
      if (!schema->abstract && made && !is_refused(operation, *schema)) all.push_back(schema);
    }
    for (const char* root : {"cod:tempe", "cod:binSh", "cod:deviceLight"}) {
      if (const TypeSchema* module = node_.schemas().find_for(28, root)) all.push_back(module);
    }
    return all;
  }

  /// Everything there is, but counters that time moves.
  std::string state() {
    std::string all;
    CommittedView view = node_.cse().view();
    collect(view, csebase_id(node_.cse().settings()), all);
    return all;
  }
  void collect(CommittedView& view, const ResourceId& id, std::string& all) {
    auto resource = view.find(id);
    if (!resource || !*resource) return;
    all += (*resource)->id().text + to_json(Content((*resource)->attributes())) + "\n";
    auto children = view.children(id, Page{{}, 1000});
    for (const ChildEntry& child : *children) collect(view, child.id, all);
  }

  TestCse node_;
  Deaf deaf_;
  std::vector<std::unique_ptr<TypeSchema>> owner_;
  std::vector<std::unique_ptr<std::vector<AttributeRule>>> rule_owner_;
  std::unique_ptr<Services> services_;
  int count_ = 0;
};

std::string name_of_case(const TypeSchema& schema, const AttributeRule& rule, const Value& value) {
  return std::string(schema.root) + "/" + std::string(rule.short_name) + " " +
         to_json(Content(value));
}

// TS-0004 clause 7.3.3.4 (Check validity of resource representation for CREATE)
TEST_F(EveryAttribute, OfAWrongShapeIsRefusedByNameOnCreate) {
  std::size_t cases = 0;
  for (const TypeSchema* schema : types(Operation::kCreate)) {
    const std::string parent = put(*parent_of(*schema));
    const std::string before = state();
    for (const AttributeRule& rule : schema->rules) {
      if (rule.create == Need::kNotPermitted || rule.short_name == "mgd" ||
          rule.short_name == "cnd")
        continue;
      std::vector<Value> values = wrong_values(rule.type);
      if (rule.short_name == "cr") {
        values = {"CAE1", 5};  // only null asks for it
      } else {
        values.emplace_back(nullptr);
      }
      for (Value& value : values) {
        Value attributes = minimal_create(*schema);
        attributes.set(rule.short_name, value);
        expect_named(create(*schema, parent, std::move(attributes)), rule,
                     name_of_case(*schema, rule, value));
        ++cases;
      }
    }
    EXPECT_EQ(state(), before) << schema->root << ": something is left behind";
  }
  EXPECT_GT(cases, 5000u);
}

// TS-0004 clause 7.3.3.7 (the same for UPDATE)
TEST_F(EveryAttribute, OfAWrongShapeIsRefusedByNameOnUpdate) {
  std::size_t cases = 0;
  for (const TypeSchema* schema : types(Operation::kUpdate)) {
    const std::string target = put(*schema);
    const std::string before = state();
    for (const AttributeRule& rule : schema->rules) {
      if (rule.update == Need::kNotPermitted) continue;
      std::vector<Value> values = wrong_values(rule.type);
      if (rule.multiplicity_one) values.emplace_back(nullptr);
      for (const Value& value : values) {
        expect_named(
            update(*schema, target, Value::object({{std::string(rule.short_name), value}})), rule,
            name_of_case(*schema, rule, value));
        ++cases;
      }
    }
    EXPECT_EQ(state(), before) << schema->root << ": something is changed";
  }
  EXPECT_GT(cases, 5000u);
}

// TS-0004 clause 7.3.3.4: RO attributes; attributes NP on CREATE.
TEST_F(EveryAttribute, ThatMayNotBeSetIsRefusedByNameOnCreate) {
  for (const TypeSchema* schema : types(Operation::kCreate)) {
    const std::string parent = put(*parent_of(*schema));
    const std::string before = state();
    for (const auto rules : {schema->rules, universal_rules()}) {
      for (const AttributeRule& rule : rules) {
        if (rule.create != Need::kNotPermitted) continue;
        Value attributes = minimal_create(*schema);
        attributes.set(rule.short_name, sample(rule.type));
        const Response refused = create(*schema, parent, std::move(attributes));
        expect_named(refused, rule, std::string(schema->root));
        EXPECT_THAT(TestCse::debug_text(refused), HasSubstr("may not stand in a CREATE"));
      }
    }
    EXPECT_EQ(state(), before) << schema->root;
  }
}

TEST_F(EveryAttribute, ThatMayNotBeChangedIsRefusedByNameOnUpdate) {
  for (const TypeSchema* schema : types(Operation::kUpdate)) {
    const std::string target = put(*schema);
    const std::string before = state();
    for (const auto rules : {schema->rules, universal_rules()}) {
      for (const AttributeRule& rule : rules) {
        if (rule.update != Need::kNotPermitted) continue;
        for (const Value& value : {sample(rule.type), Value(nullptr)}) {
          const Response refused =
              update(*schema, target, Value::object({{std::string(rule.short_name), value}}));
          expect_named(refused, rule, std::string(schema->root));
          EXPECT_THAT(TestCse::debug_text(refused), HasSubstr("may not stand in an UPDATE"));
        }
      }
    }
    EXPECT_EQ(state(), before) << schema->root;
  }
}

TEST_F(EveryAttribute, ThatIsMandatoryMustBeThereOnCreate) {
  for (const TypeSchema* schema : types(Operation::kCreate)) {
    const std::string parent = put(*parent_of(*schema));
    const std::string before = state();
    for (const AttributeRule& rule : schema->rules) {
      // Without its kind a management object has no table; that is a refusal of its own.
      if (rule.create != Need::kMandatory || rule.short_name == "mgd" || rule.short_name == "cnd")
        continue;
      Value attributes = minimal_create(*schema);
      attributes.erase(rule.short_name);
      const Response refused = create(*schema, parent, std::move(attributes));
      expect_named(refused, rule, std::string(schema->root));
      EXPECT_THAT(TestCse::debug_text(refused), HasSubstr("is mandatory on CREATE"));
    }
    EXPECT_EQ(state(), before) << schema->root;
  }
}

TEST_F(EveryAttribute, ThatNoTypeHasIsRefusedByName) {
  for (const TypeSchema* schema : types(Operation::kCreate)) {
    const std::string parent = put(*parent_of(*schema));
    Value attributes = minimal_create(*schema);
    attributes.set("nope", 1);
    const Response refused = create(*schema, parent, std::move(attributes));
    EXPECT_EQ(refused.rsc, Rsc::kBadRequest) << schema->root;
    EXPECT_THAT(TestCse::debug_text(refused), StartsWith("nope: ")) << schema->root;
  }
  for (const TypeSchema* schema : types(Operation::kUpdate)) {
    const Response refused = update(*schema, put(*schema), Value::object({{"nope", 1}}));
    EXPECT_EQ(refused.rsc, Rsc::kBadRequest) << schema->root;
    EXPECT_THAT(TestCse::debug_text(refused), StartsWith("nope: ")) << schema->root;
  }
}

// TS-0004 clause 8.4.2: the name of a member stands once.
TEST_F(EveryAttribute, ThatStandsTwiceIsRefusedByName) {
  for (const TypeSchema* schema : node_.schemas().all()) {
    for (const AttributeRule& rule : schema->rules) {
      const std::string member = "\"" + std::string(rule.short_name) + "\":1";
      const auto parsed =
          parse_json("{\"" + std::string(schema->root) + "\":{" + member + "," + member + "}}");
      ASSERT_FALSE(parsed) << schema->root << "/" << rule.short_name;
      EXPECT_EQ(parsed.error().rsc, Rsc::kBadRequest);
      EXPECT_THAT(parsed.error().detail, HasSubstr(std::string(rule.short_name)));
    }
  }
}

TEST_F(EveryAttribute, ThatIsTooLongIsRefusedByName) {
  const std::string long_name(2000, 'n');
  for (const TypeSchema* schema : types(Operation::kCreate)) {
    const std::string parent = put(*parent_of(*schema));
    const std::string before = state();
    Value attributes = minimal_create(*schema);
    attributes.set("rn", long_name);
    const Response refused = create(*schema, parent, std::move(attributes));
    EXPECT_GE(refused.rsc, Rsc::kBadRequest) << schema->root;
    EXPECT_NE(refused.rsc, Rsc::kInternalServerError) << schema->root;
    EXPECT_EQ(state(), before) << schema->root;
  }
}

/// Contents that are no resource at all.
TEST_F(EveryAttribute, ContentThatIsNoResourceIsRefused) {
  const Value contents[] = {
      Value(nullptr),
      Value(5),
      Value("text"),
      Value::array({1}),
      Value::object(),
      Value::object({{"m2m:nope", Value::object()}}),
      Value::object({{"m2m:cnt", 5}}),
      Value::object({{"m2m:cnt", Value::object()}, {"m2m:ae", Value::object()}})};
  for (const TypeSchema* schema : types(Operation::kCreate)) {
    const std::string parent = put(*parent_of(*schema));
    const std::string before = state();
    for (const Value& content : contents) {
      if (schema->root == "m2m:cnt" && content.size() == 1 && content.contains("m2m:cnt")) continue;
      Request request = TestCse::request(Operation::kCreate, "CAdmin", parent);
      request.resource_type = schema->type;
      request.content = content;
      const Response refused = node_.ask(std::move(request));
      EXPECT_EQ(refused.rsc, Rsc::kBadRequest)
          << schema->root << " " << to_json(Content(content)) << TestCse::debug_text(refused);
    }
    EXPECT_EQ(state(), before) << schema->root;
  }
}

}  // namespace
}  // namespace gatehouse::node
