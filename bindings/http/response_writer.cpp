#include <algorithm>
#include <charconv>

#include "bindings/http/entity_tag.h"
#include "bindings/http/field_table.h"
#include "bindings/http/mapping.h"
#include "bindings/http/message_writer.h"
#include "bindings/http/status_table.h"
#include "bindings/query/token_answer.h"

namespace gatehouse::http {
namespace {

struct HeaderWriter {
  std::string& out;
  const Response& response;
  std::string_view name;

  void begin() const {
    out += "X-M2M-";
    out += name;
    out += ": ";
  }
  void text(const std::string& value) const {
    begin();
    append_field_value(out, value);
    out += "\r\n";
  }
  void operator()(std::string Response::*field) const {
    if (!(response.*field).empty()) text(response.*field);
  }
  void operator()(std::optional<std::string> Response::*field) const {
    if (response.*field) text(*(response.*field));
  }
  void operator()(std::optional<bool> Response::*field) const {
    if (response.*field) text(*(response.*field) ? "true" : "false");
  }
  void operator()(std::optional<std::int64_t> Response::*field) const {
    if (!(response.*field)) return;
    begin();
    append_number(out, *(response.*field));
    out += "\r\n";
  }
};

/// The kind in "application/vnd.onem2m-<kind>+json": a serialised primitive, or a resource. Source:
/// TS-0009 clause 6.4.3.
std::string_view vendor_kind(const Content& content) {
  const Value* tree = content.tree();
  const std::string* json = content.json();
  const auto is_root = [tree, json](std::string_view root) {
    return (tree && tree->contains(root)) ||
           (json && std::string_view(*json).substr(0, root.size() + 2).ends_with(root));
  };
  if (is_root("m2m:rqp")) return "preq";
  if (is_root("m2m:rsp")) return "prsp";
  return "res";
}

void append_content_type(std::string& out, const Content& content, const Negotiated& style) {
  if (style.vendor_type) {
    out += "Content-Type: application/vnd.onem2m-";
    out += vendor_kind(content);
    out += '+';
  } else {
    out += "Content-Type: application/";
  }
  out += style.codec->name();
  out += "\r\n";
}

void append_content_location(std::string& out, std::string_view address) {
  out += "Content-Location: ";
  if (address.starts_with("//")) {
    out += "/_";
    address.remove_prefix(1);
  } else if (address.starts_with('/')) {
    out += "/~";
  } else {
    out += '/';
  }
  append_percent_encoded(out, address);
  out += "\r\n";
}

void append_status_and_fields(std::string& out, const Response& response,
                              const AnswerOptions& options, int status) {
  out += "HTTP/1.1 ";
  append_number(out, status ? status : http_status_of(response.rsc));
  out += " \r\nX-M2M-RSC: ";
  append_number(out, static_cast<int>(response.rsc));
  out += "\r\n";
  for (const ResponseHeaderRow& row : response_header_rows()) {
    std::visit(HeaderWriter{out, response, row.name}, row.field);
  }
  if (response.assigned_token_ids) {
    append_field(out, "X-M2M-ATI", query::assigned_tokens_text(*response.assigned_token_ids));
  }
  if (!response.dialect.empty()) append_field(out, "X-Gatehouse-Compat", response.dialect);
  if (!response.content_location.empty()) append_content_location(out, response.content_location);
  out += options.extra_fields;
}

/// 412 in place of an answer that If-Match does not name.
void append_mismatch(std::string& out, const Response& response, AnswerOptions options) {
  Response refusal;
  refusal.rsc = Rsc::kBadRequest;
  refusal.request_identifier = response.request_identifier;
  refusal.release_version = response.release_version;
  refusal.content = Value::object({{"m2m:dbg", "If-Match: names another state of the resource"}});
  options.status = 412;
  options.is_get = false;
  append_response(out, refusal, options);
}

}  // namespace

void append_number(std::string& out, std::int64_t number) {
  char text[24];
  const auto [end, error] = std::to_chars(text, text + sizeof text, number);
  out.append(text, error == std::errc{} ? end : text);
}

void append_field_value(std::string& out, std::string_view value) {
  const std::size_t start = out.size();
  out += value;
  std::replace_if(
      out.begin() + static_cast<std::ptrdiff_t>(start), out.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  append_field_value(out, value);
  out += "\r\n";
}

void append_response(std::string& out, const Response& response, const AnswerOptions& options) {
  constexpr std::size_t kUsualHeader = 384;
  const std::string* text = response.content.json();
  out.reserve(out.size() + kUsualHeader + (text ? text->size() : 0));
  if (response.suppressed) {  // nothing of the primitive; HTTP itself wants an answer
    out += "HTTP/1.1 204 \r\n";
    out += options.extra_fields;
    out += options.keep_alive ? "\r\n" : "Connection: close\r\n\r\n";
    return;
  }
  const Content content = query::body_of(response);
  const std::string* ready = options.style.codec->name() == "json" ? content.json() : nullptr;
  const std::string made =
      ready || content.empty() ? std::string() : options.style.codec->encode(content);
  const std::string& body = ready ? *ready : made;
  std::string tag;
  if (options.is_get && response.rsc == Rsc::kOk && !body.empty()) tag = entity_tag_of(body);
  if (!tag.empty() && !options.if_match.empty() && !names_tag(options.if_match, tag, false)) {
    return append_mismatch(out, response, options);
  }
  const bool is_known =
      !tag.empty() && !options.if_none_match.empty() && names_tag(options.if_none_match, tag, true);
  append_status_and_fields(out, response, options, is_known ? 304 : options.status);
  if (!tag.empty()) append_field(out, "ETag", tag);
  if (!options.keep_alive) out += "Connection: close\r\n";
  if (is_known) {
    out += "\r\n";
    return;
  }
  if (body.empty()) {
    out += "Content-Length: 0\r\n\r\n";
    return;
  }
  append_content_type(out, content, options.style);
  out += "Content-Length: ";
  append_number(out, static_cast<std::int64_t>(body.size()));
  out += "\r\n\r\n";
  out += body;
}

}  // namespace gatehouse::http
