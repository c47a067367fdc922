#include "ae-apps/sdk/link.h"

#include <mutex>
#include <stdexcept>
#include <utility>

#include "bindings/coap/client.h"
#include "bindings/coap/server.h"
#include "bindings/http/client.h"
#include "bindings/http/server.h"
#include "bindings/mqtt/endpoint.h"
#include "bindings/websocket/endpoint.h"

namespace gatehouse::sdk {
namespace {

bool is_mqtt(const std::string& url) {
  return url.starts_with("mqtt://") || url.starts_with("mqtts://");
}

bool is_http(const std::string& url) {
  return url.starts_with("http://") || url.starts_with("https://");
}

/// coap, coaps, coap+tcp and coaps+tcp
bool is_coap(const std::string& url) {
  return url.starts_with("coap") && url.find("://") != std::string::npos;
}

bool is_websocket(const std::string& url) {
  return url.starts_with("ws://") || url.starts_with("wss://");
}

bool needs_tls(const std::string& url) {
  return url.starts_with("https://") || url.starts_with("wss://");
}

/// "coap://127.0.0.1:5683", "http://[::1]:80"
std::string url_of(const char* scheme, std::string host, std::uint16_t port) {
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  return std::string(scheme) + "://" + host + ":" + std::to_string(port);
}

/// The web pages of an AE, which may be set while the listener runs.
struct PageBoard {
  std::mutex mutex;
  std::shared_ptr<const http::PageHandler> pages;

  std::optional<http::Page> answer(const http::PageRequest& request) {
    std::shared_ptr<const http::PageHandler> current;
    {
      const std::lock_guard lock(mutex);
      current = pages;
    }
    if (!current || !*current) return std::nullopt;
    return (*current)(request);
  }
};

class BindingLink final : public Link {
 public:
  explicit BindingLink(const AeSettings& settings) : settings_(settings) {
    if (is_http(settings.cse_url)) client_.emplace(client_settings(), codecs_);
    if (is_coap(settings.cse_url)) coap_client_.emplace(coap_client_settings(), codecs_);
    const std::string& broker = is_mqtt(settings.cse_url) ? settings.cse_url : settings.broker;
    if (!broker.empty()) endpoint_.emplace(endpoint_settings(broker), codecs_);
  }
  ~BindingLink() override { stop(); }

  Result<void> start(PrimitiveHandler& handler) override;
  void stop() override;
  void send(Request request, Reply reply) override;
  void set_identity(const std::string& ae_id) override {
    if (endpoint_) endpoint_->set_identity(identity_of(ae_id));
  }
  std::vector<std::string> points_of_access() const override;
  bool reachable() const override { return websocket_ || !points_of_access().empty(); }
  void serve_pages(http::PageHandler pages) override {
    auto shared = std::make_shared<const http::PageHandler>(std::move(pages));
    const std::lock_guard lock(board_->mutex);
    board_->pages = std::move(shared);
  }
  std::string page_url() const override;

 private:
  std::optional<TlsSettings> client_tls() const;
  http::ClientSettings client_settings() const;
  mqtt::EndpointSettings endpoint_settings(const std::string& broker) const;
  http::ServerSettings server_settings() const;
  coap::ClientSettings coap_client_settings() const;
  coap::ServerSettings coap_server_settings() const;
  websocket::EndpointSettings websocket_settings() const;
  Result<void> start_mqtt(PrimitiveHandler& handler);
  /// An AE-ID of the service provider ("/Sota") is its own name at the broker.
  static std::string identity_of(const std::string& sp_relative_id) {
    return sp_relative_id.starts_with("/S") && sp_relative_id.find('/', 1) == std::string::npos
               ? sp_relative_id.substr(1)
               : sp_relative_id;
  }

  const AeSettings settings_;
  const Codecs codecs_ = standard_codecs();
  const std::shared_ptr<PageBoard> board_ = std::make_shared<PageBoard>();
  std::optional<http::Client> client_;
  std::optional<mqtt::Endpoint> endpoint_;
  std::optional<http::Server> server_;
  std::optional<coap::Client> coap_client_;
  std::optional<coap::Server> coap_server_;
  std::optional<websocket::Endpoint> websocket_;
};

/// Our certificate, or else our key.
std::optional<TlsSettings> BindingLink::client_tls() const {
  if (settings_.tls || !settings_.psk) return settings_.tls;
  TlsSettings by_key;
  by_key.psk = settings_.psk;
  return by_key;
}

http::ClientSettings BindingLink::client_settings() const {
  http::ClientSettings client;
  client.tls = client_tls();
  client.request_timeout = settings_.request_timeout;
  client.max_body_bytes = settings_.max_body_bytes;
  return client;
}

mqtt::EndpointSettings BindingLink::endpoint_settings(const std::string& broker) const {
  mqtt::EndpointSettings endpoint;
  endpoint.broker = broker;
  const std::string& id = settings_.ae_id;
  if (id.size() > 1) {
    endpoint.id = id.starts_with('S') ? id : settings_.cse_id + "/" + id;
  } else {
    endpoint.credential_id = settings_.name;
  }
  endpoint.tls = settings_.tls;
  endpoint.trust_broker_acl = settings_.trust_broker_acl;
  endpoint.request_timeout = settings_.request_timeout;
  endpoint.limits.max_bytes = settings_.max_body_bytes;
  return endpoint;
}

http::ServerSettings BindingLink::server_settings() const {
  http::ServerSettings server;
  server.address = settings_.listener->address;
  server.port = settings_.listener->port;
  server.tls = settings_.listener->tls;
  server.max_body_bytes = settings_.max_body_bytes;
  return server;
}

coap::ClientSettings BindingLink::coap_client_settings() const {
  coap::ClientSettings client;
  client.tls = settings_.tls;
  client.psk = settings_.psk;
  client.request_timeout = settings_.request_timeout;
  client.max_body_bytes = settings_.max_body_bytes;
  return client;
}

coap::ServerSettings BindingLink::coap_server_settings() const {
  coap::ServerSettings server;
  server.address = settings_.coap_listener->address;
  server.port = settings_.coap_listener->port;
  server.tls = settings_.coap_listener->tls;
  server.max_body_bytes = settings_.max_body_bytes;
  return server;
}

/// An AE that knows its AE-ID keeps its connection, so that it is notified also after one was lost.
/// Before it has registered the CSE does not know it on that connection; the registration shows it.
websocket::EndpointSettings BindingLink::websocket_settings() const {
  websocket::EndpointSettings endpoint;
  const std::string& id = settings_.ae_id;
  if (id.size() > 1) {
    endpoint.id = id.starts_with('S') ? "/" + id : settings_.cse_id + "/" + id;
    endpoint.kept.push_back({settings_.cse_url, settings_.cse_id + "/" + settings_.csebase});
  }
  endpoint.client_tls = client_tls();
  endpoint.limits.request_timeout = settings_.request_timeout;
  endpoint.max_message_bytes = settings_.max_body_bytes;
  return endpoint;
}

Result<void> BindingLink::start(PrimitiveHandler& handler) {
  if (settings_.listener) {
    server_.emplace(server_settings(), handler, codecs_);
    server_->set_pages(
        [board = board_](const http::PageRequest& request) { return board->answer(request); });
    if (auto started = server_->start(); !started) return started;
  }
  if (settings_.coap_listener) {
    coap_server_.emplace(coap_server_settings(), handler, codecs_);
    if (auto started = coap_server_->start(); !started) return started;
  }
  if (is_websocket(settings_.cse_url)) {
    websocket_.emplace(websocket_settings(), handler, codecs_);
    if (auto started = websocket_->start(); !started) return started;
  }
  return endpoint_ ? start_mqtt(handler) : Result<void>{};
}

Result<void> BindingLink::start_mqtt(PrimitiveHandler& handler) {
  endpoint_->serve(handler, false);
  endpoint_->start();
  if (endpoint_->wait_connected(settings_.connect_timeout)) return {};
  return fail(Rsc::kTargetNotReachable, "the broker " + endpoint_->url() + " is not reachable");
}

void BindingLink::stop() {
  if (server_) server_->stop();
  if (coap_server_) coap_server_->stop();
  if (websocket_) websocket_->stop();
  if (endpoint_) endpoint_->stop();
  if (client_) client_->stop();
  if (coap_client_) coap_client_->stop();
}

void BindingLink::send(Request request, Reply reply) {
  PrimitiveSender* sender = nullptr;
  if (client_) sender = &*client_;
  if (coap_client_) sender = &*coap_client_;
  if (websocket_) sender = &*websocket_;
  if (sender) {
    sender->send(settings_.cse_url, settings_.cse_id, std::move(request), std::move(reply));
  } else {
    endpoint_->send(settings_.cse_id, std::move(request), std::move(reply));
  }
}

std::string BindingLink::page_url() const {
  if (!server_) return {};
  const ListenerSettings& listener = *settings_.listener;
  const std::string& host = listener.public_host.empty() ? listener.address : listener.public_host;
  return url_of(listener.tls ? "https" : "http", host, server_->port());
}

std::vector<std::string> BindingLink::points_of_access() const {
  if (!settings_.point_of_access.empty()) return settings_.point_of_access;
  std::vector<std::string> points;
  if (endpoint_) points.push_back(endpoint_->url());
  if (server_ && settings_.listener->notifications) points.push_back(page_url());
  if (coap_server_) {
    const CoapListenerSettings& at = *settings_.coap_listener;
    points.push_back(url_of(at.tls ? "coaps" : "coap",
                            at.public_host.empty() ? at.address : at.public_host,
                            coap_server_->port()));
  }
  return points;
}

Result<void> check(const AeSettings& settings) {
  const bool mqtt = is_mqtt(settings.cse_url);
  const std::string& url = settings.cse_url;
  if (!mqtt && !is_http(url) && !is_coap(url) && !is_websocket(url)) {
    return fail(Rsc::kBadRequest,
                "cse_url: must begin with http, mqtt, coap or ws, or their secured kind, not \"" +
                    url + "\"");
  }
  if (url.starts_with("coaps") && !settings.tls && !settings.psk) {
    return fail(Rsc::kBadRequest, "tls: a coaps cse_url needs it, or psk");
  }
  if (!settings.broker.empty() && !is_mqtt(settings.broker)) {
    return fail(Rsc::kBadRequest,
                "broker: must begin with mqtt or mqtts, not \"" + settings.broker + "\"");
  }
  if (mqtt && !settings.broker.empty() && settings.broker != settings.cse_url) {
    return fail(Rsc::kBadRequest, "broker: must be empty or equal to an mqtt cse_url");
  }
  if (needs_tls(url) && !settings.tls && !settings.psk) {
    return fail(Rsc::kBadRequest, "tls: an https or wss cse_url needs it, or psk");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Link>> open_link(const AeSettings& settings) {
  if (const auto checked = check(settings); !checked) return fail(checked.error());
  try {
    return std::unique_ptr<Link>(std::make_unique<BindingLink>(settings));
  } catch (const std::exception& error) {  // the bindings throw for wrong URLs, IDs and TLS files
    return fail(Rsc::kBadRequest, error.what());
  }
}

}  // namespace gatehouse::sdk
