#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "tests/faults/cse_process.h"

namespace gatehouse::bench {

/// One operation, measured at growing sizes of what it works on.
struct SizeRow {
  std::string of;  ///< what grows: "instances in a container"
  std::string operation;
  std::vector<std::int64_t> sizes;
  std::vector<double> median_us;  ///< one request at a time; in the order of `sizes`
  /// 1: each costs the same at the largest size as at the smallest.
  double growth() const { return median_us.back() / median_us.front(); }
};

/// Fills the started CSE and measures. Instances grow up to `largest`, other things less far: AEs
/// and subscriptions to 100,000, members of a group to 10,000, depth to 100.
std::vector<SizeRow> measure_sizes(const test::CseProcess& cse, std::int64_t largest);

void print(const std::vector<SizeRow>& rows);

}  // namespace gatehouse::bench
