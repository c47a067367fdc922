#include "cse/schema/attribute_rows.h"
#include "cse/schema/releases.h"
#include "cse/schema/schema.h"
#include "cse/schema/value_check.h"

namespace gatehouse {
namespace {

using namespace rows;

// One row per attribute, in columns.
// clang-format off
/// Source: TS-0004 table 7.4.1-1, TS-0001 clause 9.6.1.3.1.
constexpr AttributeRule kUniversal[] = {
    {"rn", "resourceName",     kO,  kNp, shape::kResourceName, kNa, kOne},
    {"ty", "resourceType",     kNp, kNp, shape::kPositive,     kNa, kOne},
    {"ri", "resourceID",       kNp, kNp, shape::kId,           kNa, kOne},
    {"pi", "parentID",         kNp, kNp, shape::kString,       kNa, kOne},  // empty for CSEBase
    {"ct", "creationTime",     kNp, kNp, shape::kTimestamp,    kNa, kOne},
    {"lt", "lastModifiedTime", kNp, kNp, shape::kTimestamp,    kNa, kOne},
};
// clang-format on

/// What is refused in which request.
enum class Verb { kCreate, kUpdate };

const AttributeRule* find_rule(const TypeSchema& schema, std::string_view short_name) {
  for (const AttributeRule& rule : kUniversal) {
    if (rule.short_name == short_name) return &rule;
  }
  return schema.find(short_name);
}

Place place_of(const AttributeRule& rule) { return {nullptr, rule.short_name, rule.long_name}; }

tl::unexpected<Error> refuse(const AttributeRule& rule, std::string_view why) {
  return fail(Rsc::kBadRequest, text_of(place_of(rule)).append(": ").append(why));
}

/// "<container>", and "[firmware]" for a specialisation.
std::string quoted_name(const TypeSchema& schema) {
  const bool special = schema.management_definition != 0;
  return (special ? "[" : "<") + std::string(schema.name) + (special ? "]" : ">");
}

tl::unexpected<Error> refuse_unknown(const TypeSchema& schema, std::string_view short_name) {
  return fail(Rsc::kBadRequest,
              shortened(short_name) + ": " + quoted_name(schema) + " has no such attribute");
}

tl::unexpected<Error> refuse_not_permitted(const AttributeRule& rule, Verb verb) {
  const bool create = verb == Verb::kCreate;
  if (rule.create == Need::kNotPermitted && rule.update == Need::kNotPermitted) {
    return refuse(rule, create ? "is assigned by the CSE and may not stand in a CREATE"
                               : "is assigned by the CSE and may not stand in an UPDATE");
  }
  return refuse(rule, create ? "may not stand in a CREATE, only in an UPDATE"
                             : "is fixed at creation and may not stand in an UPDATE");
}

/// The attributes as an object, or why they are none.
Result<const Value::Object*> members_of(const TypeSchema& schema, const Value& attributes) {
  if (const Value::Object* members = attributes.as_object()) return members;
  return fail(Rsc::kBadRequest, "the content of " + quoted_name(schema) +
                                    " must be an object, not " + describe(attributes));
}

/// Source: TS-0004 clause 7.4.1 (creator): the Originator asks for it with null.
Result<void> check_creator(const AttributeRule& rule, const Value& value) {
  if (value.is_null()) return {};
  return refuse(rule, "must be null: the CSE fills in the Originator, not " + describe(value));
}

/// A specialisation is what its mgmtDefinition says. Source: TS-0004 table 7.4.15.1-3.
Result<void> check_management_definition(const TypeSchema& schema, const AttributeRule& rule,
                                         const Value& value) {
  if (value.as_integer() == schema.management_definition) return {};
  return refuse(rule, "must be " + std::to_string(schema.management_definition) + " for " +
                          quoted_name(schema) + ", not " + describe(value));
}

/// So is a specialisation of <flexContainer>. Source: TS-0004 clause 7.4.37 (containerDefinition).
Result<void> check_container_definition(const TypeSchema& schema, const AttributeRule& rule,
                                        const Value& value) {
  const std::string* text = value.as_string();
  if (!text || *text == schema.container_definition)
    return check_value(place_of(rule), rule.type, value);
  return refuse(rule, "must be \"" + std::string(schema.container_definition) + "\" for \"" +
                          std::string(schema.root) + "\", not " + describe(value));
}

Result<void> check_in_create(const TypeSchema& schema, const AttributeRule& rule,
                             const Value& value) {
  if (rule.create == Need::kNotPermitted) return refuse_not_permitted(rule, Verb::kCreate);
  if (rule.short_name == kCreator.short_name) return check_creator(rule, value);
  if (rule.short_name == "mgd" && schema.management_definition != 0) {
    return check_management_definition(schema, rule, value);
  }
  if (rule.short_name == "cnd" && !schema.container_definition.empty())
    return check_container_definition(schema, rule, value);
  return check_value(place_of(rule), rule.type, value);
}

Result<void> check_in_update(const AttributeRule& rule, const Value& value) {
  if (rule.update == Need::kNotPermitted) return refuse_not_permitted(rule, Verb::kUpdate);
  if (!value.is_null()) return check_value(place_of(rule), rule.type, value);
  if (rule.multiplicity_one) return refuse(rule, "is mandatory and may not be deleted");
  return {};
}

/// Releases before the newest do not know some attributes.
Result<void> check_attribute_release(const TypeSchema& schema, const AttributeRule& rule,
                                     Release asked) {
  if (asked >= Release::k4) return {};
  const Release came = since(schema, rule.short_name);
  return came <= asked ? Result<void>() : refuse(rule, later_than(came, asked));
}

bool is_mandatory(const TypeSchema& schema, const AttributeRule& rule, Release asked) {
  return rule.create == Need::kMandatory &&
         (asked >= Release::k4 || since(schema, rule.short_name) <= asked);
}

}  // namespace

std::span<const AttributeRule> universal_rules() { return kUniversal; }

Result<void> validate_create(const TypeSchema& schema, const Value& attributes, Release asked) {
  const auto members = members_of(schema, attributes);
  if (!members) return fail(members.error());
  for (const Member& member : **members) {
    const AttributeRule* rule = find_rule(schema, member.name);
    if (!rule) return refuse_unknown(schema, member.name);
    if (auto known = check_attribute_release(schema, *rule, asked); !known) return known;
    if (auto ok = check_in_create(schema, *rule, member.value); !ok) return ok;
  }
  for (const AttributeRule& rule : schema.rules) {
    if (is_mandatory(schema, rule, asked) && !attributes.contains(rule.short_name)) {
      return refuse(rule, "is mandatory on CREATE");
    }
  }
  return {};
}

Result<void> validate_update(const TypeSchema& schema, const Value& attributes, Release asked) {
  const auto members = members_of(schema, attributes);
  if (!members) return fail(members.error());
  for (const Member& member : **members) {
    const AttributeRule* rule = find_rule(schema, member.name);
    if (!rule) return refuse_unknown(schema, member.name);
    if (auto known = check_attribute_release(schema, *rule, asked); !known) return known;
    if (auto ok = check_in_update(*rule, member.value); !ok) return ok;
  }
  return {};
}

}  // namespace gatehouse
