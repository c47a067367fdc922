#include "bindings/query/query_reader.h"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace gatehouse::query {
namespace {

using Refusal = std::optional<Error>;

Error bad(std::string_view name, std::string_view rule) {
  return Error{Rsc::kBadRequest, std::string(name) + ": " + std::string(rule)};
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<bool> read_bool(std::string_view text) {
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  return std::nullopt;
}

/// A list value: '+' parts the items, %2B is a plus within one.
std::optional<Texts> decode_list(std::string_view raw, const ValueSyntax& syntax) {
  Texts items = split(raw, '+');
  for (std::string& item : items) {
    auto decoded = syntax.item(item);
    if (!decoded) return std::nullopt;
    item = *std::move(decoded);
  }
  return items;
}

/// Puts one raw query value into the member of `target` that a row names.
template <class Target>
struct QuerySetter {
  Target& target;
  std::string_view key, raw;
  const ValueSyntax& syntax;

  Error not_escaped() const { return bad(key, "has a broken percent-escape"); }
  Refusal operator()(std::optional<std::string> Target::*field) const {
    if (target.*field) return bad(key, "stands more than once");
    target.*field = syntax.text(raw);
    return target.*field ? Refusal{} : not_escaped();
  }
  Refusal operator()(std::optional<std::int64_t> Target::*field) const {
    if (target.*field) return bad(key, "stands more than once");
    target.*field = read_integer(raw);
    return target.*field ? Refusal{} : bad(key, "must be an integer");
  }
  Refusal operator()(std::optional<bool> Target::*field) const {
    if (target.*field) return bad(key, "stands more than once");
    target.*field = read_bool(raw);
    return target.*field ? Refusal{} : bad(key, "must be true, false, 1 or 0");
  }
  Refusal operator()(Texts Target::*field) const {
    auto items = decode_list(raw, syntax);
    if (!items) return not_escaped();
    if (items->empty()) return bad(key, "has no value");
    std::move(items->begin(), items->end(), std::back_inserter(target.*field));
    return {};
  }
  Refusal operator()(Integers Target::*field) const {
    const Texts items = split(raw, '+');
    if (items.empty()) return bad(key, "has no value");
    for (const std::string& item : items) {
      const auto number = read_integer(item);
      if (!number) return bad(key, "must be integers joined by '+'");
      (target.*field).push_back(*number);
    }
    return {};
  }
};

Refusal take_other(Request& request, const OtherRow& row, std::string_view raw,
                   const ValueSyntax& syntax) {
  if (row.kind == OtherKind::kBool) {
    const auto value = read_bool(raw);
    if (!value) return bad(row.key, "must be true, false, 1 or 0");
    request.other.set(row.key, *value);
    return {};
  }
  const auto items = decode_list(raw, syntax);
  if (!items) return bad(row.key, "has a broken percent-escape");
  Value* list = request.other.find(row.key);
  if (!list) list = request.other.set(row.key, Value::array()).find(row.key);
  for (const std::string& item : *items) list->push_back(item);
  return {};
}

bool looks_like_short_name(std::string_view name) {
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  if (name.empty() || name.size() > 32 || !is_lower(name.front())) return false;
  return std::all_of(name.begin(), name.end(), [is_lower](char c) {
    return is_lower(c) || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
}

/// "name=value", "c.name=value" or "p.name=value".
Refusal take_attribute_condition(FilterCriteria& filter, std::string_view key, std::string_view raw,
                                 const ValueSyntax& syntax) {
  auto* conditions = &filter.attributes;
  std::string_view name = key;
  if (key.starts_with("c.")) conditions = &filter.child_attributes;
  if (key.starts_with("p.")) conditions = &filter.parent_attributes;
  if (conditions != &filter.attributes) name.remove_prefix(2);
  if (!looks_like_short_name(name)) {
    return bad(key, "is neither a parameter nor the short name of an attribute");
  }
  if (name == "atr" || name == "catr" || name == "patr") {
    return bad(key, "an attribute condition is written as <short name>=<value>");
  }
  auto value = syntax.text(raw);
  if (!value) return bad(key, "has a broken percent-escape");
  conditions->push_back({std::string(name), *std::move(value)});
  return {};
}

template <class Rows>
auto find_row(const Rows& rows, std::string_view key) {
  const auto row =
      std::find_if(rows.begin(), rows.end(), [key](const auto& r) { return r.key == key; });
  return row == rows.end() ? nullptr : &*row;
}

}  // namespace

std::optional<std::int64_t> read_integer(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Texts split(std::string_view text, char separator) {
  Texts parts;
  for (;;) {
    const std::size_t at = text.find(separator);
    const std::string_view part = trimmed(text.substr(0, at));
    if (!part.empty()) parts.emplace_back(part);
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::optional<Error> take_query_item(Request& request, std::string_view key, std::string_view raw,
                                     const ValueSyntax& syntax) {
  if (const auto* row = find_row(request_query_rows(), key)) {
    return std::visit(QuerySetter<Request>{request, key, raw, syntax}, row->field);
  }
  const auto* other = find_row(other_rows(), key);
  if (other && other->header.empty()) return take_other(request, *other, raw, syntax);
  if (!request.filter) request.filter.emplace();
  if (const auto* row = find_row(filter_query_rows(), key)) {
    return std::visit(QuerySetter<FilterCriteria>{*request.filter, key, raw, syntax}, row->field);
  }
  return take_attribute_condition(*request.filter, key, raw, syntax);
}

}  // namespace gatehouse::query
