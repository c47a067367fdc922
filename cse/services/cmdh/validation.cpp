#include "cse/services/cmdh/validation.h"

#include <algorithm>

namespace gatehouse::cmdh {
namespace {

bool names(const std::vector<std::string>& origins, const std::string& who) {
  return !who.empty() && std::find(origins.begin(), origins.end(), who) != origins.end();
}

/// The entry for the sender: by its identifier, its App-ID, as AE of this CSE, as this CSE, as
/// anybody; of several the one with the lowest order. Null: there is none.
template <class Entry>
const Entry* entry_for(const std::vector<Entry>& entries, const Sender& sender) {
  const std::string kinds[] = {sender.id, sender.app_id, sender.local_ae ? "localAE" : "",
                               sender.this_cse ? "thisCSE" : "", "default"};
  for (const std::string& kind : kinds) {
    const Entry* best = nullptr;
    for (const Entry& entry : entries) {
      if (names(entry.origins, kind) && (!best || entry.order < best->order)) best = &entry;
    }
    if (best) return best;
  }
  return nullptr;
}

using Text = std::optional<std::string>;

void make_absolute(Text& time, Timestamp origin) {
  if (!time) return;
  if (const auto absolute = parse_abs_rel_timestamp(*time, origin)) time = to_text(*absolute);
}

void default_to(Text& time, std::int64_t milliseconds, Timestamp origin) {
  if (time || milliseconds == kInfinite) return;
  time = to_text(origin + std::chrono::milliseconds(milliseconds));
}

Timestamp origin_of(const Request& request, Timestamp now) {
  const auto origin = request.originating_timestamp
                          ? parse_timestamp(*request.originating_timestamp)
                          : std::nullopt;
  return origin.value_or(now);
}

Result<void> check_range(const char* name, const Text& time, Timestamp origin,
                         const Limits::Range& range) {
  if (!time) return {};
  const auto absolute = parse_timestamp(*time);
  if (!absolute) return {};
  const std::int64_t after = (absolute->microseconds - origin.microseconds) / 1000;
  const bool in_range = range.least != kInfinite && after >= range.least &&
                        (range.most == kInfinite || after <= range.most);
  if (in_range) return {};
  return fail(
      Rsc::kBadRequest,
      std::string(name) + ": the communication policy of this CSE allows " +
          std::to_string(range.least) + " to " +
          (range.most == kInfinite ? std::string("any number of") : std::to_string(range.most)) +
          " milliseconds from the originating timestamp, not " + std::to_string(after));
}

}  // namespace

void fill_in(Request& request, const Sender& sender, const Policy& policy, Timestamp now) {
  if (!request.originating_timestamp) request.originating_timestamp = to_text(now);
  if (!request.event_category) {
    const DefaultCategory* chosen = entry_for(policy.default_categories, sender);
    request.event_category = chosen ? chosen->category : kBestEffort;
  }
  const Timestamp origin = origin_of(request, now);
  for (Text* time : {&request.request_expiration, &request.result_expiration,
                     &request.operation_execution_time, &request.result_persistence}) {
    make_absolute(*time, origin);
  }
  if (request.event_category == kImmediate) return;
  if (request.event_category == kBestEffort) {
    // Infinite expirations, at once, no persistence: what absence says.
    if (!request.delivery_aggregation) request.delivery_aggregation = true;
    return;
  }
  const auto* values = Policy::of_category(policy.default_parameters, *request.event_category);
  if (!values) return;
  default_to(request.request_expiration, values->request_expiration, origin);
  default_to(request.result_expiration, values->result_expiration, origin);
  if (values->execution > 0)
    default_to(request.operation_execution_time, values->execution, origin);
  if (values->persistence != 0) default_to(request.result_persistence, values->persistence, origin);
  if (!request.delivery_aggregation) request.delivery_aggregation = values->aggregation;
}

Result<void> check_limits(const Request& request, const Sender& sender, const Policy& policy,
                          Timestamp now) {
  const Limits* limits = entry_for(policy.limits, sender);
  if (!limits) return {};
  const std::int64_t category = request.event_category.value_or(kBestEffort);
  if (std::find(limits->categories.begin(), limits->categories.end(), category) ==
      limits->categories.end()) {
    return fail(Rsc::kBadRequest,
                "ec (eventCategory): the communication policy of this CSE does "
                "not allow " +
                    std::to_string(category) + " to \"" + sender.id + "\"");
  }
  const Timestamp origin = origin_of(request, now);
  struct Row {
    const char* name;
    const Text& time;
    const Limits::Range& range;
  };
  const Row rows[] = {
      {"rqet (requestExpirationTimestamp)", request.request_expiration, limits->request_expiration},
      {"rset (resultExpirationTimestamp)", request.result_expiration, limits->result_expiration},
      {"oet (operationExecutionTime)", request.operation_execution_time, limits->execution},
      {"rp (resultPersistence)", request.result_persistence, limits->persistence}};
  for (const Row& row : rows) {
    if (auto fits = check_range(row.name, row.time, origin, row.range); !fits) return fits;
  }
  const auto& allowed = limits->aggregation;
  if (request.delivery_aggregation &&
      std::find(allowed.begin(), allowed.end(), *request.delivery_aggregation) == allowed.end()) {
    return fail(Rsc::kBadRequest, std::string("da (deliveryAggregation): the communication policy "
                                              "of this CSE does not allow ") +
                                      (*request.delivery_aggregation ? "true" : "false"));
  }
  return {};
}

std::optional<Opportunity> next_opportunity(const Policy& policy, std::int64_t category,
                                            Timestamp now) {
  const AccessRules* rules = Policy::of_category(policy.access_rules, category);
  if (!rules) return Opportunity{now, nullptr};
  std::optional<Opportunity> best;
  for (const AccessRule& rule : rules->rules) {
    if (rule.schedule.empty()) return Opportunity{now, &rule};
    for (const ScheduleEntry& entry : rule.schedule) {
      const auto when = entry.next_covered(now);
      if (when && (!best || *when < best->when)) best = Opportunity{*when, &rule};
    }
  }
  return best;
}

}  // namespace gatehouse::cmdh
