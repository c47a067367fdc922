#include "bindings/query/query_writer.h"

namespace gatehouse::query {
namespace {

/// Puts the member of `source` that a row names, if it is present.
template <class Source>
struct Item {
  const Source& source;
  std::string_view key;
  Escape escape;
  const Put& put;

  void text(std::string_view value) const {
    std::string escaped;
    escape(escaped, value);
    put(key, escaped);
  }
  void operator()(std::optional<std::string> Source::*field) const {
    if (source.*field) text(*(source.*field));
  }
  void operator()(std::optional<std::int64_t> Source::*field) const {
    if (source.*field) put(key, std::to_string(*(source.*field)));
  }
  void operator()(std::optional<bool> Source::*field) const {
    if (source.*field) put(key, *(source.*field) ? "true" : "false");
  }
  void operator()(Texts Source::*field) const { list(source.*field); }
  void operator()(Integers Source::*field) const {
    Texts texts;
    for (const std::int64_t number : source.*field) texts.push_back(std::to_string(number));
    list(texts);
  }
  void list(const Texts& values) const {
    if (values.empty()) return;
    std::string joined;
    for (const std::string& value : values) {
      if (!joined.empty()) joined += '+';
      escape(joined, value);
    }
    put(key, joined);
  }
};

void write_other(const Request& request, Escape escape, const Put& put) {
  for (const OtherRow& row : other_rows()) {
    const Value* value = row.header.empty() ? request.other.find(row.key) : nullptr;
    if (!value) continue;
    if (row.kind == OtherKind::kBool) {
      put(row.key, value->as_bool().value_or(false) ? "true" : "false");
    } else {
      Item<Request>{request, row.key, escape, put}.list(request.other.strings_at(row.key));
    }
  }
}

}  // namespace

void write_query(const Request& request, Escape escape, const Put& put) {
  for (const RequestQueryRow& row : request_query_rows()) {
    std::visit(Item<Request>{request, row.key, escape, put}, row.field);
  }
  write_other(request, escape, put);
  if (!request.filter) return;
  const FilterCriteria& filter = *request.filter;
  for (const FilterQueryRow& row : filter_query_rows()) {
    std::visit(Item<FilterCriteria>{filter, row.key, escape, put}, row.field);
  }
  const auto conditions = [&](const char* prefix, const std::vector<AttributeCondition>& all) {
    for (const AttributeCondition& condition : all) {
      const std::string key = prefix + condition.name;
      Item<FilterCriteria>{filter, key, escape, put}.text(condition.value);
    }
  };
  conditions("", filter.attributes);
  conditions("c.", filter.child_attributes);
  conditions("p.", filter.parent_attributes);
}

}  // namespace gatehouse::query
