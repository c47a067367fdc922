#include "cse/primitive/value.h"

#include <algorithm>

namespace gatehouse {

Value::Value(Object value) : data_(std::move(value)) {}
Value::Value(const Value&) = default;
Value::Value(Value&&) noexcept = default;
Value& Value::operator=(const Value&) = default;
Value& Value::operator=(Value&&) noexcept = default;
Value::~Value() = default;

Value Value::object(std::initializer_list<Member> members) { return Value(Object(members)); }
Value Value::array(std::initializer_list<Value> items) { return Value(Array(items)); }

std::string_view Value::kind_name() const {
  static constexpr std::string_view kNames[] = {"null",   "boolean", "integer", "number",
                                                "string", "list",    "object"};
  return kNames[data_.index()];
}

std::optional<bool> Value::as_bool() const {
  const bool* value = std::get_if<bool>(&data_);
  return value ? std::optional(*value) : std::nullopt;
}

std::optional<double> Value::as_number() const {
  if (const auto integer = as_integer()) return static_cast<double>(*integer);
  const double* value = std::get_if<double>(&data_);
  return value ? std::optional(*value) : std::nullopt;
}

const Value* Value::find(std::string_view name) const {
  const Object* members = as_object();
  if (!members) return nullptr;
  for (const Member& member : *members) {  // most names differ in length or in the first letter
    if (member.name.size() != name.size()) continue;
    if (name.empty() || (member.name.front() == name.front() && member.name == name))
      return &member.value;
  }
  return nullptr;
}

Value* Value::find(std::string_view name) {
  return const_cast<Value*>(std::as_const(*this).find(name));
}

std::string Value::string_at(std::string_view name, std::string_view fallback) const {
  const Value* member = find(name);
  const std::string* text = member ? member->as_string() : nullptr;
  return text ? *text : std::string(fallback);
}

std::int64_t Value::integer_at(std::string_view name, std::int64_t fallback) const {
  const Value* member = find(name);
  return member ? member->as_integer().value_or(fallback) : fallback;
}

bool Value::bool_at(std::string_view name, bool fallback) const {
  const Value* member = find(name);
  return member ? member->as_bool().value_or(fallback) : fallback;
}

std::vector<std::string> Value::strings_at(std::string_view name) const {
  std::vector<std::string> texts;
  const Value* member = find(name);
  if (!member) return texts;
  if (const std::string* text = member->as_string()) texts.push_back(*text);
  if (const Array* items = member->as_array()) {
    for (const Value& item : *items) {
      if (const std::string* text = item.as_string()) texts.push_back(*text);
    }
  }
  return texts;
}

Value& Value::set(std::string_view name, Value value) {
  if (is_null()) data_ = Object{};
  if (Value* existing = find(name)) {
    *existing = std::move(value);
  } else if (Object* members = as_object()) {
    members->push_back(Member{std::string(name), std::move(value)});
  }
  return *this;
}

bool Value::erase(std::string_view name) {
  Object* members = as_object();
  return members && std::erase_if(*members, [name](const Member& m) { return m.name == name; }) > 0;
}

Value& Value::push_back(Value item) {
  if (is_null()) data_ = Array{};
  if (Array* items = as_array()) items->push_back(std::move(item));
  return *this;
}

std::size_t Value::size() const {
  if (const Array* items = as_array()) return items->size();
  if (const Object* members = as_object()) return members->size();
  return 0;
}

bool operator==(const Value& a, const Value& b) {
  if (a.data_.index() != b.data_.index()) return false;
  const Value::Object* left = a.as_object();
  if (!left) {
    if (const auto* items = a.as_array()) return *items == *b.as_array();
    if (const auto* text = a.as_string()) return *text == *b.as_string();
    if (a.is_double()) return *a.as_number() == *b.as_number();
    return a.as_bool() == b.as_bool() && a.as_integer() == b.as_integer();
  }
  const Value::Object& right = *b.as_object();
  return left->size() == right.size() &&
         std::all_of(left->begin(), left->end(), [&b](const Member& member) {
           const Value* other = b.find(member.name);
           return other && *other == member.value;
         });
}

}  // namespace gatehouse
