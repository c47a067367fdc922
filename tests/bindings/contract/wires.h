#pragma once
#include <future>
#include <memory>
#include <string>

#include "cse/primitive/handler.h"
#include "tests/bindings/contract/world.h"

namespace gatehouse::contract {

/// Calls `send` with a Reply and waits for it; every client has a deadline of its own.
template <class Send>
Response wait_for(Send&& send) {
  auto answer = std::make_shared<std::promise<Response>>();
  auto waiting = answer->get_future();
  send([answer](Response response) { answer->set_value(std::move(response)); });
  return waiting.get();
}

/// One way to ask a CSE: a binding, plain or secured, in one serialisation, through this project's
/// own client side.
class Wire {
 public:
  virtual ~Wire() = default;
  /// Sends and waits for the answer.
  virtual Response ask(Request request) = 0;
  /// What the wire itself says of the last answer: "201" of HTTP, "2.01" of CoAP, "text" or
  /// "binary" of WebSocket, the topic of MQTT. Empty where a TLS hides it.
  virtual std::string said() { return {}; }
};

/// Schemes, and what they stand for beside: "http-2" is HTTP/2, "mqtt-5", "coaps-psk".
constexpr const char* kPlainWires[] = {"http", "http-2",   "mqtt", "mqtt-5",
                                       "coap", "coap+tcp", "ws"};
constexpr const char* kSecuredWires[] = {"https",     "https-2",   "mqtts", "coaps",
                                         "coaps+tcp", "coaps-psk", "wss"};

/// `codec`: "json", "cbor" or "xml".
std::unique_ptr<Wire> open_wire(const std::string& name, const std::string& codec);

/// The same, to that world.
std::unique_ptr<Wire> open_wire_in(World& world, const std::string& name, const std::string& codec);

/// Whoever comes to a secured wire in place of the AE.
struct Guest {
  std::optional<TlsSettings> tls;
  std::optional<PskEntry> psk;
};
/// https, coaps, coaps+tcp and wss of that world; it gives up after a second.
std::unique_ptr<Wire> open_wire_as(const Guest& guest, World& world, const std::string& name);

}  // namespace gatehouse::contract
