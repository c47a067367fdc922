#include <algorithm>

#include "bindings/coap/mapping.h"
#include "bindings/query/query_reader.h"

namespace gatehouse::coap {
namespace {

using query::split;
using Refusal = std::optional<Error>;

Error bad(std::string_view name, std::string_view rule) {
  return Error{Rsc::kBadRequest, std::string(name) + ": " + std::string(rule)};
}

std::string name_of(const OptionRow& row) { return "oneM2M-" + std::string(row.name); }

Value to_list(const std::vector<std::string>& texts) {
  Value list = Value::array();
  for (const std::string& text : texts) list.push_back(text);
  return list;
}

// --- options of oneM2M
// ----------------------------------------------------------------------------

struct FieldSetter {
  Request& request;
  const OptionRow& row;
  const std::string& value;

  Refusal again() const { return bad(name_of(row), "stands more than once"); }
  Refusal operator()(std::monostate) const { return {}; }  // of responses only: elective here
  Refusal operator()(std::string Request::*field) const {
    if (!(request.*field).empty()) return again();
    request.*field = value;
    return {};
  }
  Refusal operator()(std::optional<std::string> Request::*field) const {
    if (request.*field) return again();
    request.*field = value;
    return {};
  }
  Refusal operator()(std::optional<std::int64_t> Request::*field) const {
    if (request.*field) return again();
    const auto number = decode_unsigned(value);
    if (!number) return bad(name_of(row), "must be an unsigned integer of 4 bytes at most");
    request.*field = *number;
    return {};
  }
  Refusal operator()(std::optional<std::vector<std::string>> Request::*field) const {
    if (request.*field) return again();
    request.*field = split(value, '&');
    return {};
  }
  Refusal operator()(std::vector<std::string> Request::*field) const {
    if (!(request.*field).empty()) return again();
    request.*field = split(value, '+');
    return {};
  }
  Refusal operator()(const OtherField& field) const {
    if (request.other.contains(field.key)) return again();
    request.other.set(field.key, field.list ? to_list(split(value, '+')) : Value(value));
    return {};
  }
};

bool has_control_character(const std::string& text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

Refusal take_option(Request& request, const OptionRow& row, const std::string& value) {
  if (value.size() > row.max_bytes) {
    return bad(name_of(row), "is longer than " + std::to_string(row.max_bytes) + " bytes");
  }
  const bool is_number =
      std::holds_alternative<std::optional<std::int64_t> Request::*>(row.request);
  if (!is_number && has_control_character(value)) {
    return bad(name_of(row), "has a control character");
  }
  return std::visit(FieldSetter{request, row, value}, row.request);
}

// --- path and query
// -------------------------------------------------------------------------------

/// Segments "~", "id", "x" are "/id/x"; "_", "sp", "id" are "//sp/id"; else they are joined.
/// Source: TS-0008 clause 6.2.2.1.
Refusal take_path(Request& request, const Message& message) {
  std::size_t position = 0;
  std::string path;
  for (const Option& o : message.options) {
    if (o.number != option::kUriPath) continue;
    if (o.value.find('/') != std::string::npos || has_control_character(o.value)) {
      return bad("Uri-Path", "a segment may have neither '/' nor control characters");
    }
    const bool first = position++ == 0;
    if (first && o.value == "~") continue;
    if (first && o.value == "_") {
      path = "/";
      continue;
    }
    if (position > 1) path += '/';
    path += o.value;
  }
  request.to = std::move(path);
  return {};
}

/// What stands in a Uri-Query option is not escaped any more. Source: RFC 7252 clause 6.4.
constexpr auto kAsItIs = [](std::string_view raw) -> std::optional<std::string> {
  return std::string(raw);
};
constexpr query::ValueSyntax kSyntax = {kAsItIs, kAsItIs};

/// `op` of the query; only where the method is POST does it say more than the method.
/// Source: TS-0008 clause 6.2.1 (non-blocking requests).
Refusal take_operation(Request& request, std::string_view value, std::uint8_t method) {
  const auto number = query::read_integer(value);
  if (!number || *number < 1 || *number > 5) return bad("op", "must be an integer from 1 to 5");
  const auto wanted = static_cast<Operation>(*number);
  if (method != kPost && wanted != request.operation) {
    return bad("op", "contradicts the method; only POST stands for every operation");
  }
  request.operation = wanted;
  return {};
}

Refusal take_query(Request& request, const Message& message) {
  for (const Option& o : message.options) {
    if (o.number != option::kUriQuery || o.value.empty()) continue;
    const std::string_view item = o.value;
    const std::size_t equals = std::min(item.find('='), item.size());
    const std::string_view key = item.substr(0, equals);
    if (equals == item.size()) return bad(key, "has no value");
    const std::string_view value = item.substr(equals + 1);
    Refusal refusal;
    if (key == "op") {
      refusal = take_operation(request, value, message.code);
    } else if (key == "tkns") {
      request.other.set("tkns", to_list(split(value, '+')));
    } else {
      refusal = query::take_query_item(request, key, value, kSyntax);
    }
    if (refusal) return refusal;
  }
  return {};
}

// --- the rest
// -------------------------------------------------------------------------------------

Refusal take_method(Request& request, const Message& message) {
  switch (message.code) {
    case kGet:
      request.operation = Operation::kRetrieve;
      return {};
    case kPut:
      request.operation = Operation::kUpdate;
      return {};
    case kDelete:
      request.operation = Operation::kDelete;
      return {};
    case kPost:
      request.operation = request.resource_type ? Operation::kCreate : Operation::kNotify;
      return {};
    default:
      return Error{Rsc::kOperationNotAllowed, "the method is none of GET, POST, PUT and DELETE"};
  }
}

Refusal take_body(Request& request, const Message& message, const Codec* codec,
                  const DecodeLimits& limits) {
  if (message.payload.empty()) return {};
  if (!message.find(option::kContentFormat)) {
    return Error{Rsc::kUnsupportedMediaType, "Content-Format: is missing beside a payload"};
  }
  if (!codec) {
    return Error{Rsc::kUnsupportedMediaType,
                 "Content-Format: this entity does not read the given format"};
  }
  Result<Value> value = codec->decode(message.payload, limits);
  if (!value) return value.error();
  if (!value->is_object()) return bad("payload", "must be an object with one member");
  request.content = *std::move(value);
  return {};
}

/// Options that this entity acts upon or may ignore although they are critical.
bool is_understood(std::uint16_t number) {
  switch (number) {
    case option::kUriHost:
    case option::kUriPort:
    case option::kUriPath:
    case option::kUriQuery:
    case option::kAccept:
    case option::kBlock1:
    case option::kBlock2:
      return true;
    default:
      return !is_critical(number);
  }
}

class Reader {
 public:
  Reader(const Message& message, const Codecs& codecs, OptionNumbers usual)
      : message_(message), codecs_(codecs) {
    in_.style.numbers = usual;
  }

  Incoming read(const DecodeLimits& limits) {
    take_options();
    const Codec* codec = negotiate();
    note(take_method(in_.request, message_));
    if (in_.request.request_identifier.empty()) note(bad("oneM2M-RQI", "is missing"));
    note(take_path(in_.request, message_));
    if (!in_.refusal) note(take_query(in_.request, message_));
    if (!in_.refusal) note(take_body(in_.request, message_, codec, limits));
    return std::move(in_);
  }

 private:
  void note(Refusal refusal, std::uint8_t code = 0) {
    if (!refusal || in_.refusal) return;
    in_.refusal = std::move(refusal);
    in_.refusal_code = code;
  }

  void take_options() {
    for (const Option& o : message_.options) {
      if (const OptionRow* row = find_option(o.number)) {
        if (row->number != row->release_two_number) {
          in_.style.numbers =
              o.number == row->number ? OptionNumbers::kRegistered : OptionNumbers::kReleaseTwo;
        }
        note(take_option(in_.request, *row, o.value));
      } else if (o.number == option::kObserve && !o.value.empty() && o.value != "\x01") {
        note(bad("Observe", "has no meaning here; create a <subscription>"));
      } else if (o.number == option::kObserve && o.value.empty()) {
        note(bad("Observe", "oneM2M does not use it; create a <subscription>"));
      } else if (!is_understood(o.number)) {
        note(bad("option " + std::to_string(o.number), "is critical and not understood"),
             code(4, 2));
      }
    }
  }

  /// The codec of the payload, if any; the one of the answer goes into the style.
  const Codec* negotiate() {
    const auto given = message_.unsigned_at(option::kContentFormat);
    const Format body = given ? format_of(*given, codecs_) : Format{};
    AnswerStyle& style = in_.style;
    style.codec = body.codec ? body.codec : &codecs_.preferred();
    style.kind_told = body.codec && body.kind != BodyKind::kPlain;
    if (!message_.find(option::kAccept)) return body.codec;
    const auto wanted = message_.unsigned_at(option::kAccept);
    const Format accepted = wanted ? format_of(*wanted, codecs_) : Format{};
    if (accepted.codec) {
      style.codec = accepted.codec;
      style.kind_told = accepted.kind != BodyKind::kPlain;
    } else {
      note(Error{Rsc::kNotAcceptable, "Accept: this entity does not write the given format"});
    }
    return body.codec;
  }

  const Message& message_;
  const Codecs& codecs_;
  Incoming in_;
};

}  // namespace

Incoming read_request(const Message& message, const Codecs& codecs, OptionNumbers usual,
                      const DecodeLimits& limits) {
  return Reader(message, codecs, usual).read(limits);
}

}  // namespace gatehouse::coap
