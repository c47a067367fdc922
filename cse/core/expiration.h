#pragma once
#include <atomic>
#include <memory>

#include "cse/core/cse.h"

namespace gatehouse {

/// Removes resources whose expirationTime has passed, as a DELETE by the CSE itself would. Readers
/// never see them after that time; this frees the space and tells subscribers. Source: TS-0001
/// clause 9.6.1.3.2 (expirationTime).
class Expiration {
 public:
  struct Settings {
    std::size_t batch = 256;  ///< removed in one transaction
  };
  Expiration(Cse& cse, Settings settings) : state_(std::make_shared<State>(cse, settings)) {}
  ~Expiration() { stop(); }
  /// Looks every `Pace::expiration_interval`.
  void start() { look_again(state_, state_->cse.pace().expiration_interval.load()); }
  void stop() { state_->stopped = true; }

 private:
  struct State {
    State(Cse& c, Settings s) : cse(c), settings(s) {}
    Cse& cse;
    const Settings settings;
    std::atomic<bool> stopped{false};
  };
  static void look_again(std::shared_ptr<State> state, std::chrono::milliseconds delay);
  static void look(const std::shared_ptr<State>& state);

  std::shared_ptr<State> state_;
};

}  // namespace gatehouse
