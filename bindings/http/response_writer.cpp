#include <algorithm>
#include <charconv>

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
  out += "HTTP/1.1 ";
  append_number(out, options.status ? options.status : http_status_of(response.rsc));
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
  if (!options.keep_alive) out += "Connection: close\r\n";
  const Content content = query::body_of(response);
  if (content.empty()) {
    out += "Content-Length: 0\r\n\r\n";
    return;
  }
  append_content_type(out, content, options.style);
  out += "Content-Length: ";
  const std::string* ready = options.style.codec->name() == "json" ? content.json() : nullptr;
  const std::string made = ready ? std::string() : options.style.codec->encode(content);
  const std::string& body = ready ? *ready : made;
  append_number(out, static_cast<std::int64_t>(body.size()));
  out += "\r\n\r\n";
  out += body;
}

}  // namespace gatehouse::http
