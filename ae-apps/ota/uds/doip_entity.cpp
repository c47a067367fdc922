#include "ae-apps/ota/uds/doip_entity.h"

#include <algorithm>

namespace gatehouse::doip {

void Entity::opened(ConnectionId id, Time now) {
  if (connections_.size() >= settings_.max_sockets) {
    output_.close(id);
    return;
  }
  connections_.emplace(id, Connection(settings_.max_payload_bytes)).first->second.last_heard = now;
}

void Entity::closed(ConnectionId id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  const bool was_asked = found->second.alive_asked.has_value();
  connections_.erase(found);
  if (was_asked) settle_waiting(false, std::nullopt);
}

void Entity::drop(ConnectionId id) {
  if (connections_.erase(id) != 0) output_.close(id);
}

void Entity::close_all() {
  while (!connections_.empty()) drop(connections_.begin()->first);
}

void Entity::received(ConnectionId id, ByteView bytes, Time now) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  found->second.last_heard = now;
  found->second.decoder.feed(bytes);
  for (;;) {
    const auto again = connections_.find(id);  // a message may have closed it
    if (again == connections_.end()) return;
    const auto message = again->second.decoder.next();
    if (!message) return;
    if (*message) {
      if (!take(id, **message, now)) return;
      continue;
    }
    ++counters_.malformed;
    const auto code = static_cast<std::uint8_t>(message->error());
    output_.send(id, encode(Type::kHeaderNack, {&code, 1}));
    if (message->error() == HeaderNack::kBadPattern || message->error() == HeaderNack::kBadLength) {
      drop(id);
      return;
    }
  }
}

/// False if the connection is gone.
bool Entity::take(ConnectionId id, const Message& message, Time now) {
  switch (static_cast<Type>(message.type)) {
    case Type::kRoutingActivation:
      if (const auto request = decode_routing_request(message.payload)) activate(id, *request, now);
      break;
    case Type::kDiagnostic:
      diagnose(id, message, now);
      break;
    case Type::kAliveCheckResponse: {
      Connection& connection = connections_.at(id);
      const auto source = static_cast<Address>(message.payload[0] << 8 | message.payload[1]);
      if (connection.alive_asked && connection.tester == source) {
        connection.alive_asked.reset();
        settle_waiting(true, connection.tester);
      }
      break;
    }
    default:  // an answer, or a request that comes by datagram: nobody asked for it here
      ++counters_.refused_messages;
      break;
  }
  return connections_.contains(id);
}

std::optional<Entity::ConnectionId> Entity::active_connection() const {
  const auto found = std::find_if(connections_.begin(), connections_.end(),
                                  [](const auto& item) { return item.second.tester.has_value(); });
  if (found == connections_.end()) return std::nullopt;
  return found->first;
}

void Entity::activate(ConnectionId id, const RoutingRequest& request, Time now) {
  Connection& connection = connections_.at(id);
  const auto& known = settings_.testers;
  if (std::find(known.begin(), known.end(), request.source) == known.end()) {
    answer_activation(id, request.source, Activation::kUnknownSource);
    drop(id);
    return;
  }
  if (request.activation_type != 0x00) {
    answer_activation(id, request.source, Activation::kUnsupportedType);
    drop(id);
    return;
  }
  if (connection.tester && *connection.tester != request.source) {
    answer_activation(id, request.source, Activation::kOtherSourceOnSocket);
    drop(id);
    return;
  }
  const auto active = active_connection();
  if (!active || *active == id) {
    connection.tester = request.source;
    answer_activation(id, request.source, Activation::kActivated);
    return;
  }
  connection.waits_as = request.source;  // until the other one proves to be there, or not
  Connection& other = connections_.at(*active);
  if (!other.alive_asked) {
    other.alive_asked = now;
    output_.send(*active, encode(Type::kAliveCheck, {}));
  }
}

void Entity::answer_activation(ConnectionId id, Address tester, Activation code) {
  if (code != Activation::kActivated) ++counters_.refused_activations;
  output_.send(id, encode(RoutingResponse{tester, settings_.identity.logical_address, code}));
}

void Entity::settle_waiting(bool first_is_alive, std::optional<Address> first) {
  std::vector<ConnectionId> waiting;
  for (const auto& [id, connection] : connections_) {
    if (connection.waits_as) waiting.push_back(id);
  }
  for (const ConnectionId id : waiting) {
    Connection& connection = connections_.at(id);
    const Address source = *connection.waits_as;
    connection.waits_as.reset();
    if (first_is_alive || active_connection()) {
      answer_activation(
          id, source,
          first == source ? Activation::kSourceOnOtherSocket : Activation::kAllSocketsInUse);
      drop(id);
    } else {
      connection.tester = source;
      answer_activation(id, source, Activation::kActivated);
    }
  }
}

void Entity::diagnose(ConnectionId id, const Message& message, Time) {
  const auto diagnostic = decode_diagnostic(message.payload);
  if (!diagnostic) return;
  const Address own = settings_.identity.logical_address;
  const Address tester = diagnostic->source;
  const auto refuse = [&](DiagnosticNack code) {
    ++counters_.refused_messages;
    output_.send(id, encode(DiagnosticAnswer{diagnostic->target, tester, code}));
  };
  if (connections_.at(id).tester != tester) {
    refuse(DiagnosticNack::kInvalidSource);
    drop(id);
    return;
  }
  const bool functional = diagnostic->target == settings_.functional_address;
  if (diagnostic->target != own && !functional) {
    refuse(DiagnosticNack::kUnknownTarget);
    return;
  }
  output_.send(id, encode(DiagnosticAnswer{own, tester, std::nullopt}));
  output_.diagnose(diagnostic->uds, functional, [this, id, own, tester](Bytes uds) {
    output_.send(id, encode(Diagnostic{own, tester, std::move(uds)}));
  });
}

void Entity::tick(Time now) {
  std::vector<ConnectionId> late;
  bool asked_in_vain = false;
  for (const auto& [id, connection] : connections_) {
    const auto limit =
        connection.tester ? settings_.general_inactivity : settings_.initial_inactivity;
    const bool no_answer =
        connection.alive_asked && now - *connection.alive_asked >= settings_.alive_check;
    asked_in_vain = asked_in_vain || no_answer;
    if (no_answer || (!connection.waits_as && now - connection.last_heard >= limit)) {
      late.push_back(id);
    }
  }
  for (const ConnectionId id : late) drop(id);
  if (asked_in_vain) settle_waiting(false, std::nullopt);
}

}  // namespace gatehouse::doip
