#pragma once
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>

#include "ae-apps/ota/clock/time_attestation.h"
#include "ae-apps/ota/crypto/random.h"

namespace gatehouse::ota {

/// Time by which a vehicle judges what has expired: attested by a time server whose key is nobody
/// else's, and carried on by a clock that only runs forward. The system's clock is not looked at:
/// whoever sets it back cannot make old metadata fresh. Threading: any thread.
class SecureClock {
 public:
  struct Settings {
    TimeKeys keys;
    std::filesystem::path state;              ///< file: the latest time ever attested
    std::chrono::seconds renew_after{3600};   ///< age of an attestation
    std::chrono::seconds retry_after{60};     ///< without an answer, if a time is known
    std::chrono::seconds longest_answer{10};  ///< an older answer may have been held back
  };
  /// The attestation for a nonce, from wherever.
  using Ask = std::function<uptane::Checked<std::string>(const std::string& nonce)>;
  /// Milliseconds since any moment; never goes back, not even while the system sleeps.
  using Steady = std::function<std::chrono::milliseconds()>;

  /// `steady`: empty: the system's. Errors: kInternalServerError if the state is damaged.
  static Result<std::unique_ptr<SecureClock>> open(Settings settings, Ask ask,
                                                   crypto::Random& random, Steady steady = {});

  /// Now, as far as it is proven: never before what was attested, never earlier than once said.
  /// Asks if the last attestation is old; if no good answer comes, what is known goes on to count.
  /// Refusals: those of verify_time or of `ask`, if no time was ever attested.
  uptane::Checked<Timestamp> now();

  /// Why the last question brought nothing; empty: it did.
  std::string trouble() const;

 private:
  SecureClock(Settings settings, Ask ask, crypto::Random& random, Steady steady);
  Result<void> load();
  uptane::Checked<void> renew();
  Timestamp carried_on() const;

  const Settings settings_;
  const Ask ask_;
  crypto::Random& random_;
  const Steady steady_;
  mutable std::mutex mutex_;
  Timestamp latest_;                 ///< 0: none was ever attested
  std::chrono::milliseconds at_{0};  ///< when, by the steady clock, latest_ was true
  std::chrono::milliseconds ask_again_{0};
  std::string trouble_;
};

}  // namespace gatehouse::ota
