#pragma once
#include <span>

#include "cse/primitive/request.h"

/// Private to this folder: a primitive or a filter criteria as a table of rows, each tying a short
/// name to a member of the struct and to the way in which its value is read and written.
namespace gatehouse::fields {

/// How exact a sender must be.
struct Leniency {
  bool whole_floats = false;  ///< 2000.0 counts as 2000
  bool lone_items = false;    ///< 4 counts as [4]
  bool texts = false;         ///< "4" counts as 4, "true" as true
};

/// Where a value stands, for error texts: "fc/" and "lim". The name may be anything a sender made
/// up.
struct Path {
  std::string_view prefix;
  std::string_view name;
  std::string text() const { return std::string(prefix) + std::string(name.substr(0, 64)); }
};

/// "rcn: must be an integer, not a string"
tl::unexpected<Error> wrong_type(const Path& path, std::string_view expected, const Value& value);

// Readers: the value at `path` into the target, or kBadRequest.
using Done = Result<void>;
Done read(std::string& target, const Path& path, const Value& value, Leniency);
Done read(std::int64_t& target, const Path& path, const Value& value, Leniency leniency);
Done read(bool& target, const Path& path, const Value& value, Leniency);
Done read(AttributeCondition& target, const Path& path, const Value& value, Leniency);
template <class T>
Done read(std::optional<T>& target, const Path& path, const Value& value, Leniency leniency) {
  return read(target.emplace(), path, value, leniency);
}
template <class T>
Done read(std::vector<T>& target, const Path& path, const Value& value, Leniency leniency) {
  const Value::Array* items = value.as_array();
  if (!items && !leniency.lone_items) return wrong_type(path, "a list", value);
  const std::span<const Value> all = items ? std::span<const Value>(*items) : std::span(&value, 1);
  target.clear();
  target.reserve(all.size());
  for (const Value& item : all) {
    if (Done done = read(target.emplace_back(), path, item, leniency); !done) return done;
  }
  return {};
}
/// An integer that counts or measures something.
Done read_unsigned(std::optional<std::int64_t>& target, const Path& path, const Value& value,
                   Leniency leniency);
/// An m2m:absRelTimestamp: text, or milliseconds as an integer. Kept as text; its reader checks the
/// form.
Done read_abs_rel(std::optional<std::string>& target, const Path& path, const Value& value,
                  Leniency leniency);

// Writers: append the member, unless there is nothing to say.
void append(Value& out, std::string_view name, Value value);
Value value_of(const AttributeCondition& condition);
inline Value value_of(const std::string& text) { return Value(text); }
inline Value value_of(std::int64_t number) { return Value(number); }
inline Value value_of(bool truth) { return Value(truth); }
inline void write(const std::string& source, std::string_view name, Value& out) {
  if (!source.empty()) append(out, name, source);
}
template <class T>
void write(const std::optional<T>& source, std::string_view name, Value& out) {
  if (source) append(out, name, value_of(*source));
}
template <class T>
void write(const std::vector<T>& source, std::string_view name, Value& out) {
  if (source.empty()) return;
  Value::Array items;
  items.reserve(source.size());
  for (const T& item : source) items.push_back(value_of(item));
  append(out, name, std::move(items));
}

/// One short name of an Owner (Request, Response, FilterCriteria).
template <class Owner>
struct Row {
  std::string_view name;
  Done (*read)(Owner&, const Path&, const Value&, Leniency);
  void (*write)(const Owner&, std::string_view, Value&);
};

/// The row of a plain member; `row<&Request::rcn>("rcn")`.
template <auto kMember, class Owner>
constexpr Row<Owner> row(std::string_view name) {
  return {
      name,
      [](Owner& owner, const Path& path, const Value& value, Leniency leniency) {
        return read(owner.*kMember, path, value, leniency);
      },
      [](const Owner& owner, std::string_view n, Value& out) { write(owner.*kMember, n, out); }};
}

/// The row of a plain member with a reader of its own.
template <auto kMember, auto kReader, class Owner>
constexpr Row<Owner> row(std::string_view name) {
  return {
      name,
      [](Owner& owner, const Path& path, const Value& value, Leniency leniency) {
        return kReader(owner.*kMember, path, value, leniency);
      },
      [](const Owner& owner, std::string_view n, Value& out) { write(owner.*kMember, n, out); }};
}

template <class Owner>
const Row<Owner>* find(std::span<const Row<Owner>> rows, std::string_view name) {
  for (const Row<Owner>& candidate : rows) {
    if (candidate.name == name) return &candidate;
  }
  return nullptr;
}

template <class Owner>
void write_all(std::span<const Row<Owner>> rows, const Owner& owner, Value& out) {
  for (const Row<Owner>& each : rows) each.write(owner, each.name, out);
}

}  // namespace gatehouse::fields
