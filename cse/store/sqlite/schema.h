#pragma once
#include <span>

#include "cse/store/sqlite/connection.h"

namespace gatehouse::sqlite {

/// Creates the schema in an empty file, or brings an older one of ours to the last of `migrations`.
/// Errors: kInternalServerError; then the file is as it was.
Result<void> prepare_schema(Connection& connection, const SqliteSettings& settings,
                            std::span<const SqliteMigration> migrations);

/// Commits one page that stays as it was: see SqliteTransaction::write_out.
Result<void> rewrite_schema_version(Connection& connection);

}  // namespace gatehouse::sqlite
