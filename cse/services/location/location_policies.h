#pragma once
#include <atomic>
#include <memory>

#include "cse/core/cse.h"
#include "cse/services/location/geo_query.h"

namespace gatehouse {

/// <locationPolicy>: each has a <container> beside it, made and deleted with it (loi, li), that
/// takes the positions. Device-based: the device's AE writes them there. With
/// locationInformationType 2 a new position is compared with the target area (gta), and if the
/// event that the policy waits for (gec) has happened, its number follows as the next
/// <contentInstance>: every locationUpdatePeriod (lou), or with none at once, so that a RETRIEVE of
/// <latest> finds it. A device counts as inside before its first position. Source: TS-0001 clauses
/// 9.6.10 and 10.2.9, TS-0004 clause 7.4.10.
/// DEVIATION: there is no interface to a location server (Mcn) here: locationStatus of a
/// network-based policy says so.
class LocationPolicies final : public TransactionParticipant, public CommitListener {
 public:
  /// Adds itself and the geo query to `cse`, which outlives this. Before cse.start().
  explicit LocationPolicies(Cse& cse);
  ~LocationPolicies() override { stop(); }
  /// Takes up the periods of the policies in the store.
  void start();
  void stop() { state_->stopped = true; }

  Result<void> on_changes(std::span<const Change> changes, OperationContext& context) override;
  void committed(const Committed& event) override;

 private:
  struct State {
    explicit State(Cse& c) : cse(c) {}
    Cse& cse;
    std::atomic<bool> stopped{false};
  };
  static void watch(std::shared_ptr<State> state, ResourceId policy,
                    std::chrono::microseconds period);

  GeoQuery geo_query_;
  std::shared_ptr<State> state_;
};

}  // namespace gatehouse
