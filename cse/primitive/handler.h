#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "cse/primitive/request.h"

namespace gatehouse {

/// Takes the response of exactly one request. May be called from any thread, at once or later, and
/// only once.
using Reply = std::function<void(Response&&)>;

/// Whoever serves primitives: the core of a CSE, or an AE's notification side. All that a server
/// binding knows of it.
class PrimitiveHandler {
 public:
  virtual ~PrimitiveHandler() = default;
  /// Never blocks for the answer of a remote entity, never throws, always calls `reply` in the end.
  /// Threading: any thread.
  virtual void handle(Request&& request, Reply reply) = 0;
};

/// Sends primitives to other entities: the client side of the bindings.
class PrimitiveSender {
 public:
  virtual ~PrimitiveSender() = default;
  /// True if the scheme of this point of access ("http", "https", "mqtt", "mqtts") is served.
  virtual bool serves(std::string_view url) const = 0;
  /// Sends to the entity at `url` (a pointOfAccess, or a notification URI with its path and query)
  /// and reports its answer. An entity that cannot be reached in time gives kTargetNotReachable
  /// (5103); the text says why. `receiver_id` is the SP-relative ID of the receiver where it is
  /// known (MQTT topics need it), else empty. Threading: any thread; `reply` comes on a thread of
  /// the binding.
  virtual void send(const std::string& url, const std::string& receiver_id, Request request,
                    Reply reply) = 0;
};

/// Entities that hold a connection to us and take requests on it, wherever they are: the accepting
/// side of a binding that is open in both directions (WebSocket).
class Connections {
 public:
  virtual ~Connections() = default;
  /// Hands the request to that entity on its connection. `receiver_id` as in
  /// PrimitiveSender::send(). False: it has none; then `reply` is not called. Threading: any
  /// thread.
  virtual bool send_if_connected(const std::string& receiver_id, const Request& request,
                                 const Reply& reply) = 0;
};

}  // namespace gatehouse
