#include "cse/services/subscription/target_slots.h"

namespace gatehouse {

std::string TargetSlots::key_of(const std::string& target) {
  const std::size_t scheme = target.find("://");
  if (scheme == std::string::npos) return target;
  return target.substr(0, target.find_first_of("/?", scheme + 3));
}

void TargetSlots::take(const std::string& target, Start start) {
  const std::string key = key_of(target);
  State& state = targets_[key];
  state.waiting.push_back(std::move(start));
  if (!state.in_turn && state.taken < per_target_) {
    state.in_turn = true;
    turns_.push_back(key);
  }
  serve();
}

void TargetSlots::give_back(const std::string& target) {
  const std::string key = key_of(target);
  const auto found = targets_.find(key);
  if (found == targets_.end()) return;
  --taken_;
  --found->second.taken;
  if (!found->second.waiting.empty() && !found->second.in_turn) {
    found->second.in_turn = true;
    turns_.push_back(key);
  }
  if (found->second.taken == 0 && found->second.waiting.empty()) targets_.erase(found);
  serve();
}

void TargetSlots::serve() {
  while (taken_ < in_all_ && !turns_.empty()) {
    const std::string key = std::move(turns_.front());
    turns_.pop_front();
    State& state = targets_.at(key);
    Start start = std::move(state.waiting.front());
    state.waiting.pop_front();
    ++state.taken;
    ++taken_;
    state.in_turn = !state.waiting.empty() && state.taken < per_target_;
    if (state.in_turn) turns_.push_back(key);
    start();
  }
}

}  // namespace gatehouse
