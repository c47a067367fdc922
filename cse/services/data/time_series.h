#pragma once
#include <memory>

#include "cse/core/cse.h"

namespace gatehouse {

/// <timeSeries>, <timeSeriesInstance>, <latest>, <oldest>, and the detection of missing data.
/// Source: TS-0001 clauses 9.6.36, 9.6.37 and 10.2.4.28; TS-0004 clauses 7.4.38 and 7.4.39.
///
/// A missing data point is written to missingDataList and told to `Extensions::events` in the same
/// transaction. Deadlines are kept with the series, so a restart loses none.
/// Construct it before Cse::start(); `cse` outlives it.
class TimeSeries final : public CommitListener {
 public:
  explicit TimeSeries(Cse& cse);
  ~TimeSeries() override;
  /// Waits for the deadlines of all series. After Cse::start().
  void start();
  void stop();
  void committed(const Committed& event) override;

 private:
  class Watch;
  std::shared_ptr<Watch> watch_;
};

}  // namespace gatehouse
