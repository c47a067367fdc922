#include "cse/schema/value_check.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdio>

#include "cse/primitive/identifiers.h"
#include "cse/primitive/schedule_entry.h"
#include "cse/primitive/timestamp.h"

namespace gatehouse {
namespace {

constexpr std::size_t kQuotedBytes = 40;       // of a foreign string in an error text
constexpr std::size_t kNamedEnumerators = 16;  // an enumeration of more values is listed as ranges

std::string path_of(const Place& place) {
  if (place.short_name.empty()) {
    return (place.parent ? path_of(*place.parent) : "") + "[" + std::to_string(place.index) + "]";
  }
  std::string path = place.parent ? path_of(*place.parent) + "/" : "";
  return path.append(place.short_name);
}

std::string_view long_name_of(const Place& place) {
  if (!place.short_name.empty() || !place.parent) return place.long_name;
  return long_name_of(*place.parent);
}

tl::unexpected<Error> refuse(const Place& place, const std::string& wanted, const Value& value) {
  return fail(Rsc::kBadRequest,
              text_of(place) + ": must be " + wanted + ", not " + describe(value));
}

bool is_control_or_space(unsigned char c) { return c <= ' ' || c == 0x7F; }

/// An identifier or a URI: something, and without spaces.
bool is_token(std::string_view text) {
  return !text.empty() && std::none_of(text.begin(), text.end(), is_control_or_space);
}

/// Source: XML Schema Part 2 clause 3.3.2 (token); an empty one says nothing.
bool is_collapsed(std::string_view text) {
  if (text.empty() || text.front() == ' ' || text.back() == ' ') return false;
  if (text.find("  ") != text.npos) return false;
  return text.find_first_of("\t\r\n") == text.npos;
}

/// Source: TS-0004 clause 6.3.3 (m2m:serializations), TS-0009 clause 6.7 (media types).
bool is_serialization(std::string_view text) {
  constexpr std::string_view kFormats[] = {"xml", "json", "cbor"};
  constexpr std::string_view kPrefixes[] = {
      "application/", "application/vnd.onem2m-res+", "application/vnd.onem2m-preq+",
      "application/vnd.onem2m-prsp+", "application/vnd.onem2m-ntfy+"};
  for (const std::string_view prefix : kPrefixes) {
    if (!text.starts_with(prefix)) continue;
    const std::string_view format = text.substr(prefix.size());
    if (std::find(std::begin(kFormats), std::end(kFormats), format) != std::end(kFormats))
      return true;
  }
  return false;
}

/// XML's NCName; of what is not ASCII all is taken.
bool is_name_without_colons(std::string_view text) {
  const auto begins = [](unsigned char c) { return std::isalpha(c) != 0 || c == '_' || c >= 0x80; };
  return !text.empty() && begins(static_cast<unsigned char>(text[0])) &&
         std::all_of(text.begin(), text.end(), [begins](unsigned char c) {
           return begins(c) || std::isdigit(c) != 0 || c == '-' || c == '.';
         });
}

bool is_base64(std::string_view text) {
  if (text.size() % 4 != 0) return false;
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '+' || c == '/'; });
}

/// "10.0.0.1", "10.0.0.0/8", "2001:db8::/32".
bool is_ip_network(std::string_view text, int family) {
  const std::size_t slash = text.find('/');
  in6_addr address;
  if (inet_pton(family, std::string(text.substr(0, slash)).c_str(), &address) != 1) return false;
  if (slash == std::string_view::npos) return true;
  const std::string_view digits = text.substr(slash + 1);
  int bits = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  return error == std::errc{} && end == digits.data() + digits.size() && bits >= 0 &&
         bits <= (family == AF_INET ? 32 : 128);
}

bool is_abs_rel_timestamp(const Value& value) {
  if (value.is_integer()) return true;
  const std::string* text = value.as_string();
  return text && parse_abs_rel_timestamp(*text, Timestamp{}).has_value();
}

/// "1 (IN_CSE), 2 (MN_CSE), 3 (ASN_CSE)", or "1..63" where there are many.
std::string values_of(const Enumeration& enumeration) {
  const auto values = enumeration.values;
  const bool named = values.size() <= kNamedEnumerators;
  std::string text;
  for (std::size_t first = 0, last = 0; first < values.size(); first = last + 1) {
    last = first;
    while (!named && last + 1 < values.size() && values[last + 1].value == values[last].value + 1) {
      ++last;
    }
    if (!text.empty()) text += ", ";
    text += std::to_string(values[first].value);
    if (last > first) text += ".." + std::to_string(values[last].value);
    if (named && !values[first].name.empty()) {
      text.append(" (").append(values[first].name).append(")");
    }
  }
  return text;
}

bool is_one_of(const Enumeration& enumeration, const Value& value) {
  const auto number = value.as_integer();
  return number && std::any_of(enumeration.values.begin(), enumeration.values.end(),
                               [number](const Enumerator& e) { return e.value == *number; });
}

/// How a value of a kind is called in an error text.
struct KindText {
  Kind kind;
  std::string_view one;
  std::string_view many;
};

constexpr KindText kKindTexts[] = {
    {Kind::kString, "a string", "strings"},
    {Kind::kToken, "a text that is not empty, without tabs, line breaks or double spaces",
     "such texts"},
    {Kind::kSerialization,
     "a media type such as application/json, application/cbor or application/xml", "media types"},
    {Kind::kNcName, "a name of letters, digits, '-', '.' and '_' that starts with a letter or '_'",
     "names"},
    {Kind::kResourceName,
     "a name of letters, digits, '-', '.' and '_' that starts with a letter or digit",
     "resource names"},
    {Kind::kId, "an identifier: a string that is not empty and has no spaces", "identifiers"},
    {Kind::kUri, "a URI: a string that is not empty and has no spaces", "URIs"},
    {Kind::kBoolean, "true or false", "booleans"},
    {Kind::kInteger, "an integer", "integers"},
    {Kind::kUnsigned, "a non-negative integer", "non-negative integers"},
    {Kind::kPositive, "a positive integer", "positive integers"},
    {Kind::kFloat, "a number", "numbers"},
    {Kind::kTimestamp, "a timestamp such as 20270131T120000", "timestamps"},
    {Kind::kAbsRelTimestamp, "a timestamp such as 20270131T120000, or a number of milliseconds",
     "timestamps"},
    {Kind::kDuration, "a duration of days, hours, minutes and seconds such as PT10S", "durations"},
    {Kind::kScheduleEntry,
     "a schedule entry of seven fields (second minute hour day-of-month month day-of-week year), "
     "each '*' or a list of numbers and ranges",
     "schedule entries"},
    {Kind::kIpv4, "an IPv4 address, maybe with \"/bits\"", "IPv4 addresses"},
    {Kind::kIpv6, "an IPv6 address, maybe with \"/bits\"", "IPv6 addresses"},
    {Kind::kBase64, "base64 text", "base64 texts"},
    {Kind::kEnumeration, "", "integers"},
    {Kind::kObject, "an object", "objects"},
    {Kind::kAny, "a value", "values"},
};

const KindText& text_of(Kind kind) {
  return *std::find_if(std::begin(kKindTexts), std::end(kKindTexts),
                       [kind](const KindText& text) { return text.kind == kind; });
}

bool is_text(const Value& value, bool (*accepts)(std::string_view)) {
  const std::string* text = value.as_string();
  return text && accepts(*text);
}

/// All kinds but kObject.
bool fits(const DataType& type, const Value& value) {
  switch (type.kind) {
    case Kind::kString:
      return value.is_string();
    case Kind::kToken:
      return is_text(value, is_collapsed);
    case Kind::kSerialization:
      return is_text(value, is_serialization);
    case Kind::kNcName:
      return is_text(value, is_name_without_colons);
    case Kind::kResourceName:
      return is_text(value, is_resource_name);
    case Kind::kId:
    case Kind::kUri:
      return is_text(value, is_token);
    case Kind::kBoolean:
      return value.is_bool();
    case Kind::kInteger:
      return value.is_integer();
    case Kind::kUnsigned:
      return value.as_integer().value_or(-1) >= 0;
    case Kind::kPositive:
      return value.as_integer().value_or(0) >= 1;
    case Kind::kFloat:
      return value.is_number();
    case Kind::kTimestamp:
      return is_text(value, [](std::string_view t) { return parse_timestamp(t).has_value(); });
    case Kind::kAbsRelTimestamp:
      return is_abs_rel_timestamp(value);
    case Kind::kDuration:
      return is_text(value, [](std::string_view t) { return parse_duration(t).has_value(); });
    case Kind::kScheduleEntry:
      return is_text(value, [](std::string_view t) { return ScheduleEntry::parse(t).has_value(); });
    case Kind::kIpv4:
      return is_text(value, [](std::string_view t) { return is_ip_network(t, AF_INET); });
    case Kind::kIpv6:
      return is_text(value, [](std::string_view t) { return is_ip_network(t, AF_INET6); });
    case Kind::kBase64:
      return is_text(value, is_base64);
    case Kind::kEnumeration:
      return is_one_of(*type.enumeration, value);
    case Kind::kObject:
      return value.is_object();
    case Kind::kAny:
      return !value.is_null();
  }
  return false;
}

Result<void> check_object(const Place& place, const DataType& type, const Value& value) {
  for (const Member& member : *value.as_object()) {
    const auto rule =
        std::find_if(type.members.begin(), type.members.end(),
                     [&member](const MemberRule& r) { return r.short_name == member.name; });
    if (rule == type.members.end()) {
      return fail(Rsc::kBadRequest,
                  text_of(place) + ": has no member \"" + shortened(member.name) + "\"");
    }
    const Place inner{&place, rule->short_name, rule->long_name};
    if (auto ok = check_value(inner, rule->type, member.value); !ok) return ok;
  }
  for (const MemberRule& rule : type.members) {
    if (!rule.mandatory || value.contains(rule.short_name)) continue;
    const Place inner{&place, rule.short_name, rule.long_name};
    return fail(Rsc::kBadRequest, text_of(inner) + ": is mandatory");
  }
  return {};
}

Result<void> check_one(const Place& place, const DataType& type, const Value& value) {
  if (!fits(type, value)) {
    return refuse(place,
                  type.kind == Kind::kEnumeration ? "one of " + values_of(*type.enumeration)
                                                  : std::string(text_of(type.kind).one),
                  value);
  }
  if (type.kind == Kind::kObject) {
    if (auto ok = check_object(place, type, value); !ok) return ok;
  }
  if (!type.rule) return {};
  const std::string wrong = type.rule(value);
  if (wrong.empty()) return {};
  return fail(Rsc::kBadRequest, text_of(place) + ": " + wrong);
}

}  // namespace

std::string text_of(const Place& place) {
  std::string text = path_of(place);
  const std::string_view long_name = long_name_of(place);
  if (!long_name.empty()) text.append(" (").append(long_name).append(")");
  return text;
}

std::string shortened(std::string_view text) {
  if (text.size() <= kQuotedBytes) return std::string(text);
  std::size_t end = kQuotedBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "…";
}

std::string describe(const Value& value) {
  if (const std::string* text = value.as_string()) return "the string \"" + shortened(*text) + "\"";
  if (const auto truth = value.as_bool()) return *truth ? "true" : "false";
  if (const auto integer = value.as_integer()) return "the number " + std::to_string(*integer);
  if (const auto number = value.as_number()) {
    char digits[32];
    std::snprintf(digits, sizeof digits, "%g", *number);
    return std::string("the number ") + digits;
  }
  if (const Value::Array* items = value.as_array())
    return items->empty() ? "an empty list" : "a list";
  return value.is_null() ? "null" : "an object";
}

Result<void> check_value(const Place& place, const DataType& type, const Value& value) {
  if (!type.list) return check_one(place, type, value);
  const Value::Array* items = value.as_array();
  if (!items || (type.non_empty && items->empty())) {
    const std::string wanted = type.non_empty ? "a non-empty list of " : "a list of ";
    return refuse(place, wanted + std::string(text_of(type.kind).many), value);
  }
  for (std::size_t i = 0; i < items->size(); ++i) {
    const Place item{&place, {}, {}, i};
    if (auto ok = check_one(item, type, (*items)[i]); !ok) return ok;
  }
  return {};
}

Result<void> validate_value(std::string_view path, const DataType& type, const Value& value) {
  return check_value(Place{nullptr, path, {}}, type, value);
}

}  // namespace gatehouse
