// Random work done on both backends gives the same answers. Any failure replays from its seed.
#include <random>
#include <set>

#include "tests/cse/store/store_fixture.h"

namespace gatehouse {
namespace {

class StoreDifference : public testing::TestWithParam<unsigned> {
 protected:
  StoreDifference() : random_(GetParam()) {
    SqliteSettings settings;
    settings.path = folder_.file("store.db");
    settings.checkpoint_bytes = 64 << 10;
    sqlite_ = must(open_sqlite_store(settings));
    for (Store* store : {static_cast<Store*>(&memory_), sqlite_.get()}) {
      EXPECT_FALSE(committed(*store, {record_of("r0", "", 5, -1)}));
    }
  }

  std::int64_t below(std::int64_t end) { return static_cast<std::int64_t>(random_() % end); }
  ResourceId any_id() { return {"r" + std::to_string(below(30))}; }

  std::string any_label() { return std::string(1, static_cast<char>('a' + below(4))) + ":1"; }
  std::vector<std::string> any_labels() {
    std::set<std::string> labels;
    for (std::int64_t i = below(4); i > 0; --i) labels.insert(any_label());
    return {labels.begin(), labels.end()};
  }

  Record any_record(Snapshot& now) {
    const auto stored = must(now.find(any_id()));
    if (stored && below(3) != 0) {
      Record next = changed(*stored, std::to_string(random_()));
      if (below(3) == 0) next.expires = {below(2) ? INT64_MAX : below(50)};
      if (below(4) == 0) next.name = any_id().text;
      if (below(3) == 0) next.modified = {below(50)};
      if (below(3) == 0) next.labels = any_labels();
      return next;
    }
    Record record =
        record_of(any_id().text, any_id().text, static_cast<int>(2 + below(3)), below(200));
    if (below(2)) record.name = any_id().text;
    if (below(2)) record.expires = {below(50)};
    if (below(2)) record.labels = any_labels();
    return record;
  }

  void change(Transaction& one, Transaction& two) {
    const auto stored = must(one.find(any_id()));
    switch (below(8)) {
      case 0:
        if (!stored || stored->id.text == "r0") return;
        must(one.erase(stored->id, stored->version));
        return must(two.erase(stored->id, stored->version));
      case 1: {
        const OutboxEntry entry{below(20), "q", std::to_string(below(9))};
        must(one.put_outbox(entry));
        return must(two.put_outbox(entry));
      }
      case 2: {
        const std::int64_t order = below(20);
        must(one.erase_outbox(order));
        return must(two.erase_outbox(order));
      }
      default: {
        const Record record = any_record(one);
        must(one.put(record));
        return must(two.put(record));
      }
    }
  }

  void compare(Snapshot& one, Snapshot& two) {
    for (int i = 0; i < 30; ++i) {
      const ResourceId id{"r" + std::to_string(i)};
      EXPECT_EQ(must(one.find(id)), must(two.find(id)));
    }
    for (int i = 0; i < 10; ++i) {
      const ResourceId parent = any_id();
      const std::string name = any_id().text;
      const Page page{below(3) ? below(220) - 10 : INT64_MIN, static_cast<std::size_t>(below(8)),
                      below(2) == 0};
      const int type = static_cast<int>(2 + below(4));
      EXPECT_EQ(must(one.find_child(parent, name)), must(two.find_child(parent, name)));
      EXPECT_EQ(must(one.children(parent, page)), must(two.children(parent, page)));
      EXPECT_EQ(must(one.children_of_type(parent, type, page)),
                must(two.children_of_type(parent, type, page)));
      EXPECT_EQ(must(one.all_of_type(type, page)), must(two.all_of_type(type, page)));
    }
    const Timestamp until{below(60)};
    const TimePosition position{{below(60) - 1}, below(200)};
    EXPECT_EQ(must(one.by_expiration(position, until, 10)),
              must(two.by_expiration(position, until, 10)));
    EXPECT_EQ(must(one.by_expiration({}, until, 10)), must(two.by_expiration({}, until, 10)));
    EXPECT_EQ(must(one.by_modification(position, 5)), must(two.by_modification(position, 5)));
    EXPECT_EQ(must(one.by_modification({}, 40)), must(two.by_modification({}, 40)));
    const std::int64_t from = below(200) - 2;
    EXPECT_EQ(must(one.all(from, 7)), must(two.all(from, 7)));
    compare_labels(one, two);
    const std::int64_t after = below(20);
    EXPECT_EQ(must(one.outbox(after, 5)), must(two.outbox(after, 5)));
  }

  void compare_labels(Snapshot& one, Snapshot& two) {
    const std::string label = any_label();
    const ResourceId parent = any_id();
    const Page page{below(3) ? below(220) - 10 : INT64_MIN, static_cast<std::size_t>(below(8)),
                    below(2) == 0};
    EXPECT_EQ(must(one.next_label(label)), must(two.next_label(label)));
    EXPECT_EQ(must(one.next_label("")), must(two.next_label("")));
    EXPECT_EQ(must(one.next_labelled_parent(label, parent)),
              must(two.next_labelled_parent(label, parent)));
    EXPECT_EQ(must(one.labelled_children(label, parent, page)),
              must(two.labelled_children(label, parent, page)));
    EXPECT_EQ(must(one.child_types(parent)), must(two.child_types(parent)));
  }

  /// One transaction on both; true if it was committed.
  bool work() {
    auto one = must(memory_.begin());
    auto two = must(sqlite_->begin());
    for (std::int64_t changes = 1 + below(3); changes > 0; --changes) change(*one, *two);
    if (below(10) == 0) return false;  // rolls back
    const CommitOutcome first = one->commit();
    const CommitOutcome second = two->commit();
    EXPECT_EQ(first.has_value(), second.has_value());
    if (first && second) {
      EXPECT_EQ(first->reason, second->reason);
      EXPECT_EQ(first->stale.front(), second->stale.front());
      EXPECT_EQ(first->detail, second->detail);
    }
    return !first;
  }

  std::minstd_rand random_;
  TemporaryFolder folder_;
  MemoryStore memory_;
  std::unique_ptr<Store> sqlite_;
};

TEST_P(StoreDifference, IsNone) {
  int commits = 0;

  for (int i = 0; i < 400 && !HasFailure(); ++i) {
    commits += work();
    compare(*must(memory_.read()), *must(sqlite_->read()));
  }

  EXPECT_GT(commits, 40);
}

INSTANTIATE_TEST_SUITE_P(Seeds, StoreDifference, testing::Values(1u, 2u, 3u));

}  // namespace
}  // namespace gatehouse
