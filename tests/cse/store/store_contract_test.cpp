// The contract of cse/store/store.h, sentence by sentence, for every backend.
#include <atomic>
#include <map>
#include <thread>

#include "tests/cse/store/store_fixture.h"

namespace gatehouse {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using CommitError = Transaction::CommitError;

class StoreContract : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam() == "memory") {
      store_ = std::make_unique<MemoryStore>();
    } else {
      SqliteSettings settings;
      settings.path = folder_.file("store.db");
      store_ = must(open_sqlite_store(settings));
    }
    ASSERT_FALSE(committed(*store_, {base_}));
  }

  std::unique_ptr<Snapshot> snapshot() { return must(store_->read()); }
  std::unique_ptr<Transaction> begin() { return must(store_->begin()); }

  TemporaryFolder folder_;
  std::unique_ptr<Store> store_;
  Record base_ = named(record_of("cb", "", 5, 1), "cse-in");
};

INSTANTIATE_TEST_SUITE_P(Backends, StoreContract, testing::Values("memory", "sqlite"),
                         [](const auto& row) { return row.param; });

void expect_stale(const CommitOutcome& outcome, const std::vector<ResourceId>& ids) {
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->reason, CommitError::kStale);
  EXPECT_EQ(outcome->stale, ids);
  EXPECT_THAT(outcome->detail, testing::HasSubstr(ids.front().text));
}

TEST_P(StoreContract, KeepsEveryFieldOfARecord) {
  Record record = named(expiring(record_of("r1", "cb", 4, INT64_MAX), -5), "Name-1");
  record.originator = "";
  record.body = std::string("{\"con\":\"a\0b\xc3\xa9\"}", 14);
  record.internal = R"({"k":1})";

  ASSERT_FALSE(committed(*store_, {record}));

  EXPECT_EQ(found(*store_, "r1"), record);
  EXPECT_EQ(must(snapshot()->find_child({"cb"}, "Name-1")), record);
}

TEST_P(StoreContract, KeepsALargeBody) {
  Record record = record_of("r1", "cb", 4, 2);
  record.body.assign(3'000'000, 'x');

  ASSERT_FALSE(committed(*store_, {record}));

  EXPECT_EQ(found(*store_, "r1"), record);
}

TEST_P(StoreContract, AnswersAbsenceWithoutAnError) {
  EXPECT_EQ(found(*store_, "nobody"), std::nullopt);
  EXPECT_EQ(must(snapshot()->find_child({"cb"}, "nobody")), std::nullopt);
  EXPECT_EQ(must(snapshot()->find_child({"nobody"}, "cse-in")), std::nullopt);
  EXPECT_EQ(must(snapshot()->setting("nothing")), std::nullopt);
  EXPECT_THAT(must(snapshot()->children({"nobody"}, {})), IsEmpty());
}

TEST_P(StoreContract, FindsTheRootUnderTheEmptyParent) {
  EXPECT_EQ(must(snapshot()->find_child({}, "cse-in")), base_);
  EXPECT_THAT(must(snapshot()->children({}, {})), ElementsAre(entry_of(base_)));
}

TEST_P(StoreContract, ComparesNamesAndIdsByCase) {
  const Record lower = named(record_of("r1", "cb", 3, 2), "box");
  const Record upper = named(record_of("R1", "cb", 3, 3), "Box");

  ASSERT_FALSE(committed(*store_, {lower, upper}));

  EXPECT_EQ(must(snapshot()->find_child({"cb"}, "box")), lower);
  EXPECT_EQ(must(snapshot()->find_child({"cb"}, "Box")), upper);
  EXPECT_EQ(found(*store_, "R1"), upper);
}

TEST_P(StoreContract, FindsAChildOnlyUnderItsParent) {
  const Record box = record_of("box", "cb", 3, 2);
  const Record item = record_of("item", "box", 4, 3);

  ASSERT_FALSE(committed(*store_, {box, item}));

  EXPECT_EQ(must(snapshot()->find_child({"box"}, "item")), item);
  EXPECT_EQ(must(snapshot()->find_child({"cb"}, "item")), std::nullopt);
}

TEST_P(StoreContract, AllowsOneNameUnderTwoParents) {
  const Record box = record_of("box", "cb", 3, 2);
  const Record one = named(record_of("i1", "cb", 4, 3), "same");
  const Record two = named(record_of("i2", "box", 4, 4), "same");

  ASSERT_FALSE(committed(*store_, {box, one, two}));

  EXPECT_EQ(must(snapshot()->find_child({"box"}, "same")), two);
}

// --- inserts that come too late
// -----------------------------------------------------------------------------------

struct LateInsert {
  std::string name;
  Record stored, late;
  std::string stale;
};

class StoreLateInsert : public testing::TestWithParam<std::tuple<std::string, LateInsert>> {};

TEST_P(StoreLateInsert, IsStaleAndWritesNothing) {
  const auto& [backend, late] = GetParam();
  TemporaryFolder folder;
  SqliteSettings settings;
  settings.path = folder.file("store.db");
  std::unique_ptr<Store> store;
  if (backend == "memory") {
    store = std::make_unique<MemoryStore>();
  } else {
    store = must(open_sqlite_store(settings));
  }
  ASSERT_FALSE(committed(*store, {record_of("cb", "", 5, 1), late.stored}));

  const CommitOutcome outcome = committed(*store, {record_of("other", "cb", 3, 90), late.late});

  expect_stale(outcome, {{late.stale}});
  EXPECT_EQ(found(*store, "other"), std::nullopt);
  EXPECT_EQ(found(*store, late.stored.id.text), late.stored);
  EXPECT_EQ(must(store->count()), 2);
}

INSTANTIATE_TEST_SUITE_P(
    Checks, StoreLateInsert,
    testing::Combine(
        testing::Values("memory", "sqlite"),
        testing::Values(LateInsert{"id", record_of("a", "cb", 3, 2),
                                   named(record_of("a", "cb", 3, 3), "b"), "a"},
                        LateInsert{"id_elsewhere", named(record_of("a", "cb", 3, 2), "x"),
                                   named(record_of("a", "", 3, 3), "y"), "a"},
                        LateInsert{"name", named(record_of("a", "cb", 3, 2), "n"),
                                   named(record_of("b", "cb", 3, 3), "n"), "a"},
                        LateInsert{"name_that_is_an_id", record_of("a", "cb", 3, 2),
                                   named(record_of("b", "cb", 3, 3), "a"), "a"},
                        LateInsert{"id_that_is_a_name", named(record_of("a", "cb", 3, 2), "b"),
                                   record_of("b", "cb", 3, 3), "a"},
                        LateInsert{"order", record_of("a", "cb", 3, 2), record_of("b", "cb", 3, 2),
                                   "a"},
                        LateInsert{"parent", record_of("a", "cb", 3, 2),
                                   record_of("b", "gone", 3, 3), "gone"})),
    [](const auto& row) { return std::get<0>(row.param) + "_" + std::get<1>(row.param).name; });

// --- replacing, erasing, expecting
// ------------------------------------------------------------------------------

TEST_P(StoreContract, ReplacesAtTheNextVersion) {
  const Record second = changed(base_, "{}");

  ASSERT_FALSE(committed(*store_, {second}));

  EXPECT_EQ(found(*store_, "cb"), second);
  EXPECT_EQ(must(store_->count()), 1);
}

TEST_P(StoreContract, ReplacesWhatIndexesHoldToo) {
  Record box = named(expiring(record_of("box", "cb", 3, 2), 100), "old");
  ASSERT_FALSE(committed(*store_, {box}));
  box = named(expiring(changed(box, "{}"), 200), "new");
  box.type = 2;

  ASSERT_FALSE(committed(*store_, {box}));

  const auto now = snapshot();
  EXPECT_EQ(must(now->find({"box"})), box);
  EXPECT_EQ(must(now->find_child({"cb"}, "old")), std::nullopt);
  EXPECT_EQ(must(now->find_child({"cb"}, "new")), box);
  EXPECT_THAT(must(now->children_of_type({"cb"}, 3, {})), IsEmpty());
  EXPECT_THAT(must(now->children_of_type({"cb"}, 2, {})), ElementsAre(entry_of(box)));
  EXPECT_THAT(must(now->all_of_type(3, {})), IsEmpty());
  EXPECT_THAT(ids_of(must(now->by_expiration({}, {150}, 9))), IsEmpty());
  EXPECT_THAT(ids_of(must(now->by_expiration({}, {201}, 9))), ElementsAre("box"));
}

TEST_P(StoreContract, ReplacesAnExpirationByNever) {
  const Record box = expiring(record_of("box", "cb", 3, 2), 100);
  ASSERT_FALSE(committed(*store_, {box}));

  ASSERT_FALSE(committed(*store_, {expiring(changed(box, "{}"), INT64_MAX)}));

  EXPECT_THAT(must(snapshot()->by_expiration({}, {INT64_MAX}, 9)), IsEmpty());
}

TEST_P(StoreContract, RefusesARenamingToASiblingsName) {
  const Record a = named(record_of("a", "cb", 3, 2), "x");
  const Record b = named(record_of("b", "cb", 3, 3), "y");
  ASSERT_FALSE(committed(*store_, {a, b}));

  expect_stale(committed(*store_, {named(changed(b, "{}"), "x")}), {{"a"}});

  EXPECT_EQ(found(*store_, "b"), b);
}

TEST_P(StoreContract, IsStaleWhenReplacingAnotherVersion) {
  ASSERT_FALSE(committed(*store_, {changed(base_, "first")}));

  expect_stale(committed(*store_, {changed(base_, "second")}), {{"cb"}});

  EXPECT_EQ(found(*store_, "cb")->body, "first");
}

TEST_P(StoreContract, IsStaleWhenReplacingNothing) {
  expect_stale(committed(*store_, {changed(record_of("gone", "cb", 3, 2), "{}")}), {{"gone"}});
  EXPECT_EQ(found(*store_, "gone"), std::nullopt);
}

TEST_P(StoreContract, RefusesAVersionBelowOne) {
  Record record = record_of("r", "cb", 3, 2);
  record.version = 0;

  EXPECT_FALSE(begin()->put(record));
}

TEST_P(StoreContract, ErasesOnlyOneResource) {
  const Record box = record_of("box", "cb", 3, 2);
  const Record item = record_of("item", "box", 4, 3);
  ASSERT_FALSE(committed(*store_, {box, item}));

  auto work = begin();
  must(work->erase({"box"}, 1));
  ASSERT_FALSE(work->commit());

  EXPECT_EQ(found(*store_, "box"), std::nullopt);
  EXPECT_EQ(must(snapshot()->find_child({"cb"}, "box")), std::nullopt);
  EXPECT_THAT(must(snapshot()->children({"cb"}, {})), IsEmpty());
  EXPECT_EQ(found(*store_, "item"), item);
  EXPECT_THAT(must(snapshot()->children({"box"}, {})), ElementsAre(entry_of(item)));
}

TEST_P(StoreContract, IsStaleWhenErasingAnotherVersionOrNothing) {
  auto work = begin();
  must(work->erase({"cb"}, 2));
  must(work->erase({"gone"}, 1));

  expect_stale(work->commit(), {{"cb"}, {"gone"}});

  EXPECT_EQ(found(*store_, "cb"), base_);
}

TEST_P(StoreContract, CommitsWhenExpectationsHold) {
  auto work = begin();
  must(work->expect({"cb"}, 1));
  must(work->put(record_of("a", "cb", 3, 2)));

  EXPECT_FALSE(work->commit());

  EXPECT_TRUE(found(*store_, "a"));
}

TEST_P(StoreContract, IsStaleWhenAnExpectationFails) {
  for (const auto& [id, version] : std::map<std::string, int>{{"cb", 2}, {"gone", 1}}) {
    auto work = begin();
    must(work->put(record_of("a", "cb", 3, 2)));
    must(work->expect({id}, version));

    expect_stale(work->commit(), {{id}});

    EXPECT_EQ(found(*store_, "a"), std::nullopt);
  }
}

TEST_P(StoreContract, IsStaleWhenTheParentWasErasedInTheSameTransaction) {
  ASSERT_FALSE(committed(*store_, {record_of("box", "cb", 3, 2)}));
  auto work = begin();
  must(work->put(record_of("i1", "box", 4, 3)));
  must(work->erase({"box"}, 1));
  must(work->put(record_of("i2", "box", 4, 4)));

  expect_stale(work->commit(), {{"box"}});
}

TEST_P(StoreContract, WorksAgainAfterAStaleCommit) {
  ASSERT_TRUE(committed(*store_, {base_}));

  ASSERT_FALSE(committed(*store_, {record_of("a", "cb", 3, 2)}));

  EXPECT_TRUE(found(*store_, "a"));
}

TEST_P(StoreContract, AllowsAnErasedIdNameAndOrderAgain) {
  const Record a = record_of("a", "cb", 3, 2);
  ASSERT_FALSE(committed(*store_, {a}));
  auto work = begin();
  must(work->erase({"a"}, 1));
  must(work->put(named(a, "b")));
  must(work->put(named(record_of("c", "cb", 3, 3), "a")));

  EXPECT_FALSE(work->commit());

  EXPECT_EQ(must(snapshot()->find_child({"cb"}, "a"))->id.text, "c");
}

// --- the transaction as a whole
// -----------------------------------------------------------------------------------

TEST_P(StoreContract, ShowsATransactionItsOwnChanges) {
  auto work = begin();
  const Record box = expiring(record_of("box", "cb", 3, 2), 7);
  must(work->put(box));
  must(work->put(record_of("item", "box", 4, 3)));
  must(work->put(changed(base_, "{}")));
  must(work->put_outbox({8, "q", "{}"}));
  must(work->put_setting("k", "v"));

  EXPECT_EQ(must(work->find({"box"})), box);
  EXPECT_EQ(must(work->find_child({"cb"}, "box")), box);
  EXPECT_EQ(must(work->find({"cb"}))->version, 2);
  EXPECT_EQ(ids_of(must(work->children({"cb"}, {}))), std::vector<std::string>{"box"});
  EXPECT_EQ(ids_of(must(work->children_of_type({"box"}, 4, {}))), std::vector<std::string>{"item"});
  EXPECT_EQ(ids_of(must(work->all_of_type(4, {}))), std::vector<std::string>{"item"});
  EXPECT_THAT(ids_of(must(work->by_expiration({}, {8}, 9))), ElementsAre("box"));
  EXPECT_THAT(must(work->outbox(0, 9)), ElementsAre(OutboxEntry{8, "q", "{}"}));
  EXPECT_EQ(must(work->setting("k")), "v");
  must(work->erase({"item"}, 1));
  EXPECT_EQ(must(work->find({"item"})), std::nullopt);
}

TEST_P(StoreContract, HidesChangesFromSnapshotsUntilCommit) {
  auto work = begin();
  must(work->put(record_of("a", "cb", 3, 2)));
  const auto before = snapshot();

  EXPECT_EQ(must(before->find({"a"})), std::nullopt);
  ASSERT_FALSE(work->commit());

  EXPECT_EQ(must(before->find({"a"})), std::nullopt);
  EXPECT_TRUE(must(snapshot()->find({"a"})));
}

TEST_P(StoreContract, FixesASnapshotWhenItIsTaken) {
  const auto before = snapshot();  // and nothing read from it yet
  ASSERT_FALSE(committed(*store_, {record_of("a", "cb", 3, 2), changed(base_, "{}")}));

  EXPECT_EQ(must(before->find({"cb"})), base_);
  EXPECT_THAT(must(before->children({"cb"}, {})), IsEmpty());
}

TEST_P(StoreContract, RollsBackWhenDestroyed) {
  {
    auto work = begin();
    must(work->put(record_of("a", "cb", 3, 2)));
    must(work->erase({"cb"}, 1));
    must(work->put_outbox({5, "q", "{}"}));
    must(work->put_setting("k", "v"));
  }

  EXPECT_EQ(found(*store_, "a"), std::nullopt);
  EXPECT_EQ(found(*store_, "cb"), base_);
  EXPECT_THAT(must(snapshot()->outbox(0, 9)), IsEmpty());
  EXPECT_EQ(must(snapshot()->setting("k")), std::nullopt);
  EXPECT_FALSE(committed(*store_, {record_of("b", "cb", 3, 3)}));
}

TEST_P(StoreContract, WritesNoMessageOrSettingOfAStaleTransaction) {
  auto work = begin();
  must(work->put_outbox({5, "q", "{}"}));
  must(work->put_setting("k", "v"));
  must(work->expect({"cb"}, 9));

  ASSERT_TRUE(work->commit());

  EXPECT_THAT(must(snapshot()->outbox(0, 9)), IsEmpty());
  EXPECT_EQ(must(snapshot()->setting("k")), std::nullopt);
}

TEST_P(StoreContract, OpensOneTransactionAtATime) {
  auto first = begin();

  EXPECT_FALSE(store_->begin());
  ASSERT_FALSE(first->commit());

  EXPECT_TRUE(store_->begin());
}

TEST_P(StoreContract, RefusesWorkAfterCommit) {
  auto work = begin();
  ASSERT_FALSE(work->commit());

  EXPECT_FALSE(work->put(record_of("a", "cb", 3, 2)));
  EXPECT_FALSE(work->erase({"cb"}, 1));
  EXPECT_FALSE(work->put_setting("k", "v"));
  const CommitOutcome again = work->commit();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->reason, CommitError::kFailed);
}

TEST_P(StoreContract, CommitsATransactionWithoutChanges) { EXPECT_FALSE(begin()->commit()); }

TEST_P(StoreContract, ReportsNothingChangedElsewhere) {
  const auto staleness = must(store_->changed_elsewhere());

  EXPECT_FALSE(staleness.all);
  EXPECT_THAT(staleness.ids, IsEmpty());
}

// --- listings
// -----------------------------------------------------------------------------------------------------

class StoreListing : public StoreContract {
 protected:
  void SetUp() override {
    StoreContract::SetUp();
    // Types alternate, and identifiers fall while the order rises.
    std::vector<Record> records{record_of("box", "cb", 3, 5)};
    for (int i = 0; i < 9; ++i) {
      records.push_back(
          named(record_of("i" + std::to_string(9 - i), "box", i % 3 == 0 ? 23 : 4, 10 + 10 * i),
                "n" + std::to_string(i)));
    }
    records.push_back(record_of("elsewhere", "cb", 4, 55));
    ASSERT_FALSE(committed(*store_, records));
  }

  std::vector<std::int64_t> orders(const std::vector<ChildEntry>& entries) {
    std::vector<std::int64_t> all;
    for (const ChildEntry& entry : entries) all.push_back(entry.order);
    return all;
  }
};

INSTANTIATE_TEST_SUITE_P(Backends, StoreListing, testing::Values("memory", "sqlite"),
                         [](const auto& row) { return row.param; });

TEST_P(StoreListing, ListsChildrenOfAllTypesByOrder) {
  EXPECT_THAT(orders(must(snapshot()->children({"box"}, {}))),
              ElementsAre(10, 20, 30, 40, 50, 60, 70, 80, 90));
}

TEST_P(StoreListing, FillsEveryFieldOfAnEntry) {
  EXPECT_THAT(must(snapshot()->children({"box"}, {.limit = 2})),
              ElementsAre(ChildEntry{{"i9"}, "n0", 23, 10}, ChildEntry{{"i8"}, "n1", 4, 20}));
  EXPECT_THAT(must(snapshot()->all_of_type(3, {})), ElementsAre(ChildEntry{{"box"}, "box", 3, 5}));
}

TEST_P(StoreListing, PagesForward) {
  const auto now = snapshot();
  EXPECT_THAT(orders(must(now->children({"box"}, {.limit = 4}))), ElementsAre(10, 20, 30, 40));
  EXPECT_THAT(orders(must(now->children({"box"}, {.after = 40, .limit = 4}))),
              ElementsAre(50, 60, 70, 80));
  EXPECT_THAT(orders(must(now->children({"box"}, {.after = 80, .limit = 4}))), ElementsAre(90));
  EXPECT_THAT(orders(must(now->children({"box"}, {.after = 90, .limit = 4}))), IsEmpty());
}

TEST_P(StoreListing, PagesBackward) {
  const auto now = snapshot();
  const auto page = [&](std::int64_t before) {
    return orders(
        must(now->children({"box"}, {.after = before, .limit = 4, .newest_first = true})));
  };
  EXPECT_THAT(page(INT64_MIN), ElementsAre(90, 80, 70, 60));
  EXPECT_THAT(page(60), ElementsAre(50, 40, 30, 20));
  EXPECT_THAT(page(20), ElementsAre(10));
  EXPECT_THAT(page(10), IsEmpty());
}

TEST_P(StoreListing, StartsAPageBetweenOrders) {
  const auto now = snapshot();
  EXPECT_THAT(orders(must(now->children({"box"}, {.after = 45, .limit = 2}))), ElementsAre(50, 60));
  EXPECT_THAT(orders(must(now->children({"box"}, {.after = 45, .limit = 2, .newest_first = true}))),
              ElementsAre(40, 30));
}

TEST_P(StoreListing, ListsOneTypeBothWays) {
  const auto now = snapshot();
  EXPECT_THAT(orders(must(now->children_of_type({"box"}, 4, {.limit = 4}))),
              ElementsAre(20, 30, 50, 60));
  EXPECT_THAT(orders(must(now->children_of_type({"box"}, 4, {.after = 60}))), ElementsAre(80, 90));
  EXPECT_THAT(orders(must(now->children_of_type({"box"}, 23, {.limit = 1, .newest_first = true}))),
              ElementsAre(70));
  EXPECT_THAT(orders(must(now->children_of_type({"box"}, 23,
                                                {.after = 70, .limit = 9, .newest_first = true}))),
              ElementsAre(40, 10));
  EXPECT_THAT(must(now->children_of_type({"box"}, 99, {})), IsEmpty());
}

TEST_P(StoreListing, ListsATypeInTheWholeStore) {
  const auto now = snapshot();
  EXPECT_THAT(orders(must(now->all_of_type(4, {}))), ElementsAre(20, 30, 50, 55, 60, 80, 90));
  EXPECT_THAT(orders(must(now->all_of_type(4, {.after = 50, .limit = 2}))), ElementsAre(55, 60));
  EXPECT_THAT(orders(must(now->all_of_type(4, {.after = 60, .limit = 2, .newest_first = true}))),
              ElementsAre(55, 50));
  EXPECT_THAT(orders(must(now->all_of_type(4, {.limit = 1, .newest_first = true}))),
              ElementsAre(90));
}

TEST_P(StoreListing, TakesTheExtremesOfLimitAndOrder) {
  ASSERT_FALSE(committed(*store_, {record_of("last", "box", 4, INT64_MAX)}));
  const auto now = snapshot();

  EXPECT_THAT(must(now->children({"box"}, {.limit = 0})), IsEmpty());
  EXPECT_THAT(must(now->children_of_type({"box"}, 4, {.limit = 0})), IsEmpty());
  EXPECT_EQ(must(now->children({"box"}, {.limit = SIZE_MAX})).size(), 10u);
  EXPECT_THAT(orders(must(now->children({"box"}, {.limit = 2, .newest_first = true}))),
              ElementsAre(INT64_MAX, 90));
  EXPECT_THAT(
      orders(must(now->children({"box"}, {.after = INT64_MAX, .limit = 1, .newest_first = true}))),
      ElementsAre(90));
  EXPECT_THAT(must(now->children({"box"}, {.after = INT64_MAX})), IsEmpty());
}

TEST_P(StoreContract, ListsTheExpiredEarliestFirst) {
  ASSERT_FALSE(committed(
      *store_,
      {expiring(record_of("c", "cb", 3, 2), 30), expiring(record_of("a", "cb", 3, 3), 10),
       expiring(record_of("b", "cb", 3, 4), 20), expiring(record_of("b2", "cb", 3, 5), 20)}));
  const auto now = snapshot();

  EXPECT_THAT(ids_of(must(now->by_expiration({}, {30}, 9))), ElementsAre("a", "b", "b2"));
  EXPECT_THAT(ids_of(must(now->by_expiration({}, {31}, 2))), ElementsAre("a", "b"));
  EXPECT_THAT(must(now->by_expiration({}, {10}, 9)), IsEmpty());
  EXPECT_EQ(must(now->by_expiration({}, {INT64_MAX}, 9)).size(), 4u);  // "never" has no time
  EXPECT_THAT(must(now->by_expiration({}, {INT64_MAX}, 0)), IsEmpty());
}

TEST_P(StoreContract, KeepsTheOutboxInOrder) {
  auto work = begin();
  must(work->put_outbox({30, "q1", "c"}));
  must(work->put_outbox({10, "q1", "a"}));
  must(work->put_outbox({20, "q2", "b"}));
  ASSERT_FALSE(work->commit());
  work = begin();
  must(work->erase_outbox(20));
  must(work->erase_outbox(99));  // delivered by nobody, or twice: no matter
  must(work->put_outbox({15, "q2", "d"}));
  ASSERT_FALSE(work->commit());
  const auto now = snapshot();

  EXPECT_THAT(must(now->outbox(INT64_MIN, 9)),
              ElementsAre(OutboxEntry{10, "q1", "a"}, OutboxEntry{15, "q2", "d"},
                          OutboxEntry{30, "q1", "c"}));
  EXPECT_THAT(must(now->outbox(10, 1)), ElementsAre(OutboxEntry{15, "q2", "d"}));
  EXPECT_THAT(must(now->outbox(30, 9)), IsEmpty());
  EXPECT_THAT(must(now->outbox(0, 0)), IsEmpty());
}

TEST_P(StoreContract, KeepsTheLastValueOfASetting) {
  for (const std::string value : {"1", "", "2"}) {
    auto work = begin();
    must(work->put_setting("generation", value));
    ASSERT_FALSE(work->commit());
    EXPECT_EQ(must(snapshot()->setting("generation")), value);
  }
}

TEST_P(StoreContract, CountsCommittedResources) {
  auto work = begin();
  must(work->put(record_of("a", "cb", 3, 2)));
  EXPECT_EQ(must(store_->count()), 1);
  ASSERT_FALSE(work->commit());

  EXPECT_EQ(must(store_->count()), 2);
}

// --- threads
// ------------------------------------------------------------------------------------------------------

// Every commit adds an instance and counts it in its parent: a snapshot that saw half of one would
// show.
TEST_P(StoreContract, GivesEveryThreadConsistentSnapshotsBesideTheWriter) {
  constexpr int kCommits = 300;
  std::atomic<bool> done = false;
  std::atomic<int> torn = 0;
  const auto read = [&] {
    while (!done) {
      const auto now = snapshot();
      const auto children = must(now->children({"cb"}, {.limit = SIZE_MAX}));
      const auto parent = must(now->find({"cb"}));
      if (!parent || parent->version != static_cast<int>(children.size()) + 1) ++torn;
    }
  };
  std::thread one(read);
  std::thread two(read);

  for (int i = 0; i < kCommits; ++i) {
    base_ = changed(base_, "{}");
    EXPECT_FALSE(committed(*store_, {base_, record_of("i" + std::to_string(i), "cb", 4, 10 + i)}));
  }
  done = true;
  one.join();
  two.join();

  EXPECT_EQ(torn, 0);
}

TEST_P(StoreContract, KeepsManySnapshotsApart) {
  std::vector<std::unique_ptr<Snapshot>> snapshots;
  for (int i = 0; i < 20; ++i) {
    snapshots.push_back(snapshot());
    base_ = changed(base_, "{}");
    ASSERT_FALSE(committed(*store_, {base_}));
  }

  for (int i = 0; i < 20; ++i) EXPECT_EQ(must(snapshots[i]->find({"cb"}))->version, i + 1);
}

}  // namespace
}  // namespace gatehouse
