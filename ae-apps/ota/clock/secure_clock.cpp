#include "ae-apps/ota/clock/secure_clock.h"

#include <time.h>

#include "ae-apps/ota/program/state_files.h"
#include "ae-apps/ota/uptane/metadata.h"

namespace gatehouse::ota {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMaxStateBytes = 64;

/// Goes on while the system sleeps; std::chrono::steady_clock does not.
milliseconds boot_time() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return std::chrono::duration_cast<milliseconds>(std::chrono::seconds(now.tv_sec) +
                                                  std::chrono::nanoseconds(now.tv_nsec));
}

}  // namespace

SecureClock::SecureClock(Settings settings, Ask ask, crypto::Random& random, Steady steady)
    : settings_(std::move(settings)),
      ask_(std::move(ask)),
      random_(random),
      steady_(steady ? std::move(steady) : Steady(boot_time)) {}

Result<std::unique_ptr<SecureClock>> SecureClock::open(Settings settings, Ask ask,
                                                       crypto::Random& random, Steady steady) {
  std::unique_ptr<SecureClock> out(
      new SecureClock(std::move(settings), std::move(ask), random, std::move(steady)));
  if (auto done = out->load(); !done) return fail(done.error());
  return out;
}

Result<void> SecureClock::load() {
  const auto text = read_text(settings_.state, kMaxStateBytes);
  if (!text) return fail(text.error());
  at_ = ask_again_ = steady_();
  if (text->empty()) return {};
  const auto time = uptane::parse_iso_time(*text);
  if (!time) return fail(Rsc::kInternalServerError, "the file of the attested time is damaged");
  latest_ = *time;
  return {};
}

Timestamp SecureClock::carried_on() const { return latest_ + (steady_() - at_); }

uptane::Checked<void> SecureClock::renew() {
  const std::string nonce = to_hex(random_.bytes(16));
  const milliseconds asked = steady_();
  const auto answer = ask_(nonce);
  if (!answer) return uptane::refuse(answer.error());
  if (steady_() - asked > settings_.longest_answer) {
    return uptane::refuse(uptane::Refusal{
        uptane::Reason::kTooSlow, "time", {}, "the time server took too long to answer"});
  }
  const auto time = verify_time(*answer, settings_.keys, nonce);
  if (!time) return uptane::refuse(time.error());
  const Timestamp known = carried_on();
  at_ = steady_();
  // A server that is behind does not turn time back.
  latest_ = std::max(*time, latest_.microseconds == 0 ? *time : known);
  (void)replace_file(settings_.state, uptane::iso_time(latest_));  // else it is asked for again
  return {};
}

uptane::Checked<Timestamp> SecureClock::now() {
  const std::lock_guard lock(mutex_);
  if (steady_() >= ask_again_) {
    const auto renewed = renew();
    trouble_ = renewed ? "" : renewed.error().detail;
    if (!renewed && latest_.microseconds == 0) return uptane::refuse(renewed.error());
    ask_again_ = steady_() + (renewed ? settings_.renew_after : settings_.retry_after);
  }
  return carried_on();
}

std::string SecureClock::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

}  // namespace gatehouse::ota
