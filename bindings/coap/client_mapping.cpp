#include <algorithm>

#include "bindings/coap/code_table.h"
#include "bindings/coap/mapping.h"
#include "bindings/query/query_writer.h"
#include "bindings/query/token_answer.h"

namespace gatehouse::coap {
namespace {

constexpr std::size_t kMaxTextBytes = 255;  // of a path segment or a query item

std::uint8_t method_of(const Request& request) {
  // Source: TS-0008 clause 6.2.1: what is not blocking is a POST that names its operation.
  const auto blocking = static_cast<std::int64_t>(ResponseType::kBlocking);
  if (request.response_type.value_or(blocking) != blocking) return kPost;
  switch (request.operation) {
    case Operation::kRetrieve:
      return kGet;
    case Operation::kUpdate:
      return kPut;
    case Operation::kDelete:
      return kDelete;
    case Operation::kCreate:
    case Operation::kNotify:
      break;
  }
  return kPost;
}

class RequestWriter {
 public:
  RequestWriter(const Request& request, OptionNumbers numbers)
      : request_(request), numbers_(numbers) {
    message_.code = method_of(request);
  }

  Result<Message> write(const Url& url, bool exact, const Codec& codec) {
    for (const OptionRow& row : option_rows()) {
      row_ = &row;
      std::visit([this](const auto& field) { put(field); }, row.request);
    }
    row_ = nullptr;
    for (const std::string& segment : url.path) text(option::kUriPath, segment);
    if (!exact) add_address(request_.to);
    for (const std::string& item : url.query) text(option::kUriQuery, item);
    add_query();
    add_body(codec);
    if (too_long_) return fail(Rsc::kBadRequest, *too_long_ + " does not fit into a CoAP option");
    return std::move(message_);
  }

 private:
  void text(std::uint16_t number, std::string value) {
    const std::size_t limit = row_ ? row_->max_bytes : kMaxTextBytes;
    if (row_) value = fitted(*row_, std::move(value));
    if (value.size() > limit) {
      too_long_ = row_                          ? "oneM2M-" + std::string(row_->name)
                  : number == option::kUriQuery ? "a query item"
                                                : "a segment of the path";
      return;
    }
    message_.add(number, std::move(value));
  }
  static std::string joined(const std::vector<std::string>& texts, char separator) {
    std::string out;
    for (const std::string& item : texts) {
      if (!out.empty()) out += separator;
      out += item;
    }
    return out;
  }
  std::uint16_t number() const { return row_->number_in(numbers_); }

  void put(std::monostate) {}
  void put(std::string Request::*field) {
    if (!(request_.*field).empty()) text(number(), request_.*field);
  }
  void put(std::optional<std::string> Request::*field) {
    if (request_.*field) text(number(), *(request_.*field));
  }
  void put(std::optional<std::int64_t> Request::*field) {
    if (request_.*field) message_.add(number(), static_cast<std::uint32_t>(*(request_.*field)));
  }
  void put(std::optional<std::vector<std::string>> Request::*field) {
    if (request_.*field) text(number(), joined(*(request_.*field), '&'));
  }
  void put(std::vector<std::string> Request::*field) {
    if (!(request_.*field).empty()) text(number(), joined(request_.*field, '+'));
  }
  void put(const OtherField& field) {
    const Value* value = request_.other.find(field.key);
    if (!value) return;
    text(number(), field.list ? joined(request_.other.strings_at(field.key), '+')
                              : request_.other.string_at(field.key));
  }

  void add_address(std::string_view to) {
    if (to.starts_with("//")) {
      text(option::kUriPath, "_");
      to.remove_prefix(2);
    } else if (to.starts_with('/')) {
      text(option::kUriPath, "~");
      to.remove_prefix(1);
    }
    while (!to.empty()) {
      const std::size_t end = std::min(to.find('/'), to.size());
      text(option::kUriPath, std::string(to.substr(0, end)));
      to.remove_prefix(std::min(end + 1, to.size()));
    }
  }

  void add_query() {
    const auto as_it_is = [](std::string& out, std::string_view value) { out += value; };
    query::write_query(request_, as_it_is, [this](std::string_view key, std::string_view value) {
      text(option::kUriQuery, std::string(key) + "=" + std::string(value));
    });
    const auto tokens = request_.other.strings_at("tkns");
    if (!tokens.empty()) text(option::kUriQuery, "tkns=" + joined(tokens, '+'));
    // Without a type a POST is a NOTIFY, with one a CREATE.
    const auto usual = request_.resource_type ? Operation::kCreate : Operation::kNotify;
    if (message_.code == kPost && request_.operation != usual) {
      text(option::kUriQuery, "op=" + std::to_string(static_cast<int>(request_.operation)));
    }
  }

  void add_body(const Codec& codec) {
    const auto format = number_of(codec, BodyKind::kPlain);
    if (format) message_.add(option::kAccept, *format);
    if (!request_.content) return;
    message_.payload = codec.encode(*request_.content);
    if (format) message_.add(option::kContentFormat, *format);
  }

  const Request& request_;
  const OptionNumbers numbers_;
  const OptionRow* row_ = nullptr;
  Message message_;
  std::optional<std::string> too_long_;
};

struct ResponseSetter {
  Response& response;
  const std::string& value;

  bool operator()(std::monostate) const { return true; }
  bool operator()(std::string Response::*field) const {
    response.*field = value;
    return true;
  }
  bool operator()(std::optional<std::string> Response::*field) const {
    response.*field = value;
    return true;
  }
  bool operator()(std::optional<Value> Response::*field) const {
    response.*field = query::assigned_tokens_of(value);
    return (response.*field).has_value();
  }
  bool operator()(std::optional<bool> Response::*field) const {
    const auto number = decode_unsigned(value);
    if (number) response.*field = *number != 0;
    return number && *number <= 1;
  }
  bool operator()(std::optional<std::int64_t> Response::*field) const {
    const auto number = decode_unsigned(value);
    if (number) response.*field = *number;
    return number.has_value();
  }
};

std::string location_of(const Message& message) {
  std::string address;
  bool first = true;
  for (const Option& o : message.options) {
    if (o.number != option::kLocationPath) continue;
    if (first && o.value == "_") {
      address = "/";
    } else if (!first || o.value != "~") {
      if (!first) address += '/';
      address += o.value;
    }
    first = false;
  }
  return address;
}

tl::unexpected<Error> unusable(const std::string& what) {
  return fail(Rsc::kTargetNotReachable, "the answer " + what);
}

}  // namespace

bool is_for_exact_url(const Request& request, const Url& url, std::string_view receiver_id) {
  if (request.operation != Operation::kNotify) return false;
  const bool names_place = !url.path.empty() || !url.query.empty();
  return request.to.empty() || request.to.find("://") != std::string::npos ||
         (names_place && request.to == receiver_id);
}

Result<Message> write_request(const Request& request, const Url& url, bool exact,
                              const Codec& codec, OptionNumbers numbers) {
  return RequestWriter(request, numbers).write(url, exact, codec);
}

Result<Response> read_response(const Message& message, const Request& request, const Codecs& codecs,
                               const DecodeLimits& limits) {
  Response response;
  response.rsc = rsc_of(message.code, request.operation);
  for (const Option& o : message.options) {
    const OptionRow* row = find_option(o.number);
    if (row == &rsc_row()) {
      const auto number = decode_unsigned(o.value);
      if (!number || *number < 1000 || *number > 9999) {
        return unusable("has a oneM2M-RSC that is no status");
      }
      response.rsc = static_cast<Rsc>(*number);
    } else if (row) {
      if (!std::visit(ResponseSetter{response, o.value}, row->response)) {
        return unusable("has a oneM2M-" + std::string(row->name) + " that cannot be read");
      }
    } else if (is_critical(o.number) && o.number != option::kBlock1 &&
               o.number != option::kBlock2) {
      return unusable("has option " + std::to_string(o.number) +
                      ", which is critical and not understood");
    }
  }
  if (response.request_identifier.empty()) response.request_identifier = request.request_identifier;
  response.content_location = location_of(message);
  if (message.payload.empty()) return response;
  const auto number = message.unsigned_at(option::kContentFormat);
  const Codec* codec = number ? format_of(*number, codecs).codec : nullptr;
  if (!codec) {
    if (is_success(response.rsc)) return unusable("has a Content-Format that is not understood");
    // A diagnostic message. Source: RFC 7252 clause 5.5.2.
    response.content = Value::object({{"m2m:dbg", message.payload.substr(0, 512)}});
    return response;
  }
  Result<Value> value = codec->decode(message.payload, limits);
  if (!value) return unusable("has a payload that cannot be read: " + value.error().detail);
  query::take_body(response, *std::move(value));
  return response;
}

}  // namespace gatehouse::coap
