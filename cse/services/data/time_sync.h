#pragma once
#include <memory>

#include "cse/core/cse.h"

namespace gatehouse {

/// <timeSyncBeacon>: tells the time of this CSE, at intervals, or to an entity whose clock is off.
/// Source: TS-0001 clause 9.6.60, TS-0004 clause 7.4.64 (R4).
///
/// PERIODIC: each beaconInterval a NOTIFY `{"m2m:tsbn":{"tbr":"tsb0a…","ctm":"20261121T120000,0"}}`
/// goes to all beaconNotificationURIs. LOSS_OF_SYNCHRONIZATION: it goes there when a request of the
/// beaconRequester has an originatingTimestamp that is off by more than beaconThreshold.
/// Construct it before Cse::start(); `cse` outlives it.
class TimeSync final : public CommitListener, public RequestObserver {
 public:
  explicit TimeSync(Cse& cse);
  ~TimeSync() override;
  /// Begins the intervals. After Cse::start().
  void start();
  void stop();
  void committed(const Committed& event) override;
  void received(const Request& request, const std::string& originator) override;

 private:
  class Beacons;
  std::shared_ptr<Beacons> beacons_;
};

}  // namespace gatehouse
