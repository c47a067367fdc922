#include "cse/codec/field_rows.h"

#include <charconv>
#include <cmath>

#include "cse/codec/json.h"

namespace gatehouse::fields {
namespace {

/// "a string", "an integer", "null"
std::string with_article(std::string_view kind) {
  if (kind == "null") return "null";
  const bool vowel = kind.front() == 'i' || kind.front() == 'o';
  return (vowel ? "an " : "a ") + std::string(kind);
}

}  // namespace

tl::unexpected<Error> wrong_type(const Path& path, std::string_view expected, const Value& value) {
  return fail(Rsc::kBadRequest, path.text() + ": must be " + std::string(expected) + ", not " +
                                    with_article(value.kind_name()));
}

Done read(std::string& target, const Path& path, const Value& value, Leniency) {
  const std::string* text = value.as_string();
  if (!text) return wrong_type(path, "a string", value);
  target = *text;
  return {};
}

Done read(std::int64_t& target, const Path& path, const Value& value, Leniency leniency) {
  if (const auto integer = value.as_integer()) {
    target = *integer;
    return {};
  }
  if (const std::string* text = leniency.texts ? value.as_string() : nullptr) {
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), target);
    if (error == std::errc{} && end == text->data() + text->size()) return {};
  }
  constexpr double kExact = 9007199254740992.0;  // 2^53: beyond it a double is no exact integer
  const auto number = value.as_number();
  if (!leniency.whole_floats || !number || std::trunc(*number) != *number ||
      std::abs(*number) > kExact) {
    return wrong_type(path, "an integer", value);
  }
  target = static_cast<std::int64_t>(*number);
  return {};
}

Done read(bool& target, const Path& path, const Value& value, Leniency leniency) {
  auto truth = value.as_bool();
  if (const std::string* text = leniency.texts ? value.as_string() : nullptr) {
    if (*text == "true" || *text == "false") truth = *text == "true";
  }
  if (!truth) return wrong_type(path, "true or false", value);
  target = *truth;
  return {};
}

Done read(AttributeCondition& target, const Path& path, const Value& value, Leniency) {
  const Value::Object* members = value.as_object();
  if (!members) return wrong_type(path, "an object with nm and val", value);
  const Value* wanted = value.find("val");
  const std::string* name = value.find("nm") ? value.find("nm")->as_string() : nullptr;
  if (!name || name->empty() || !wanted || members->size() != 2) {
    return fail(Rsc::kBadRequest, path.text() + ": must have the members nm (a name) and val");
  }
  target.name = *name;
  // `val` is of any type in the standard; it is compared as text.
  target.value = wanted->as_string() ? *wanted->as_string() : to_json(*wanted);
  return {};
}

Done read_unsigned(std::optional<std::int64_t>& target, const Path& path, const Value& value,
                   Leniency leniency) {
  std::int64_t number = -1;
  if (!read(number, path, value, leniency) || number < 0) {
    if (number < 0 && value.is_number()) {
      return fail(Rsc::kBadRequest, path.text() + ": must be a non-negative integer");
    }
    return wrong_type(path, "a non-negative integer", value);
  }
  target = number;
  return {};
}

Done read_abs_rel(std::optional<std::string>& target, const Path& path, const Value& value,
                  Leniency leniency) {
  std::int64_t milliseconds = 0;
  if (const std::string* text = value.as_string()) {
    target = *text;
  } else if (read(milliseconds, path, value, leniency)) {
    target = std::to_string(milliseconds);
  } else {
    return wrong_type(path, "a timestamp or a number of milliseconds", value);
  }
  return {};
}

void append(Value& out, std::string_view name, Value value) {
  out.as_object()->push_back(Member{std::string(name), std::move(value)});
}

Value value_of(const AttributeCondition& condition) {
  return Value::object({{"nm", condition.name}, {"val", condition.value}});
}

}  // namespace gatehouse::fields
