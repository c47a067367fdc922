#pragma once
#include <chrono>
#include <functional>
#include <mutex>
#include <string>

#include "ae-apps/ota/program/step_log.h"

namespace gatehouse::tnc {

/// Somebody who was not let in, or who did not keep to the protocol.
struct Attempt {
  std::string address;   ///< "127.0.0.1:4711"
  std::string identity;  ///< of its certificate, if it has proven one
  std::string device;    ///< if it is one of ours
  std::string reason;
};

/// Attempts as steps in the log and as lines of a file, `{"at":…,"address":…,"device":…,
/// "identity":…,"reason":…}`. A flood is counted, not written: at most so many lines a second, and
/// `{"at":…,"not_listed":…}` for the others; the file is turned over before it is too large.
/// Threading: any thread.
class Attempts {
 public:
  using Clock = std::function<std::chrono::steady_clock::time_point()>;
  static constexpr unsigned kLinesASecond = 100;
  static constexpr std::size_t kMaxFileBytes = 8u << 20;

  /// `file`: empty for none. What cannot be written there is in the log all the same.
  Attempts(std::string file, ota::StepLog& log, Clock clock = std::chrono::steady_clock::now,
           std::size_t max_file_bytes = kMaxFileBytes);
  ~Attempts();
  void record(const Attempt& attempt);

 private:
  void write(const std::string& line);
  void say_how_many();

  const std::string file_;
  ota::StepLog& log_;
  const Clock clock_;
  const std::size_t max_file_bytes_;
  std::mutex mutex_;  ///< guards what follows
  std::chrono::steady_clock::time_point second_{};
  unsigned written_ = 0;
  std::uint64_t not_listed_ = 0;
};

}  // namespace gatehouse::tnc
