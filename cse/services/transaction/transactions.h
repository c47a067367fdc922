#pragma once
#include <atomic>
#include <memory>

#include "cse/core/cse.h"

namespace gatehouse {

/// <transactionMgmt>: several requests of which all take effect, or none. Source: TS-0001 clauses
/// 9.6.47 and 10.2.18, TS-0004 clause 7.4.60.
///
/// Under control of the CSE (transactionMode 1) and with all targets in this CSE the requests are
/// one piece of work on the write lane: nobody sees anything in between, so no <transaction> locks
/// are needed, and what one request refuses undoes the others. The work begins at
/// transactionExecuteTime (text), else at once; transactionMaxRetries (tmr) more attempts follow
/// after a refusal that may pass (5xxx). Then transactionState (trst) is COMMITTED or ABORTED, and
/// responsePrimitives (rsps) holds the answers; with transactionMgmtHandling DELETE the resource
/// goes, as the standard has it.
/// DEVIATION: transactionMode 2, targets in other CSEs and <transaction> resources by themselves
/// are answered with NOT_IMPLEMENTED (5001).
class Transactions final : public CommitListener {
 public:
  static constexpr std::size_t kMaxRequests = 100;
  static constexpr std::chrono::seconds kRetryAfter{1};

  /// Adds itself to `cse`, which outlives this. Before cse.start().
  explicit Transactions(Cse& cse);
  ~Transactions() override { stop(); }
  /// Takes up what waits in the store.
  void start();
  void stop() { state_->stopped = true; }

  void committed(const Committed& event) override;

 private:
  struct State {
    explicit State(Cse& c) : cse(c) {}
    Cse& cse;
    std::atomic<bool> stopped{false};
  };
  static void wait(const std::shared_ptr<State>& state, const Resource& transaction);
  static void run(const std::shared_ptr<State>& state, const ResourceId& id,
                  std::int64_t attempts_before);
  static void settle(const std::shared_ptr<State>& state, const ResourceId& id, bool committed,
                     const Value& answers);

  std::shared_ptr<State> state_;
};

}  // namespace gatehouse
