#include "tests/bench/report.h"

#include <cstdio>

namespace gatehouse::bench {

void print(const std::vector<Row>& rows) {
  std::printf("\n%-38s %12s %9s %9s  %-26s %7s %7s  %s\n", "scenario", "per second", "p50 ms",
              "p99 ms", "ceiling", "ratio", "target", "limited by");
  for (const Row& row : rows) {
    std::printf("%-38s %12.0f %9.2f %9.2f  ", row.name.c_str(), row.measured.per_second,
                row.measured.p50_ms, row.measured.p99_ms);
    if (row.ceiling > 0) {
      char ceiling[64];
      std::snprintf(ceiling, sizeof ceiling, "%s %.0f", row.ceiling_name.c_str(), row.ceiling);
      std::printf("%-26s %7.2f ", ceiling, row.measured.per_second / row.ceiling);
    } else {
      std::printf("%-26s %7s ", "", "");
    }
    row.target > 0 ? std::printf("%7.2f  %s\n", row.target, row.limit.c_str())
                   : std::printf("%7s  %s\n", "", row.limit.c_str());
    if (row.measured.errors > 0)
      std::printf("   %llu answers were not 2xx\n",
                  static_cast<unsigned long long>(row.measured.errors));
  }
}

Value to_value(const std::vector<Row>& rows) {
  Value list = Value::array();
  for (const Row& row : rows) {
    Value one = Value::object({{"scenario", row.name},
                               {"per_second", row.measured.per_second},
                               {"p50_ms", row.measured.p50_ms},
                               {"p99_ms", row.measured.p99_ms},
                               {"errors", static_cast<std::int64_t>(row.measured.errors)}});
    if (row.ceiling > 0)
      one.set("ceiling", row.ceiling_name)
          .set("ceiling_per_second", row.ceiling)
          .set("ratio", row.measured.per_second / row.ceiling);
    if (row.target > 0) one.set("target_ratio", row.target);
    list.push_back(std::move(one));
  }
  return list;
}

}  // namespace gatehouse::bench
