#include "ae-apps/ota/uptane/canonical.h"

#include <algorithm>
#include <array>

namespace gatehouse::uptane {
namespace {

enum class Strings : std::uint8_t { kOlpc, kJson, kJsonAscii };

void append_unit(std::string& out, unsigned unit) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kDigits[(unit >> shift) & 0xF];
}

/// One code point of UTF-8, which a parsed text always is; moves `at` behind it.
unsigned code_point(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const unsigned first = byte(at);
  const std::size_t more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : first >= 0xC0 ? 1 : 0;
  unsigned point = more == 0 ? first : first & (0x3FU >> more);
  for (std::size_t i = 1; i <= more; ++i) point = (point << 6) | (byte(at + i) & 0x3F);
  at += more + 1;
  return point;
}

void append_control(std::string& out, char c) {
  switch (c) {
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
      append_unit(out, static_cast<unsigned char>(c));
  }
}

void append_escaped_point(std::string& out, std::string_view text, std::size_t& at) {
  unsigned point = code_point(text, at);
  if (point < 0x10000) return append_unit(out, point);
  point -= 0x10000;
  append_unit(out, 0xD800 + (point >> 10));
  append_unit(out, 0xDC00 + (point & 0x3FF));
}

void append_string(std::string& out, std::string_view text, Strings strings) {
  out += '"';
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    const auto byte = static_cast<unsigned char>(c);
    if (strings == Strings::kJsonAscii && byte >= 0x7F) {
      append_escaped_point(out, text, at);
      continue;
    }
    ++at;
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (strings != Strings::kOlpc && byte < 0x20) {
      append_control(out, c);
    } else {
      out += c;
    }
  }
  out += '"';
}

bool append_value(std::string& out, const Value& value, Strings strings);

bool append_list(std::string& out, const Value::Array& items, Strings strings) {
  out += '[';
  bool first = true;
  for (const Value& item : items) {
    if (!first) out += ',';
    first = false;
    if (!append_value(out, item, strings)) return false;
  }
  out += ']';
  return true;
}

bool append_object(std::string& out, const Value::Object& members, Strings strings) {
  std::vector<const Member*> sorted;
  sorted.reserve(members.size());
  for (const Member& member : members) sorted.push_back(&member);
  std::sort(sorted.begin(), sorted.end(),
            [](const Member* a, const Member* b) { return a->name < b->name; });
  out += '{';
  bool first = true;
  for (const Member* member : sorted) {
    if (!first) out += ',';
    first = false;
    append_string(out, member->name, strings);
    out += ':';
    if (!append_value(out, member->value, strings)) return false;
  }
  out += '}';
  return true;
}

/// False for a number that is no integer. Recursive: depth is bounded where the value was decoded.
bool append_value(std::string& out, const Value& value, Strings strings) {
  if (const auto* object = value.as_object()) return append_object(out, *object, strings);
  if (const auto* list = value.as_array()) return append_list(out, *list, strings);
  if (const auto* text = value.as_string()) {
    append_string(out, *text, strings);
  } else if (const auto truth = value.as_bool()) {
    out += *truth ? "true" : "false";
  } else if (value.is_null()) {
    out += "null";
  } else if (value.is_integer()) {
    out += std::to_string(*value.as_integer());
  } else {
    return false;
  }
  return true;
}

}  // namespace

std::optional<std::string> canonical_json(const Value& value) {
  std::string out;
  if (!append_value(out, value, Strings::kOlpc)) return std::nullopt;
  return out;
}

std::vector<std::string> signing_forms(const Value& value) {
  std::vector<std::string> forms;
  for (const Strings strings : {Strings::kOlpc, Strings::kJson, Strings::kJsonAscii}) {
    std::string form;
    if (!append_value(form, value, strings)) return {};
    if (std::find(forms.begin(), forms.end(), form) == forms.end()) {
      forms.push_back(std::move(form));
    }
    const bool special = std::any_of(forms.front().begin(), forms.front().end(), [](char c) {
      return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7F;
    });
    if (!special) break;
  }
  return forms;
}

}  // namespace gatehouse::uptane
