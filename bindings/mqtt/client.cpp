#include "bindings/mqtt/client.h"

#include <map>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "bindings/mqtt/broker_url.h"
#include "bindings/mqtt/topics.h"
#include "cse/primitive/identifiers.h"

namespace gatehouse::mqtt {
namespace {

std::string url_of(const BrokerUrl& broker, const std::string& prefix) {
  return (broker.tls ? "mqtts://" : "mqtt://") + broker.authority() +
         (prefix.empty() ? "" : "/" + prefix);
}

// "CAE1" names "/id-mn/CAE1", "id-mn:CAE1" does as well.
bool names_receiver(std::string_view path, const std::string& receiver_id) {
  if (path.empty() || path.find('/') != std::string_view::npos) return false;
  const std::size_t slash = receiver_id.rfind('/');
  return path == topic_form(receiver_id) ||
         (slash != std::string::npos && path == std::string_view(receiver_id).substr(slash + 1));
}

}  // namespace

struct Client::Impl {
  Impl(ClientSettings s, const Codecs& c, Endpoint* e)
      : settings(std::move(s)), codecs(c), shared(e) {}

  Result<Endpoint*> endpoint_for(const BrokerUrl& broker, const std::string& prefix);

  const ClientSettings settings;
  const Codecs& codecs;
  Endpoint* const shared;
  std::string shared_url;  ///< in the form of url_of()
  std::mutex mutex;        ///< guards what follows
  std::map<std::string, std::unique_ptr<Endpoint>> opened;
  bool stopped = false;
};

Result<Endpoint*> Client::Impl::endpoint_for(const BrokerUrl& broker, const std::string& prefix) {
  const std::string url = url_of(broker, prefix);
  if (shared != nullptr && url == shared_url) return shared;
  const std::lock_guard lock(mutex);
  if (stopped) return fail(Rsc::kTargetNotReachable, "the MQTT client has stopped");
  if (const auto found = opened.find(url); found != opened.end()) return found->second.get();
  if (opened.size() >= settings.max_brokers) {
    return fail(Rsc::kTargetNotReachable, "connected to too many brokers already");
  }
  EndpointSettings wanted = settings.endpoint;
  wanted.broker = url;
  // Not the client ID of a server: if the name is another one for the same broker, that would cut
  // its connection.
  if (wanted.client_id.empty()) {
    wanted.client_id = (is_cse_id(wanted.id) ? "C::" : "A::") +
                       topic_form(wanted.id.empty() ? wanted.credential_id : wanted.id);
  }
  wanted.client_id += "~out" + (prefix.empty() ? "" : "~" + prefix);
  auto endpoint = std::make_unique<Endpoint>(std::move(wanted), codecs);
  endpoint->start();
  return opened.emplace(url, std::move(endpoint)).first->second.get();
}

Client::Client(ClientSettings settings, const Codecs& codecs, Endpoint* shared)
    : impl_(std::make_unique<Impl>(std::move(settings), codecs, shared)) {
  EndpointSettings probe =
      impl_->settings.endpoint;  // a fault in the settings shows now, not at the first request
  probe.broker = probe.tls ? "mqtts://localhost" : "mqtt://localhost";
  const Endpoint checked(std::move(probe), codecs);
  if (shared != nullptr) impl_->shared_url = shared->url();
}

Client::~Client() { stop(); }

bool Client::serves(std::string_view url) const {
  return url.starts_with("mqtt://") ||
         (impl_->settings.endpoint.tls && url.starts_with("mqtts://")) ||
         (impl_->shared_url.starts_with("mqtts://") && url.starts_with(impl_->shared_url));
}

void Client::send(const std::string& url, const std::string& receiver_id, Request request,
                  Reply reply) {
  const Result<BrokerUrl> broker = parse_broker_url(url);
  const auto refuse = [&](const std::string& why) {
    reply(error_response(request, {Rsc::kTargetNotReachable, why}));
  };
  if (!broker) return refuse(broker.error().detail);
  if (!serves(url)) return refuse("mqtts needs TLS settings");
  const bool raw = receiver_id.empty();
  if (raw && broker->path.empty()) return refuse("neither a receiver nor a topic is known");
  const std::string prefix = raw || names_receiver(broker->path, receiver_id) ? "" : broker->path;
  const Result<Endpoint*> endpoint = impl_->endpoint_for(*broker, prefix);
  if (!endpoint) return refuse(endpoint.error().detail);
  const std::string codec = broker->codec.empty() ? request.serialization : broker->codec;
  if (raw) {
    (*endpoint)->publish(broker->path, std::move(request), std::move(reply), codec);
  } else {
    (*endpoint)->send(receiver_id, std::move(request), std::move(reply), codec);
  }
}

void Client::stop() {
  std::map<std::string, std::unique_ptr<Endpoint>> ending;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopped = true;
    ending.swap(impl_->opened);
  }
  for (auto& [url, endpoint] : ending) endpoint->stop();
}

}  // namespace gatehouse::mqtt
