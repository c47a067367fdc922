#include "ae-apps/ota/uds/doip_entity.h"

#include <algorithm>

namespace gatehouse::doip {

void Entity::opened(ConnectionId id, Time now, const std::string& peer, bool secured) {
  if (connections_.size() >= settings_.max_sockets || is_banned(peer, now)) {
    ++counters_.refused_connections;
    output_.close(id);
    return;
  }
  Connection connection(settings_.max_payload_bytes);
  connection.peer = peer;
  connection.secured = secured;
  connection.opened = connection.last_heard = now;
  connections_.emplace(id, std::move(connection));
}

bool Entity::is_banned(const std::string& peer, Time now) {
  const auto found = offenders_.find(peer);
  if (found == offenders_.end() || !found->second.banned_until) return false;
  if (now < *found->second.banned_until) return true;
  offenders_.erase(found);
  return false;
}

/// One more fault of the address behind the connection; too many shut it out.
void Entity::blame(ConnectionId id, Time now) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  const std::string peer = found->second.peer;
  constexpr std::size_t kMaxOffenders = 256;
  std::erase_if(offenders_, [&](const auto& item) {
    const Offender& each = item.second;
    return each.banned_until ? now >= *each.banned_until
                             : now - each.since > settings_.fault_window;
  });
  if (offenders_.size() >= kMaxOffenders && !offenders_.contains(peer)) return;
  Offender& offender = offenders_.try_emplace(peer, Offender{0, now, {}}).first->second;
  if (++offender.faults <= settings_.max_faults || offender.banned_until) return;
  offender.banned_until = now + settings_.ban;
  std::vector<ConnectionId> gone;
  for (const auto& [each, connection] : connections_) {
    if (connection.peer == peer) gone.push_back(each);
  }
  for (const ConnectionId each : gone) drop(each);
}

bool Entity::takes_datagram(Time now) {
  constexpr std::chrono::seconds kWindow{1};
  if (now - datagrams_since_ >= kWindow) {
    datagrams_since_ = now;
    datagrams_ = 0;
  }
  if (++datagrams_ <= settings_.max_datagrams) return true;
  ++counters_.dropped_datagrams;
  return false;
}

void Entity::closed(ConnectionId id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  const auto tester = found->second.tester;
  connections_.erase(found);
  if (tester) output_.left(*tester);
  settle_all();
}

void Entity::distrusted(ConnectionId id, Time now) {
  ++counters_.refused_connections;
  blame(id, now);
}

void Entity::drop(ConnectionId id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  const auto tester = found->second.tester;
  connections_.erase(found);
  output_.close(id);
  if (tester) output_.left(*tester);
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
    blame(id, now);
    if (!connections_.contains(id)) return;
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
        settle_all();
      }
      break;
    }
    default:  // an answer, or a request that comes by datagram: nobody asked for it here
      ++counters_.refused_messages;
      blame(id, now);
      break;
  }
  return connections_.contains(id);
}

std::optional<Activation> Entity::fault_of_request(const Connection& connection,
                                                   const RoutingRequest& request) const {
  const auto& known = settings_.testers;
  if (std::find(known.begin(), known.end(), request.source) == known.end()) {
    return Activation::kUnknownSource;
  }
  if (request.activation_type != 0x00) return Activation::kUnsupportedType;
  if (settings_.require_tls && !connection.secured) return Activation::kTlsRequired;
  if (connection.tester && *connection.tester != request.source) {
    return Activation::kOtherSourceOnSocket;
  }
  return std::nullopt;
}

void Entity::activate(ConnectionId id, const RoutingRequest& request, Time now) {
  Connection& connection = connections_.at(id);
  if (const auto fault = fault_of_request(connection, request)) {
    answer_activation(id, request.source, *fault);
    blame(id, now);
    return drop(id);
  }
  if (connection.tester) return answer_activation(id, request.source, Activation::kActivated);
  connection.waits_as = request.source;  // until those in the way prove to be there, or not
  std::vector<ConnectionId> same, active;
  for (const auto& [other, each] : connections_) {
    if (!each.tester) continue;
    active.push_back(other);
    if (each.tester == request.source) same.push_back(other);
  }
  if (same.empty() && active.size() >= settings_.max_testers) same = active;
  for (const ConnectionId other : same) ask_if_alive(other, now);
  settle(id);
}

void Entity::ask_if_alive(ConnectionId id, Time now) {
  Connection& connection = connections_.at(id);
  if (connection.alive_asked) return;
  connection.alive_asked = now;
  output_.send(id, encode(Type::kAliveCheck, {}));
}

void Entity::answer_activation(ConnectionId id, Address tester, Activation code) {
  if (code != Activation::kActivated) ++counters_.refused_activations;
  output_.send(id, encode(RoutingResponse{tester, settings_.identity.logical_address, code}));
}

void Entity::settle_all() {
  std::vector<ConnectionId> waiting;
  for (const auto& [id, connection] : connections_) {
    if (connection.waits_as) waiting.push_back(id);
  }
  for (const ConnectionId id : waiting) settle(id);
}

/// Lets one that waits in, refuses it, or lets it wait on for answers to alive checks.
void Entity::settle(ConnectionId id) {
  Connection& connection = connections_.at(id);
  const Address source = *connection.waits_as;
  std::size_t active = 0;
  bool answer_due = false, same_due = false, same_alive = false;
  for (const auto& [other, each] : connections_) {
    if (!each.tester) continue;
    ++active;
    answer_due = answer_due || each.alive_asked;
    if (each.tester != source) continue;
    (each.alive_asked ? same_due : same_alive) = true;
  }
  const bool full = active >= settings_.max_testers;
  if (!same_alive && (same_due || (full && answer_due))) return;
  connection.waits_as.reset();
  if (!same_alive && !full) {
    connection.tester = source;
    return answer_activation(id, source, Activation::kActivated);
  }
  answer_activation(id, source,
                    same_alive ? Activation::kSourceOnOtherSocket : Activation::kAllSocketsInUse);
  drop(id);
}

void Entity::diagnose(ConnectionId id, const Message& message, Time now) {
  const auto diagnostic = decode_diagnostic(message.payload);
  if (!diagnostic) return;
  const Address own = settings_.identity.logical_address;
  const Address tester = diagnostic->source;
  const auto refuse = [&](DiagnosticNack code) {
    ++counters_.refused_messages;
    output_.send(id, encode(DiagnosticAnswer{diagnostic->target, tester, code}));
    blame(id, now);
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
  output_.diagnose(tester, diagnostic->uds, functional, [this, id, own, tester](Bytes uds) {
    output_.send(id, encode(Diagnostic{own, tester, std::move(uds)}));
  });
}

void Entity::tick(Time now) {
  std::vector<ConnectionId> late;
  for (const auto& [id, connection] : connections_) {
    // Before its activation no byte counts, or four who drip would keep all others out.
    const bool idle = connection.tester
                          ? now - connection.last_heard >= settings_.general_inactivity
                          : now - connection.opened >= settings_.initial_inactivity;
    const bool no_answer =
        connection.alive_asked && now - *connection.alive_asked >= settings_.alive_check;
    if (no_answer || (!connection.waits_as && idle)) late.push_back(id);
  }
  for (const ConnectionId id : late) drop(id);
  if (!late.empty()) settle_all();
}

}  // namespace gatehouse::doip
