#include "bindings/query/token_answer.h"

#include <algorithm>

namespace gatehouse::query {
namespace {

constexpr std::string_view kTokenRequest = "m2m:tqf";

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::string assigned_tokens_text(const Value& assignments) {
  std::string text;
  const Value* list = assignments.find("ltia");
  if (!list || !list->as_array()) return text;
  for (const Value& each : *list->as_array()) {
    if (!text.empty()) text += '+';
    ((text += each.string_at("lti")) += ':') += each.string_at("tkid");
  }
  return text;
}

std::optional<Value> assigned_tokens_of(std::string_view text) {
  Value list = Value::array();
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('+'), text.size());
    const std::string_view item = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t colon = item.find(':');  // a local token identifier has none in it
    if (colon == std::string_view::npos) return std::nullopt;
    list.push_back(
        Value::object({{"lti", item.substr(0, colon)}, {"tkid", item.substr(colon + 1)}}));
  }
  return Value::object({{"ltia", std::move(list)}});
}

Content body_of(const Response& response) {
  if (!response.token_request_information) return response.content;
  return Value::object({{std::string(kTokenRequest), *response.token_request_information}});
}

void take_body(Response& response, Value body) {
  const Value* told = body.size() == 1 ? body.find(kTokenRequest) : nullptr;
  if (told && response.rsc == Rsc::kOriginatorHasNoPrivilege) {
    response.token_request_information = *told;
  } else {
    response.content = Content(std::move(body));
  }
}

}  // namespace gatehouse::query
