#include "cse/store/sqlite/reader.h"

#include <algorithm>
#include <iterator>

#include "cse/store/sqlite/label_list.h"

namespace gatehouse::sqlite {
namespace {

std::int64_t sql_limit(std::size_t limit) {
  return static_cast<std::int64_t>(std::min<std::size_t>(limit, INT64_MAX));
}

/// The inclusive upper bound of a page that runs downwards.
std::int64_t newest_wanted(const Page& page) {
  return page.after == INT64_MIN ? INT64_MAX : page.after - 1;
}

/// Columns as in kFind.
Record record_of(const Query& row) {
  Record record;
  record.order = row.number(0);
  record.id = {row.text(1)};
  record.parent = {row.text(2)};
  record.name = row.is_null(3) ? record.id.text : row.text(3);
  record.type = static_cast<int>(row.number(4));
  record.version = row.number(5);
  record.expires = {row.is_null(6) ? INT64_MAX : row.number(6)};
  record.originator = row.text(7);
  record.body = row.text(8);
  record.internal = row.text(9);
  record.modified = {row.number(10)};
  if (!row.is_null(11)) record.labels = split(row.text(11));
  return record;
}

Result<std::optional<Record>> only_record(Query& query) {
  const Result<bool> row = query.step();
  if (!row) return fail(row.error());
  return *row ? std::optional(record_of(query)) : std::nullopt;
}

/// Columns ord, id, name, and type unless it is given.
Result<std::vector<ChildEntry>> entries_of(Query& query, std::optional<int> type = {}) {
  std::vector<ChildEntry> entries;
  for (;;) {
    const Result<bool> row = query.step();
    if (!row) return fail(row.error());
    if (!*row) return entries;
    ChildEntry entry{
        {query.text(1)}, {}, type ? *type : static_cast<int>(query.number(3)), query.number(0)};
    entry.name = query.is_null(2) ? entry.id.text : query.text(2);
    entries.push_back(std::move(entry));
  }
}

/// Columns ord, id, parent, type, time.
Result<std::vector<IndexEntry>> index_entries_of(Query& query) {
  std::vector<IndexEntry> entries;
  for (;;) {
    const Result<bool> row = query.step();
    if (!row) return fail(row.error());
    if (!*row) return entries;
    entries.push_back({{query.text(1)},
                       {query.text(2)},
                       static_cast<int>(query.number(3)),
                       query.number(0),
                       {query.number(4)}});
  }
}

/// Merges two listings that are in the order of `page`, up to its limit.
std::vector<ChildEntry> merged(std::vector<ChildEntry> a, std::vector<ChildEntry> b,
                               const Page& page) {
  if (a.empty()) return b;
  std::vector<ChildEntry> all;
  all.reserve(a.size() + b.size());
  std::merge(std::make_move_iterator(a.begin()), std::make_move_iterator(a.end()),
             std::make_move_iterator(b.begin()), std::make_move_iterator(b.end()),
             std::back_inserter(all), [&](const ChildEntry& x, const ChildEntry& y) {
               return page.newest_first ? x.order > y.order : x.order < y.order;
             });
  if (all.size() > page.limit) all.resize(page.limit);
  return all;
}

}  // namespace

Result<std::optional<Record>> find(Connection& connection, const ResourceId& id) {
  Query query(connection, Sql::kFind);
  query.bind(id.text);
  return only_record(query);
}

Result<std::optional<Record>> find_child(Connection& connection, const ResourceId& parent,
                                         const std::string& name) {
  {
    Query named(connection, Sql::kFindNamed);
    named.bind(parent.text).bind(name);
    auto record = only_record(named);
    if (!record || *record) return record;
  }
  Query unnamed(connection, Sql::kFindUnnamed);
  unnamed.bind(parent.text).bind(name);
  return only_record(unnamed);
}

Result<std::vector<ChildEntry>> children(Connection& connection, const ResourceId& parent,
                                         const Page& page) {
  const Result<std::vector<int>> types = child_types(connection, parent);
  if (!types) return fail(types.error());
  std::vector<ChildEntry> all;
  for (const int type : *types) {
    auto entries = children_of_type(connection, parent, type, page);
    if (!entries) return entries;
    all = merged(std::move(all), *std::move(entries), page);
  }
  return all;
}

Result<std::vector<ChildEntry>> children_of_type(Connection& connection, const ResourceId& parent,
                                                 int type, const Page& page) {
  Query query(connection, page.newest_first ? Sql::kChildrenDown : Sql::kChildrenUp);
  query.bind(parent.text).bind(std::int64_t{type});
  query.bind(page.newest_first ? newest_wanted(page) : page.after).bind(sql_limit(page.limit));
  return entries_of(query, type);
}

Result<std::vector<ChildEntry>> all_of_type(Connection& connection, int type, const Page& page) {
  Query query(connection, page.newest_first ? Sql::kAllDown : Sql::kAllUp);
  query.bind(std::int64_t{type});
  query.bind(page.newest_first ? newest_wanted(page) : page.after).bind(sql_limit(page.limit));
  return entries_of(query, type);
}

// Few, whatever the number of children; one index step each.
Result<std::vector<int>> child_types(Connection& connection, const ResourceId& parent) {
  std::vector<int> types;
  std::int64_t last = INT64_MIN;
  for (;;) {
    Query query(connection, Sql::kTypes);
    const Result<bool> row = query.bind(parent.text).bind(last).step();
    if (!row) return fail(row.error());
    if (!*row) return types;
    last = query.number(0);
    types.push_back(static_cast<int>(last));
  }
}

Result<std::vector<IndexEntry>> all(Connection& connection, std::int64_t after, std::size_t limit) {
  Query query(connection, Sql::kAll);
  query.bind(after).bind(sql_limit(limit));
  return index_entries_of(query);
}

Result<std::optional<std::string>> next_label(Connection& connection, const std::string& from) {
  Query query(connection, Sql::kNextLabel);
  const Result<bool> row = query.bind(from).step();
  if (!row) return fail(row.error());
  return *row ? std::optional(query.text(0)) : std::nullopt;
}

Result<std::optional<ResourceId>> next_labelled_parent(Connection& connection,
                                                       const std::string& label,
                                                       const ResourceId& after) {
  Query query(connection, Sql::kNextLabelledParent);
  const Result<bool> row = query.bind(label).bind(after.text).step();
  if (!row) return fail(row.error());
  return *row ? std::optional(ResourceId{query.text(0)}) : std::nullopt;
}

Result<std::vector<ChildEntry>> labelled_children(Connection& connection, const std::string& label,
                                                  const ResourceId& parent, const Page& page) {
  Query query(connection, page.newest_first ? Sql::kLabelledDown : Sql::kLabelledUp);
  query.bind(label).bind(parent.text);
  query.bind(page.newest_first ? newest_wanted(page) : page.after).bind(sql_limit(page.limit));
  return entries_of(query);
}

Result<std::vector<IndexEntry>> by_modification(Connection& connection, const TimePosition& after,
                                                std::size_t limit) {
  Query query(connection, Sql::kModified);
  query.bind(after.time.microseconds).bind(after.order).bind(sql_limit(limit));
  return index_entries_of(query);
}

Result<std::vector<IndexEntry>> by_expiration(Connection& connection, const TimePosition& after,
                                              Timestamp until, std::size_t limit) {
  Query query(connection, Sql::kExpiring);
  query.bind(after.time.microseconds).bind(after.order).bind(until.microseconds);
  query.bind(sql_limit(limit));
  return index_entries_of(query);
}

Result<std::vector<OutboxEntry>> outbox(Connection& connection, std::int64_t after,
                                        std::size_t limit) {
  Query query(connection, Sql::kOutbox);
  query.bind(after).bind(sql_limit(limit));
  std::vector<OutboxEntry> entries;
  for (;;) {
    const Result<bool> row = query.step();
    if (!row) return fail(row.error());
    if (!*row) return entries;
    entries.push_back({query.number(0), query.text(1), query.text(2)});
  }
}

Result<std::optional<std::string>> setting(Connection& connection, const std::string& name) {
  Query query(connection, Sql::kSetting);
  const Result<bool> row = query.bind(name).step();
  if (!row) return fail(row.error());
  return *row ? std::optional(query.text(0)) : std::nullopt;
}

Result<std::int64_t> count(Connection& connection) {
  Query query(connection, Sql::kCount);
  const Result<bool> row = query.step();
  if (!row) return fail(row.error());
  return query.number(0);
}

}  // namespace gatehouse::sqlite
