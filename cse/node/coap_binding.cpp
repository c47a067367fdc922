
#include "cse/node/coap_binding.h"

#include <stdexcept>

#include "bindings/coap/client.h"
#include "bindings/coap/server.h"
#include "cse/node/log.h"
#include "cse/node/psk_keys.h"

namespace gatehouse::node {
namespace {

coap::OptionNumbers numbers_of(const CoapSettings& settings) {
  return settings.option_numbers == "release2" ? coap::OptionNumbers::kReleaseTwo
                                               : coap::OptionNumbers::kRegistered;
}

coap::ServerSettings server_settings(const CoapListener& listener, const NodeSettings& settings) {
  coap::ServerSettings server;
  server.address = listener.address;
  server.port = static_cast<std::uint16_t>(listener.port);
  server.option_numbers = numbers_of(settings.coap);
  server.max_sessions = static_cast<std::size_t>(settings.limits.coap_peers);
  server.handshake_timeout = std::chrono::seconds(settings.limits.handshake_seconds);
  server.message_timeout = std::chrono::seconds(settings.limits.message_seconds);
  return server;
}

}  // namespace

CoapBinding::CoapBinding(const NodeSettings& settings, PrimitiveHandler& handler,
                         const Codecs& codecs, Scheduler& scheduler, SenderList& senders)
    : settings_(settings), handler_(handler), codecs_(codecs) {
  coap::ClientSettings client;
  client.option_numbers = numbers_of(settings.coap);
  if (settings.credentials.given()) client.tls = settings.credentials.to_tls();
  if (!settings.coap.client_psk_file.empty()) {
    const auto table = PskTable::load(settings.coap.client_psk_file);
    if (!table) throw std::runtime_error(table.error().detail);
    client.psk = table->first();
  }
  client_ = std::make_unique<coap::Client>(client, codecs);
  sent_ = std::make_unique<SendLog>(*client_, scheduler);
  senders.add(*sent_);
}

CoapBinding::~CoapBinding() = default;

Result<void> CoapBinding::listen() {
  const auto add = [this](std::unique_ptr<coap::Server>& server, coap::ServerSettings how,
                          const char* name) -> Result<void> {
    server = std::make_unique<coap::Server>(std::move(how), handler_, codecs_);
    if (auto started = server->start(); !started) {
      return fail(started.error().rsc, std::string(name) + ": " + started.error().detail);
    }
    log_info(std::string("listening on ") + name + " port=" + std::to_string(server->port()));
    return {};
  };
  const CoapSettings& coap = settings_.coap;
  if (coap.plain.enabled) {
    if (auto added = add(plain_, server_settings(coap.plain, settings_), "coap"); !added)
      return added;
  }
  if (!coap.secured.enabled) return {};
  coap::ServerSettings how = server_settings(coap.secured, settings_);
  if (settings_.credentials.given()) how.tls = settings_.credentials.to_tls();
  if (!coap.psk_file.empty()) {
    auto table = PskTable::load(coap.psk_file);
    if (!table) return fail(table.error());
    how.psk = *std::move(table);
  }
  if (settings_.credentials.psk_source) {
    auto all = std::make_shared<PskSources>();
    if (how.psk) all->add(std::make_shared<FixedPskSource>(*how.psk));
    all->add(settings_.credentials.psk_source);
    how.psk_source = all;
  }
  return add(secured_, std::move(how), "coaps");
}

void CoapBinding::stop_servers() {
  if (plain_) plain_->stop();
  if (secured_) secured_->stop();
}

void CoapBinding::stop_client() { client_->stop(); }

void CoapBinding::add_figures(std::vector<WireFigures>& all) const {
  const auto add = [&all](const char* name, const std::unique_ptr<coap::Server>& server) {
    if (!server) return;
    const coap::ServerCounters c = server->counters();
    all.push_back({name, c.sessions_open, 0, c.sessions_refused, c.handshake_failures, c.requests,
                   c.duplicates});
  };
  add("coap", plain_);
  add("coaps", secured_);
}

int CoapBinding::port() const { return plain_ ? plain_->port() : 0; }
int CoapBinding::secured_port() const { return secured_ ? secured_->port() : 0; }

}  // namespace gatehouse::node
