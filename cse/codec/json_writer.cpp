// The writing half of json.h. By hand, because it is on the path of every response.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "cse/codec/json.h"
#include "cse/codec/utf8.h"

namespace gatehouse {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

/// True for the bytes that may be copied as they are, whatever follows them.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (int byte = 0x20; byte < 0x80; ++byte) plain[byte] = byte != '"' && byte != '\\';
  return plain;
}();

/// How many bytes at the start of the text may be copied as they are. Looks at eight at a time: a
/// byte is not plain if it is below 0x20, a quote, a backslash, or above 0x7F.
std::size_t plain_length(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101, kTops = 0x8080808080808080;
  const auto has_zero = [](std::uint64_t x) { return (x - kOnes) & ~x & kTops; };
  std::size_t length = 0;
  for (; length + 8 <= text.size(); length += 8) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, text.data() + length, sizeof eight);
    const std::uint64_t below = (eight - kOnes * 0x20) & ~eight & kTops;
    if ((below | has_zero(eight ^ (kOnes * '"')) | has_zero(eight ^ (kOnes * '\\')) |
         (eight & kTops)) != 0) {
      break;
    }
  }
  while (length < text.size() && kPlain[static_cast<unsigned char>(text[length])]) ++length;
  return length;
}

void append_escaped(std::string& out, char c) {
  static constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  out += "\\u00";
  out += kHex[(c >> 4) & 0xF];
  out += kHex[c & 0xF];
}

void append_number(std::string& out, std::int64_t number) {
  char text[24];
  out.append(text, std::to_chars(text, text + sizeof text, number).ptr);
}

void append_number(std::string& out, double number) {
  if (!std::isfinite(number)) {
    out += "null";  // JSON has no word for it
    return;
  }
  char text[32];
  const char* end = std::to_chars(text, text + sizeof text, number).ptr;
  const std::string_view written(text, static_cast<std::size_t>(end - text));
  out += written;
  if (written.find_first_of(".e") == std::string_view::npos) out += ".0";  // stays a double
}

}  // namespace

namespace {

/// Text that needs no escapes, in quotes and with `behind` after it: one growth of `out` for all.
void append_plain(std::string& out, std::string_view text, std::string_view behind = {}) {
  const std::size_t at = out.size();
  out.resize(at + text.size() + 2 + behind.size());
  char* to = out.data() + at;
  *to++ = '"';
  to = std::copy(text.begin(), text.end(), to);
  *to++ = '"';
  std::copy(behind.begin(), behind.end(), to);
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  if (plain_length(text) == text.size()) return append_plain(out, text);
  out += '"';
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t plain = plain_length(text.substr(at));
    out.append(text, at, plain);
    at += plain;
    if (at == text.size()) break;
    if (static_cast<unsigned char>(text[at]) < 0x80) {
      append_escaped(out, text[at++]);
      continue;
    }
    const std::size_t length = utf8_length(text.substr(at, 4));
    if (length > 0) {
      out.append(text, at, length);
    } else {
      out += kReplacement;
    }
    at += length > 0 ? length : 1;
  }
  out += '"';
}

void append_json(std::string& out, const Value& value) {
  if (const std::string* text = value.as_string()) return append_json_string(out, *text);
  if (const auto integer = value.as_integer()) return append_number(out, *integer);
  if (const auto number = value.as_number()) return append_number(out, *number);
  if (const auto truth = value.as_bool()) {
    out += *truth ? "true" : "false";
  } else if (const Value::Array* items = value.as_array()) {
    out += '[';
    for (const Value& item : *items) {
      if (&item != items->data()) out += ',';
      append_json(out, item);
    }
    out += ']';
  } else if (const Value::Object* members = value.as_object()) {
    out += '{';
    for (const Member& member : *members) {
      if (&member != members->data()) out += ',';
      if (plain_length(member.name) == member.name.size()) {
        append_plain(out, member.name, ":");
      } else {
        append_json_string(out, member.name);
        out += ':';
      }
      append_json(out, member.value);
    }
    out += '}';
  } else {
    out += "null";
  }
}

std::string to_json(const Value& value) {
  std::string out;
  out.reserve(256);  // most resources fit
  append_json(out, value);
  return out;
}

std::string to_json(const Content& content) {
  if (content.json()) return *content.json();
  return content.tree() ? to_json(*content.tree()) : std::string();
}

}  // namespace gatehouse
