#include "cse/node/credentials.h"

#include <algorithm>
#include <chrono>

#include "bindings/security/ocsp.h"
#include "bindings/security/private_key.h"
#include "bindings/security/tls_context.h"
#include "cse/node/log.h"

namespace gatehouse::node {
namespace {

using std::chrono::seconds;
constexpr seconds kPatience{10};  // of one question to a responder
constexpr seconds kRetry{60};     // after one that failed
constexpr seconds kLongest{24 * 3600};

}  // namespace

TlsSettings CredentialSettings::to_tls() const {
  TlsSettings tls;
  tls.certificate_file = certificate_file;
  tls.key_file = key_file;
  tls.ca_file = ca_file;
  if (!crl_file.empty()) tls.crl_file = crl_file;
  if (!ocsp_file.empty()) tls.ocsp_file = ocsp_file;
  tls.ocsp = ocsp;
  tls.psk_source = psk_source;
  tls.on_renewal = [](const std::string& problem) {
    if (problem.empty()) return log_info("credentials: the changed files are in force");
    log_error("credentials: the changed files are not used: " + problem);
  };
  return tls;
}

Result<void> check_credentials(const CredentialSettings& settings) {
  if (!settings.given()) return {};
  if (const auto key = load_private_key(settings.key_file); !key) {
    return fail(key.error().rsc, "credentials.key: " + key.error().detail);
  }
  if (const auto usable = make_server_context(settings.to_tls()); !usable) {
    return fail(usable.error().rsc, "credentials: " + usable.error().detail);
  }
  return {};
}

OcspRefresher::OcspRefresher(TlsSettings settings)
    : settings_(std::move(settings)), thread_([this] { run(); }) {}

OcspRefresher::~OcspRefresher() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  ended_.notify_all();
  thread_.join();
}

void OcspRefresher::run() {
  for (;;) {
    const auto holds = fetch_ocsp_response(settings_, kPatience);
    if (!holds) log_error("credentials.ocsp_fetch: " + holds.error().detail);
    const seconds pause = holds ? std::clamp(*holds / 2, seconds(1), kLongest) : kRetry;
    std::unique_lock lock(mutex_);
    if (ended_.wait_for(lock, pause, [this] { return ending_; })) return;
  }
}

}  // namespace gatehouse::node
