#include "cse/store/sqlite/schema.h"

#include <string>

namespace gatehouse {
namespace {

// What an insert of a new instance touches grows at its right end, or at one place per parent and
// type:
//  - `ord` is the rowid: records lie in the file by creation, and an index on (type) lists by
//  order.
//  - `name` is NULL when it equals `id`, as for nearly all instances: then the index of ids answers
//  for the name.
//  - `expires` is NULL for never, and such rows are not in its index.
//  - `labels` and `modified` are NULL for nearly all instances, which then have no row in their
//  indexes. A label's rows lie by parent, so that a search below one parent, and one over the few
//  parents that have it, are both short.
//  - resource_child covers a ChildEntry, so that a listing does not visit the records.
constexpr SqliteMigration kMigrations[] = {
    {1, R"sql(
CREATE TABLE resource(
  ord INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  parent TEXT NOT NULL,
  name TEXT,
  type INTEGER NOT NULL,
  version INTEGER NOT NULL,
  expires INTEGER,
  originator TEXT NOT NULL,
  internal TEXT NOT NULL,
  body TEXT NOT NULL);
CREATE UNIQUE INDEX resource_name ON resource(parent, name) WHERE name IS NOT NULL;
CREATE INDEX resource_child ON resource(parent, type, ord, id, name);
CREATE INDEX resource_type ON resource(type);
CREATE INDEX resource_expires ON resource(expires) WHERE expires IS NOT NULL;
CREATE TABLE outbox(ord INTEGER PRIMARY KEY, queue TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE setting(name TEXT PRIMARY KEY, value TEXT NOT NULL);
)sql"},
    {2, R"sql(
ALTER TABLE resource ADD COLUMN modified INTEGER;
ALTER TABLE resource ADD COLUMN labels TEXT;
CREATE TABLE label(label TEXT, parent TEXT, ord INTEGER, PRIMARY KEY(label, parent, ord)) WITHOUT ROWID;
CREATE INDEX resource_modified ON resource(modified) WHERE modified IS NOT NULL;
INSERT OR IGNORE INTO label(label, parent, ord)
  SELECT lbl.value, r.parent, r.ord
  FROM resource r, json_each(CASE WHEN json_valid(r.body) THEN r.body ELSE '{}' END) root,
       json_each(CASE WHEN root.type='object' THEN root.value ELSE '{}' END, '$.lbl') lbl
  WHERE lbl.type='text';
UPDATE resource SET labels=(SELECT group_concat(length(CAST(label AS BLOB))||':'||label, '')
                            FROM label WHERE label.ord=resource.ord AND label.parent=resource.parent)
  WHERE ord IN (SELECT ord FROM label);
UPDATE resource SET modified=(
  SELECT CAST(strftime('%s', substr(lt,1,4)||'-'||substr(lt,5,2)||'-'||substr(lt,7,2)||' '||
                             substr(lt,10,2)||':'||substr(lt,12,2)) AS INTEGER)*1000000
  FROM (SELECT json_extract(value,'$.lt') lt, json_extract(value,'$.ct') ct
        FROM json_each(CASE WHEN json_valid(resource.body) THEN resource.body ELSE '{}' END)
        WHERE type='object')
  WHERE lt IS NOT NULL AND lt<>ct);
)sql"},
};

}  // namespace

std::span<const SqliteMigration> sqlite_migrations() { return kMigrations; }

namespace sqlite {
namespace {

constexpr std::int64_t kApplicationId = 0x47544853;  // "GTHS"

Result<void> check_owner(Connection& connection) {
  const auto application = connection.number("PRAGMA application_id");
  if (!application) return fail(application.error());
  const auto tables = connection.number("SELECT count(*) FROM sqlite_schema");
  if (!tables) return fail(tables.error());
  if (*application == kApplicationId || (*application == 0 && *tables == 0)) return {};
  return fail(Rsc::kInternalServerError, "store: the database belongs to another program");
}

Result<void> apply(Connection& connection, const SqliteMigration& step) {
  const std::string sql = std::string(step.sql) +
                          ";PRAGMA user_version=" + std::to_string(step.version) +
                          ";PRAGMA application_id=" + std::to_string(kApplicationId) + ";COMMIT";
  auto done = connection.execute("BEGIN IMMEDIATE");
  if (done) done = connection.execute(sql.c_str());
  if (done) return {};
  const Error error = done.error();
  if (!sqlite3_get_autocommit(connection.handle())) {
    sqlite3_exec(connection.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
  return fail(error.rsc, "migration to schema version " + std::to_string(step.version) +
                             " failed: " + error.detail);
}

Result<void> migrate(Connection& connection, std::span<const SqliteMigration> migrations) {
  const auto found = connection.number("PRAGMA user_version");
  if (!found) return fail(found.error());
  const int newest = migrations.empty() ? 0 : migrations.back().version;
  if (*found > newest) {
    return fail(Rsc::kInternalServerError,
                "store: the database has schema version " + std::to_string(*found) +
                    ", this program knows versions up to " + std::to_string(newest));
  }
  for (const SqliteMigration& step : migrations) {
    if (step.version <= *found) continue;
    if (auto done = apply(connection, step); !done) return done;
  }
  return {};
}

}  // namespace

Result<void> prepare_schema(Connection& connection, const SqliteSettings& settings,
                            std::span<const SqliteMigration> migrations) {
  // Each pragma acts on a new file only, or on this connection.
  const std::string page = "PRAGMA page_size=" + std::to_string(settings.page_bytes);
  if (auto done = connection.execute(page.c_str()); !done) return done;
  if (auto owner = check_owner(connection); !owner) return owner;
  const auto mode = connection.text("PRAGMA journal_mode=WAL");
  if (!mode) return fail(mode.error());
  if (*mode != "wal") {
    return fail(Rsc::kInternalServerError, "store: the file system does not allow WAL mode");
  }
  const std::string keep = "PRAGMA journal_size_limit=" + std::to_string(settings.wal_keep_bytes);
  if (auto done = connection.execute(keep.c_str()); !done) return done;
  if (auto done = migrate(connection, migrations); !done) return done;
  if (settings.max_bytes <= 0) return {};
  const auto page_bytes = connection.number("PRAGMA page_size");
  if (!page_bytes) return fail(page_bytes.error());
  const std::string limit =
      "PRAGMA max_page_count=" + std::to_string(settings.max_bytes / *page_bytes);
  return connection.execute(limit.c_str());
}

Result<void> rewrite_schema_version(Connection& connection) {
  const auto version = connection.number("PRAGMA user_version");
  if (!version) return fail(version.error());
  return connection.execute(("PRAGMA user_version=" + std::to_string(*version)).c_str());
}

}  // namespace sqlite
}  // namespace gatehouse
