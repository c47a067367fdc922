#pragma once
#include <array>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "ae-apps/demo/car.h"

namespace gatehouse::demo {

/// Kills real processes in the middle of releases: the gateway, an ECU, the server, or the whole
/// vehicle, at moments that a seed chooses. After each the same must hold: every ECU runs and
/// proves what it runs, all of them the new version or all the one before, and the server knows the
/// end of each of its offers. One image in five does not pass its self-test. Threading: one thread.
class PowerCuts {
 public:
  PowerCuts(Car& car, Crew& crew, Screen& screen, unsigned seed)
      : car_(car), crew_(crew), screen_(screen), random_(seed) {}

  /// Errors: why a round did not end as it must; where() names it.
  Result<void> run(unsigned rounds);
  const std::string& where() const { return where_; }

 private:
  struct Round {
    std::string version;
    std::string bad;     ///< software whose image fails; empty: none
    std::string victim;  ///< for people
    std::vector<std::string> processes;
    Milliseconds delay{0};
  };
  Round plan(unsigned number);
  Result<void> publish(const Round& round, unsigned number);
  Result<void> cut(const Round& round);
  /// True if it was committed.
  Result<bool> see_end(const Round& round);
  Result<void> see_versions(const std::string& wanted);
  /// Serial numbers of which the server told that, since the round began.
  std::set<std::string> told(const std::string& event, const std::string& version) const;

  Car& car_;
  Crew& crew_;
  Screen& screen_;
  std::mt19937_64 random_;
  std::size_t mark_ = 0;
  std::string runs_ = Car::kFactoryVersion;
  std::string where_ = "the beginning";
};

}  // namespace gatehouse::demo
