// Who says his greeting a byte at a time is cut off in time, on every wire; the others are served.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "bindings/mqtt/endpoint.h"
#include "tests/bindings/contract/raw_tcp.h"
#include "tests/bindings/contract/wires.h"

namespace gatehouse::contract {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kShort = "limits.handshake_seconds=1";
constexpr std::chrono::seconds kAtMost{8};  ///< one second, a sweep, and a busy machine
constexpr int kPauseMilliseconds = 40;      ///< between two bytes

/// A greeting that would be right if it came to its end.
struct Greeting {
  const char* name;
  const char* scheme;
  std::string bytes;
};

std::vector<Greeting> greetings() {
  // Record and handshake header of a ClientHello of 508 bytes.
  const std::string hello = std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);
  return {
      {"http", "http", "GET /cse-in HTTP/1.1\r\nHost: x\r\nX-M2M-Origin: C"},
      {"http-2", "http", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
      {"ws", "ws", websocket_upgrade("json")},
      {"coap+tcp", "coap", "\xd0\xff\xe1"},
      {"https", "https", hello},
      {"wss", "wss", hello},
      {"coaps+tcp", "coaps", hello},
  };
}

struct Dripping {
  Greeting greeting;
  RawTcp connection;
  std::size_t said = 0;
  Clock::duration lived{};
  bool closed = false;
};

void drip(Dripping& one, Clock::time_point start) {
  if (one.closed) return;
  if (one.connection.closes_within(kPauseMilliseconds)) {
    one.closed = true;
    one.lived = Clock::now() - start;
    return;
  }
  const std::string& bytes = one.greeting.bytes;
  one.connection.say(one.said < bytes.size() ? bytes.substr(one.said, 1) : std::string(1, '\0'));
  ++one.said;
}

TEST(SlowGreetings, EndInTimeOnEveryWire) {
  static const Credentials credentials;
  World plain(nullptr, {kShort, "mqtt.broker="});
  World secured(&credentials, {kShort, "mqtt.broker="});
  std::vector<Dripping> all;
  for (Greeting& greeting : greetings()) {
    World& world = std::string(greeting.scheme).ends_with('s') && greeting.name != std::string("ws")
                       ? secured
                       : plain;
    RawTcp connection(world.port(greeting.scheme));
    ASSERT_TRUE(connection.connected()) << greeting.name;
    all.push_back({std::move(greeting), std::move(connection)});
  }

  const auto start = Clock::now();
  const auto is_open = [](const Dripping& one) { return !one.closed; };
  while (Clock::now() - start < kAtMost && std::any_of(all.begin(), all.end(), is_open)) {
    for (Dripping& one : all) drip(one, start);
  }

  for (const Dripping& one : all) {
    EXPECT_TRUE(one.closed) << one.greeting.name << " is still open after " << one.said << " bytes";
    EXPECT_GE(one.lived, std::chrono::milliseconds(900)) << one.greeting.name;
  }
  const RawTcp honest(plain.port("http"));
  honest.say("GET /health/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_NE(honest.hear([](const std::string&) { return false; }).find("200"), std::string::npos);
}

/// A broker that accepts connections and says nothing: the kernel does that for a socket that
/// listens.
class Mute {
 public:
  Mute();
  ~Mute() { ::close(socket_); }
  Mute(const Mute&) = delete;
  Mute& operator=(const Mute&) = delete;
  std::uint16_t port() const { return port_; }

 private:
  const int socket_;
  std::uint16_t port_ = 0;
};

Mute::Mute() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(::listen(socket_, 16), 0);
  ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
}

// Over MQTT the node is the client: it is the broker who may be slow.
TEST(SlowGreetings, OfABrokerAreGivenUpAndTriedAgain) {
  const Mute broker;
  mqtt::EndpointSettings settings;
  settings.broker = "mqtt://127.0.0.1:" + std::to_string(broker.port());
  settings.id = "/id-in";
  settings.connect_timeout = std::chrono::milliseconds(200);
  settings.reconnect_min = settings.reconnect_max = std::chrono::milliseconds(20);
  const AllCodecs codecs;
  mqtt::Endpoint endpoint(settings, codecs.get());
  endpoint.start();
  const auto deadline = Clock::now() + std::chrono::seconds(20);

  while (endpoint.counters().connects_failed < 2 && Clock::now() < deadline) {
    endpoint.wait_connected(std::chrono::milliseconds(50));
  }

  EXPECT_GE(endpoint.counters().connects_failed, 2u);
  EXPECT_FALSE(endpoint.connected());
}

}  // namespace
}  // namespace gatehouse::contract
