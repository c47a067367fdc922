#pragma once
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "cse/core/cse.h"

namespace gatehouse {

/// <delivery>: requests that one CSE has given to the next, to bring them to the CSE that they are
/// for. This CSE takes them from its registrees and its registrar only, each request in the name of
/// somebody for whom that CSE may speak. It does them if it is the target; else it makes a
/// <delivery> at the next CSE, again and again until the lifespan is over or that CSE refuses. The
/// resource goes when its requests are done or with the next CSE, and when they never will be.
/// Deliveries survive a restart.
/// A request without response (responseType 5) for another CSE that asks for deliveryAggregation is
/// sent so; other requests need the answer of the next CSE and are forwarded as they are. Those for
/// the same CSE and of the same event category that come within a short time go in one <delivery>;
/// what is immediate does not wait for others.
/// Source: TS-0001 clauses 9.6.11 and 10.2.5.8, TS-0004 clause 7.4.11. Plugs itself into `cse`,
/// which outlives it.
class Deliveries final : public CommitListener {
 public:
  struct Settings {
    std::chrono::seconds first_retry{2}, last_retry{60};  ///< doubled each time
    std::chrono::seconds lifespan{600};                   ///< of a request that says none
    std::chrono::milliseconds gather{200};                ///< for how long others may join one
    std::size_t max_gathered = 100;                       ///< requests in one that is made here
  };
  explicit Deliveries(Cse& cse) : Deliveries(cse, Settings{}) {}
  Deliveries(Cse& cse, Settings settings);
  /// Takes up what the store holds. After Cse::start().
  void start();
  void stop() { state_->stopped = true; }
  /// A request for another CSE whose answer nobody waits for.
  void send(const Request& request, const std::string& originator);

  void committed(const Committed& event) override;

 private:
  struct State {
    std::atomic<bool> stopped{false};
    std::mutex mutex;
    std::set<ResourceId> under_way;  ///< guarded by mutex
    /// Those that others may still join, by target and event category; guarded by mutex.
    std::map<std::pair<std::string, std::int64_t>, ResourceId> gathering;
  };
  struct Parcel;
  Response add(const Parcel& parcel, OperationContext& context);
  Response begin(const Parcel& parcel, OperationContext& context);
  void close(const ResourceId& delivery);
  void attempt(const ResourceId& delivery, int attempts);
  void perform(const Resource& delivery);
  void pass_on(const ResourcePtr& delivery, const ResourcePtr& next, int attempts);
  void finish(const ResourceId& delivery);

  Cse& cse_;
  const Settings settings_;
  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace gatehouse
