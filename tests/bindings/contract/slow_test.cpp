// Who says his greeting, or a later request, a byte at a time is cut off in time, on every wire;
// the others are served.
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
  const char* name;
  std::string bytes;  ///< and then for ever `filler`
  char filler;
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
  const std::string& bytes = one.bytes;
  one.connection.say(one.said < bytes.size() ? bytes.substr(one.said, 1)
                                             : std::string(1, one.filler));
  ++one.said;
}

void drip_all(std::vector<Dripping>& all) {
  const auto start = Clock::now();
  const auto is_open = [](const Dripping& one) { return !one.closed; };
  while (Clock::now() - start < kAtMost && std::any_of(all.begin(), all.end(), is_open)) {
    for (Dripping& one : all) drip(one, start);
  }
  for (const Dripping& one : all) {
    EXPECT_TRUE(one.closed) << one.name << " is still open after " << one.said << " bytes";
    EXPECT_GE(one.lived, std::chrono::milliseconds(900)) << one.name;
  }
}

void expect_others_are_served(const World& plain) {
  const RawTcp honest(plain.port("http"));
  honest.say("GET /health/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_NE(honest.hear([](const std::string&) { return false; }).find("200"), std::string::npos);
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
    all.push_back({greeting.name, greeting.bytes, '\0', std::move(connection)});
  }

  drip_all(all);

  expect_others_are_served(plain);
}

/// What comes of a second request, where the first was a good one.
struct Later {
  const char* name;
  const char* scheme;
  std::string first;   ///< whole, and answered
  const char* answer;  ///< a part of it
  std::string second;  ///< its beginning, said at once
  char filler;         ///< what then comes of it, a byte at a time
};

std::vector<Later> later_requests() {
  const std::string page = "GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n";
  const std::string header = "GET /cse-in HTTP/1.1\r\nX-Slow: ";
  const std::string body =
      "POST /cse-in HTTP/1.1\r\nHost: x\r\nX-M2M-Origin: CAdmin\r\nX-M2M-RI: slow\r\nX-M2M-RVI: "
      "3\r\n"
      "Content-Type: application/json;ty=3\r\nContent-Length: 1000\r\n\r\n{";
  const std::string question = R"({"op":2,"to":"cse-in","fr":"CContract","rqi":"one","rvi":"3"})";
  const std::string asked = websocket_upgrade("json") + websocket_frame(1, question);
  const std::string frame = websocket_frame(1, std::string(1'000, ' ')).substr(0, 10);
  const std::string get = coap_tcp_message(0xe1, "", "") + coap_tcp_message(0x01, "\xb1x", "");
  const std::string put = coap_tcp_message(0x03, "\xb1x", std::string(1'000, ' ')).substr(0, 10);
  return {
      {"http_header", "http", page, "200", header, 'x'},
      {"http_body", "http", page, "200", body, ' '},
      {"ws", "ws", asked, "\"one\"", frame, ' '},
      {"coap_tcp", "coap", get, "dbg", put, ' '},
      {"https_header", "https", page, "200", header, 'x'},
      {"https_body", "https", page, "200", body, ' '},
      {"wss", "wss", asked, "\"one\"", frame, ' '},
      {"coaps_tcp", "coaps", get, "dbg", put, ' '},
  };
}

TEST(SlowRequests, EndInTimeOnEveryWire) {
  static const Credentials credentials;
  const std::vector<std::string> how = {kShort, "limits.message_seconds=1", "mqtt.broker="};
  const World plain(nullptr, how), secured(&credentials, how);
  std::vector<Dripping> all;
  for (Later& later : later_requests()) {
    const std::string scheme = later.scheme;
    const bool tls = scheme.ends_with('s') && scheme != "ws";
    RawTcp connection =
        tls ? RawTcp(secured.port(scheme), credentials.ae()) : RawTcp(plain.port(scheme));
    ASSERT_TRUE(connection.connected()) << later.name;
    // A WebSocket speaks when it is asked to.
    const std::size_t upgrade = later.first.find("\r\n\r\n");
    const std::size_t greeting = scheme.starts_with("ws") ? upgrade + 4 : 0;
    if (greeting > 0) {
      connection.say(later.first.substr(0, greeting));
      connection.hear([](const std::string& text) { return text.find("\r\n\r\n") != text.npos; });
    }
    connection.say(later.first.substr(greeting));
    const std::string heard = connection.hear(
        [&later](const std::string& text) { return text.find(later.answer) != text.npos; });
    ASSERT_NE(heard.find(later.answer), std::string::npos) << later.name << ": " << heard;
    connection.say(later.second);
    all.push_back({later.name, {}, later.filler, std::move(connection)});
  }

  drip_all(all);

  expect_others_are_served(plain);
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
