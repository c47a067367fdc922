#include "cse/services/data/time_sync.h"

#include <algorithm>
#include <map>
#include <mutex>

namespace gatehouse {
namespace {

using namespace type_number;
using std::chrono::microseconds;

constexpr std::int64_t kPeriodic = 1;  // m2m:beaconCriteria
constexpr const char* kDefaultInterval = "PT1H";
constexpr std::int64_t kDefaultThreshold = 10;  // seconds
/// More often than this nothing is sent, whatever beaconInterval says.
constexpr microseconds kShortestInterval = std::chrono::milliseconds(100);

tl::unexpected<Error> refuse(const char* what) { return fail(Rsc::kBadRequest, what); }

/// beaconThreshold: a number of seconds or a duration.
std::optional<microseconds> threshold_of(const Value& value) {
  if (const auto seconds = value.as_integer()) {
    if (*seconds < 1 || *seconds > 1'000'000'000) return std::nullopt;
    return std::chrono::seconds(*seconds);
  }
  const std::string* text = value.as_string();
  return text ? parse_duration(*text) : std::nullopt;
}

/// Which attributes go with which beaconCriteria. Source: TS-0001 table 9.6.60-2.
Result<void> check(Value& beacon) {
  if (beacon.integer_at("bcnc") == kPeriodic) {
    if (beacon.contains("bcnt"))
      return refuse("bcnt (beaconThreshold): goes with bcnc (beaconCriteria) 2 only");
    if (beacon.contains("bcnr"))
      return refuse("bcnr (beaconRequester): goes with bcnc (beaconCriteria) 2 only");
    if (!beacon.contains("bcni")) beacon.set("bcni", kDefaultInterval);
    const auto interval = parse_duration(beacon.string_at("bcni"));
    if (!interval || interval->count() <= 0)
      return refuse("bcni (beaconInterval): must be longer than nothing");
    return {};
  }
  if (beacon.contains("bcni"))
    return refuse("bcni (beaconInterval): goes with bcnc (beaconCriteria) 1 only");
  if (!beacon.contains("bcnr"))
    return refuse("bcnr (beaconRequester): is needed where bcnc (beaconCriteria) is 2");
  if (!beacon.contains("bcnt")) beacon.set("bcnt", kDefaultThreshold);
  if (!threshold_of(*beacon.find("bcnt")))
    return refuse("bcnt (beaconThreshold): must be a duration such as PT2S or a number of seconds");
  return {};
}

class Beacon final : public TypeBehaviour {
 public:
  Result<void> on_create(Draft& draft, OperationContext&) const override {
    return check(draft.attributes);
  }
  /// With another criterion the attributes of the old one go, unless the request names them.
  Result<void> on_update(const ResourcePtr& before, Value& attributes, const Value& requested,
                         OperationContext&) const override {
    if (attributes.integer_at("bcnc") != before->attributes().integer_at("bcnc")) {
      for (const char* name : {"bcni", "bcnt", "bcnr"}) {
        if (!requested.contains(name)) attributes.erase(name);
      }
    }
    return check(attributes);
  }
};

}  // namespace

class TimeSync::Beacons : public std::enable_shared_from_this<TimeSync::Beacons> {
 public:
  explicit Beacons(Cse& cse) : cse_(cse) {}

  void stop() {
    const std::lock_guard lock(mutex_);
    known_.clear();
    stopped_ = true;
  }

  void start() {
    CommittedView view = cse_.view();
    Page page;
    for (;;) {
      auto entries = view.all_of_type(kTimeSyncBeacon, page);
      if (!entries) return;
      for (const ChildEntry& entry : *entries) {
        page.after = entry.order;
        if (auto beacon = view.find(entry.id); beacon && *beacon) keep(**beacon);
      }
      if (entries->size() < page.limit) return;
    }
  }

  void forget(const ResourceId& id) {
    const std::lock_guard lock(mutex_);
    known_.erase(id.text);
  }

  /// A new or changed beacon.
  void keep(const Resource& beacon) {
    const Value& attributes = beacon.attributes();
    Known known;
    if (attributes.integer_at("bcnc") == kPeriodic) {
      known.interval =
          std::max(kShortestInterval,
                   parse_duration(attributes.string_at("bcni")).value_or(std::chrono::hours(1)));
    } else if (const Value* threshold = attributes.find("bcnt")) {
      known.requester = attributes.string_at("bcnr");
      known.threshold = threshold_of(*threshold).value_or(std::chrono::seconds(kDefaultThreshold));
    }
    const std::string id = beacon.id().text;
    {
      const std::lock_guard lock(mutex_);
      if (stopped_) return;
      const auto before = known_.find(id);
      if (before != known_.end() && before->second.same_as(known)) return;
      known.turn = ++turns_;
      known_[id] = known;
    }
    if (known.requester.empty()) wait(id, known);
  }

  void received(const Request& request, const std::string& originator) {
    if (!request.originating_timestamp) return;
    std::vector<std::string> lost;
    {
      const std::lock_guard lock(mutex_);
      if (known_.empty()) return;
      const auto told = parse_timestamp(*request.originating_timestamp);
      const Timestamp now = cse_.scheduler().now();
      for (const auto& [id, known] : known_) {
        if (!told || known.requester.empty() || known.requester != originator) continue;
        if (std::chrono::abs(now - *told) > known.threshold) lost.push_back(id);
      }
    }
    for (const std::string& id : lost) {
      cse_.scheduler().post([self = shared_from_this(), id] { self->send(id); });
    }
  }

 private:
  struct Known {
    microseconds interval{0}, threshold{0};
    std::string requester;   ///< empty: periodic
    std::uint64_t turn = 0;  ///< a task of an older one has no say
    bool same_as(const Known& other) const {
      return interval == other.interval && threshold == other.threshold &&
             requester == other.requester;
    }
  };

  void wait(const std::string& id, const Known& known) {
    cse_.scheduler().after(known.interval, [self = shared_from_this(), id, known] {
      {
        const std::lock_guard lock(self->mutex_);
        const auto now = self->known_.find(id);
        if (now == self->known_.end() || now->second.turn != known.turn) return;
      }
      self->send(id);
      self->wait(id, known);
    });
  }

  void send(const std::string& id) {
    Messenger* messenger = cse_.extensions().messenger;
    CommittedView view = cse_.view();
    auto beacon = view.find(ResourceId{id});
    if (!messenger || !beacon || !*beacon) return;
    for (const std::string& target : (*beacon)->attributes().strings_at("bcnu")) {
      Request request;
      request.operation = Operation::kNotify;
      request.content = Value::object(
          {{"m2m:tsbn", Value::object({{"tbr", id}, {"ctm", to_text(cse_.scheduler().now())}})}});
      // A beacon that does not arrive is not repeated: the next one is truer.
      messenger->send_to(target, std::move(request), [](const Response&) {});
    }
  }

  Cse& cse_;
  std::mutex mutex_;
  bool stopped_ = false;
  std::uint64_t turns_ = 0;
  std::map<std::string, Known> known_;
};

TimeSync::TimeSync(Cse& cse) : beacons_(std::make_shared<Beacons>(cse)) {
  cse.behaviours().add(kTimeSyncBeacon, std::make_shared<Beacon>());
  cse.extensions().listeners.push_back(this);
  cse.extensions().observers.push_back(this);
}

TimeSync::~TimeSync() { stop(); }
void TimeSync::start() { beacons_->start(); }
void TimeSync::stop() { beacons_->stop(); }

void TimeSync::committed(const Committed& event) {
  for (const Change& change : event.changes) {
    if (change.resource().type() != kTimeSyncBeacon) continue;
    change.after ? beacons_->keep(*change.after) : beacons_->forget(change.before->id());
  }
}

void TimeSync::received(const Request& request, const std::string& originator) {
  beacons_->received(request, originator);
}

}  // namespace gatehouse
