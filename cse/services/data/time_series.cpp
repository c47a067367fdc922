#include "cse/services/data/time_series.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>

#include "cse/services/data/instances.h"
#include "cse/services/data/missing_data.h"

namespace gatehouse {
namespace {

using namespace type_number;

constexpr const char* kKept = "mdd";        // the detector's state in a series' internal part
constexpr std::int64_t kMaxListed = 1'000;  // entries of missingDataList without missingDataMaxNr

tl::unexpected<Error> refuse(const char* what) { return fail(Rsc::kBadRequest, what); }

/// The parameters of the detection, which stand still while it runs.
constexpr const char* kParameters[] = {"pei", "peid", "mdt", "mdn"};

bool has_parameters(const Value& requested) {
  return std::any_of(std::begin(kParameters), std::end(kParameters),
                     [&requested](const char* name) { return requested.contains(name); });
}

/// Source: TS-0004 table 7.4.38.1-3.
Result<void> check_parameters(const Value& series) {
  const auto period = instances::limit_of(series, "pei");
  const auto tolerance = instances::limit_of(series, "peid");
  const auto patience = instances::limit_of(series, "mdt");
  if (tolerance && period && *tolerance > *period / 2)
    return refuse("peid (periodicIntervalDelta): must be at most half of pei (periodicInterval)");
  if (!series.bool_at("mdd")) return {};
  if (!patience)
    return refuse("mdt (missingDataDetectTimer): is needed where mdd (missingDataDetect) is true");
  if (tolerance && *patience <= *tolerance)
    return refuse("mdt (missingDataDetectTimer): must be more than peid (periodicIntervalDelta)");
  return {};
}

/// Without periodicIntervalDelta points may not overlap, and the timer outlasts it.
void default_tolerance(Value& series) {
  const auto period = instances::limit_of(series, "pei");
  if (!period || series.contains("peid")) return;
  const auto patience = instances::limit_of(series, "mdt");
  const bool short_timer = patience && *patience <= *period / 2;
  series.set("peid", (short_timer ? *patience : *period) / 2);
}

void forget_missing(Value& series) {
  series.erase("mdlt");
  series.set("mdc", 0);
}

Value with_detector(const Resource& series, Value kept) {
  Value internal = series.internal();
  if (!internal.is_object()) internal = Value::object();
  internal.erase(kKept);
  if (!kept.is_null()) internal.set(kKept, std::move(kept));
  return internal;
}

MissingDataDetector detector_of(const Resource& series, const DetectionSettings& settings) {
  const Value* kept = series.internal().find(kKept);
  return MissingDataDetector(settings, kept ? *kept : Value());
}

/// Writes what is missing into `attributes`. Source: TS-0001 table 9.6.36-2 (missingDataList).
void list_missing(Value& attributes, const std::vector<Timestamp>& missing) {
  if (missing.empty()) return;
  const std::int64_t most =
      std::min(instances::limit_of(attributes, "mdn").value_or(kMaxListed), kMaxListed);
  const Value* before = attributes.find("mdlt");
  Value::Array list = before && before->as_array() ? *before->as_array() : Value::Array{};
  for (const Timestamp time : missing) list.emplace_back(to_text(time));
  const auto surplus = static_cast<std::int64_t>(list.size()) - most;
  if (surplus > 0) list.erase(list.begin(), list.begin() + surplus);
  attributes.set("mdc", static_cast<std::int64_t>(list.size()));
  attributes.set("mdlt", Value(std::move(list)));
}

class Series final : public TypeBehaviour {
 public:
  explicit Series(const Extensions& extensions) : extensions_(extensions) {}

  Result<void> on_create(Draft& draft, OperationContext&) const override {
    Value& series = draft.attributes;
    if (const Value* info = series.find("cnf")) {
      if (auto valid = instances::check_content_info(*info->as_string()); !valid) return valid;
    }
    if (!series.contains("mdd")) series.set("mdd", false);
    series.set("cni", 0).set("cbs", 0).set("mdc", 0);
    default_tolerance(series);
    return check_parameters(series);
  }

  /// Source: TS-0004 clause 7.4.38.2.3.
  Result<void> on_update(const ResourcePtr& before, Value& series, const Value& requested,
                         OperationContext& context) const override {
    const bool switched = requested.contains("mdd");
    if (has_parameters(requested)) {
      if (switched)
        return refuse(
            "mdd (missingDataDetect): may not be updated together with pei, peid, mdt, mdn");
      if (before->attributes().bool_at("mdd"))
        return refuse(
            "pei, peid, mdt, mdn: may not be updated while mdd (missingDataDetect) is true");
      forget_missing(series);
    }
    if (requested.contains("pei") && !requested.contains("peid")) series.erase("peid");
    default_tolerance(series);
    if (auto valid = check_parameters(series); !valid) return valid;
    if (switched) {
      // Switched on, also again, it begins anew with the next instance; switched off, what is
      // listed stays.
      if (series.bool_at("mdd")) forget_missing(series);
      context.resources.update_internal(before, with_detector(*before, {}));
    }
    if (requested.contains("mni") || requested.contains("mbs"))
      return instances::evict(before->id(), kTimeSeriesInstance, series, context);
    return {};
  }

  Result<void> on_child_created(const ResourcePtr& self, const ResourcePtr& child,
                                OperationContext& context) const override {
    if (child->type() != kTimeSeriesInstance) return {};
    Value series = self->attributes();
    series.set("cni", series.integer_at("cni") + 1);
    series.set("cbs", series.integer_at("cbs") + child->attributes().integer_at("cs"));
    series.set("lt", to_text(context.now()));
    if (auto evicted = instances::evict(self->id(), kTimeSeriesInstance, series, context); !evicted)
      return evicted;
    const Timestamp generated =
        parse_timestamp(child->attributes().string_at("dgt")).value_or(context.now());
    return look(self, std::move(series), generated, context);
  }

  Result<void> on_child_deleted(const ResourcePtr& self, const ResourcePtr& child,
                                OperationContext& context) const override {
    if (child->type() != kTimeSeriesInstance) return {};
    Value series = self->attributes();
    instances::discount(series, *child);
    series.set("lt", to_text(context.now()));
    context.resources.update(self, std::move(series), true);
    return {};
  }

  /// Decides the points whose time has come; with `arrived`, after an instance of that generation
  /// time. Writes `series`, the attributes as they shall be.
  Result<void> look(const ResourcePtr& self, Value series, std::optional<Timestamp> arrived,
                    OperationContext& context) const {
    ResourcePtr current = self;
    const auto settings = DetectionSettings::of(series);
    std::vector<Timestamp> missing;
    if (settings) {
      MissingDataDetector detector = detector_of(*self, *settings);
      missing = detector.decide(context.now());  // before the instance: it may be too late
      if (arrived) detector.arrived(*arrived, context.now());
      const auto more = detector.decide(context.now());  // on to the point that is waited for
      missing.insert(missing.end(), more.begin(), more.end());
      Value kept = detector.to_value();
      const Value* before = self->internal().find(kKept);
      if (!(before ? *before == kept : kept.is_null()))
        current = context.resources.update_internal(self, with_detector(*self, std::move(kept)));
      list_missing(series, missing);
    }
    if (arrived || !missing.empty())
      current = context.resources.update(current, std::move(series), true);
    return tell(current, missing, context);
  }

 private:
  Result<void> tell(const ResourcePtr& series, const std::vector<Timestamp>& missing,
                    OperationContext& context) const {
    if (!extensions_.events) return {};
    for (const Timestamp time : missing) {
      auto told = extensions_.events->missing_data(series, to_text(time), context);
      if (!told) return told;
    }
    return {};
  }

  const Extensions& extensions_;
};

/// Digits and letters that sort and compare as the number does.
std::string base36(std::uint64_t number) {
  std::string text;
  do {
    text.insert(text.begin(), "0123456789abcdefghijklmnopqrstuvwxyz"[number % 36]);
    number /= 36;
  } while (number > 0);
  return text;
}

class Instance final : public TypeBehaviour {
 public:
  std::optional<Error> refuses(Operation operation, const Request&) const override {
    if (operation != Operation::kUpdate) return std::nullopt;
    return Error{Rsc::kOperationNotAllowed, "a <timeSeriesInstance> cannot be updated"};
  }

  /// Source: TS-0004 clause 7.4.39.2.1.
  Result<void> on_create(Draft& draft, OperationContext& context) const override {
    const Value& parent = draft.parent->attributes();
    const Value& content = *draft.attributes.find("con");
    const std::int64_t size = instances::size_in_bytes(&content);
    if (const auto limit = instances::limit_of(parent, "mbs"); limit && size > *limit)
      return fail(Rsc::kNotAcceptable, "con (content): has " + std::to_string(size) +
                                           " bytes, more than the series' maxByteSize of " +
                                           std::to_string(*limit));
    if (instances::limit_of(parent, "mni") == 0)
      return fail(Rsc::kNotAcceptable, "con (content): the series' maxNrOfInstances is 0");
    if (const Value* info = parent.find("cnf")) {
      if (auto valid = instances::check_content(*info->as_string(), content); !valid) return valid;
    }
    draft.attributes.set("cs", size);
    instances::limit_age(draft, parent, context);
    return identify(draft, context);
  }

 private:
  /// The generation time is part of the identifier: so one look finds another of the same time,
  /// however many instances there are.
  static Result<void> identify(Draft& draft, OperationContext& context) {
    const Value& given = *draft.attributes.find("dgt");
    const auto number = given.as_integer();
    const std::string text = number ? std::to_string(*number) : *given.as_string();
    const auto time = parse_abs_rel_timestamp(text, context.now());
    if (!time) return refuse("dgt (dataGenerationTime): must be a timestamp");
    if (!parse_timestamp(text)) draft.attributes.set("dgt", to_text(*time));
    draft.record.id.text = "tsi" + base36(static_cast<std::uint64_t>(time->microseconds)) + "-" +
                           draft.record.parent.text;
    auto namesake = context.resources.find(draft.record.id);
    if (!namesake) return fail(namesake.error());
    if (!*namesake) return {};
    return fail(Rsc::kConflict, "dgt (dataGenerationTime): the series has an instance of " +
                                    draft.attributes.string_at("dgt") + " already");
  }
};

}  // namespace

/// The deadlines of all series that are watched.
class TimeSeries::Watch : public std::enable_shared_from_this<TimeSeries::Watch> {
 public:
  explicit Watch(Cse& cse) : cse_(cse), behaviour_(std::make_shared<Series>(cse.extensions())) {}

  const std::shared_ptr<const Series>& behaviour() const { return behaviour_; }
  void stop() { stopped_ = true; }

  void start() {
    CommittedView view = cse_.view();
    Page page;
    for (;;) {
      auto entries = view.all_of_type(kTimeSeries, page);
      if (!entries) return;
      for (const ChildEntry& entry : *entries) {
        page.after = entry.order;
        if (auto series = view.find(entry.id); series && *series) arm(**series);
      }
      if (entries->size() < page.limit) return;
    }
  }

  /// Waits for the deadline of the series, unless an earlier one of it is waited for: then it is
  /// looked at again.
  void arm(const Resource& series) {
    const auto settings = DetectionSettings::of(series.attributes());
    if (!settings || stopped_) return;
    const auto deadline = detector_of(series, *settings).deadline();
    if (!deadline) return;
    {
      const std::lock_guard lock(mutex_);
      const auto [place, is_new] = armed_.try_emplace(series.id().text, *deadline);
      if (!is_new && place->second <= *deadline) return;
      place->second = *deadline;
    }
    cse_.scheduler().at(*deadline, [self = shared_from_this(), id = series.id(), at = *deadline] {
      self->due(id, at);
    });
  }

 private:
  void due(const ResourceId& id, Timestamp at) {
    {
      const std::lock_guard lock(mutex_);
      const auto armed = armed_.find(id.text);
      if (armed == armed_.end() || armed->second != at) return;
      armed_.erase(armed);
    }
    if (stopped_) return;
    cse_.submit(
        [behaviour = behaviour_, id](OperationContext& context) {
          auto series = context.resources.find(id);
          if (!series) return error_response(context.request, series.error());
          if (!*series) return Response{};
          auto looked = behaviour->look(*series, (*series)->attributes(), std::nullopt, context);
          return looked ? Response{} : error_response(context.request, looked.error());
        },
        [self = shared_from_this(), id](const Response&) {
          CommittedView view = self->cse_.view();
          if (auto series = view.find(id); series && *series) self->arm(**series);
        });
  }

  Cse& cse_;
  const std::shared_ptr<const Series> behaviour_;
  std::atomic<bool> stopped_{false};
  std::mutex mutex_;
  std::map<std::string, Timestamp> armed_;
};

TimeSeries::TimeSeries(Cse& cse) : watch_(std::make_shared<Watch>(cse)) {
  cse.behaviours().add(kTimeSeries, watch_->behaviour());
  cse.behaviours().add(kTimeSeriesInstance, std::make_shared<Instance>());
  instances::add_aliases(cse, kTimeSeries, kTimeSeriesInstance);
  cse.extensions().listeners.push_back(this);
}

TimeSeries::~TimeSeries() { stop(); }
void TimeSeries::start() { watch_->start(); }
void TimeSeries::stop() { watch_->stop(); }

void TimeSeries::committed(const Committed& event) {
  for (const Change& change : event.changes) {
    if (change.after && change.after->type() == kTimeSeries) watch_->arm(*change.after);
  }
}

}  // namespace gatehouse
