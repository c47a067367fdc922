#include "ae-apps/ota/uds/doip_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "ae-apps/ota/uds/socket.h"

namespace gatehouse::doip {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::size_t kMaxArrived = 16;

std::chrono::milliseconds until(SteadyClock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now());
  return std::max(left, std::chrono::milliseconds(0));
}

}  // namespace

struct Client::Connection {
  Socket socket;
  Decoder decoder;
  std::optional<crypto::TlsSession> tls;
};

Client::Client(ClientSettings settings) : settings_(std::move(settings)) {}
Client::~Client() = default;
void Client::disconnect() { connection_.reset(); }
bool Client::connected() const { return connection_ != nullptr; }

Result<void> Client::say(ByteView message, std::chrono::milliseconds limit) {
  if (!connection_->tls) return send_all(connection_->socket.get(), message, limit);
  if (const auto taken = connection_->tls->send(message); !taken) return taken;
  return send_all(connection_->socket.get(), connection_->tls->take_wire(), limit);
}

/// What came; may be nothing while TLS waits for the rest of a record.
Result<Bytes> Client::hear(SteadyClock::time_point deadline) {
  Result<Bytes> bytes = receive_some(connection_->socket.get(), until(deadline));
  if (bytes && connection_->tls) return connection_->tls->receive(*bytes);
  return bytes;
}

Result<void> Client::shake_hands(SteadyClock::time_point deadline) {
  connection_->tls.emplace(*settings_.tls, crypto::TlsSession::Side::kClient);
  for (;;) {
    const Bytes wire = connection_->tls->take_wire();
    if (const auto sent = send_all(connection_->socket.get(), wire, until(deadline)); !sent) {
      return sent;
    }
    if (connection_->tls->established()) return {};
    const Result<Bytes> early = hear(deadline);
    if (!early) return fail(early.error());
    connection_->decoder.feed(*early);
  }
}

Result<Message> Client::next_message(SteadyClock::time_point deadline) {
  for (;;) {
    if (!connection_) return fail(Rsc::kTargetNotReachable, "not connected");
    if (auto message = connection_->decoder.next()) {
      if (!*message) {
        const std::string text(text_of(message->error()));
        disconnect();
        return fail(Rsc::kTargetNotReachable, "the ECU sent a malformed message: " + text);
      }
      if ((*message)->type == static_cast<std::uint16_t>(Type::kAliveCheck)) {
        const Bytes alive{static_cast<std::uint8_t>(settings_.tester >> 8),
                          static_cast<std::uint8_t>(settings_.tester)};
        const auto sent = say(encode(Type::kAliveCheckResponse, alive), settings_.ack_limit);
        if (!sent) return fail(sent.error());
        continue;
      }
      return **std::move(message);
    }
    const Result<Bytes> bytes = hear(deadline);
    if (!bytes) {
      if (bytes.error().rsc != Rsc::kRequestTimeout) disconnect();
      return fail(bytes.error());
    }
    connection_->decoder.feed(*bytes);
  }
}

Result<void> Client::connect() {
  disconnect();
  arrived_.clear();
  Result<Socket> socket = connect_to(settings_.address, settings_.port, settings_.connect_limit);
  if (!socket) return fail(socket.error());
  connection_ = std::make_unique<Connection>(
      Connection{*std::move(socket), Decoder(settings_.max_payload_bytes), {}});
  const auto deadline = SteadyClock::now() + settings_.activation_limit;
  if (settings_.tls) {
    if (const auto done = shake_hands(deadline); !done) {
      disconnect();
      return done;
    }
  }
  const auto sent = say(encode(RoutingRequest{settings_.tester, 0}), settings_.activation_limit);
  if (!sent) return fail(sent.error());
  for (;;) {
    const Result<Message> message = next_message(deadline);
    if (!message) {
      disconnect();
      return fail(message.error());
    }
    const auto response = decode_routing_response(message->payload);
    if (message->type != static_cast<std::uint16_t>(Type::kRoutingActivationResponse) ||
        !response || response->tester != settings_.tester) {
      ++unsolicited_;
      continue;
    }
    if (response->code == Activation::kActivated) return {};
    disconnect();
    return fail(Rsc::kOriginatorHasNoPrivilege,
                "routing activation " + std::string(text_of(response->code)));
  }
}

Result<void> Client::send(ByteView uds) {
  if (!connection_) return fail(Rsc::kTargetNotReachable, "not connected");
  const Diagnostic request{settings_.tester, settings_.ecu, Bytes(uds.begin(), uds.end())};
  const auto sent = say(encode(request), settings_.ack_limit);
  if (!sent) {
    disconnect();
    return sent;
  }
  const auto deadline = SteadyClock::now() + settings_.ack_limit;
  for (;;) {
    Result<Message> message = next_message(deadline);
    if (!message) return fail(message.error());
    if (const auto answer = decode_diagnostic_answer(*message)) {
      if (answer->target != settings_.tester) {
        ++unsolicited_;
        continue;
      }
      if (!answer->nack) return {};
      return fail(Rsc::kTargetNotReachable,
                  "DoIP refused the message: " + std::string(text_of(*answer->nack)));
    }
    if (message->type == static_cast<std::uint16_t>(Type::kHeaderNack)) {
      const auto code = static_cast<HeaderNack>(message->payload[0]);
      return fail(Rsc::kTargetNotReachable,
                  "DoIP refused the message: " + std::string(text_of(code)));
    }
    // A late response to an earlier request; whoever waits for one decides.
    auto diagnostic = message->type == static_cast<std::uint16_t>(Type::kDiagnostic)
                          ? decode_diagnostic(message->payload)
                          : std::nullopt;
    if (diagnostic && diagnostic->source == settings_.ecu && arrived_.size() < kMaxArrived) {
      arrived_.push_back(std::move(diagnostic->uds));
    } else {
      ++unsolicited_;
    }
  }
}

Result<Bytes> Client::receive(std::chrono::milliseconds limit) {
  if (!arrived_.empty()) {
    Bytes first = std::move(arrived_.front());
    arrived_.pop_front();
    return first;
  }
  const auto deadline = SteadyClock::now() + limit;
  for (;;) {
    const Result<Message> message = next_message(deadline);
    if (!message) return fail(message.error());
    auto diagnostic = message->type == static_cast<std::uint16_t>(Type::kDiagnostic)
                          ? decode_diagnostic(message->payload)
                          : std::nullopt;
    if (diagnostic && diagnostic->source == settings_.ecu &&
        diagnostic->target == settings_.tester) {
      return std::move(diagnostic->uds);
    }
    ++unsolicited_;
  }
}

Result<Identity> identify(const std::string& address, std::uint16_t port,
                          std::chrono::milliseconds limit) {
  const Result<Socket> socket = datagrams_on("0.0.0.0", 0);
  if (!socket) return fail(socket.error());
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  if (::inet_pton(AF_INET, address.c_str(), &to.sin_addr) != 1) {
    return fail(Rsc::kBadRequest, address + " is no IPv4 address");
  }
  if (::connect(socket->get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    return fail(Rsc::kTargetNotReachable, address + " cannot be reached");
  }
  Bytes request = encode(Type::kVehicleIdentification, {});
  const auto sent = send_all(socket->get(), request, limit);
  if (!sent) return fail(sent.error());
  const Result<Bytes> datagram = receive_some(socket->get(), limit);
  if (!datagram) return fail(datagram.error());
  Decoder decoder(64);
  decoder.feed(*datagram);
  const auto message = decoder.next();
  if (message && *message &&
      (*message)->type == static_cast<std::uint16_t>(Type::kVehicleAnnouncement)) {
    if (auto identity = decode_announcement((*message)->payload)) return *std::move(identity);
  }
  return fail(Rsc::kTargetNotReachable, "the answer is no vehicle announcement");
}

Result<Identity> await_announcement(const std::string& address, std::uint16_t port,
                                    std::chrono::milliseconds limit) {
  const Result<Socket> socket = datagrams_on(address, port);
  if (!socket) return fail(socket.error());
  const auto deadline = SteadyClock::now() + limit;
  for (;;) {  // anybody may send anything here
    const Result<Bytes> datagram = receive_some(socket->get(), until(deadline));
    if (!datagram) return fail(datagram.error());
    Decoder decoder(64);
    decoder.feed(*datagram);
    const auto message = decoder.next();
    if (!message || !*message) continue;
    if ((*message)->type != static_cast<std::uint16_t>(Type::kVehicleAnnouncement)) continue;
    if (auto identity = decode_announcement((*message)->payload)) return *std::move(identity);
  }
}

}  // namespace gatehouse::doip
