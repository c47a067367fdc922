#pragma once
#include "cse/services/cmdh/policy.h"

namespace gatehouse::cmdh {

/// Who sends a request, as policies name it.
struct Sender {
  std::string id;      ///< AE-ID or CSE-ID, as access control knows it
  std::string app_id;  ///< of an AE of this CSE
  bool local_ae = false, this_cse = false;
};

/// Fills in what a request does not say: event category, originating and expiration timestamps,
/// execution time, result persistence, delivery aggregation; and makes relative times absolute.
/// Infinite times stay absent. Source: TS-0004 clause H.2.3, step 1.
void fill_in(Request& request, const Sender& sender, const Policy& policy, Timestamp now);

/// Is all of it within the limits for this sender? Source: TS-0004 clause H.2.3, step 2. Errors:
/// kBadRequest naming parameter and limit.
Result<void> check_limits(const Request& request, const Sender& sender, const Policy& policy,
                          Timestamp now);

/// From `now` on, when may the network be used for the category, and by which rule? A rule of null:
/// at any time. nullopt: never. Source: TS-0004 clause H.2.3, step 3.2.
struct Opportunity {
  Timestamp when{0};
  const AccessRule* rule = nullptr;
};
std::optional<Opportunity> next_opportunity(const Policy& policy, std::int64_t category,
                                            Timestamp now);

}  // namespace gatehouse::cmdh
