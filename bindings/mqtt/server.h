#pragma once
#include "bindings/mqtt/endpoint.h"

namespace gatehouse::mqtt {

using ServerSettings = EndpointSettings;

/// The MQTT side of a CSE: serves requests and registrations that come to its CSE-ID over one
/// broker. Its endpoint also sends; give it to the Client so that both share one connection.
/// Source: TS-0010.
class Server {
 public:
  /// `settings.id` is the CSE-ID. `handler` and `codecs` must outlive the server. Throws as
  /// Endpoint does.
  Server(ServerSettings settings, PrimitiveHandler& handler, const Codecs& codecs);

  void start() { endpoint_.start(); }
  void stop() { endpoint_.stop(); }
  Endpoint& endpoint() { return endpoint_; }

 private:
  Endpoint endpoint_;
};

}  // namespace gatehouse::mqtt
