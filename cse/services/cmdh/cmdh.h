#pragma once
#include <memory>
#include <mutex>
#include <optional>

#include "cse/core/cse.h"
#include "cse/services/cmdh/validation.h"

namespace gatehouse {

/// Communication management and delivery handling: the active [cmdhPolicy] decides which requests
/// are forwarded to other CSEs, with which parameters, and when. Stands in front of the transit
/// that is there when it is made. Without an active policy it forwards at once. Source: TS-0004
/// annex H, TS-0001 clauses 6.2.2 and D.12. Plugs itself into `cse`, which outlives it. Threading:
/// any.
class Cmdh final : public Transit, public CommitListener {
 public:
  struct Settings {
    std::size_t max_bytes = 16 << 20;  ///< of all that waits
    std::size_t max_held = 10'000;     ///< requests that wait
    /// A request that says no expiration waits that long at most.
    std::chrono::seconds patience{60};
  };
  explicit Cmdh(Cse& cse) : Cmdh(cse, Settings{}) {}
  Cmdh(Cse& cse, Settings settings);

  void forward(Request request, const std::string& originator, Reply reply) override;
  void committed(const Committed& event) override;

 private:
  struct Held;
  struct Queue;
  using PolicyPtr = std::shared_ptr<const cmdh::Policy>;

  /// Null: no policy is active.
  Result<PolicyPtr> policy();
  cmdh::Sender sender_of(const std::string& originator);
  void let_go(std::uint64_t number);
  void send(std::shared_ptr<Held> held);
  void wait_or_send(std::shared_ptr<Held> held);

  Cse& cse_;
  Transit* const next_;
  const Settings settings_;
  std::mutex mutex_;  // guards policy_ and stale_
  PolicyPtr policy_;
  bool stale_ = true;
  std::shared_ptr<Queue> queue_;
};

}  // namespace gatehouse
