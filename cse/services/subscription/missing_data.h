#pragma once
#include <optional>

#include "cse/core/behaviour.h"

namespace gatehouse {

/// Counts a missing data point for a subscription with enc/md {num, dur}. The first one starts a
/// window of `dur`; from the `num`-th on, each is reported until the window is over; the next one
/// starts another. What has been counted stands in the subscription's internal part, so a restart
/// forgets nothing. Returns m2m:tsn {mdlt, mdc} if there is something to report. mdlt names at most
/// the newest kMaxListed points of the window; mdc counts all.
/// Source: TS-0004 clause 7.5.1.2.9.
std::optional<Value> count_missing_data(const ResourcePtr& subscription,
                                        const std::string& generation_time,
                                        OperationContext& context);

/// The counters of a subscription whose enc/md has been changed start anew. Source: TS-0001
/// table 9.6.8-3 (missingData).
void restart_missing_data(const ResourcePtr& subscription, OperationContext& context);

inline constexpr std::size_t kMaxListedMissingData = 1'000;

}  // namespace gatehouse
