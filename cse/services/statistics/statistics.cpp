#include "cse/services/statistics/statistics.h"

#include <algorithm>
#include <mutex>
#include <vector>

#include "cse/core/address.h"
#include "cse/primitive/schedule_entry.h"
#include "cse/services/statistics/statistics_types.h"

namespace gatehouse {
namespace {

using namespace type_number;

constexpr std::int64_t kDataOperation = 1, kStorageBased = 2, kTimerBased = 3;  // m2m:eventType
constexpr std::int64_t kActive = 1;  // m2m:statsRuleStatusType

template <class T>
bool holds(const std::vector<T>& values, const T& value) {
  return values.empty() || std::find(values.begin(), values.end(), value) != values.end();
}

std::vector<std::int64_t> integers_at(const Value& object, std::string_view name) {
  std::vector<std::int64_t> numbers;
  const Value* list = object.find(name);
  if (!list || !list->as_array()) return numbers;
  for (const Value& item : *list->as_array()) numbers.push_back(item.as_integer().value_or(0));
  return numbers;
}

/// An active <statsCollect> and its event, as they were when they last changed.
struct Collection {
  std::string collect_id, collecting;
  std::vector<std::string> collected;  ///< empty: anybody
  std::vector<std::string> period;     ///< empty: always
  std::int64_t event_type = 0;
  std::vector<std::int64_t> operations;
  std::vector<std::int64_t> types;
  std::vector<std::string> resources;
  std::int64_t size_bytes = 0;
  std::optional<Timestamp> start, end;

  static Collection of(const Value& collect, const Value& event) {
    Collection c;
    c.collect_id = collect.string_at("sci");
    c.collecting = collect.string_at("cei");
    c.collected = collect.strings_at("cdi");
    if (const Value* period = collect.find("cp")) c.period = period->strings_at("sce");
    c.event_type = event.integer_at("evt");
    c.operations = integers_at(event, "opt");
    c.types = integers_at(event, "erts");
    c.resources = event.strings_at("eris");
    c.size_bytes = event.integer_at("ds");
    if (event.contains("evs")) c.start = parse_timestamp(event.string_at("evs"));
    if (event.contains("eve")) c.end = parse_timestamp(event.string_at("eve"));
    return c;
  }

  bool covers(const std::string& originator, Timestamp now) const {
    return holds(collected, originator) && (period.empty() || any_entry_covers(period, now));
  }
  bool concerns(const Resource& resource) const {
    return holds(types, std::int64_t{resource.type()}) &&
           (resources.empty() || holds(resources, resource.id().text) ||
            holds(resources, resource.path()));
  }
  bool counts(Operation operation) const {
    return event_type == kDataOperation && holds(operations, static_cast<std::int64_t>(operation));
  }
};

/// What a STORAGEBASED event compares. Source: TS-0001 table 9.6.24-2 (dataSize).
std::int64_t size_of(const ResourcePtr& resource) {
  if (!resource) return 0;
  const Value& attributes = resource->attributes();
  const Value* size = attributes.find("cbs");
  if (!size) size = attributes.find("cs");
  return size ? size->as_integer().value_or(0) : 0;
}

bool is_of_statistics(const Resource& resource) {
  return resource.type() == kStatsCollect || resource.type() == kEventConfig;
}

}  // namespace

class Statistics::Collections : public std::enable_shared_from_this<Statistics::Collections> {
 public:
  Collections(Cse& cse, StatisticsSink sink) : cse_(cse), sink_(std::move(sink)) {}

  void stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    active_.clear();
  }

  /// Reads everything anew: they change seldom.
  void load() {
    std::vector<Collection> active;
    CommittedView view = cse_.view();
    Page page;
    for (;;) {
      auto entries = view.all_of_type(kStatsCollect, page);
      if (!entries) return;
      for (const ChildEntry& entry : *entries) {
        page.after = entry.order;
        add(entry.id, view, active);
      }
      if (entries->size() < page.limit) break;
    }
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    active_ = std::move(active);
    ++turn_;
    for (const Collection& c : active_) {
      if (c.event_type == kTimerBased) wait(c, turn_);
    }
  }

  std::vector<Collection> active() const {
    const std::lock_guard lock(mutex_);
    return active_;
  }
  bool empty() const {
    const std::lock_guard lock(mutex_);
    return active_.empty();
  }

  void note(const Collection& c, const std::string& originator, Operation operation,
            const Resource& resource, std::int64_t size_bytes) const {
    const Timestamp now = cse_.scheduler().now();
    sink_({c.collect_id, c.collecting, originator, c.event_type, operation, resource.id().text,
           size_bytes, now, now});
  }

  /// A RETRIEVE or NOTIFY that has come in; looked at beside its own way.
  void look(const Request& request, const std::string& originator) const {
    CommittedView view = cse_.view();
    auto target = find_local(request.to, cse_.settings(), view);
    if (!target || !*target) return;
    auto question = AccessRequest::of(request, originator, privilege_for(request.operation));
    auto allowed = cse_.access().allows(*target, question, view);
    if (!allowed || !*allowed) return;
    const Timestamp now = cse_.scheduler().now();
    for (const Collection& c : active()) {
      if (c.counts(request.operation) && c.covers(originator, now) && c.concerns(**target))
        note(c, originator, request.operation, **target, 0);
    }
  }

  Cse& cse() const { return cse_; }

 private:
  void add(const ResourceId& id, CommittedView& view, std::vector<Collection>& active) const {
    auto collect = view.find(id);
    if (!collect || !*collect || (*collect)->attributes().integer_at("srs") != kActive) return;
    auto event = view.find(ResourceId{(*collect)->attributes().string_at("evi")});
    if (event && *event)
      active.push_back(Collection::of((*collect)->attributes(), (*event)->attributes()));
  }

  /// With the lock held.
  void wait(const Collection& c, std::uint64_t turn) {
    const auto moment = c.end ? c.end : c.start;
    const Timestamp now = cse_.scheduler().now();
    if (!moment || *moment <= now) return;
    cse_.scheduler().after(*moment - now, [self = shared_from_this(), c, turn] {
      {
        const std::lock_guard lock(self->mutex_);
        if (self->stopped_ || self->turn_ != turn) return;
      }
      const Timestamp end = self->cse_.scheduler().now();
      if (!c.period.empty() && !any_entry_covers(c.period, end)) return;
      self->sink_({c.collect_id, c.collecting, self->cse_.settings().cse_id, kTimerBased,
                   Operation::kRetrieve, "", 0, c.start.value_or(end), end});
    });
  }

  Cse& cse_;
  const StatisticsSink sink_;
  mutable std::mutex mutex_;
  std::vector<Collection> active_;
  std::uint64_t turn_ = 0;  ///< a timer of an older one has no say
  bool stopped_ = false;
};

Statistics::Statistics(Cse& cse, StatisticsSink sink)
    : collections_(std::make_shared<Collections>(cse, std::move(sink))) {
  cse.behaviours().add(kEventConfig, event_config_behaviour());
  cse.behaviours().add(kStatsCollect, stats_collect_behaviour());
  cse.extensions().listeners.push_back(this);
  cse.extensions().observers.push_back(this);
}

void Statistics::start() { collections_->load(); }
void Statistics::stop() { collections_->stop(); }

void Statistics::committed(const Committed& event) {
  const bool changed =
      std::any_of(event.changes.begin(), event.changes.end(),
                  [](const Change& change) { return is_of_statistics(change.resource()); });
  if (changed) {
    collections_->cse().scheduler().post([c = collections_] { c->load(); });
  }
  if (event.changes.empty() || collections_->empty()) return;
  const Timestamp now = collections_->cse().scheduler().now();
  for (const Collection& c : collections_->active()) {
    if (!c.covers(event.originator, now)) continue;
    const Resource& target = event.changes.front().resource();
    if (c.counts(event.request.operation) && c.concerns(target))
      collections_->note(c, event.originator, event.request.operation, target, 0);
    if (c.event_type != kStorageBased) continue;
    for (const Change& change : event.changes) {
      const std::int64_t size = size_of(change.after);
      if (size > c.size_bytes && size_of(change.before) <= c.size_bytes &&
          c.concerns(change.resource()))
        collections_->note(c, event.originator, event.request.operation, change.resource(), size);
    }
  }
}

void Statistics::received(const Request& request, const std::string& originator) {
  if (request.operation != Operation::kRetrieve && request.operation != Operation::kNotify) return;
  if (collections_->empty()) return;
  collections_->cse().scheduler().post(
      [c = collections_, request, originator] { c->look(request, originator); });
}

}  // namespace gatehouse
