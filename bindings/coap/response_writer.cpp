#include "bindings/coap/code_table.h"
#include "bindings/coap/mapping.h"
#include "bindings/query/token_answer.h"

namespace gatehouse::coap {
namespace {

struct FieldWriter {
  Message& message;
  const Response& response;
  const OptionRow& row;
  std::uint16_t number;

  /// A text that does not fit is left out: an option that is too long would make the answer void.
  void text(const std::string& value) const {
    const std::string fit = fitted(row, value);
    if (fit.size() <= row.max_bytes) message.add(number, fit);
  }
  void operator()(std::monostate) const {}
  void operator()(std::string Response::*field) const {
    if (!(response.*field).empty()) text(response.*field);
  }
  void operator()(std::optional<std::string> Response::*field) const {
    if (response.*field) text(*(response.*field));
  }
  void operator()(std::optional<Value> Response::*field) const {
    if (response.*field) text(query::assigned_tokens_text(*(response.*field)));
  }
  void operator()(std::optional<bool> Response::*field) const {
    if (response.*field) message.add(number, *(response.*field) ? 1u : 0u);
  }
  void operator()(std::optional<std::int64_t> Response::*field) const {
    if (response.*field) message.add(number, static_cast<std::uint32_t>(*(response.*field)));
  }
};

/// "base/x" is two segments, "/id/x" gets "~" before them, "//sp/id/x" gets "_".
void add_location(Message& message, std::string_view address) {
  if (address.starts_with("//")) {
    message.add(option::kLocationPath, "_");
    address.remove_prefix(2);
  } else if (address.starts_with('/')) {
    message.add(option::kLocationPath, "~");
    address.remove_prefix(1);
  }
  while (!address.empty()) {
    const std::size_t end = std::min(address.find('/'), address.size());
    message.add(option::kLocationPath, std::string(address.substr(0, end)));
    address.remove_prefix(std::min(end + 1, address.size()));
  }
}

}  // namespace

Message write_response(const Response& response, Operation operation, const AnswerStyle& style,
                       std::uint8_t refusal_code) {
  Message message;
  message.code = refusal_code ? refusal_code : code_of(response.rsc, operation);
  for (const OptionRow& row : option_rows()) {
    std::visit(FieldWriter{message, response, row, row.number_in(style.numbers)}, row.response);
  }
  message.add(rsc_row().number_in(style.numbers), static_cast<std::uint32_t>(response.rsc));
  if (!response.content_location.empty()) add_location(message, response.content_location);
  if (operation == Operation::kRetrieve) message.add(option::kMaxAge, 0u);
  const Content content = query::body_of(response);
  if (content.empty()) return message;
  message.payload = style.codec->encode(content);
  const BodyKind kind = style.kind_told ? kind_of(content) : BodyKind::kPlain;
  if (const auto number = number_of(*style.codec, kind)) {
    message.add(option::kContentFormat, *number);
  }
  return message;
}

}  // namespace gatehouse::coap
