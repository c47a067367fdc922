#include "cse/codec/xml/scalars.h"

#include <charconv>
#include <cmath>

#include "cse/codec/json.h"
#include "cse/codec/utf8.h"

namespace gatehouse::xml {
namespace {

Value read_bool(std::string_view text) {
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  return text;
}

/// xs:integer within 64 bits, with a plus if the sender likes one.
std::optional<std::int64_t> integer_of(std::string_view text) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  std::int64_t number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (text.empty() || error != std::errc{} || end != last) return std::nullopt;
  return number;
}

Value read_integer(std::string_view text) {
  const auto number = integer_of(text);
  return number ? Value(*number) : Value(text);
}

/// xs:double, less INF and NaN, for which the other serialisations have no word.
Value read_number(std::string_view text) {
  if (const auto integer = integer_of(text)) return *integer;
  std::string_view digits = text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  double number = 0;
  const char* const last = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), last, number);
  const bool whole = !digits.empty() && error == std::errc{} && end == last;
  return whole && std::isfinite(number) ? Value(number) : Value(text);
}

Value read_double(std::string_view text) {
  const Value number = read_number(text);
  const auto real = number.as_number();
  return real ? Value(*real) : number;
}

struct XsdType {
  std::string_view name;
  Value (*read)(std::string_view);
};
constexpr XsdType kXsdTypes[] = {
    {"integer", read_integer},
    {"long", read_integer},
    {"int", read_integer},
    {"short", read_integer},
    {"nonNegativeInteger", read_integer},
    {"positiveInteger", read_integer},
    {"unsignedInt", read_integer},
    {"unsignedLong", read_integer},
    {"double", read_double},
    {"float", read_double},
    {"decimal", read_number},
    {"boolean", read_bool},
};

bool keeps_blanks(Kind kind) { return kind == Kind::kString || kind == Kind::kAny; }

}  // namespace

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

Value interpret(const DataType& type, std::string_view text) {
  const std::string_view word = keeps_blanks(type.kind) ? text : trimmed(text);
  switch (type.kind) {
    case Kind::kBoolean:
      return read_bool(word);
    case Kind::kInteger:
    case Kind::kUnsigned:
    case Kind::kPositive:
    case Kind::kEnumeration:
      return read_integer(word);
    case Kind::kFloat:
      return read_number(word);
    default:
      return word;
  }
}

std::optional<Value> interpret_as(std::string_view xsd_type, std::string_view text) {
  if (xsd_type == "string") return Value(text);
  for (const XsdType& type : kXsdTypes) {
    if (type.name == xsd_type) return type.read(trimmed(text));
  }
  return std::nullopt;
}

std::optional<std::string> text_of(const Value& value) {
  if (const std::string* text = value.as_string()) {
    return is_xml_text(*text) ? std::optional(*text) : std::nullopt;
  }
  const auto number = value.as_number();
  const bool scalar = value.is_bool() || (number && std::isfinite(*number));
  return scalar ? std::optional(to_json(value)) : std::nullopt;
}

std::string_view xsd_type_of(const Value& value) {
  if (value.is_bool()) return "xs:boolean";
  if (value.is_integer()) return "xs:integer";
  return value.is_double() ? "xs:double" : "xs:string";
}

bool is_xml_text(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') return false;
    if (byte == 0xEF && text.substr(at, 2) == "\xEF\xBF" && at + 2 < text.size() &&
        static_cast<unsigned char>(text[at + 2]) >= 0xBE) {
      return false;  // U+FFFE, U+FFFF
    }
  }
  return is_utf8(text);
}

}  // namespace gatehouse::xml
