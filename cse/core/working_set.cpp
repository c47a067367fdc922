#include "cse/core/working_set.h"

#include <algorithm>
#include <charconv>

#include "cse/codec/json.h"
#include "cse/core/committed_view.h"

namespace gatehouse {

namespace {

/// In the path of what was moved aside, and of all below it: no request can make a name with it.
constexpr std::string_view kMovedAside = "/:";

bool is_below_moved_aside(const Resource& resource) {
  return resource.path().find(kMovedAside) != std::string::npos;
}

}  // namespace

bool WorkingSet::is_absent(const Resource& resource) const {
  return resource.expires() <= now_ || is_below_moved_aside(resource);
}

Result<ResourcePtr> WorkingSet::find(const ResourceId& id) {
  auto resource = find_stored(id);
  if (resource && *resource && is_absent(**resource)) return ResourcePtr{};
  return resource;
}

Result<ResourcePtr> WorkingSet::find_stored(const ResourceId& id) {
  const auto known = entries_.find(id);
  if (known != entries_.end()) return known->second.now;
  if (ResourcePtr cached = cache_.find(id)) return cached;
  const std::uint64_t ticket = cache_.ticket(id);
  auto record = transaction_.find(id);
  if (!record) return fail(record.error());
  if (!*record) return ResourcePtr{};
  auto resource = materialise_stored(**std::move(record));
  // Only the lane publishes, so what the transaction holds unchanged is the committed state.
  if (resource && *resource && !is_below_moved_aside(**resource)) cache_.fill(*resource, ticket);
  return resource;
}

Result<ResourcePtr> WorkingSet::materialise_stored(Record record) {
  // The path of an expired resource goes through parents that have expired with it.
  struct Stored final : ResourceReader {
    explicit Stored(WorkingSet& s) : set(s) {}
    Result<ResourcePtr> find(const ResourceId& id) override { return set.find_stored(id); }
    Result<ResourcePtr> child(const Resource& parent, const std::string& name) override {
      return set.child(parent, name);
    }
    Result<std::vector<ChildEntry>> children(const ResourceId& parent, const Page& page) override {
      return set.children(parent, page);
    }
    Result<std::vector<ChildEntry>> children_of_type(const ResourceId& p, int t,
                                                     const Page& page) override {
      return set.children_of_type(p, t, page);
    }
    Result<std::vector<ChildEntry>> all_of_type(int t, const Page& page) override {
      return set.all_of_type(t, page);
    }
    Timestamp now() const override { return set.now(); }
    WorkingSet& set;
  } reader{*this};
  return materialise(std::move(record), schemas_, reader);
}

Result<ResourcePtr> WorkingSet::child(const Resource& parent, const std::string& name) {
  auto resource = child_stored(parent, name);
  if (resource && *resource && is_absent(**resource)) return ResourcePtr{};
  return resource;
}

Result<ResourcePtr> WorkingSet::child_stored(const Resource& parent, const std::string& name) {
  if (const auto named_by_id = entries_.find(ResourceId{name}); named_by_id != entries_.end()) {
    const ResourcePtr& now = named_by_id->second.now;
    if (now && now->parent() == parent.id() && now->name() == name) return now;
  }
  const auto created = names_.find(name_key(parent.id(), name));
  if (created != names_.end()) {
    auto resource = find_stored(created->second);
    if (!resource || *resource) return resource;
  }
  // What the cache or the store knows under the name may have been moved aside in this batch.
  const auto if_still_there = [&](Result<ResourcePtr> found) {
    const bool moved =
        found && *found && ((*found)->parent() != parent.id() || (*found)->name() != name);
    return moved ? Result<ResourcePtr>(ResourcePtr{}) : found;
  };
  if (ResourcePtr cached = cache_.find_path(parent.path() + "/" + name)) {
    return if_still_there(find_stored(cached->id()));
  }
  auto record = transaction_.find_child(parent.id(), name);
  if (!record) return fail(record.error());
  return *record ? if_still_there(find_stored((*record)->id)) : Result<ResourcePtr>(ResourcePtr{});
}

Result<std::vector<ChildEntry>> WorkingSet::children(const ResourceId& parent, const Page& page) {
  if (auto flushed = flush_structure(); !flushed) return fail(flushed.error());
  return transaction_.children(parent, page);
}

Result<std::vector<ChildEntry>> WorkingSet::children_of_type(const ResourceId& parent, int type,
                                                             const Page& page) {
  if (auto flushed = flush_structure(); !flushed) return fail(flushed.error());
  return transaction_.children_of_type(parent, type, page);
}

Result<std::vector<ChildEntry>> WorkingSet::all_of_type(int type, const Page& page) {
  if (auto flushed = flush_structure(); !flushed) return fail(flushed.error());
  return transaction_.all_of_type(type, page);
}

WorkingSet::Place& WorkingSet::touch(const ResourceId& id, const ResourcePtr& base) {
  const auto [place, is_new] = entries_.try_emplace(id);
  Entry& entry = place->second;
  if (is_new && base) entry = {base, base, base->version(), true};
  undo_.push_back({&*place, entry.now});
  return *place;
}

void WorkingSet::set_now(Place& place, ResourcePtr now) {
  auto& [id, entry] = place;
  const bool exists_changes = !entry.now != !now;
  const ResourcePtr& named = now ? now : entry.now;
  if (exists_changes && named) {
    if (named->name() == id.text) {
      // Found by the identifier: nearly all that a busy CSE creates needs no name of its own here.
    } else if (now) {
      names_[name_key(named->parent(), named->name())] = id;
    } else {
      names_.erase(name_key(named->parent(), named->name()));
    }
    structural_.push_back(&place);
    if (!now) parents_of_erased_.push_back(named->parent());
  }
  entry.now = std::move(now);
}

bool is_new_by_construction(const Record& draft) {
  return IdGenerator::is_made_of(draft.id.text, draft.order) && draft.name == draft.id.text;
}

namespace {

/// Discovery finds "modified since" by the minute: a busy container moves in that index once a
/// minute, not with each instance.
constexpr std::int64_t kModifiedStep = 60'000'000;

std::vector<std::string> labels_of(const Value& attributes) {
  if (!attributes.contains("lbl")) return {};
  std::vector<std::string> labels = attributes.strings_at("lbl");
  std::sort(labels.begin(), labels.end());
  labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
  return labels;
}

}  // namespace

Result<void> WorkingSet::note_clock_step(std::int64_t order) {
  const std::chrono::microseconds ahead = IdGenerator::time_of(order) - now_;
  if (ahead < std::chrono::seconds(30)) return {};
  auto known = transaction_.setting(kClockStepSetting);
  if (!known) return fail(known.error());
  std::int64_t most = 0;
  if (*known) std::from_chars((*known)->data(), (*known)->data() + (*known)->size(), most);
  if (ahead.count() <= most) return {};
  // Rounded up, so that a clock that stays behind is not noted at each creation.
  return transaction_.put_setting(kClockStepSetting, std::to_string(ahead.count() + 3'600'000'000));
}

Result<ResourcePtr> WorkingSet::create(Record draft, const TypeSchema& schema,
                                       const Resource* parent, Value attributes, bool side_effect) {
  // What is refused here must not reach the store: there it would undo the whole batch.
  if (parent && !is_new_by_construction(draft)) {
    auto sibling = child_stored(*parent, draft.name);
    if (!sibling) return fail(sibling.error());
    if (*sibling) {
      return fail(Rsc::kConflict, "rn (resourceName): \"" + draft.name +
                                      "\" is taken by another child of " + parent->path());
    }
    auto namesake = find_stored(draft.id);
    if (!namesake) return fail(namesake.error());
    if (*namesake) return fail(Rsc::kConflict, "the identifier \"" + draft.id.text + "\" is taken");
  }
  if (auto noted = note_clock_step(draft.order); !noted) return fail(noted.error());
  Place& place = touch(draft.id, nullptr);
  draft.version = place.second.stored + 1;
  draft.labels = labels_of(attributes);
  auto resource = std::make_shared<const Resource>(
      std::move(draft), schema, parent ? parent->path() + "/" + draft.name : draft.name,
      std::move(attributes));
  set_now(place, resource);
  changes_.push_back({Change::Kind::kCreated, nullptr, resource, side_effect});
  return ResourcePtr(std::move(resource));
}

Result<ResourcePtr> WorkingSet::create_with_internal(Record draft, const TypeSchema& schema,
                                                     const Resource* parent, Value attributes,
                                                     const Value& internal) {
  if (internal.size() > 0) draft.internal = to_json(internal);
  return create(std::move(draft), schema, parent, std::move(attributes));
}

Timestamp WorkingSet::modified_now() const {
  return {now_.microseconds - now_.microseconds % kModifiedStep};
}

ResourcePtr WorkingSet::update(const ResourcePtr& before, Value attributes, bool side_effect) {
  Record record = before->fields();
  if (const auto et = parse_timestamp(attributes.string_at("et"))) record.expires = *et;
  record.labels = labels_of(attributes);
  if (attributes.string_at("lt") != before->attributes().string_at("lt"))
    record.modified = modified_now();
  Place& place = touch(before->id(), before);
  record.version = place.second.stored + 1;
  auto after = std::make_shared<const Resource>(std::move(record), before->schema(), before->path(),
                                                std::move(attributes));
  set_now(place, after);
  changes_.push_back({Change::Kind::kUpdated, before, after, side_effect});
  return after;
}

ResourcePtr WorkingSet::update_some(const ResourcePtr& before, Value::Object changed,
                                    bool side_effect) {
  Record record = before->fields();
  for (const Member& member : changed) {
    if (member.name == "lt") record.modified = modified_now();
  }
  Place& place = touch(before->id(), before);
  record.version = place.second.stored + 1;
  auto after = std::make_shared<const Resource>(before, std::move(record), std::move(changed));
  set_now(place, after);
  changes_.push_back({Change::Kind::kUpdated, before, after, side_effect});
  return after;
}

ResourcePtr WorkingSet::update_internal(const ResourcePtr& before, Value internal) {
  Record record = before->fields();
  record.internal = to_json(internal);
  Place& place = touch(before->id(), before);
  record.version = place.second.stored + 1;
  auto after = std::make_shared<const Resource>(std::move(record), before->schema(), before->path(),
                                                before->attributes());
  set_now(place, after);
  return after;
}

void WorkingSet::erase(const ResourcePtr& resource, bool side_effect) {
  set_now(touch(resource->id(), resource), nullptr);
  changes_.push_back({Change::Kind::kDeleted, resource, nullptr, side_effect});
}

bool is_moved_aside(const Resource& resource) { return resource.internal().contains("swept"); }

void WorkingSet::move_aside(const ResourcePtr& resource, const ResourcePtr& base,
                            bool side_effect) {
  Record record = resource->fields();
  Place& place = touch(resource->id(), resource);
  record.version = place.second.stored + 1;
  record.parent = base->id();
  record.name = std::string(kMovedAside.substr(1)) + record.id.text;
  record.expires = now_;
  record.modified = {0};
  record.labels.clear();
  record.internal = R"({"swept":true})";
  const std::string path = base->path() + "/" + record.name;
  names_.erase(name_key(resource->parent(), resource->name()));
  parents_of_erased_.push_back(resource->parent());
  structural_.push_back(&place);  // written before whoever takes the name
  paths_moved_.push_back(resource->path());
  place.second.now = std::make_shared<const Resource>(std::move(record), resource->schema(), path,
                                                      resource->attributes());
  changes_.push_back({Change::Kind::kDeleted, resource, nullptr, side_effect});
}

void WorkingSet::put_outbox(std::string queue, const Value& body) {
  outbox_.push_back({ids_.next_order(), std::move(queue), to_json(body)});
}

void WorkingSet::begin_job() {
  undo_.clear();
  changes_.clear();
  changes_.reserve(4);  // what most jobs make
  job_outbox_start_ = outbox_.size();
  job_erased_start_ = erased_outbox_.size();
}

void WorkingSet::abort_job() {
  for (; !undo_.empty(); undo_.pop_back()) {
    Undo& step = undo_.back();
    const ResourcePtr& now = step.place->second.now;
    if (now && step.now && now->parent() != step.now->parent())  // was moved aside
      names_[name_key(step.now->parent(), step.now->name())] = step.place->first;
    set_now(*step.place, std::move(step.now));
  }
  changes_.clear();
  outbox_.resize(job_outbox_start_);
  erased_outbox_.resize(job_erased_start_);
}

std::vector<Change> WorkingSet::finish_job() {
  undo_.clear();
  return std::move(changes_);
}

Result<void> WorkingSet::write(Place& place) {
  auto& [id, entry] = place;
  if (entry.now == entry.written) return {};
  if (!entry.now) {
    if (auto erased = transaction_.erase(id, entry.stored); !erased) return erased;
    entry.stored = 0;
  } else {
    if (entry.now->version() != entry.stored + 1) {
      // Undone after a flush: the same content, as a newer version.
      Record record = entry.now->record();
      record.version = entry.stored + 1;
      entry.now = std::make_shared<const Resource>(std::move(record), entry.now->schema(),
                                                   entry.now->path());
    }
    if (auto put = transaction_.put(entry.now->record()); !put) return put;
    ++entry.stored;
    entry.now = detached(entry.now);
  }
  entry.written = entry.now;
  return {};
}

Result<void> WorkingSet::flush_structure() {
  for (Place* const place : structural_) {  // parents were created before their children
    if (auto written = write(*place); !written) return written;
  }
  structural_.clear();
  return {};
}

Result<void> WorkingSet::flush_resources() {
  if (auto written = flush_structure(); !written) return written;
  for (Place& place : entries_) {
    if (auto written = write(place); !written) return written;
  }
  return {};
}

Result<Snapshot*> WorkingSet::indexes() {
  if (auto flushed = flush_resources(); !flushed) return fail(flushed.error());
  return &transaction_;
}

Result<void> WorkingSet::flush() {
  if (auto written = flush_resources(); !written) return written;
  for (const OutboxEntry& entry : outbox_) {
    if (auto put = transaction_.put_outbox(entry); !put) return put;
    wrote_outbox_ = true;
  }
  for (const std::int64_t order : erased_outbox_) {
    if (auto erased = transaction_.erase_outbox(order); !erased) return erased;
  }
  outbox_.clear();
  erased_outbox_.clear();
  return {};
}

namespace {

/// <contentInstance>, <timeSeriesInstance>, <flexContainerInstance>: many, and seldom read one by
/// one.
bool is_instance(int type) { return type == 4 || type == 30 || type == 58; }

}  // namespace

void WorkingSet::publish() {
  for (const ResourceId& parent : parents_of_erased_) cache_.drop_latest(parent);
  for (const auto& [id, entry] : entries_) {  // the newest of its parent may have changed
    if (entry.existed && entry.now && is_instance(entry.now->type()))
      cache_.drop_latest(entry.now->parent());
  }
  for (const auto& [id, entry] : entries_) {
    if (!entry.now) {
      cache_.drop(id);
    } else if (is_instance(entry.now->type()) && !entry.existed) {
      cache_.publish_instance(entry.now);
    } else {
      cache_.publish(entry.now);
    }
  }
  for (const std::string& path : paths_moved_) cache_.drop_below(path);
}

}  // namespace gatehouse
