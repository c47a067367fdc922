#pragma once
#include <functional>
#include <memory>
#include <string>

#include "cse/core/cse.h"

namespace gatehouse {

/// One Service Statistics Collection Record. Source: TS-0001 table 10.2.11.14-1.
struct StatisticsRecord {
  std::string collect_id;                      ///< statsCollectID
  std::string collecting;                      ///< who asked for it: AE-ID or CSE-ID
  std::string collected;                       ///< whose operation it was; of a timer: this CSE
  std::int64_t event_type = 0;                 ///< m2m:eventType
  Operation operation = Operation::kRetrieve;  ///< of a DATAOPERATION and a STORAGEBASED event
  std::string resource;                        ///< resource ID; of a timer: empty
  std::int64_t size_bytes = 0;                 ///< of a STORAGEBASED event
  Timestamp start, end;                        ///< of the event; both the same for an operation
};

/// Takes records. Called on the write lane or the scheduler; must be quick.
using StatisticsSink = std::function<void(const StatisticsRecord&)>;

/// <statsConfig>, <eventConfig>, <statsCollect>: which operations are counted, for whom. Source:
/// TS-0001 clauses 9.6.23 to 9.6.25 and 10.2.11, TS-0004 clauses 7.4.23 to 7.4.25.
///
/// A <statsCollect> that is ACTIVE makes a record for each event of its <eventConfig>, if it is an
/// operation of one of the collected entities (cdi; none: of anybody) and the collectPeriod (cp;
/// none: always) covers the moment:
///  - DATAOPERATION: an operation of those in `opt` (none: any) succeeded on one of the types or
///    resources named (none: on any). Whether a RETRIEVE may be, access control is asked.
///  - STORAGEBASED: a resource has become larger than dataSize (bytes): currentByteSize of what has
///    instances, contentSize of the others.
///  - TIMERBASED: eventEnd is over (without one: eventStart has come).
class Statistics final : public CommitListener, public RequestObserver {
 public:
  /// Adds itself to `cse`, which outlives this. Before cse.start().
  Statistics(Cse& cse, StatisticsSink sink);
  ~Statistics() override { stop(); }
  /// Takes up what is ACTIVE in the store.
  void start();
  void stop();

  void committed(const Committed& event) override;
  void received(const Request& request, const std::string& originator) override;

 private:
  class Collections;
  std::shared_ptr<Collections> collections_;
};

}  // namespace gatehouse
