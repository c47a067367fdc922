#include "ae-apps/ota/gateway/time_servers.h"

#include <condition_variable>
#include <mutex>

#include "ae-apps/ota/clock/time_gathering.h"
#include "bindings/http/client.h"

namespace gatehouse::gateway {
namespace {

constexpr std::chrono::milliseconds kLongestAnswer{5'000};  ///< the clock takes none after 10 s

uptane::Checked<std::string> text_of(const Result<http::Fetched>& fetched) {
  if (fetched) return fetched->body;
  if (fetched.error().rsc == Rsc::kContentsUnacceptable) {
    return uptane::refuse(uptane::Reason::kTooLarge, "the answer is too long");
  }
  return uptane::refuse(uptane::Reason::kMissing,
                        "the time server does not answer (" + fetched.error().detail + ")");
}

/// One question to all; callbacks come by the client's thread.
struct Question {
  Question(const ota::TimeKeys& keys, const std::string& nonce, std::size_t asked)
      : gathering(keys, nonce), open(asked) {}

  void answered(const std::string& url, const Result<http::Fetched>& fetched) {
    const std::lock_guard lock(mutex);
    gathering.add(url, text_of(fetched));
    --open;
    changed.notify_one();
  }
  uptane::Checked<std::string> wait() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return open == 0 || gathering.enough(); });
    return gathering.result();
  }

  std::mutex mutex;
  std::condition_variable changed;
  ota::TimeGathering gathering;
  std::size_t open;
};

}  // namespace

ota::SecureClock::Ask ask_time_servers(const GatewaySettings& settings) {
  if (!settings.time) return {};
  return [&settings](const std::string& nonce) -> uptane::Checked<std::string> {
    const TimeEntry& time = *settings.time;
    http::ClientSettings how;
    how.tls = settings.ae.tls;
    how.request_timeout = kLongestAnswer;
    how.max_body_bytes = ota::kMaxAttestationBytes;
    how.max_connections_per_host = ota::kMaxTimeServers;
    Question question(time.keys, nonce, time.urls.size());
    try {
      const Codecs codecs = standard_codecs();
      http::Client client(how, codecs);  // stops before the question is gone
      for (const std::string& url : time.urls) {
        client.fetch_range(
            url + nonce, 0, ota::kMaxAttestationBytes - 1, "",
            [&question, &url](Result<http::Fetched> got) { question.answered(url, got); });
      }
      return question.wait();
    } catch (const std::runtime_error& error) {  // http::Client throws for TLS files
      return uptane::refuse(uptane::Reason::kMissing, error.what());
    }
  };
}

Result<std::unique_ptr<ota::SecureClock>> open_secure_clock(const GatewaySettings& settings,
                                                            crypto::Random& random) {
  ota::SecureClock::Settings how;
  how.keys = settings.time->keys;
  how.state = std::filesystem::path(settings.state_dir) / "time";
  return ota::SecureClock::open(std::move(how), ask_time_servers(settings), random);
}

}  // namespace gatehouse::gateway
