#pragma once
#include <unordered_map>

#include "cse/core/resource_cache.h"
#include "cse/core/resource_reader.h"
#include "cse/primitive/scheduler.h"

namespace gatehouse {

/// Makes a Resource of a Record: finds its schema and its path. Shared by readers and the write
/// lane. Errors: kInternalServerError if the type is unknown to this build or the parent is
/// missing.
Result<ResourcePtr> materialise(Record record, const Schemas& schemas, ResourceReader& reader);

/// Everything committed, from the cache and, where that does not have it, from one snapshot of the
/// store. One object per piece of work; not shared by threads.
class CommittedView final : public ResourceReader {
 public:
  CommittedView(Store& store, ResourceCache& cache, const Schemas& schemas, Timestamp now)
      : store_(store), cache_(cache), schemas_(schemas), now_(now) {}

  Result<ResourcePtr> find(const ResourceId& id) override;
  Result<ResourcePtr> child(const Resource& parent, const std::string& name) override;
  Result<std::vector<ChildEntry>> children(const ResourceId& parent, const Page& page) override;
  Result<std::vector<ChildEntry>> children_of_type(const ResourceId& parent, int type,
                                                   const Page& page) override;
  Result<std::vector<ChildEntry>> all_of_type(int type, const Page& page) override;
  Timestamp now() const override { return now_; }
  Result<Snapshot*> indexes() override { return snapshot(); }

 private:
  Result<Snapshot*> snapshot();
  void remember(const ResourcePtr& resource);
  ResourcePtr unless_expired(ResourcePtr resource) const;

  Store& store_;
  ResourceCache& cache_;
  const Schemas& schemas_;
  const Timestamp now_;
  std::unique_ptr<Snapshot> snapshot_;
  /// What came from the snapshot and could not be kept for others: whoever walks a deep tree needs
  /// what is above a resource again and again.
  std::unordered_map<ResourceId, ResourcePtr> seen_;
};

}  // namespace gatehouse
