// What ACME's tools and tests write, made what the standard wants; and what ACME refuses beyond it.
#include <algorithm>

#include "cse/codec/json.h"
#include "cse/dialect/repairs.h"

namespace gatehouse {
namespace {

Value* written(Request& request, std::string_view root) {
  const bool writes =
      request.operation == Operation::kCreate || request.operation == Operation::kUpdate;
  Value* found = writes && request.content ? request.content->find(root) : nullptr;
  return found && found->is_object() ? found : nullptr;
}

/// "1500.0" becomes "1500"; false: it is no such number.
bool without_fraction(std::optional<std::string>& time) {
  if (!time) return false;
  const std::size_t point = time->find('.');
  const auto digits = [](std::string_view text) {
    return !text.empty() && text.size() < 16 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  if (point == std::string::npos || !digits(std::string_view(*time).substr(0, point)) ||
      !digits(std::string_view(*time).substr(point + 1)))
    return false;
  time->resize(point);
  return true;
}

bool has_whole_number(const Value& value) {
  if (value.is_integer()) return true;
  const Value::Array* items = value.as_array();
  return items && std::any_of(items->begin(), items->end(), has_whole_number);
}

}  // namespace

namespace repair {

/// {"enc":{"net":[8],"nct":5}} is {"enc":{"net":[8]},"nct":5}.
bool nested_content_type(Request& request, const DialectFacts&, const Error*) {
  Value* sub = written(request, "m2m:sub");
  Value* criteria = sub ? sub->find("enc") : nullptr;
  const Value* nested = criteria ? criteria->find("nct") : nullptr;
  if (!nested) return false;
  if (!sub->contains("nct")) {
    Value moved = *nested;
    sub->set("nct", std::move(moved));
    criteria = sub->find("enc");
  }
  criteria->erase("nct");
  return true;
}

bool fractional_times(Request& request, const DialectFacts&, const Error* refusal) {
  const auto is_about = [refusal](const char* name) { return refusal->detail.starts_with(name); };
  if (refusal && !is_about("rqet ") && !is_about("rset ") && !is_about("oet ") && !is_about("rp "))
    return false;
  bool changed = false;
  for (auto* time : {&request.request_expiration, &request.result_expiration,
                     &request.operation_execution_time, &request.result_persistence})
    changed = without_fraction(*time) || changed;
  return changed;
}

}  // namespace repair

namespace objection {

std::optional<Error> whole_coordinates(const Request& request) {
  const bool writes =
      request.operation == Operation::kCreate || request.operation == Operation::kUpdate;
  const Value::Object* content = writes && request.content ? request.content->as_object() : nullptr;
  const Value* location =
      content && content->size() == 1 ? content->front().value.find("loc") : nullptr;
  const Value* coordinates = location ? location->find("crd") : nullptr;
  const std::string* text = coordinates ? coordinates->as_string() : nullptr;
  if (!text) return std::nullopt;
  const auto tree = parse_json(*text);
  if (!tree || !has_whole_number(*tree)) return std::nullopt;
  return Error{Rsc::kBadRequest,
               "loc (location)/crd (coordinates): ACME wants a decimal point in "
               "each number"};
}

}  // namespace objection
}  // namespace gatehouse
