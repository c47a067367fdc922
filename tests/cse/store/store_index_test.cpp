// The indexes that discovery walks, for every backend. Contract: cse/store/store.h.
#include <sqlite3.h>

#include "tests/cse/store/store_fixture.h"

namespace gatehouse {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class StoreIndex : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam() == "memory") {
      store_ = std::make_unique<MemoryStore>();
    } else {
      SqliteSettings settings;
      settings.path = folder_.file("store.db");
      store_ = must(open_sqlite_store(settings));
    }
    ASSERT_FALSE(committed(*store_, {record_of("cb", "", 5, 1), record_of("box", "cb", 3, 2),
                                     record_of("bag", "cb", 3, 3)}));
  }

  std::unique_ptr<Snapshot> snapshot() { return must(store_->read()); }

  TemporaryFolder folder_;
  std::unique_ptr<Store> store_;
};

INSTANTIATE_TEST_SUITE_P(Backends, StoreIndex, testing::Values("memory", "sqlite"),
                         [](const auto& row) { return row.param; });

Record labelled(Record record, std::vector<std::string> labels) {
  record.labels = std::move(labels);
  return record;
}

Record modified(Record record, std::int64_t at) {
  ++record.version;
  record.modified = {at};
  return record;
}

TEST_P(StoreIndex, KeepsLabelsAndModification) {
  Record record =
      labelled(record_of("r", "box", 4, 9), {"", "a:b", "10:x\n", std::string("\0", 1)});
  ASSERT_FALSE(committed(*store_, {record}));
  EXPECT_EQ(found(*store_, "r"), record);

  record = modified(record, 60'000'000);
  ASSERT_FALSE(committed(*store_, {record}));

  EXPECT_EQ(found(*store_, "r"), record);
}

TEST_P(StoreIndex, FindsChildrenByLabelInOrder) {
  ASSERT_FALSE(committed(
      *store_, {labelled(record_of("a", "box", 4, 10), {"hot"}),
                labelled(record_of("b", "bag", 4, 11), {"cold", "hot"}),
                labelled(record_of("c", "box", 3, 12), {"hot"}), record_of("d", "box", 4, 13)}));
  auto now = snapshot();

  EXPECT_THAT(ids_of(must(now->labelled_children("hot", {"box"}, Page{}))), ElementsAre("a", "c"));
  EXPECT_THAT(ids_of(must(now->labelled_children("hot", {"box"}, Page{10, 9}))), ElementsAre("c"));
  EXPECT_THAT(ids_of(must(now->labelled_children("hot", {"box"}, Page{INT64_MIN, 1, true}))),
              ElementsAre("c"));
  EXPECT_EQ(must(now->labelled_children("hot", {"box"}, Page{})).back(),
            entry_of(record_of("c", "box", 3, 12)));
  EXPECT_THAT(must(now->labelled_children("ho", {"box"}, Page{})), IsEmpty());
}

TEST_P(StoreIndex, StepsThroughTheParentsOfALabelAndThroughTheLabels) {
  ASSERT_FALSE(committed(*store_, {labelled(record_of("a", "box", 4, 10), {"hot"}),
                                   labelled(record_of("b", "bag", 4, 11), {"cold", "hot"})}));
  auto now = snapshot();

  EXPECT_EQ(must(now->next_labelled_parent("hot", {""})), ResourceId{"bag"});
  EXPECT_EQ(must(now->next_labelled_parent("hot", {"bag"})), ResourceId{"box"});
  EXPECT_EQ(must(now->next_labelled_parent("hot", {"box"})), std::nullopt);
  EXPECT_EQ(must(now->next_label("")), "cold");
  EXPECT_EQ(must(now->next_label("cold")), "cold");
  EXPECT_EQ(must(now->next_label("cole")), "hot");
  EXPECT_EQ(must(now->next_label("hou")), std::nullopt);
}

TEST_P(StoreIndex, FollowsALabelThatChangesAndGoes) {
  Record record = labelled(record_of("a", "box", 4, 10), {"cold", "hot"});
  ASSERT_FALSE(committed(*store_, {record}));

  ++record.version;
  record.labels = {"hot", "new"};
  ASSERT_FALSE(committed(*store_, {record}));
  EXPECT_EQ(must(snapshot()->next_label("")), "hot");
  EXPECT_THAT(ids_of(must(snapshot()->labelled_children("new", {"box"}, Page{}))),
              ElementsAre("a"));

  auto work = must(store_->begin());
  must(work->erase({"a"}, record.version));
  ASSERT_FALSE(work->commit());
  EXPECT_EQ(must(snapshot()->next_label("")), std::nullopt);
}

TEST_P(StoreIndex, FollowsALabelledResourceThatIsMoved) {
  Record record = labelled(record_of("a", "box", 4, 10), {"hot"});
  ASSERT_FALSE(committed(*store_, {record}));

  ++record.version;
  record.parent = {"bag"};
  ASSERT_FALSE(committed(*store_, {record}));

  EXPECT_EQ(must(snapshot()->next_labelled_parent("hot", {""})), ResourceId{"bag"});
  EXPECT_EQ(must(snapshot()->next_labelled_parent("hot", {"bag"})), std::nullopt);
}

TEST_P(StoreIndex, ListsTheTypesOfChildren) {
  ASSERT_FALSE(committed(*store_, {record_of("a", "box", 4, 10), record_of("b", "box", 3, 11),
                                   record_of("c", "box", 4, 12)}));

  EXPECT_THAT(must(snapshot()->child_types({"box"})), ElementsAre(3, 4));
  EXPECT_THAT(must(snapshot()->child_types({"bag"})), IsEmpty());
}

TEST_P(StoreIndex, ListsAllByOrderWithTheirParents) {
  ASSERT_FALSE(committed(*store_, {record_of("a", "box", 4, 10)}));

  EXPECT_THAT(ids_of(must(snapshot()->all(INT64_MIN, 9))), ElementsAre("cb", "box", "bag", "a"));
  EXPECT_THAT(must(snapshot()->all(3, 9)), ElementsAre(IndexEntry{{"a"}, {"box"}, 4, 10}));
  EXPECT_THAT(must(snapshot()->all(INT64_MIN, 0)), IsEmpty());
}

TEST_P(StoreIndex, ListsWhatWasChangedByTimeAndOrder) {
  ASSERT_FALSE(committed(*store_, {record_of("a", "box", 4, 10), record_of("b", "box", 4, 11),
                                   record_of("c", "box", 4, 12), record_of("d", "box", 4, 13)}));
  ASSERT_FALSE(committed(*store_, {modified(record_of("a", "box", 4, 10), 20),
                                   modified(record_of("b", "box", 4, 11), 10),
                                   modified(record_of("c", "box", 4, 12), 20)}));
  auto now = snapshot();

  EXPECT_THAT(ids_of(must(now->by_modification({}, 9))), ElementsAre("b", "a", "c"));
  EXPECT_THAT(must(now->by_modification({{20}, 10}, 9)),
              ElementsAre(IndexEntry{{"c"}, {"box"}, 4, 12, {20}}));
  EXPECT_THAT(ids_of(must(now->by_modification({{19}, INT64_MAX}, 1))), ElementsAre("a"));
}

TEST_P(StoreIndex, GoesOnBehindAPlaceInTheExpirations) {
  ASSERT_FALSE(committed(*store_, {expiring(record_of("a", "box", 4, 10), 20),
                                   expiring(record_of("b", "box", 4, 11), 20),
                                   expiring(record_of("c", "box", 4, 12), 30)}));

  EXPECT_THAT(ids_of(must(snapshot()->by_expiration({{20}, 10}, {30}, 9))), ElementsAre("b"));
}

// --- what the first schema did not have ----------------------------------------------------------

class OldFile : public testing::Test {
 protected:
  void SetUp() override { settings_.path = folder_.file("old.db"); }
  void run(const std::string& sql) {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(settings_.path.c_str(), &handle), SQLITE_OK);
    char* why = nullptr;
    EXPECT_EQ(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, &why), SQLITE_OK) << why;
    sqlite3_free(why);
    sqlite3_close(handle);
  }
  TemporaryFolder folder_;
  SqliteSettings settings_;
};

TEST_F(OldFile, GetsItsLabelsAndModificationsFromTheBodies) {
  { must(open_sqlite_store(settings_, sqlite_migrations().first(1))); }
  run(R"sql(INSERT INTO resource(ord,id,parent,type,version,originator,internal,body) VALUES
    (1,'cb','',5,1,'o','','{"m2m:cb":{"ct":"20260101T000000,000000","lt":"20260101T000000,000000"}}'),
    (2,'a','cb',3,4,'o','','{"m2m:cnt":{"ct":"20260101T000000,000000","lt":"20260102T030405,000006",
                                        "lbl":["z:é","b"]}}'),
    (3,'b','cb',3,1,'o','','no JSON'))sql");

  const auto store = must(open_sqlite_store(settings_));

  EXPECT_THAT(found(*store, "a")->labels, testing::UnorderedElementsAre("z:é", "b"));
  EXPECT_EQ(found(*store, "a")->modified, *parse_timestamp("20260102T030400"));
  EXPECT_THAT(ids_of(must(must(store->read())->by_modification({}, 9))), ElementsAre("a"));
  EXPECT_THAT(ids_of(must(must(store->read())->labelled_children("z:é", {"cb"}, Page{}))),
              ElementsAre("a"));
  EXPECT_EQ(found(*store, "cb")->modified, Timestamp{0});
}

// What an insert costs is what the most frequent one needs: a <contentInstance> without labels has
// no row but its own.
TEST_F(OldFile, AResourceWithoutLabelsHasNoRowAmongThem) {
  {
    const auto store = must(open_sqlite_store(settings_));
    ASSERT_FALSE(committed(*store, {record_of("cb", "", 5, 1), record_of("a", "cb", 4, 2)}));
  }

  run("CREATE TABLE check_(n CHECK(n=0)); INSERT INTO check_ SELECT count(*) FROM label");
}

}  // namespace
}  // namespace gatehouse
