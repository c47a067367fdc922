#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cse/store/memory/memory_store.h"
#include "cse/store/sqlite/sqlite_store.h"

namespace gatehouse {

/// The value, or a failed test.
template <class T>
T must(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << result.error().detail;
    abort();
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

/// A folder that goes with the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "gatehouse-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

inline Record record_of(std::string id, std::string parent, int type, std::int64_t order) {
  Record record;
  record.name = id;
  record.id = {std::move(id)};
  record.parent = {std::move(parent)};
  record.type = type;
  record.order = order;
  record.version = 1;
  record.expires = {INT64_MAX};
  record.originator = "CAdmin";
  record.body = R"({"lbl":["a"]})";
  return record;
}

inline Record named(Record record, std::string name) {
  record.name = std::move(name);
  return record;
}

inline Record expiring(Record record, std::int64_t at) {
  record.expires = {at};
  return record;
}

/// The next version of a record, with another body.
inline Record changed(Record record, std::string body) {
  ++record.version;
  record.body = std::move(body);
  return record;
}

inline ChildEntry entry_of(const Record& record) {
  return {record.id, record.name, record.type, record.order};
}

using CommitOutcome = std::optional<Transaction::CommitFailure>;

/// Puts all in one transaction.
inline CommitOutcome committed(Store& store, const std::vector<Record>& records) {
  auto work = must(store.begin());
  for (const Record& record : records) must(work->put(record));
  return work->commit();
}

inline std::optional<Record> found(Store& store, const std::string& id) {
  return must(must(store.read())->find({id}));
}

inline std::vector<std::string> ids_of(const std::vector<ChildEntry>& entries) {
  std::vector<std::string> ids;
  for (const ChildEntry& entry : entries) ids.push_back(entry.id.text);
  return ids;
}

inline std::vector<std::string> ids_of(const std::vector<IndexEntry>& entries) {
  std::vector<std::string> ids;
  for (const IndexEntry& entry : entries) ids.push_back(entry.id.text);
  return ids;
}

}  // namespace gatehouse
