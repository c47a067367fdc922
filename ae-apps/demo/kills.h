#pragma once
#include <map>
#include <random>
#include <string>
#include <vector>

#include "ae-apps/demo/attestation_steps.h"

namespace gatehouse::demo {

/// Kills real processes in the middle of remote maintenance: each party in each of the thirteen
/// steps, in an order that a seed chooses. A round is one maintenance with the update of one ECU,
/// by a bad image in one of five. After each the same must hold: the operation is closed and
/// certified, an auditor without a network says what became of it, and the ECU runs what the
/// evidence says. Threading: one thread.
class Kills {
 public:
  Kills(Car& car, Crew& crew, Screen& screen, AttestationSteps& attestation, unsigned seed)
      : car_(car), crew_(crew), screen_(screen), attestation_(attestation), random_(seed) {}

  /// Rounds in which every process is killed once in every step.
  static std::size_t full_turn();
  /// Errors: why a round did not end as it must; where() names it.
  Result<void> run(unsigned rounds);
  const std::string& where() const { return where_; }
  /// Log file that tells more about it.
  std::filesystem::path log() const;

 private:
  struct Round {
    std::uint64_t operation = 0;
    std::size_t victim = 0, moment = 0;  ///< rows of the tables
    const EcuPlan* ecu = nullptr;
    Milliseconds delay{0};
    bool bad = false;  ///< the image does not pass its self-test
    std::string version;
  };
  Result<void> begin();
  std::vector<Round> schedule(unsigned rounds);
  Result<void> play(const Round& round);
  Result<Image> prepare(const Round& round);
  Result<void> murder(const Round& round);
  Result<void> upload(const Image& image);
  Result<void> await(const std::string& source, const std::string& event);
  Result<std::string> audit(const Round& round);
  Result<void> heal();
  /// After an operation that failed: what the update in it came to.
  Result<std::string> what_runs(const Round& round);
  bool said(const std::string& source, const std::string& event,
            const std::string& version = {}) const;

  Car& car_;
  Crew& crew_;
  Screen& screen_;
  AttestationSteps& attestation_;
  std::mt19937_64 random_;
  std::size_t mark_ = 0;  ///< in the feed: where the round began
  bool uploaded_ = false;
  std::map<std::string, std::string> runs_;  ///< by serial number
  unsigned completed_ = 0, failed_ = 0;
  std::string where_ = "the beginning";
  std::filesystem::path log_;
};

}  // namespace gatehouse::demo
