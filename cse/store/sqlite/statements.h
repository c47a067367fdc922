#pragma once
#include <array>
#include <cstddef>

namespace gatehouse::sqlite {

/// Every statement of the store, compiled once per connection. Same order as kSqlTexts.
enum class Sql : std::size_t {
  kBeginRead,
  kBeginWrite,
  kCommit,
  kPin,
  kFind,
  kFindNamed,
  kFindUnnamed,
  kTypes,
  kChildrenUp,
  kChildrenDown,
  kAllUp,
  kAllDown,
  kAll,
  kNextLabel,
  kNextLabelledParent,
  kLabelledUp,
  kLabelledDown,
  kModified,
  kExpiring,
  kOutbox,
  kSetting,
  kCount,
  kVersion,
  kIdOfId,
  kIdOfNamed,
  kIsUnnamedChild,
  kIdOfOrder,
  kInsert,
  kUpdate,
  kPlace,
  kUpdateIndexed,
  kErase,
  kAddLabel,
  kEraseLabel,
  kPutOutbox,
  kEraseOutbox,
  kPutSetting,
  kEnd_
};
inline constexpr std::size_t kSqlCount = static_cast<std::size_t>(Sql::kEnd_);

#define GATEHOUSE_RECORD_COLUMNS \
  "ord,id,parent,name,type,version,expires,originator,body,internal,modified,labels"

inline constexpr std::array<const char*, kSqlCount> kSqlTexts = {
    "BEGIN",
    "BEGIN IMMEDIATE",
    "COMMIT",
    "SELECT 1 FROM setting LIMIT 1",
    "SELECT " GATEHOUSE_RECORD_COLUMNS " FROM resource WHERE id=?1",
    "SELECT " GATEHOUSE_RECORD_COLUMNS " FROM resource WHERE parent=?1 AND name=?2",
    "SELECT " GATEHOUSE_RECORD_COLUMNS " FROM resource WHERE id=?2 AND +parent=?1 AND name IS NULL",
    "SELECT type FROM resource WHERE parent=?1 AND type>?2 ORDER BY type LIMIT 1",
    "SELECT ord,id,name FROM resource WHERE parent=?1 AND type=?2 AND ord>?3 ORDER BY ord LIMIT ?4",
    "SELECT ord,id,name FROM resource WHERE parent=?1 AND type=?2 AND ord<=?3 "
    "ORDER BY ord DESC LIMIT ?4",
    "SELECT ord,id,name FROM resource WHERE type=?1 AND ord>?2 ORDER BY ord LIMIT ?3",
    "SELECT ord,id,name FROM resource WHERE type=?1 AND ord<=?2 ORDER BY ord DESC LIMIT ?3",
    "SELECT ord,id,parent,type,0 FROM resource WHERE ord>?1 ORDER BY ord LIMIT ?2",
    "SELECT label FROM label WHERE label>=?1 ORDER BY label LIMIT 1",
    "SELECT parent FROM label WHERE label=?1 AND parent>?2 ORDER BY parent LIMIT 1",
    "SELECT r.ord,r.id,r.name,r.type FROM label l CROSS JOIN resource r ON r.ord=l.ord "
    "WHERE l.label=?1 AND l.parent=?2 AND l.ord>?3 ORDER BY l.ord LIMIT ?4",
    "SELECT r.ord,r.id,r.name,r.type FROM label l CROSS JOIN resource r ON r.ord=l.ord "
    "WHERE l.label=?1 AND l.parent=?2 AND l.ord<=?3 ORDER BY l.ord DESC LIMIT ?4",
    "SELECT ord,id,parent,type,modified FROM resource WHERE (modified,ord)>(?1,?2) "
    "AND modified IS NOT NULL ORDER BY modified,ord LIMIT ?3",
    "SELECT ord,id,parent,type,expires FROM resource WHERE (expires,ord)>(?1,?2) AND expires<?3 "
    "ORDER BY expires,ord LIMIT ?4",
    "SELECT ord,queue,body FROM outbox WHERE ord>?1 ORDER BY ord LIMIT ?2",
    "SELECT value FROM setting WHERE name=?1",
    "SELECT count(*) FROM resource",
    "SELECT version FROM resource WHERE id=?1",
    "SELECT id FROM resource WHERE id=?1",
    "SELECT id FROM resource WHERE parent=?1 AND name=?2",
    "SELECT 1 FROM resource WHERE id=?2 AND +parent=?1 AND name IS NULL",
    "SELECT id FROM resource WHERE ord=?1",
    "INSERT INTO resource(" GATEHOUSE_RECORD_COLUMNS
    ") "
    "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)",
    "UPDATE resource SET version=?6,originator=?8,body=?9,internal=?10 WHERE id=?2 "
    "AND version=?6-1 AND +ord=?1 AND +parent=?3 AND name IS ?4 AND +type=?5 AND expires IS ?7 "
    "AND modified IS ?11 AND labels IS ?12",
    "SELECT ord,parent,labels,name IS ?3 AND type=?4 FROM resource WHERE id=?1 AND version=?2",
    "UPDATE resource SET version=?6,expires=?7,originator=?8,body=?9,internal=?10,modified=?11,"
    "labels=?12 WHERE ord=?1",
    "DELETE FROM resource WHERE id=?1 AND version=?2 RETURNING ord,parent,labels",
    "INSERT INTO label(label,parent,ord) VALUES(?1,?2,?3)",
    "DELETE FROM label WHERE label=?1 AND parent=?2 AND ord=?3",
    "INSERT INTO outbox(ord,queue,body) VALUES(?1,?2,?3) "
    "ON CONFLICT(ord) DO UPDATE SET queue=excluded.queue,body=excluded.body",
    "DELETE FROM outbox WHERE ord=?1",
    "INSERT INTO setting(name,value) VALUES(?1,?2) "
    "ON CONFLICT(name) DO UPDATE SET value=excluded.value",
};

}  // namespace gatehouse::sqlite
