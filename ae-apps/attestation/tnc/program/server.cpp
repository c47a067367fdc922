#include "ae-apps/attestation/tnc/program/server.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "ae-apps/attestation/tnc/stream/tls_stream.h"

namespace gatehouse::tnc {
namespace {

constexpr int kLookMs = 100;  // between two looks whether to stop

TncOutcome outcome_of(const Value& said) {
  TncOutcome out;
  const std::string recommendation = said.string_at("recommendation");
  out.reason = said.string_at("reason");
  out.assessment = recommendation == "allowed"       ? Assessment::kCompliant
                   : recommendation == "quarantined" ? Assessment::kMinor
                                                     : Assessment::kMajor;
  out.access = recommendation == "allowed"       ? Access::kAllowed
               : recommendation == "quarantined" ? Access::kQuarantined
                                                 : Access::kDenied;
  return out;
}

TncOutcome denied(const Error& error) {
  return {Assessment::kError, Access::kDenied, "denied, because " + error.detail};
}

}  // namespace

struct TncListener::Impl {
  Impl(TncServerSettings given, Verifier asked, ota::StepLog& out)
      : settings(std::move(given)), verifier(std::move(asked)), log(out) {}

  void run() {
    while (!stopping) {
      pollfd ready{socket, POLLIN, 0};
      if (::poll(&ready, 1, kLookMs) != 1) continue;
      const int client = ::accept4(socket, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) continue;
      const std::lock_guard lock(mutex);
      if (open >= settings.max_connections) {
        ::close(client);
        continue;
      }
      ++open;
      std::thread([this, client] {
        serve(client);
        const std::lock_guard done(mutex);
        --open;
        idle.notify_all();
      }).detach();
    }
  }

  void serve(int client) {
    auto stream = TlsStream::accept(client, context, settings.limit);
    if (!stream) return log.step('T', "refused", {{"reason", stream.error().detail}});
    std::string device, who;
    for (const std::string& identity : stream->peer()) {
      who = identity;
      const auto known = settings.devices.find(identity);
      if (known != settings.devices.end()) device = known->second;
    }
    if (device.empty()) {
      return log.step('T', "refused", {{"peer", who}, {"reason", "not one of our devices"}});
    }
    TncServer dialogue({[&] { return challenge_for(device); },
                        [&](const std::string& evidence) {
                          return judge(device, evidence,
                                       settings.tpm_tls ? stream->peer_key() : "");
                        }});
    talk(*stream, dialogue);
    const auto& outcome = dialogue.outcome();
    log.step('T', dialogue.fault().empty() ? "ended" : "broken-off",
             {{"device", device},
              {"assessment", outcome ? std::to_string(static_cast<int>(outcome->assessment)) : ""},
              {"reason", outcome ? outcome->reason : dialogue.fault()}});
  }

  static void talk(TlsStream& stream, Dialogue& dialogue) {
    while (!dialogue.finished()) {
      const auto came = stream.read();
      if (!came || came->empty()) return;
      if (const auto sent = stream.write(dialogue.feed(*came)); !sent) return;
    }
  }

  Result<std::string> challenge_for(const std::string& device) const {
    const auto said =
        verifier("challenge", Value::object({{"device", device}, {"purpose", "periodic"}}));
    if (!said) return fail(said.error());
    return said->string_at("challenge");
  }

  TncOutcome judge(const std::string& device, const std::string& evidence,
                   const std::string& peer_key) const {
    Value question = Value::object({{"device", device}, {"evidence", evidence}});
    if (!peer_key.empty()) question.set("peer_key", peer_key);
    const auto said = verifier("judge", question);
    return said ? outcome_of(*said) : denied(said.error());
  }

  const TncServerSettings settings;
  const Verifier verifier;
  ota::StepLog& log;
  TlsContext context;
  int socket = -1;
  std::atomic<bool> stopping{false};
  std::mutex mutex;  ///< guards `open`
  std::condition_variable idle;
  unsigned open = 0;
  std::thread thread;
};

Result<std::unique_ptr<TncListener>> TncListener::start(TncServerSettings settings,
                                                        Verifier verifier, ota::StepLog& log) {
  auto context = make_server_context(settings.tls);
  if (!context) return fail(context.error());
  const auto listening = listen_at(settings.address, settings.port);
  if (!listening) return fail(listening.error());
  std::unique_ptr<TncListener> out(new TncListener());
  out->impl_ = std::make_unique<Impl>(std::move(settings), std::move(verifier), log);
  out->impl_->context = *std::move(context);
  out->impl_->socket = listening->first;
  out->port_ = listening->second;
  out->impl_->thread = std::thread([impl = out->impl_.get()] { impl->run(); });
  return out;
}

TncListener::~TncListener() {
  if (impl_ == nullptr) return;
  impl_->stopping = true;
  impl_->thread.join();
  ::close(impl_->socket);
  std::unique_lock lock(impl_->mutex);
  impl_->idle.wait(lock, [this] { return impl_->open == 0; });
}

}  // namespace gatehouse::tnc
