// Values whose type is nearly that of the attribute: "5" for 5, "true" for true, 5.0 for 5, a lone
// item for a list.
#include <charconv>
#include <cmath>

#include "cse/dialect/repairs.h"
#include "cse/schema/value_check.h"

namespace gatehouse {
namespace {

/// Coerces values, and knows whether one of them is what a strict node has refused.
class Coercion {
 public:
  explicit Coercion(const Error* refusal) : refusal_(refusal) {}
  bool done() const { return done_; }

  void attribute(const Place& place, const DataType& type, Value& value) {
    if (!type.list) return one(place, type, value);
    if (!value.is_array() && !value.is_null()) {
      Value list = Value::array();
      list.push_back(std::move(value));
      value = std::move(list);
      changed(place);
    }
    Value::Array* items = value.as_array();
    for (std::size_t i = 0; items && i < items->size(); ++i) {
      one(Place{&place, {}, {}, i}, type, (*items)[i]);
    }
  }

 private:
  void one(const Place& place, const DataType& type, Value& value) {
    switch (type.kind) {
      case Kind::kBoolean:
        return truth(place, value);
      case Kind::kInteger:
      case Kind::kUnsigned:
      case Kind::kPositive:
      case Kind::kEnumeration:
        return integer(place, value);
      case Kind::kFloat:
        return number(place, value);
      case Kind::kObject:
        return members(place, type, value);
      default:
        return;
    }
  }

  void members(const Place& place, const DataType& type, Value& value) {
    for (const MemberRule& rule : type.members) {
      Value* member = value.find(rule.short_name);
      if (member) attribute(Place{&place, rule.short_name, rule.long_name}, rule.type, *member);
    }
  }

  void truth(const Place& place, Value& value) {
    const std::string* text = value.as_string();
    if (!text || (*text != "true" && *text != "false")) return;
    value = Value(*text == "true");
    changed(place);
  }

  void integer(const Place& place, Value& value) {
    std::int64_t whole = 0;
    if (const std::string* text = value.as_string()) {
      const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), whole);
      if (error != std::errc{} || end != text->data() + text->size()) return;
    } else {
      constexpr double kExact = 9007199254740992.0;  // 2^53
      const auto real = value.is_double() ? value.as_number() : std::nullopt;
      if (!real || std::trunc(*real) != *real || std::abs(*real) > kExact) return;
      whole = static_cast<std::int64_t>(*real);
    }
    value = Value(whole);
    changed(place);
  }

  void number(const Place& place, Value& value) {
    const std::string* text = value.as_string();
    double real = 0;
    if (!text) return;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), real);
    if (error != std::errc{} || end != text->data() + text->size() || !std::isfinite(real)) return;
    value = Value(real);
    changed(place);
  }

  void changed(const Place& place) {
    if (done_) return;
    done_ = !refusal_ || refusal_->detail.starts_with(text_of(place) + ": must be ");
  }

  const Error* const refusal_;
  bool done_ = false;
};

/// The table that the content is about; null: there is none.
const TypeSchema* schema_of(const Request& request, const Member& root, const Schemas& schemas) {
  if (request.operation == Operation::kUpdate) return schemas.find_by_root(root.name);
  if (request.operation != Operation::kCreate) return nullptr;
  return schemas.find_for(static_cast<int>(request.resource_type.value_or(0)), root.name);
}

}  // namespace

namespace repair {

bool scalars(Request& request, const DialectFacts& facts, const Error* refusal) {
  Value::Object* roots = request.content ? request.content->as_object() : nullptr;
  if (!roots || roots->size() != 1) return false;
  Member& root = roots->front();
  const TypeSchema* schema = schema_of(request, root, *facts.schemas);
  if (!schema || !root.value.is_object()) return false;
  Coercion coercion(refusal);
  for (Member& member : *root.value.as_object()) {
    const AttributeRule* rule = schema->find(member.name);
    if (!rule) {
      for (const AttributeRule& universal : universal_rules()) {
        if (universal.short_name == member.name) rule = &universal;
      }
    }
    if (!rule) continue;
    const Place place{nullptr, rule->short_name, rule->long_name};
    const bool before = coercion.done();
    coercion.attribute(place, rule->type, member.value);
    // "-5" is a number, and still none that may stand there.
    const bool spares = refusal && coercion.done() && !before;
    if (spares && !check_value(place, rule->type, member.value)) return false;
  }
  return coercion.done();
}

}  // namespace repair
}  // namespace gatehouse
