#include <charconv>

#include "bindings/http/field_table.h"
#include "bindings/http/mapping.h"
#include "bindings/http/message_writer.h"
#include "bindings/http/status_table.h"
#include "bindings/query/query_writer.h"
#include "bindings/query/token_answer.h"

namespace gatehouse::http {
namespace {

std::string_view method_of(Operation operation) {
  switch (operation) {
    case Operation::kRetrieve:
      return "GET";
    case Operation::kUpdate:
      return "PUT";
    case Operation::kDelete:
      return "DELETE";
    case Operation::kCreate:
    case Operation::kNotify:
      break;
  }
  return "POST";
}

// --- query
// ----------------------------------------------------------------------------------------------------------

void append_query(std::string& out, const Request& request, bool has_query) {
  query::write_query(request, append_percent_encoded,
                     [&out, &has_query](std::string_view key, std::string_view value) {
                       out += has_query ? '&' : '?';
                       has_query = true;
                       append_percent_encoded(out, key);
                       (out += '=') += value;
                     });
}

void append_target(std::string& out, const Request& request, const Url& url, bool exact) {
  std::string_view prefix = url.path;
  if (exact) {
    out += prefix.empty() ? "/" : prefix;
  } else {
    if (prefix.ends_with('/')) prefix.remove_suffix(1);
    out += prefix;
    if (request.to.starts_with("//")) {
      out += "/_";
      append_percent_encoded(out, std::string_view(request.to).substr(1));
    } else {
      out += request.to.starts_with('/') ? "/~" : "/";
      append_percent_encoded(out, request.to);
    }
  }
  if (!url.query.empty()) (out += '?') += url.query;
  append_query(out, request, !url.query.empty());
}

// --- header fields
// --------------------------------------------------------------------------------------------------

struct HeaderWriter {
  std::string& out;
  const Request& request;
  std::string_view name;

  void text(std::string_view value) const {
    out += "X-M2M-";
    append_field(out, name, value);
  }
  void operator()(std::string Request::*field) const {
    if (!(request.*field).empty()) text(request.*field);
  }
  void operator()(std::optional<std::string> Request::*field) const {
    if (request.*field) text(*(request.*field));
  }
  void operator()(std::optional<std::int64_t> Request::*field) const {
    if (request.*field) text(std::to_string(*(request.*field)));
  }
};

std::string joined(const Texts& texts, char separator) {
  std::string out;
  for (const std::string& text : texts) {
    if (!out.empty()) out += separator;
    out += text;
  }
  return out;
}

void append_header_fields(std::string& out, const Request& request) {
  for (const RequestHeaderRow& row : request_header_rows()) {
    std::visit(HeaderWriter{out, request, row.name}, row.field);
  }
  if (request.notification_uris) {
    append_field(out, "X-M2M-RTU", joined(*request.notification_uris, '&'));
  }
  if (!request.group_request_target_members.empty()) {
    append_field(out, "X-M2M-GTM", joined(request.group_request_target_members, '+'));
  }
  for (const OtherRow& row : other_rows()) {
    if (row.header.empty() || !request.other.contains(row.key)) continue;
    out += "X-M2M-";
    append_field(out, row.header, joined(request.other.strings_at(row.key), '+'));
  }
  const Texts tokens = request.other.strings_at("tkns");
  if (!tokens.empty()) append_field(out, "Authorization", joined(tokens, '+'));
}

/// Accept and Content-Type name the same serialisation: the one this entity speaks to that
/// receiver.
void append_body(std::string& out, const Request& request, const Codec& codec) {
  append_field(out, "Accept", "application/" + std::string(codec.name()));
  const bool creates = request.operation == Operation::kCreate && request.resource_type;
  if (!request.content && !creates) {
    const bool has_body_method = method_of(request.operation).front() == 'P';
    out += has_body_method ? "Content-Length: 0\r\n\r\n" : "\r\n";
    return;
  }
  const std::string body = request.content ? codec.encode(*request.content) : std::string();
  out += "Content-Type: application/";
  out += codec.name();
  if (creates) {
    out += ";ty=";
    append_number(out, *request.resource_type);
  }
  out += "\r\nContent-Length: ";
  append_number(out, static_cast<std::int64_t>(body.size()));
  out += "\r\n\r\n";
  out += body;
}

// --- response
// -------------------------------------------------------------------------------------------------------

struct ResponseSetter {
  Response& response;
  std::string_view value;

  bool operator()(std::string Response::*field) const {
    (response.*field).assign(value);
    return true;
  }
  bool operator()(std::optional<std::string> Response::*field) const {
    (response.*field).emplace(value);
    return true;
  }
  /// As an xs:boolean may stand.
  bool operator()(std::optional<bool> Response::*field) const {
    const bool yes = value == "true" || value == "1", no = value == "false" || value == "0";
    if (yes || no) response.*field = yes;
    return yes || no;
  }
  bool operator()(std::optional<std::int64_t> Response::*field) const {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc{} || end != value.data() + value.size()) return false;
    response.*field = number;
    return true;
  }
};

std::optional<Rsc> read_rsc(std::string_view text) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (number < 1000 || number > 9999) return std::nullopt;
  return static_cast<Rsc>(number);
}

bool take_m2m_field(Response& response, const HeaderField& field) {
  if (equal_ignoring_case(field.name, "X-M2M-ATI")) {
    response.assigned_token_ids = query::assigned_tokens_of(field.value);
    return response.assigned_token_ids.has_value();
  }
  for (const ResponseHeaderRow& row : response_header_rows()) {
    if (equal_ignoring_case(row.name, field.name.substr(6))) {
      return std::visit(ResponseSetter{response, field.value}, row.field);
    }
  }
  return true;
}

/// The address behind a Content-Location, which may be a whole URL.
std::string address_of_location(std::string_view location) {
  if (const auto url = parse_url(location)) return address_of_location(url->path);
  const auto decoded = percent_decode(location).value_or(std::string());
  const std::string_view text = decoded;
  if (text.starts_with("/~/")) return std::string(text.substr(2));
  if (text.starts_with("/_/")) return "/" + std::string(text.substr(2));
  return std::string(text.starts_with('/') ? text.substr(1) : text);
}

}  // namespace

bool is_for_exact_url(const Request& request, const Url& url, std::string_view receiver_id) {
  if (request.operation != Operation::kNotify) return false;
  const bool names_place = (!url.path.empty() && url.path != "/") || !url.query.empty();
  return request.to.empty() || request.to.find("://") != std::string::npos ||
         (names_place && request.to == receiver_id);
}

std::string write_request(const Request& request, const Url& url, bool exact, const Codec& codec) {
  std::string out;
  out.reserve(512);
  out += method_of(request.operation);
  out += ' ';
  append_target(out, request, url, exact);
  out += " HTTP/1.1\r\n";
  append_field(out, "Host", authority_of(url));
  append_header_fields(out, request);
  append_body(out, request, codec);
  return out;
}

Result<Response> read_response(const ResponseParts& parts, const Request& request,
                               const Codecs& codecs, const DecodeLimits& limits) {
  Response response;
  std::optional<Rsc> rsc;
  std::string_view media_type;
  for (const HeaderField& field : *parts.headers) {
    if (equal_ignoring_case(field.name, "X-M2M-RSC")) {
      rsc = read_rsc(field.value);
      if (!rsc) return fail(Rsc::kTargetNotReachable, "the answer's X-M2M-RSC is no status code");
    } else if (equal_ignoring_case(field.name.substr(0, 6), "X-M2M-")) {
      if (!take_m2m_field(response, field)) {
        return fail(Rsc::kTargetNotReachable,
                    "the answer's " + std::string(field.name) + " cannot be read");
      }
    } else if (equal_ignoring_case(field.name, "Content-Type")) {
      media_type = read_content_type(field.value).media_type;
    } else if (equal_ignoring_case(field.name, "Content-Location")) {
      response.content_location = address_of_location(field.value);
    }
  }
  if (response.request_identifier.empty()) response.request_identifier = request.request_identifier;
  if (!rsc) {
    response.rsc = rsc_of_http_status(parts.status);
    if (request.operation == Operation::kNotify && is_success(response.rsc)) return response;
    return fail(Rsc::kTargetNotReachable,
                "the answer has no X-M2M-RSC; its HTTP status is " + std::to_string(parts.status));
  }
  response.rsc = *rsc;
  if (parts.body.empty()) return response;
  const Codec* codec = media_type.empty() ? &codecs.preferred() : codecs.by_media_type(media_type);
  if (!codec) return fail(Rsc::kTargetNotReachable, "the answer's Content-Type is not understood");
  Result<Value> value = codec->decode(parts.body, limits);
  if (!value) {
    return fail(Rsc::kTargetNotReachable,
                "the answer's body cannot be read: " + value.error().detail);
  }
  query::take_body(response, *std::move(value));
  return response;
}

}  // namespace gatehouse::http
