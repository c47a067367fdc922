#include "cse/core/committed_view.h"

#include "cse/codec/json.h"

namespace gatehouse {
namespace {

/// mgd of a stored <mgmtObj>, which selects its schema: it costs a parse.
std::int64_t management_definition(const Record& record) {
  const auto content = parse_json(record.body);
  if (!content || !content->as_object() || content->as_object()->empty()) return 0;
  return content->as_object()->front().value.integer_at("mgd");
}

const TypeSchema* schema_of(const Record& record, const Schemas& schemas) {
  if (record.type % type_number::kAnnounced == type_number::kMgmtObj)
    return schemas.find(record.type, management_definition(record));
  return schemas.find_stored(record.type, record.body);
}

}  // namespace

Result<ResourcePtr> materialise(Record record, const Schemas& schemas, ResourceReader& reader) {
  const TypeSchema* schema = schema_of(record, schemas);
  if (!schema) {
    return fail(Rsc::kInternalServerError, "the store holds a resource of type " +
                                               std::to_string(record.type) +
                                               ", which this version does not know");
  }
  std::string path = record.name;
  if (!record.parent.empty()) {
    auto parent = reader.find(record.parent);
    if (!parent) return fail(parent.error());
    if (!*parent) return ResourcePtr{};  // deleted or expired above: gone with its parent
    path = (*parent)->path() + "/" + record.name;
  }
  return std::make_shared<const Resource>(std::move(record), *schema, std::move(path));
}

Result<Snapshot*> CommittedView::snapshot() {
  if (!snapshot_) {
    auto opened = store_.read();
    if (!opened) return fail(opened.error());
    snapshot_ = *std::move(opened);
  }
  return snapshot_.get();
}

/// Bounded: a long search begins anew rather than hold a tree in memory.
void CommittedView::remember(const ResourcePtr& resource) {
  constexpr std::size_t kMaxSeen = 1024;
  if (seen_.size() >= kMaxSeen) seen_.clear();
  seen_.emplace(resource->id(), resource);
}

ResourcePtr CommittedView::unless_expired(ResourcePtr resource) const {
  return resource && resource->expires() <= now_ ? nullptr : std::move(resource);
}

Result<ResourcePtr> CommittedView::find(const ResourceId& id) {
  if (ResourcePtr cached = cache_.find(id)) return unless_expired(std::move(cached));
  if (const auto seen = seen_.find(id); seen != seen_.end()) return unless_expired(seen->second);
  const std::uint64_t ticket = cache_.ticket(id);
  const bool fresh_snapshot = !snapshot_;
  auto store = snapshot();
  if (!store) return fail(store.error());
  auto record = (*store)->find(id);
  if (!record) return fail(record.error());
  if (!*record) return ResourcePtr{};
  auto resource = materialise(**std::move(record), schemas_, *this);
  // A snapshot opened before the ticket was taken may be older than what was published since: then
  // it is not kept.
  if (resource && *resource) {
    if (fresh_snapshot) cache_.fill(*resource, ticket);
    remember(*resource);
  }
  return resource ? Result<ResourcePtr>(unless_expired(*std::move(resource))) : resource;
}

Result<ResourcePtr> CommittedView::child(const Resource& parent, const std::string& name) {
  if (ResourcePtr cached = cache_.find_path(parent.path() + "/" + name)) {
    return unless_expired(std::move(cached));
  }
  auto store = snapshot();
  if (!store) return fail(store.error());
  auto record = (*store)->find_child(parent.id(), name);
  if (!record) return fail(record.error());
  if (!*record) return ResourcePtr{};
  auto resource = materialise(**std::move(record), schemas_, *this);
  return resource ? Result<ResourcePtr>(unless_expired(*std::move(resource))) : resource;
}

Result<std::vector<ChildEntry>> CommittedView::children(const ResourceId& parent,
                                                        const Page& page) {
  auto store = snapshot();
  if (!store) return fail(store.error());
  return (*store)->children(parent, page);
}

Result<std::vector<ChildEntry>> CommittedView::children_of_type(const ResourceId& parent, int type,
                                                                const Page& page) {
  auto store = snapshot();
  if (!store) return fail(store.error());
  return (*store)->children_of_type(parent, type, page);
}

Result<std::vector<ChildEntry>> CommittedView::all_of_type(int type, const Page& page) {
  auto store = snapshot();
  if (!store) return fail(store.error());
  return (*store)->all_of_type(type, page);
}

}  // namespace gatehouse
