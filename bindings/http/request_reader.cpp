#include <algorithm>
#include <charconv>

#include "bindings/http/field_table.h"
#include "bindings/http/mapping.h"
#include "bindings/query/query_reader.h"

namespace gatehouse::http {
namespace {

using query::read_integer;
using query::split;
using Refusal = std::optional<Error>;

Error bad(std::string_view name, std::string_view rule) {
  return Error{Rsc::kBadRequest, std::string(name) + ": " + std::string(rule)};
}

Value to_list(const Texts& texts) {
  Value list = Value::array();
  for (const std::string& text : texts) list.push_back(text);
  return list;
}

// --- header fields
// --------------------------------------------------------------------------------------------------

struct HeaderSetter {
  Request& request;
  std::string_view name, value;

  Refusal operator()(std::string Request::*field) const {
    if (!(request.*field).empty()) return bad(name, "stands more than once");
    (request.*field).assign(value);
    return {};
  }
  Refusal operator()(std::optional<std::string> Request::*field) const {
    if (request.*field) return bad(name, "stands more than once");
    (request.*field).emplace(value);
    return {};
  }
  Refusal operator()(std::optional<std::int64_t> Request::*field) const {
    if (request.*field) return bad(name, "stands more than once");
    request.*field = read_integer(value);
    if (!(request.*field)) return bad(name, "must be an integer");
    return {};
  }
};

/// One field whose name begins with "X-M2M-"; unknown ones are ignored.
Refusal take_m2m_field(Request& request, const HeaderField& field) {
  const std::string_view name = field.name.substr(6);
  for (const RequestHeaderRow& row : request_header_rows()) {
    if (equal_ignoring_case(row.name, name)) {
      return std::visit(HeaderSetter{request, field.name, field.value}, row.field);
    }
  }
  if (equal_ignoring_case(name, "RTU")) {
    request.notification_uris = split(field.value, '&');
  } else if (equal_ignoring_case(name, "GTM")) {
    request.group_request_target_members = split(field.value, '+');
  }
  for (const OtherRow& row : other_rows()) {
    if (row.header.empty() || !equal_ignoring_case(row.header, name)) continue;
    request.other.set(row.key, row.kind == OtherKind::kTexts ? to_list(split(field.value, '+'))
                                                             : Value(field.value));
  }
  return {};
}

/// Tokens of clause 6.4: joined by '+', or one behind "Bearer". Other schemes carry no token.
void take_authorization(Request& request, std::string_view value) {
  constexpr std::string_view kBearer = "bearer ";
  if (equal_ignoring_case(value.substr(0, kBearer.size()), kBearer)) {
    value.remove_prefix(kBearer.size());
  } else if (value.find(' ') != std::string_view::npos) {
    return;
  }
  request.other.set("tkns", to_list(split(value, '+')));
}

struct StandardFields {
  std::string_view content_type, accept, content_encoding;
};

Refusal take_headers(Request& request, const std::vector<HeaderField>& headers,
                     StandardFields& standard) {
  Refusal first;
  for (const HeaderField& field : headers) {
    if (field.name.size() > 6 && equal_ignoring_case(field.name.substr(0, 6), "X-M2M-")) {
      Refusal refusal = take_m2m_field(request, field);
      if (refusal && !first) first = std::move(refusal);
    } else if (equal_ignoring_case(field.name, "Content-Type")) {
      standard.content_type = field.value;
    } else if (equal_ignoring_case(field.name, "Accept")) {
      standard.accept = field.value;
    } else if (equal_ignoring_case(field.name, "Content-Encoding")) {
      standard.content_encoding = field.value;
    } else if (equal_ignoring_case(field.name, "Authorization")) {
      take_authorization(request, field.value);
    }
  }
  return first;
}

// --- query
// ----------------------------------------------------------------------------------------------------------

/// '+' is a space in a text, and %2B a plus within a list item.
constexpr query::ValueSyntax kSyntax = {
    [](std::string_view raw) { return percent_decode(raw, true); },
    [](std::string_view raw) { return percent_decode(raw, false, true); }};

Refusal take_query(Request& request, std::string_view query) {
  while (!query.empty()) {
    const std::size_t at = std::min(query.find('&'), query.size());
    const std::string_view item = query.substr(0, at);
    query.remove_prefix(std::min(at + 1, query.size()));
    if (item.empty()) continue;
    const std::size_t equals = std::min(item.find('='), item.size());
    const auto key = percent_decode(item.substr(0, equals));
    if (!key) return bad("query", "has a broken percent-escape");
    if (equals == item.size()) return bad(*key, "has no value");
    if (Refusal refusal = query::take_query_item(request, *key, item.substr(equals + 1), kSyntax))
      return refusal;
  }
  return {};
}

// --- request line and body
// ------------------------------------------------------------------------------------------

/// Without scheme and authority of the absolute form.
std::string_view origin_form(std::string_view target) {
  if (target.starts_with('/')) return target;
  const std::size_t scheme_end = target.find("://");
  if (scheme_end == std::string_view::npos) return target;
  const std::size_t path = target.find_first_of("/?", scheme_end + 3);
  return path == std::string_view::npos ? std::string_view("/") : target.substr(path);
}

/// "/~/id/x" is "/id/x", "/_/sp/id/x" is "//sp/id/x", "/base/x" is "base/x". Source: TS-0009
/// clause 6.2.2.1.
Refusal take_path(Request& request, std::string_view path) {
  if (!path.starts_with('/')) return bad("request target", "must begin with '/'");
  const auto decoded = percent_decode(path);
  if (!decoded) return bad("request target", "has a broken percent-escape");
  const std::string_view text = *decoded;
  if (text.starts_with("/~/")) {
    request.to = text.substr(2);
  } else if (text.starts_with("/_/")) {
    request.to = "/" + std::string(text.substr(2));
  } else {
    request.to = text.substr(1);
  }
  return {};
}

/// "/cse-in/cnt#lbl": a oneM2M address names one attribute so (TS-0004 clause 6.2.3). TS-0009 has
/// atrl for it, and HTTP no place for a fragment; a client that writes one can mean nothing else.
Refusal take_attribute_of_path(Request& request) {
  const std::size_t hash = request.to.find('#');
  if (hash == std::string::npos) return {};
  if (hash + 1 == request.to.size()) return bad("request target", "has no attribute behind '#'");
  if (!request.attribute_list.empty())
    return bad("atrl", "the attribute is already named in the request target");
  request.attribute_list = {request.to.substr(hash + 1)};
  request.to.resize(hash);
  return {};
}

Refusal take_method(Request& request, std::string_view method, const ContentType& type) {
  // Where it has no place it is read only to be refused by the core, which names the rule.
  if (type.type_text && method != "POST") {
    request.resource_type = read_integer(*type.type_text).value_or(0);
  }
  if (method == "GET") {
    request.operation = Operation::kRetrieve;
  } else if (method == "PUT") {
    request.operation = Operation::kUpdate;
  } else if (method == "DELETE") {
    request.operation = Operation::kDelete;
  } else if (method == "POST") {
    request.operation = type.type_text ? Operation::kCreate : Operation::kNotify;
    if (!type.type_text) return {};
    request.resource_type = read_integer(*type.type_text);
    if (!request.resource_type) return bad("Content-Type", "ty must be an integer");
  } else {
    return Error{Rsc::kOperationNotAllowed,
                 "the method is none of GET, POST, PUT, DELETE and OPTIONS"};
  }
  return {};
}

Refusal take_body(Request& request, std::string_view body, const ContentType& type,
                  const Codec* codec, const DecodeLimits& limits) {
  if (body.empty()) return {};
  if (!codec) {
    return Error{Rsc::kUnsupportedMediaType,
                 type.media_type.empty()
                     ? std::string("Content-Type: is missing beside a body")
                     : "Content-Type: this entity does not read the given media type"};
  }
  Result<Value> value = codec->decode(body, limits);
  if (!value) return value.error();
  if (!value->is_object()) return bad("body", "must be an object with one member");
  request.content = *std::move(value);
  return {};
}

}  // namespace

Incoming read_request(const RequestParts& parts, const Codecs& codecs, const DecodeLimits& limits) {
  Incoming in;
  StandardFields standard;
  const auto note = [&in](Refusal refusal) {
    if (refusal && !in.refusal) in.refusal = std::move(refusal);
  };
  note(take_headers(in.request, *parts.headers, standard));
  const ContentType type = read_content_type(standard.content_type);
  const Codec* codec = type.media_type.empty() ? nullptr : codecs.by_media_type(type.media_type);
  const Codec& fallback = codec ? *codec : codecs.preferred();
  in.answer = negotiate(standard.accept, codecs, fallback);
  if (!in.answer.codec) {
    in.answer.codec = &fallback;
    note(Error{Rsc::kNotAcceptable, "Accept: this entity writes none of the given media types"});
  }
  note(take_method(in.request, parts.method, type));
  // What is packed is not unpacked: a small body could become a very large one.
  const std::string_view encoding = standard.content_encoding;
  if (!encoding.empty() && !equal_ignoring_case(encoding, "identity")) {
    note(Error{Rsc::kUnsupportedMediaType, "Content-Encoding: bodies are read as they are only"});
  }
  const std::string_view target = origin_form(parts.target);
  const std::size_t question = std::min(target.find('?'), target.size());
  note(take_path(in.request, target.substr(0, question)));
  if (!in.refusal && question < target.size()) {
    note(take_query(in.request, target.substr(question + 1)));
  }
  if (!in.refusal) note(take_attribute_of_path(in.request));
  if (!in.refusal) note(take_body(in.request, parts.body, type, codec, limits));
  return in;
}

}  // namespace gatehouse::http
