#pragma once
#include <unordered_map>
#include <vector>

#include "cse/core/id_generator.h"
#include "cse/core/resource_cache.h"
#include "cse/core/resource_reader.h"

namespace gatehouse {

/// The setting that keeps by how many microseconds the clock has been put back at most: an order
/// may be that much later than the creationTime of its resource.
inline constexpr char kClockStepSetting[] = "clock-step";

/// What happened to one resource in one request.
struct Change {
  enum class Kind { kCreated, kUpdated, kDeleted };
  Kind kind;
  ResourcePtr before;  ///< null when created
  ResourcePtr after;   ///< null when deleted
  /// The CSE did it by itself as part of the procedure (a parent's counters, an eviction): such a
  /// change makes no notification of its own.
  bool side_effect = false;

  const Resource& resource() const { return after ? *after : *before; }
};

/// The CSE made identifier and name of its own order: nothing else can have them. An identifier
/// that an originator brings (AE-ID, CSE-ID) may be taken, also as the name of another resource.
bool is_new_by_construction(const Record& draft);

/// Was it deleted, and waits only for what is below it to be swept out? See WorkingSet::move_aside.
bool is_moved_aside(const Resource& resource);

/// The state that a batch of writes works on: its own changes over the committed state. The lane
/// runs job after job on it and writes everything to the store at the end, each resource once
/// however often it changed. A job that fails leaves no trace (begin_job, abort_job).
class WorkingSet final : public ResourceReader {
 public:
  WorkingSet(Transaction& transaction, ResourceCache& cache, const Schemas& schemas,
             IdGenerator& ids, Timestamp now)
      : transaction_(transaction),
        cache_(cache),
        schemas_(schemas),
        ids_(ids),
        now_(now),
        now_text_(to_text(now)) {}

  // Reading: what is committed and what this batch has changed.
  Result<ResourcePtr> find(const ResourceId& id) override;
  Result<ResourcePtr> child(const Resource& parent, const std::string& name) override;
  Result<std::vector<ChildEntry>> children(const ResourceId& parent, const Page& page) override;
  Result<std::vector<ChildEntry>> children_of_type(const ResourceId& parent, int type,
                                                   const Page& page) override;
  Result<std::vector<ChildEntry>> all_of_type(int type, const Page& page) override;
  Timestamp now() const override { return now_; }
  Result<Snapshot*> indexes() override;
  /// now() as a timestamp's text.
  const std::string& now_text() const { return now_text_; }
  /// As find, but also what has expired and only waits to be removed.
  Result<ResourcePtr> find_stored(const ResourceId& id);
  Result<ResourcePtr> child_stored(const Resource& parent, const std::string& name);

  // Writing.
  /// A resource to be created: `draft` has everything but version. Checks nothing but the
  /// identifier and the name: kConflict (4105) if a sibling has the name or a resource has the
  /// identifier.
  Result<ResourcePtr> create(Record draft, const TypeSchema& schema, const Resource* parent,
                             Value attributes, bool side_effect = false);
  /// The same, with what the CSE keeps beside the attributes (null: nothing).
  Result<ResourcePtr> create_with_internal(Record draft, const TypeSchema& schema,
                                           const Resource* parent, Value attributes,
                                           const Value& internal);
  /// Replaces the attributes. `expires` follows from `et`.
  ResourcePtr update(const ResourcePtr& before, Value attributes, bool side_effect = false);
  /// Sets some attributes, but neither `et` nor `lbl`: for what changes often and little, such as
  /// counters.
  ResourcePtr update_some(const ResourcePtr& before, Value::Object changed,
                          bool side_effect = false);
  /// Replaces what the CSE keeps beside the attributes; makes no change event.
  ResourcePtr update_internal(const ResourcePtr& before, Value internal);
  void erase(const ResourcePtr& resource, bool side_effect = false);
  /// For a resource with too much below it to be erased in one transaction: it is absent for
  /// everybody from now on, with all below it, and gives its name free; the change is shown as its
  /// deletion. It is stored on as an expired child of the CSEBase without a name, labels or place
  /// among changes, until Expiration has swept it out from below (see is_moved_aside).
  void move_aside(const ResourcePtr& resource, const ResourcePtr& base, bool side_effect);
  /// Leaves with the commit; the queue's order is kept.
  void put_outbox(std::string queue, const Value& body);
  void erase_outbox(std::int64_t order) { erased_outbox_.push_back(order); }
  Result<std::optional<std::string>> setting(const std::string& name) {
    return transaction_.setting(name);
  }
  Result<void> put_setting(const std::string& name, const std::string& value) {
    return transaction_.put_setting(name, value);
  }

  IdGenerator& ids() { return ids_; }
  const Schemas& schemas() const { return schemas_; }

  // For the lane.
  void begin_job();
  void abort_job();
  /// The job's changes in order; the job can no longer be undone.
  std::vector<Change> finish_job();
  /// Changes of the running job so far.
  const std::vector<Change>& job_changes() const { return changes_; }
  /// Writes everything that is pending to the transaction.
  Result<void> flush();
  /// After the commit: tells the cache.
  void publish();
  bool wrote_outbox() const { return wrote_outbox_; }

  /// One resource that this batch has touched. It needs writing whenever `now` is not `written`.
  struct Entry {
    ResourcePtr now;          ///< as the batch sees it; null: absent
    ResourcePtr written;      ///< as the transaction holds it; null: absent
    std::int64_t stored = 0;  ///< version in the transaction; 0: absent
    bool existed = false;     ///< before this batch
  };
  using Entries = std::unordered_map<ResourceId, Entry>;
  /// After publish: everything that the batch has touched, for whoever frees it later.
  Entries take_entries() { return std::move(entries_); }

 private:
  /// An entry with its identifier; it stays where it is as long as the batch runs.
  using Place = Entries::value_type;
  struct Undo {
    Place* place;
    ResourcePtr now;
  };
  static std::string name_key(const ResourceId& parent, const std::string& name) {
    return parent.text + "/" + name;
  }
  /// The entry of a resource that is `base` before the job changes it; remembers how to undo that.
  Place& touch(const ResourceId& id, const ResourcePtr& base);
  Timestamp modified_now() const;
  void set_now(Place& place, ResourcePtr now);
  Result<ResourcePtr> materialise_stored(Record record);
  bool is_absent(const Resource& resource) const;
  Result<void> note_clock_step(std::int64_t order);
  Result<void> flush_structure();
  Result<void> flush_resources();
  Result<void> write(Place& place);

  Transaction& transaction_;
  ResourceCache& cache_;
  const Schemas& schemas_;
  IdGenerator& ids_;
  const Timestamp now_;
  const std::string now_text_;
  Entries entries_;
  std::unordered_map<std::string, ResourceId>
      names_;  ///< created in this batch: (parent, name) -> id; not where the name is the id
  std::vector<Place*> structural_;  ///< created or erased since the last flush
  std::vector<Undo> undo_;
  std::vector<Change> changes_;
  std::vector<OutboxEntry> outbox_;
  std::vector<std::int64_t> erased_outbox_;
  std::size_t job_outbox_start_ = 0, job_erased_start_ = 0;
  std::vector<std::string> paths_moved_;       ///< of what was moved aside
  std::vector<ResourceId> parents_of_erased_;  ///< whose newest child may be another now
  bool wrote_outbox_ = false;
};

}  // namespace gatehouse
