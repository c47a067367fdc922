#pragma once
#include <string>
#include <vector>

#include "ae-apps/ota/clock/time_attestation.h"

namespace gatehouse::ota {

/// Gathers what several time servers answer to one nonce, until as many of different keys agree as
/// the threshold says. One that lies or is silent is left out. Threading: one thread at a time.
class TimeGathering {
 public:
  TimeGathering(TimeKeys keys, std::string nonce)
      : keys_(std::move(keys)), nonce_(std::move(nonce)) {}

  /// `server`: its name in reasons. An answer that proves nothing is not kept, but why.
  void add(const std::string& server, const uptane::Checked<std::string>& answer);
  bool enough() const;
  /// For verify_time with these keys, or with a lower threshold. Refusals: what the server was
  /// refused for, if only one was asked; else kThreshold, with a word about each that was asked.
  uptane::Checked<std::string> result() const;

 private:
  std::string text() const;

  const TimeKeys keys_;
  const std::string nonce_;
  std::vector<std::string> good_;
  std::vector<std::string> words_;  ///< what became of each
  std::vector<uptane::Refusal> refusals_;
};

}  // namespace gatehouse::ota
