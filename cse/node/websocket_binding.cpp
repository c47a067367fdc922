#include "cse/node/websocket_binding.h"

#include "cse/node/dialect_wiring.h"

namespace gatehouse::node {
namespace {

void add_listener(websocket::EndpointSettings& endpoint, const WebSocketListener& at,
                  const std::optional<TlsSettings>& tls) {
  if (!at.enabled) return;
  endpoint.listeners.push_back({at.address, static_cast<std::uint16_t>(at.port), tls});
  endpoint.allowed_origins.insert(endpoint.allowed_origins.end(), at.origins.begin(),
                                  at.origins.end());
}

}  // namespace

websocket::EndpointSettings websocket_settings(const NodeSettings& settings) {
  websocket::EndpointSettings endpoint;
  endpoint.id = settings.cse.cse_id;
  endpoint.max_connections = static_cast<std::size_t>(settings.limits.connections);
  endpoint.handshake_timeout = std::chrono::seconds(settings.limits.handshake_seconds);
  endpoint.message_timeout = std::chrono::seconds(settings.limits.message_seconds);
  endpoint.limits.coerce_scalars =
      switches_of(settings).test(static_cast<std::size_t>(Dialect::kCoerceScalars));
  if (settings.credentials.given()) endpoint.client_tls = settings.credentials.to_tls();
  add_listener(endpoint, settings.ws, std::nullopt);
  add_listener(endpoint, settings.wss, endpoint.client_tls);
  const RegistrarSettings& registrar = settings.registrar;
  if (registrar.url.starts_with("ws://") || registrar.url.starts_with("wss://")) {
    endpoint.kept.push_back({registrar.url, registrar.cse_id + "/" + registrar.csebase_name});
  }
  return endpoint;
}

std::vector<std::string> websocket_points_of_access(const NodeSettings& settings) {
  std::vector<std::string> urls;
  const auto add = [&urls](const char* scheme, const WebSocketListener& at) {
    if (!at.enabled || at.port == 0) return;
    urls.push_back(std::string(scheme) + "://" + at.address + ":" + std::to_string(at.port));
  };
  add("wss", settings.wss);
  add("ws", settings.ws);
  return urls;
}

}  // namespace gatehouse::node
