#pragma once
#include "bindings/websocket/endpoint.h"
#include "cse/node/settings.h"

namespace gatehouse::node {

/// Where this node accepts WebSocket connections, and the one that it keeps: to its registrar, if
/// that is reached by ws or wss, so that the registrar reaches this node on it.
websocket::EndpointSettings websocket_settings(const NodeSettings& settings);

/// "ws://127.0.0.1:8180" and "wss://…" of the listeners with a fixed port.
std::vector<std::string> websocket_points_of_access(const NodeSettings& settings);

}  // namespace gatehouse::node
