// Recv-1: checks that need no resource. Source: TS-0004 clause 7.3.2.1.
#include <algorithm>
#include <array>

#include "cse/core/cse.h"
#include "cse/core/on_demand_discovery.h"

namespace gatehouse {
namespace {

/// Which resultContent goes with which operation: bit n set means rcn n is valid. Source: TS-0001
/// table 8.1.2-1.
constexpr std::array<unsigned, 6> kValidResultContent = {
    0u,
    1u << 0 | 1u << 1 | 1u << 2 | 1u << 3 | 1u << 9,  // CREATE
    1u << 1 | 1u << 4 | 1u << 5 | 1u << 6 | 1u << 7 | 1u << 8 | 1u << 10 | 1u << 11 |
        1u << 12,                                               // RETRIEVE
    1u << 0 | 1u << 1 | 1u << 9,                                // UPDATE
    1u << 0 | 1u << 1 | 1u << 4 | 1u << 5 | 1u << 6 | 1u << 8,  // DELETE
    1u << 0 | 1u << 1,                                          // NOTIFY
};

Result<void> check_operation(const Request& request) {
  const auto operation = static_cast<std::size_t>(request.operation);
  if (operation < 1 || operation > 5) return fail(Rsc::kBadRequest, "op: must be 1 to 5");
  if (request.operation == Operation::kCreate) {
    if (!request.resource_type) return fail(Rsc::kBadRequest, "ty: is mandatory in a CREATE");
    if (request.filter) return fail(Rsc::kBadRequest, "fc: is not allowed in a CREATE");
  } else if (request.resource_type) {
    return fail(Rsc::kBadRequest, "ty: is only allowed in a CREATE");
  }
  if (request.operation == Operation::kNotify && !request.content) {
    return fail(Rsc::kBadRequest, "pc: is mandatory in a NOTIFY");
  }
  if (request.operation == Operation::kUpdate && !request.content) {
    return fail(Rsc::kBadRequest, "pc: is mandatory in an UPDATE");
  }
  if (request.operation != Operation::kRetrieve && !request.attribute_list.empty()) {
    return fail(Rsc::kBadRequest, "atrl (attributeList): is only allowed in a RETRIEVE");
  }
  if (request.result_content) {
    const std::int64_t rcn = *request.result_content;
    if (rcn < 0 || rcn > 12 || !(kValidResultContent[operation] >> rcn & 1u)) {
      return fail(Rsc::kBadRequest, "rcn (resultContent): " + std::to_string(rcn) +
                                        " is not valid for " +
                                        std::string(name_of(request.operation)));
    }
    const bool discovery = is_discovery(request);
    if (discovery ? rcn != 6 && rcn != 11 : rcn == 11) {
      return fail(Rsc::kBadRequest,
                  discovery
                      ? "rcn (resultContent): a discovery (fu=1 or 3) answers references, which "
                        "is absent, 6 or 11"
                      : "rcn (resultContent): 11 is for discovery (fu=1 or 3) only");
    }
  }
  return {};
}

Result<void> check_ranges(const Request& request) {
  if (const auto rt = request.response_type; rt && (*rt < 1 || *rt > 5)) {
    return fail(Rsc::kBadRequest, "rt (responseType): must be 1 to 5");
  }
  if (const auto drt = request.desired_identifier_result_type; drt && *drt != 1 && *drt != 2) {
    return fail(Rsc::kBadRequest, "drt (desiredIdentifierResultType): must be 1 or 2");
  }
  if (!request.filter) return {};
  const FilterCriteria& filter = *request.filter;
  if (filter.filter_usage && (*filter.filter_usage < 1 || *filter.filter_usage > 3)) {
    return fail(Rsc::kBadRequest, "fu (filterUsage): must be 1, 2 or 3");
  }
  if (filter.filter_operation && (*filter.filter_operation < 1 || *filter.filter_operation > 3)) {
    return fail(Rsc::kBadRequest, "fo (filterOperation): must be 1, 2 or 3");
  }
  const std::pair<const std::optional<std::int64_t>&, const char*> positives[] = {
      {filter.limit, "lim (limit)"},
      {filter.level, "lvl (level)"},
      {filter.offset, "ofst (offset)"}};
  for (const auto& [value, name] : positives) {
    if (value && *value < 1)
      return fail(Rsc::kBadRequest, std::string(name) + ": must be at least 1");
  }
  const std::pair<const std::optional<std::int64_t>&, const char*> unsigneds[] = {
      {filter.state_tag_smaller, "sts (stateTagSmaller)"},
      {filter.state_tag_bigger, "stb (stateTagBigger)"},
      {filter.size_above, "sza (sizeAbove)"},
      {filter.size_below, "szb (sizeBelow)"}};
  for (const auto& [value, name] : unsigneds) {
    if (value && *value < 0)
      return fail(Rsc::kBadRequest, std::string(name) + ": must not be negative");
  }
  const std::pair<const std::optional<std::string>&, const char*> times[] = {
      {filter.created_before, "crb"},  {filter.created_after, "cra"}, {filter.modified_since, "ms"},
      {filter.unmodified_since, "us"}, {filter.expire_before, "exb"}, {filter.expire_after, "exa"}};
  for (const auto& [value, name] : times) {
    if (value && !parse_timestamp(*value)) {
      return fail(Rsc::kBadRequest,
                  std::string(name) + ": must be a timestamp such as 20300101T000000");
    }
  }
  return {};
}

/// What is done later must still be in time for the request, and the request for its result.
/// Source: TS-0001 clause 8.1.2 (the expiration timestamps).
Result<void> check_order_of_times(const Request& request, Timestamp now) {
  struct Order {
    const std::optional<std::string>&earlier, &later;
    const char* rule;
  };
  const Order orders[] = {{request.request_expiration, request.result_expiration,
                           "rset (resultExpirationTimestamp): must be later than rqet"},
                          {request.operation_execution_time, request.request_expiration,
                           "oet (operationExecutionTime): must be earlier than rqet"},
                          {request.operation_execution_time, request.result_expiration,
                           "oet (operationExecutionTime): must be earlier than rset"}};
  for (const auto& [earlier, later, rule] : orders) {
    if (!earlier || !later) continue;
    const auto first = parse_abs_rel_timestamp(*earlier, now);
    const auto second = parse_abs_rel_timestamp(*later, now);
    if (first && second && *first > *second) return fail(Rsc::kBadRequest, rule);
  }
  return {};
}

Result<void> check_times(const Request& request, Timestamp now) {
  const std::pair<const std::optional<std::string>&, const char*> times[] = {
      {request.request_expiration, "rqet (requestExpirationTimestamp)"},
      {request.result_expiration, "rset (resultExpirationTimestamp)"}};
  for (const auto& [value, name] : times) {
    if (!value) continue;
    const auto time = parse_abs_rel_timestamp(*value, now);
    if (!time)
      return fail(Rsc::kBadRequest, std::string(name) + ": must be a timestamp or milliseconds");
    if (*time < now) return fail(Rsc::kRequestTimeout, std::string(name) + ": has passed");
  }
  if (request.operation_execution_time &&
      !parse_abs_rel_timestamp(*request.operation_execution_time, now)) {
    return fail(Rsc::kBadRequest,
                "oet (operationExecutionTime): must be a timestamp or milliseconds");
  }
  if (request.result_persistence && !parse_abs_rel_timestamp(*request.result_persistence, now)) {
    return fail(Rsc::kBadRequest, "rp (resultPersistence): must be a timestamp or milliseconds");
  }
  if (request.originating_timestamp && !parse_timestamp(*request.originating_timestamp)) {
    return fail(Rsc::kBadRequest, "ot (originatingTimestamp): must be a timestamp");
  }
  return check_order_of_times(request, now);
}

}  // namespace

Result<void> check_request(const Request& request, const CseSettings& settings, Timestamp now) {
  if (request.request_identifier.empty())
    return fail(Rsc::kBadRequest, "rqi (requestIdentifier, in HTTP X-M2M-RI): is mandatory");
  // Absent means release 1 (TS-0004 clause 7.3.2.1), which this CSE need not support.
  const std::string release = request.release_version.value_or("1");
  const auto& known = settings.release_versions;
  if (std::find(known.begin(), known.end(), release) == known.end()) {
    std::string list;
    for (const std::string& version : known) list += (list.empty() ? "" : ", ") + version;
    return fail(Rsc::kReleaseVersionNotSupported,
                "rvi (releaseVersionIndicator): " +
                    (request.release_version ? "\"" + release + "\""
                                             : std::string("is absent, which means \"1\",")) +
                    " is not supported; this CSE supports " + list);
  }
  if (auto valid = check_operation(request); !valid) return valid;
  if (auto valid = check_ranges(request); !valid) return valid;
  return check_times(request, now);
}

}  // namespace gatehouse
