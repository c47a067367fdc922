#pragma once
#include <chrono>
#include <memory>
#include <string>

#include "ae-apps/ota/crypto/bytes.h"

namespace gatehouse::ecu {

/// The outcome of starting an application.
struct SelfTest {
  bool passed = false;
  std::string version;  ///< as the application itself says
  std::string error;    ///< why it did not pass
};

/// Runs the application of an ECU. Threading: one thread at a time.
class PayloadRunner {
 public:
  virtual ~PayloadRunner() = default;
  /// Starts it and waits for its two lines: "version 1.4.0" (or "version=1.4.0") and "self-test
  /// ok". A failed one is stopped.
  virtual SelfTest start(ByteView payload) = 0;
  virtual void stop() = 0;
  /// Reads away what a running application writes. Call it now and then.
  virtual void drain() {}
  /// Whether the application has written anything within that time: what a watchdog asks.
  virtual bool heard_within(std::chrono::milliseconds) const { return true; }
  /// Whether an application that passed its self-test is gone. Call it now and then.
  virtual bool ended() { return false; }
};

/// Reads the two lines out of what an application wrote so far; used by every runner.
SelfTest read_self_test(std::string_view output);

/// A child process of its own group, made from an executable file (script or ELF) in `folder`,
/// without the environment, input or files of this program. What it writes is read up to a limit.
class ProcessRunner final : public PayloadRunner {
 public:
  ProcessRunner(std::string folder, std::chrono::milliseconds limit);
  ~ProcessRunner() override;
  SelfTest start(ByteView payload) override;
  void stop() override;
  void drain() override;
  bool heard_within(std::chrono::milliseconds span) const override;
  bool ended() override;

 private:
  SelfTest await();

  std::string path_;
  std::chrono::milliseconds limit_;
  int pid_ = -1;
  bool gone_ = false;  ///< waited for; its children may be there
  int output_ = -1;
  std::chrono::steady_clock::time_point heard_{};
};

}  // namespace gatehouse::ecu
