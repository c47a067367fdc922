#pragma once
#include <deque>
#include <functional>
#include <string>
#include <unordered_map>

namespace gatehouse {

/// How many requests are on their way, to each target and in all, so that a target that answers
/// slowly takes its own places only. Not thread-safe.
class TargetSlots {
 public:
  using Start = std::function<void()>;
  TargetSlots(std::size_t per_target, std::size_t in_all)
      : per_target_(per_target), in_all_(in_all) {}

  /// Runs `start` at once if there is a place, else as soon as one becomes free. First come first
  /// served among those of one target; targets take turns.
  void take(const std::string& target, Start start);
  /// What `start` began is over.
  void give_back(const std::string& target);
  std::size_t taken() const { return taken_; }

  /// What shares places: scheme and authority of a URL, any other target as a whole.
  static std::string key_of(const std::string& target);

 private:
  struct State {
    std::size_t taken = 0;
    std::deque<Start> waiting;
    bool in_turn = false;  ///< stands in `turns_`
  };
  void serve();

  const std::size_t per_target_, in_all_;
  std::size_t taken_ = 0;
  std::unordered_map<std::string, State> targets_;
  std::deque<std::string> turns_;  ///< targets with places of their own that wait for one in all
};

}  // namespace gatehouse
