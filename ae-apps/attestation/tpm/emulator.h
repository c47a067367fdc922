#pragma once
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "cse/primitive/result.h"

namespace gatehouse::attest {

/// A software TPM (swtpm) of our own, on a socket that only this user reaches, for as long as this
/// object lives. What it says is only as good as the machine: every result must carry the weaker
/// level of assurance. Start it from a thread that lives as long: the kernel ends it with that
/// thread.
class Emulator {
 public:
  enum class Power : std::uint8_t {
    kOn,       ///< started up: registers at zero
    kWaiting,  ///< not yet: whoever opens it decides (Tpm::open)
  };
  /// The TPM's state stays in `state`; without one it is made anew in a private folder and removed
  /// at the end. Errors: kNotFound if swtpm is not installed; kInternalServerError if it does not
  /// start within ten seconds.
  static Result<Emulator> start(const std::filesystem::path& state = {}, Power power = Power::kOn);
  Emulator(Emulator&& other) noexcept;
  Emulator& operator=(Emulator&&) = delete;
  ~Emulator();

  /// For Tpm::open.
  std::string tcti() const { return "swtpm:path=" + (folder_ / "tpm").string(); }
  pid_t pid() const { return pid_; }

 private:
  Emulator(pid_t pid, std::filesystem::path folder) : pid_(pid), folder_(std::move(folder)) {}

  pid_t pid_;
  std::filesystem::path folder_;  ///< private; empty once moved from
};

}  // namespace gatehouse::attest
