// What only the SQLite backend has: files, reopening, a schema that moves on.
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "cse/store/sqlite/statements.h"
#include "tests/cse/store/store_fixture.h"

namespace gatehouse {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class SqliteStore : public testing::Test {
 protected:
  SqliteStore() { settings_.path = folder_.file("store.db"); }

  std::unique_ptr<Store> open() { return must(open_sqlite_store(settings_)); }

  /// The text of the error that opening gives; empty if it opens.
  std::string refusal() {
    const auto store = open_sqlite_store(settings_);
    return store ? std::string() : store.error().detail;
  }

  void overwrite(std::streamoff offset, const std::string& bytes) {
    std::fstream file(settings_.path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(offset);
    file << bytes;
  }

  /// The first column of the first row, by a connection of the test's own.
  std::string ask(const std::string& sql) {
    sqlite3* handle = nullptr;
    sqlite3_open(settings_.path.c_str(), &handle);
    std::string answer;
    sqlite3_exec(
        handle, sql.c_str(),
        [](void* to, int, char** columns, char**) {
          *static_cast<std::string*>(to) = columns[0] ? columns[0] : "NULL";
          return 0;
        },
        &answer, nullptr);
    sqlite3_close(handle);
    return answer;
  }

  TemporaryFolder folder_;
  SqliteSettings settings_;
  const Record base_ = named(record_of("cb", "", 5, 1), "cse-in");
};

TEST_F(SqliteStore, FindsEverythingAgainAfterReopening) {
  const Record box = expiring(record_of("box", "cb", 3, 2), 77);
  {
    auto store = open();
    auto work = must(store->begin());
    must(work->put(base_));
    must(work->put(box));
    must(work->put_outbox({9, "q", "{}"}));
    must(work->put_setting("generation", "3"));
    ASSERT_FALSE(work->commit());
  }

  const auto store = open();
  const auto now = must(store->read());

  EXPECT_EQ(must(now->find({"cb"})), base_);
  EXPECT_EQ(must(now->find_child({"cb"}, "box")), box);
  EXPECT_THAT(must(now->outbox(0, 9)), ElementsAre(OutboxEntry{9, "q", "{}"}));
  EXPECT_EQ(must(now->setting("generation")), "3");
}

TEST_F(SqliteStore, LeavesAWholeFileWhenClosed) {
  { ASSERT_FALSE(committed(*open(), {base_})); }

  EXPECT_FALSE(std::filesystem::exists(settings_.path + "-wal"));
  EXPECT_EQ(ask("PRAGMA integrity_check"), "ok");
}

// The child is killed with its work committed, with its work open, and with neither file closed.
TEST_F(SqliteStore, KeepsCommittedWorkOfAKilledProcessAndNothingElse) {
  const pid_t child = ::fork();
  if (child == 0) {
    auto store = open_sqlite_store(settings_);
    if (!store || committed(**store, {base_})) ::_exit(1);
    auto work = (*store)->begin();
    for (int i = 0; i < 2000; ++i) {  // beyond a small cache: spilled to the log
      if (!(*work)->put(record_of("i" + std::to_string(i), "cb", 4, 10 + i))) ::_exit(1);
    }
    ::raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));

  const auto store = open();

  EXPECT_EQ(found(*store, "cb"), base_);
  EXPECT_EQ(must(store->count()), 1);
}

TEST_F(SqliteStore, IsRefusedToASecondHolder) {
  const auto first = open();

  EXPECT_THAT(refusal(), HasSubstr("in use by another process"));
}

// --- files that are wrong
// -----------------------------------------------------------------------------------------

TEST_F(SqliteStore, RefusesAFolderThatIsNotThere) {
  settings_.path = folder_.file("no/such/store.db");

  EXPECT_THAT(refusal(), HasSubstr("cannot be created"));
}

TEST_F(SqliteStore, RefusesAFolderInPlaceOfAFile) {
  std::filesystem::create_directory(settings_.path);

  EXPECT_THAT(refusal(), HasSubstr("cannot be opened"));
}

TEST_F(SqliteStore, RefusesTextThatIsNoDatabase) {
  std::ofstream(settings_.path) << std::string(5000, 'x');

  EXPECT_THAT(refusal(), HasSubstr("not a database"));
}

TEST_F(SqliteStore, RefusesTheDatabaseOfAnotherProgram) {
  ask("CREATE TABLE theirs(x)");

  EXPECT_THAT(refusal(), HasSubstr("another program"));
  EXPECT_EQ(ask("SELECT count(*) FROM sqlite_schema"), "1");
}

TEST_F(SqliteStore, RefusesADamagedSchema) {
  { ASSERT_FALSE(committed(*open(), {base_})); }
  overwrite(100, std::string(200, '\xff'));

  EXPECT_THAT(refusal(), HasSubstr("damaged"));
}

TEST_F(SqliteStore, AnswersAnErrorForADamagedPage) {
  {
    auto store = open();
    std::vector<Record> records{base_};
    for (int i = 0; i < 500; ++i) {
      records.push_back(record_of("i" + std::to_string(i), "cb", 4, 10 + i));
    }
    ASSERT_FALSE(committed(*store, records));
  }
  const auto size = std::filesystem::file_size(settings_.path);
  const auto schema_pages = 10;  // the roots; behind them leaves
  overwrite(schema_pages * 4096, std::string(size - schema_pages * 4096, '\xff'));
  const auto store = open();

  const auto outcome = must(store->read())->children({"cb"}, {.limit = SIZE_MAX});

  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().rsc, Rsc::kInternalServerError);
  EXPECT_THAT(outcome.error().detail, HasSubstr("damaged"));
}

TEST_F(SqliteStore, NamesNoPathInItsErrors) {
  std::ofstream(settings_.path) << std::string(5000, 'x');

  EXPECT_THAT(refusal(), Not(HasSubstr(folder_.file(""))));
}

struct WrongSetting {
  std::string name;
  void (*apply)(SqliteSettings&);
  std::string text;
};

class SqliteSettingsCheck : public testing::TestWithParam<WrongSetting> {};

TEST_P(SqliteSettingsCheck, IsNamedInTheError) {
  TemporaryFolder folder;
  SqliteSettings settings;
  settings.path = folder.file("store.db");
  GetParam().apply(settings);

  const auto store = open_sqlite_store(settings);

  ASSERT_FALSE(store);
  EXPECT_THAT(store.error().detail, HasSubstr(GetParam().text));
}

INSTANTIATE_TEST_SUITE_P(
    Settings, SqliteSettingsCheck,
    testing::Values(
        WrongSetting{"no_path", [](SqliteSettings& s) { s.path.clear(); }, "path"},
        WrongSetting{"memory", [](SqliteSettings& s) { s.path = ":memory:"; }, "path"},
        WrongSetting{"page", [](SqliteSettings& s) { s.page_bytes = 5000; }, "page_bytes"},
        WrongSetting{"readers", [](SqliteSettings& s) { s.max_readers = 0; }, "positive"},
        WrongSetting{"cache", [](SqliteSettings& s) { s.cache_bytes = 0; }, "positive"},
        WrongSetting{"vfs", [](SqliteSettings& s) { s.vfs = "nobody"; }, "vfs"}),
    [](const auto& row) { return row.param.name; });

// --- the schema moves on
// ------------------------------------------------------------------------------------------

std::vector<SqliteMigration> with_step(const char* sql) {
  std::vector<SqliteMigration> steps(sqlite_migrations().begin(), sqlite_migrations().end());
  steps.push_back({steps.back().version + 1, sql});
  return steps;
}

TEST(SqliteMigrations, RiseFromOneWithoutAGap) {
  int expected = 1;
  for (const SqliteMigration& step : sqlite_migrations()) EXPECT_EQ(step.version, expected++);
}

TEST_F(SqliteStore, MigratesAnOlderFileAndKeepsItsRecords) {
  { ASSERT_FALSE(committed(*open(), {base_})); }
  const auto steps = with_step("UPDATE resource SET body='new'; CREATE TABLE extra(x)");

  {
    const auto store = must(open_sqlite_store(settings_, steps));
    EXPECT_EQ(found(*store, "cb")->body, "new");
  }

  EXPECT_EQ(ask("PRAGMA user_version"), std::to_string(steps.back().version));
  EXPECT_EQ(ask("SELECT count(*) FROM extra"), "0");
}

TEST_F(SqliteStore, AppliesAStepOnlyOnce) {
  const auto steps = with_step("CREATE TABLE extra(x)");
  { must(open_sqlite_store(settings_, steps)); }

  EXPECT_TRUE(open_sqlite_store(settings_, steps));
}

TEST_F(SqliteStore, LeavesTheFileAsItWasWhenAMigrationFails) {
  { ASSERT_FALSE(committed(*open(), {base_})); }
  const auto steps = with_step("UPDATE resource SET body='new'; NONSENSE");

  const auto refused = open_sqlite_store(settings_, steps);

  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().detail, HasSubstr("migration to schema version 3"));
  EXPECT_EQ(found(*open(), "cb"), base_);
}

TEST_F(SqliteStore, RefusesAFileOfANewerSchema) {
  { must(open_sqlite_store(settings_, with_step("CREATE TABLE extra(x)"))); }

  EXPECT_THAT(refusal(), HasSubstr("schema version 3, this program knows versions up to 2"));
}

// --- cost
// ---------------------------------------------------------------------------------------------------------

TEST_F(SqliteStore, AnswersEveryStatementFromAnIndex) {
  { open(); }
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(settings_.path.c_str(), &handle), SQLITE_OK);
  for (const char* sql : sqlite::kSqlTexts) {
    if (std::string(sql).find(" WHERE ") == std::string::npos) continue;
    sqlite3_stmt* plan = nullptr;
    ASSERT_EQ(sqlite3_prepare_v2(handle, (std::string("EXPLAIN QUERY PLAN ") + sql).c_str(), -1,
                                 &plan, nullptr),
              SQLITE_OK)
        << sql;
    while (sqlite3_step(plan) == SQLITE_ROW) {
      const std::string step = reinterpret_cast<const char*>(sqlite3_column_text(plan, 3));
      EXPECT_THAT(step, Not(HasSubstr("SCAN"))) << sql;
      EXPECT_THAT(step, Not(HasSubstr("TEMP B-TREE"))) << sql;
    }
    sqlite3_finalize(plan);
  }
  sqlite3_close(handle);
}

TEST_F(SqliteStore, KeepsTheLogSmallUnderSteadyWriting) {
  settings_.checkpoint_bytes = 256 << 10;
  const auto store = open();
  ASSERT_FALSE(committed(*store, {base_}));
  std::int64_t order = 10;
  std::uintmax_t largest = 0;

  for (int commit = 0; commit < 400; ++commit) {
    std::vector<Record> records;
    for (int i = 0; i < 64; ++i, ++order) {
      records.push_back(record_of("i" + std::to_string(order), "cb", 4, order));
      records.back().body.assign(300, 'x');
    }
    ASSERT_FALSE(committed(*store, records));
    largest = std::max(largest, std::filesystem::file_size(settings_.path + "-wal"));
  }

  const auto written = std::filesystem::file_size(settings_.path);
  EXPECT_GT(written, 5u << 20);  // the log was copied while the store was open
  EXPECT_LT(largest, 5u << 20);
  EXPECT_EQ(must(store->count()), 400 * 64 + 1);
}

TEST_F(SqliteStore, AnswersAnErrorWhenTooManySnapshotsAreOpen) {
  settings_.max_readers = 2;
  const auto store = open();
  const auto one = must(store->read());
  auto two = must(store->read());

  EXPECT_FALSE(store->read());
  two.reset();

  EXPECT_TRUE(store->read());
}

}  // namespace
}  // namespace gatehouse
