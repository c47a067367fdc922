#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cse/primitive/identifiers.h"
#include "cse/primitive/result.h"
#include "cse/primitive/timestamp.h"

namespace gatehouse {

/// One stored resource. A store knows these fields and indexes them; what `body` says is the core's
/// business.
struct Record {
  ResourceId id;
  ResourceId parent;  ///< empty for the CSEBase
  std::string name;   ///< rn; unique among siblings (case-sensitive)
  int type = 0;       ///< ty
  /// Position among all resources: rises with time of creation, unique in the store. Given by the
  /// core from a time-ordered generator that needs no shared counter (microseconds and a process
  /// part).
  std::int64_t order = 0;
  /// Counts the changes of this resource: 1 when created. Guards against lost updates, see
  /// Transaction::put.
  std::int64_t version = 0;
  Timestamp expires;       ///< et; Timestamp{INT64_MAX} for none
  std::string originator;  ///< who created it: has access when there is no policy
  std::string body;        ///< the attributes as a JSON object, as answered to a RETRIEVE
  std::string internal;    ///< what the CSE keeps beside the attributes; JSON object or empty
  /// When it was last changed, rounded down by the core so that a busy resource seldom moves in the
  /// index; {0}: not since its creation.
  Timestamp modified{0};
  std::vector<std::string> labels;  ///< lbl: each once; an index finds resources by them

  friend bool operator==(const Record&, const Record&) = default;
};

/// A part of an ordered listing. `after` is exclusive.
struct Page {
  std::int64_t after = INT64_MIN;
  std::size_t limit = 256;
  bool newest_first =
      false;  ///< then `after` means "before this order"; INT64_MIN starts at the newest
};

/// A row of a listing: enough to walk the tree without reading bodies.
struct ChildEntry {
  ResourceId id;
  std::string name;
  int type = 0;
  std::int64_t order = 0;
  friend bool operator==(const ChildEntry&, const ChildEntry&) = default;
};

/// A row of an index over the whole store: a resource, where it is, and for an index by time, when.
struct IndexEntry {
  ResourceId id;
  ResourceId parent;
  int type = 0;
  std::int64_t order = 0;
  Timestamp time{0};
  friend bool operator==(const IndexEntry&, const IndexEntry&) = default;
};

/// A place in an index by time. What follows it is later, or of the same time and greater order.
struct TimePosition {
  Timestamp time{INT64_MIN};
  std::int64_t order = INT64_MIN;
};

/// A notification (or other message) that must leave after its cause has been committed, even if
/// the process dies in between. Delivered in ascending `order` within one `queue`.
struct OutboxEntry {
  std::int64_t order = 0;  ///< from the same generator as Record::order
  std::string queue;       ///< e.g. the subscription's resource ID: order is kept within it
  std::string body;        ///< JSON object, the sender's business
  friend bool operator==(const OutboxEntry&, const OutboxEntry&) = default;
};

/// What a reader sees: one consistent state of everything committed. Threading: one thread at a
/// time per object.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
  /// nullopt: no such resource. Absence is an answer, not an Error.
  virtual Result<std::optional<Record>> find(const ResourceId& id) = 0;
  virtual Result<std::optional<Record>> find_child(const ResourceId& parent,
                                                   const std::string& name) = 0;
  /// Children by `order`; shorter than page.limit only at the end. O(log n + answer).
  virtual Result<std::vector<ChildEntry>> children(const ResourceId& parent, const Page& page) = 0;
  /// The same, only those of one type. O(log n + answer).
  virtual Result<std::vector<ChildEntry>> children_of_type(const ResourceId& parent, int type,
                                                           const Page& page) = 0;
  /// All resources of a type in the CSE, by `order`. For start-up and registries of small types.
  virtual Result<std::vector<ChildEntry>> all_of_type(int type, const Page& page) = 0;

  // The indexes that discovery walks. Each is O(log n + answer); none holds what it is not asked
  // for: a resource without labels has no row among labels, an unchanged one none among
  // modifications.

  /// The types that children of a resource have, ascending.
  virtual Result<std::vector<int>> child_types(const ResourceId& parent) = 0;
  /// All resources with an order above `after`, by order, which is nearly the order of creation.
  virtual Result<std::vector<IndexEntry>> all(std::int64_t after, std::size_t limit) = 0;
  /// The least label in use that is not less than `from`, as bytes; nullopt if there is none.
  virtual Result<std::optional<std::string>> next_label(const std::string& from) = 0;
  /// The least identifier above `after` of a resource with children that carry the label.
  virtual Result<std::optional<ResourceId>> next_labelled_parent(const std::string& label,
                                                                 const ResourceId& after) = 0;
  /// As children, only those that carry the label.
  virtual Result<std::vector<ChildEntry>> labelled_children(const std::string& label,
                                                            const ResourceId& parent,
                                                            const Page& page) = 0;
  /// Resources by (modified, order), from behind `after`; those changed since their creation.
  virtual Result<std::vector<IndexEntry>> by_modification(const TimePosition& after,
                                                          std::size_t limit) = 0;
  /// Resources by (expires, order), from behind `after` to before `until`; those that expire.
  virtual Result<std::vector<IndexEntry>> by_expiration(const TimePosition& after, Timestamp until,
                                                        std::size_t limit) = 0;

  /// Undelivered messages by `order`, of all queues.
  virtual Result<std::vector<OutboxEntry>> outbox(std::int64_t after, std::size_t limit) = 0;
  /// A value kept under a name ("sp-id", "generation"); nullopt if there is none.
  virtual Result<std::optional<std::string>> setting(const std::string& name) = 0;
};

/// One unit of work, which sees its own changes. Destroyed without commit() it rolls back. At most
/// one at a time per process; with a shared database, others work beside it, and the checks below
/// decide who wins.
class Transaction : public Snapshot {
 public:
  /// Inserts (version 1) or replaces (version n + 1 over a stored version n). The store checks, now
  /// or at commit:
  ///  - insert: no resource has the id; no sibling has the name; the parent exists (unless `parent`
  ///  is empty);
  ///  - replace: the stored version is `record.version - 1`.
  /// A check that fails makes commit() fail with CommitError::kStale (somebody else was first): the
  /// caller drops what it has cached and runs its work again on the new state. So uniqueness,
  /// counters and order hold among several processes of one CSE, with no lock held in between.
  virtual Result<void> put(const Record& record) = 0;
  /// Removes one resource at that version (its children are the caller's business). Stale as for
  /// put.
  virtual Result<void> erase(const ResourceId& id, std::int64_t version) = 0;
  /// Makes commit() fail as kStale unless the resource is still stored at that version: for what a
  /// decision was read from.
  virtual Result<void> expect(const ResourceId& id, std::int64_t version) = 0;
  virtual Result<void> put_outbox(const OutboxEntry& entry) = 0;
  virtual Result<void> erase_outbox(std::int64_t order) = 0;
  virtual Result<void> put_setting(const std::string& name, const std::string& value) = 0;

  enum class CommitError {
    kStale,  ///< another process changed what this work was based on; nothing was written
    kFailed  ///< the disk or the database failed; nothing was written
  };
  struct CommitFailure {
    CommitError reason;
    std::string detail;
    std::vector<ResourceId> stale;  ///< for kStale: what to drop from caches
  };
  /// Returns when everything is on disk (nullopt), or nothing of it is.
  virtual std::optional<CommitFailure> commit() = 0;
};

/// Where resources live. Implementations: memory, sqlite; later one database shared by several
/// processes.
class Store {
 public:
  virtual ~Store() = default;
  /// Threading: any thread; snapshots of several threads run beside each other and beside the
  /// transaction.
  virtual Result<std::unique_ptr<Snapshot>> read() = 0;
  /// Threading: the write lane only.
  virtual Result<std::unique_ptr<Transaction>> begin() = 0;
  /// Resources that other processes changed since the last call; the caller drops them from its
  /// caches. Stores that only this process uses answer an empty list. `all` means: too much was
  /// missed, drop everything.
  struct Staleness {
    bool all = false;
    std::vector<ResourceId> ids;
  };
  virtual Result<Staleness> changed_elsewhere() { return Staleness{}; }
  /// Number of resources; may be slow.
  virtual Result<std::int64_t> count() = 0;
};

}  // namespace gatehouse
