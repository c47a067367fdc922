#include "ae-apps/attestation/tnc/program/server.h"

#include "ae-apps/attestation/tnc/program/attempts.h"
#include "ae-apps/attestation/tnc/stream/tls_stream.h"

namespace gatehouse::tnc {
namespace {

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

std::string identity_of(const Client& client) {
  return client.identities.empty() ? std::string() : client.identities.back();
}

}  // namespace

struct TncListener::Impl {
  Impl(TncServerSettings given, Verifier asked, ota::StepLog& out)
      : settings(std::move(given)),
        verifier(std::move(asked)),
        log(out),
        attempts(settings.attempts_file, out) {}

  Result<std::unique_ptr<Dialogue>> welcome(Client& client) const {
    for (const std::string& identity : client.identities) {
      const auto known = settings.devices.find(identity);
      if (known != settings.devices.end()) client.device = known->second;
    }
    if (client.device.empty()) return fail(Rsc::kNotAcceptable, "not one of our devices");
    const std::string key = settings.tpm_tls ? client.key : "";
    const std::string& device = client.device;
    return std::make_unique<TncServer>(TncServer::Parts{
        [this, device] { return challenge_for(device); },
        [this, device, key](const std::string& evidence) { return judge(device, evidence, key); },
        settings.words});
  }

  void gone(const Client& client, const Dialogue* dialogue, const std::string& why) {
    const auto outcome = dialogue != nullptr ? dialogue->outcome() : std::nullopt;
    const bool was_denied = outcome && outcome->access == Access::kDenied;
    if (!why.empty() || was_denied) {
      attempts.record({client.address, identity_of(client), client.device,
                       why.empty() ? outcome->reason : why});
    }
    if (dialogue == nullptr) return;
    log.step('T', why.empty() ? "ended" : "broken-off",
             {{"device", client.device},
              {"assessment", outcome ? std::to_string(static_cast<int>(outcome->assessment)) : ""},
              {"reason", outcome ? outcome->reason : why}});
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
  Attempts attempts;
  std::unique_ptr<Connections> connections;
};

Result<std::unique_ptr<TncListener>> TncListener::start(TncServerSettings settings,
                                                        Verifier verifier, ota::StepLog& log) {
  auto context = make_server_context(settings.tls);
  if (!context) return fail(context.error());
  const auto listening = listen_at(settings.address, settings.port);
  if (!listening) return fail(listening.error());
  std::unique_ptr<TncListener> out(new TncListener());
  out->impl_ = std::make_unique<Impl>(std::move(settings), std::move(verifier), log);
  Impl* impl = out->impl_.get();
  auto connections =
      Connections::start(listening->first, *std::move(context), impl->settings.limits,
                         {[impl](Client& client) { return impl->welcome(client); },
                          [impl](const Client& client, const Dialogue* dialogue,
                                 const std::string& why) { impl->gone(client, dialogue, why); }});
  if (!connections) return fail(connections.error());
  impl->connections = *std::move(connections);
  out->port_ = listening->second;
  return out;
}

TncListener::~TncListener() {
  if (impl_ != nullptr) impl_->connections.reset();
}

}  // namespace gatehouse::tnc
