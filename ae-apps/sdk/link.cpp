#include "ae-apps/sdk/link.h"

#include <mutex>
#include <stdexcept>
#include <utility>

#include "bindings/http/client.h"
#include "bindings/http/server.h"
#include "bindings/mqtt/endpoint.h"

namespace gatehouse::sdk {
namespace {

bool is_mqtt(const std::string& url) {
  return url.starts_with("mqtt://") || url.starts_with("mqtts://");
}

bool is_http(const std::string& url) {
  return url.starts_with("http://") || url.starts_with("https://");
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
  void serve_pages(http::PageHandler pages) override {
    auto shared = std::make_shared<const http::PageHandler>(std::move(pages));
    const std::lock_guard lock(board_->mutex);
    board_->pages = std::move(shared);
  }
  std::string page_url() const override;

 private:
  http::ClientSettings client_settings() const;
  mqtt::EndpointSettings endpoint_settings(const std::string& broker) const;
  http::ServerSettings server_settings() const;
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
};

http::ClientSettings BindingLink::client_settings() const {
  http::ClientSettings client;
  client.tls = settings_.tls;
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

Result<void> BindingLink::start(PrimitiveHandler& handler) {
  if (settings_.listener) {
    server_.emplace(server_settings(), handler, codecs_);
    server_->set_pages(
        [board = board_](const http::PageRequest& request) { return board->answer(request); });
    if (auto started = server_->start(); !started) return started;
  }
  if (!endpoint_) return {};
  endpoint_->serve(handler, false);
  endpoint_->start();
  if (endpoint_->wait_connected(settings_.connect_timeout)) return {};
  return fail(Rsc::kTargetNotReachable, "the broker " + endpoint_->url() + " is not reachable");
}

void BindingLink::stop() {
  if (server_) server_->stop();
  if (endpoint_) endpoint_->stop();
  if (client_) client_->stop();
}

void BindingLink::send(Request request, Reply reply) {
  if (client_) {
    client_->send(settings_.cse_url, settings_.cse_id, std::move(request), std::move(reply));
  } else {
    endpoint_->send(settings_.cse_id, std::move(request), std::move(reply));
  }
}

std::string BindingLink::page_url() const {
  if (!server_) return {};
  const ListenerSettings& listener = *settings_.listener;
  std::string host = listener.public_host.empty() ? listener.address : listener.public_host;
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  return (listener.tls ? "https://" : "http://") + host + ":" + std::to_string(server_->port());
}

std::vector<std::string> BindingLink::points_of_access() const {
  if (!settings_.point_of_access.empty()) return settings_.point_of_access;
  std::vector<std::string> points;
  if (endpoint_) points.push_back(endpoint_->url());
  if (server_ && settings_.listener->notifications) points.push_back(page_url());
  return points;
}

Result<void> check(const AeSettings& settings) {
  const bool mqtt = is_mqtt(settings.cse_url);
  if (!mqtt && !is_http(settings.cse_url)) {
    return fail(Rsc::kBadRequest, "cse_url: must begin with http, https, mqtt or mqtts, not \"" +
                                      settings.cse_url + "\"");
  }
  if (!settings.broker.empty() && !is_mqtt(settings.broker)) {
    return fail(Rsc::kBadRequest,
                "broker: must begin with mqtt or mqtts, not \"" + settings.broker + "\"");
  }
  if (mqtt && !settings.broker.empty() && settings.broker != settings.cse_url) {
    return fail(Rsc::kBadRequest, "broker: must be empty or equal to an mqtt cse_url");
  }
  if (settings.cse_url.starts_with("https://") && !settings.tls) {
    return fail(Rsc::kBadRequest, "tls: an https cse_url needs it");
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
