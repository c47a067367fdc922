// A disk that fails: commit() answers it, nothing is kept, and the store goes on once the disk is
// well.
#include "tests/cse/store/faulty_disk.h"
#include "tests/cse/store/store_fixture.h"

namespace gatehouse {
namespace {

using testing::HasSubstr;
using CommitError = Transaction::CommitError;

class SqliteFaults : public testing::Test {
 protected:
  SqliteFaults() {
    settings_.path = folder_.file("store.db");
    settings_.vfs = disk_.name();
    store_ = must(open_sqlite_store(settings_));
    EXPECT_FALSE(committed(*store_, {record_of("cb", "", 5, 1)}));
  }

  /// A commit of several pages.
  CommitOutcome commit_box(const std::string& id, std::int64_t order) {
    Record box = record_of(id, "cb", 3, order);
    box.body.assign(20'000, 'x');
    return committed(*store_, {box});
  }

  /// Copies the files as they are, as after a crash of the machine, and opens the copy.
  std::unique_ptr<Store> after_a_crash() {
    SqliteSettings copy;
    copy.path = folder_.file("copy.db");
    std::filesystem::copy_file(settings_.path, copy.path);
    std::filesystem::copy_file(settings_.path + "-wal", copy.path + "-wal");
    return must(open_sqlite_store(copy));
  }

  TemporaryFolder folder_;
  FaultyDisk disk_;
  SqliteSettings settings_;
  std::unique_ptr<Store> store_;
};

TEST_F(SqliteFaults, KeepsNothingOfACommitWhoseSyncFailed) {
  disk_.fail_syncs(0, 1);

  const CommitOutcome outcome = commit_box("box", 2);

  ASSERT_TRUE(outcome);
  EXPECT_EQ(disk_.failed(), 1);
  EXPECT_EQ(outcome->reason, CommitError::kFailed);
  EXPECT_THAT(outcome->detail, HasSubstr("the disk failed"));
  EXPECT_TRUE(outcome->stale.empty());
  EXPECT_EQ(found(*store_, "box"), std::nullopt);
}

TEST_F(SqliteFaults, DoesNotBringAFailedCommitBackAfterACrash) {
  disk_.fail_syncs(0, 1);
  ASSERT_TRUE(commit_box("box", 2));

  const auto store = after_a_crash();

  EXPECT_TRUE(found(*store, "cb"));
  EXPECT_EQ(found(*store, "box"), std::nullopt);
}

TEST_F(SqliteFaults, KeepsNothingOfACommitThatFailedAtAnyWrite) {
  int order = 10;
  int failures = 0;
  for (int writes = 0; writes < 12; ++writes) {
    disk_.fail_writes(writes, 1);
    const std::string id = "box" + std::to_string(++order);

    const CommitOutcome outcome = commit_box(id, order);

    disk_.heal();
    EXPECT_EQ(found(*store_, id).has_value(), !outcome) << writes;
    if (outcome) ++failures;
  }
  EXPECT_GE(failures, 5);
  EXPECT_EQ(disk_.failed(), failures);
}

TEST_F(SqliteFaults, WorksAgainWhenTheDiskDoes) {
  disk_.fail_syncs(0, 100);
  ASSERT_TRUE(commit_box("box", 2));
  ASSERT_TRUE(commit_box("box", 2));
  disk_.heal();

  EXPECT_FALSE(commit_box("box", 2));

  store_.reset();
  store_ = must(open_sqlite_store(settings_));
  EXPECT_TRUE(found(*store_, "box"));
  EXPECT_EQ(must(store_->count()), 2);
}

TEST_F(SqliteFaults, KeepsServingSnapshotsWhileTheDiskRefusesWrites) {
  disk_.fail_writes(0, 1000);
  EXPECT_TRUE(commit_box("box", 2));

  EXPECT_TRUE(found(*store_, "cb"));
  disk_.heal();
}

TEST(SqliteFull, RefusesTheCommitThatWouldPassTheLimitAndGoesOn) {
  TemporaryFolder folder;
  SqliteSettings settings;
  settings.path = folder.file("store.db");
  settings.max_bytes = 1 << 20;
  const auto store = must(open_sqlite_store(settings));
  Record large = record_of("large", "cb", 3, 2);
  large.body.assign(2 << 20, 'x');
  ASSERT_FALSE(committed(*store, {record_of("cb", "", 5, 1)}));

  auto work = must(store->begin());
  must(work->put(record_of("small", "cb", 3, 3)));
  const auto refused = work->put(large);
  const auto later = work->put(record_of("small2", "cb", 3, 4));
  const auto outcome = work->commit();

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().rsc, Rsc::kInternalServerError);
  EXPECT_THAT(refused.error().detail, HasSubstr("full"));
  EXPECT_FALSE(later);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->reason, CommitError::kFailed);
  EXPECT_EQ(found(*store, "small"), std::nullopt);
  EXPECT_FALSE(committed(*store, {record_of("small", "cb", 3, 3)}));
}

}  // namespace
}  // namespace gatehouse
