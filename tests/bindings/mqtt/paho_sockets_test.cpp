#include "bindings/mqtt/paho_sockets.h"

#include <MQTTAsync.h>
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <vector>

#include "bindings/mqtt/broker_url.h"
#include "bindings/mqtt/paho_link.h"
#include "tests/bindings/mqtt/test_broker.h"
#include "tests/bindings/mqtt/test_support.h"

namespace gatehouse::mqtt {
namespace {

constexpr int kRounds = 60;
constexpr std::uint64_t kMessages = 400;  // of one round: more than are taken before the reset

std::atomic<int> freed_twice{0};

/// What Paho says when it is told to free what it does not hold (any more).
void count_double_frees(MQTTASYNC_TRACE_LEVELS, char* text) {
  if (std::string_view(text).find("Failed to remove heap item") != std::string_view::npos) {
    ++freed_twice;
  }
}

using ServerContext = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
using Session = std::unique_ptr<SSL, decltype(&SSL_free)>;

/// Accepts whoever comes, then breaks the connection while he sends: RST, no DISCONNECT.
class RudeBroker {
 public:
  /// With a context: TLS.
  explicit RudeBroker(SSL_CTX* tls = nullptr)
      : tls_(tls), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(listener_, 8) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("no port");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { work(); });
  }
  ~RudeBroker() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  RudeBroker(const RudeBroker&) = delete;
  RudeBroker& operator=(const RudeBroker&) = delete;
  std::string url() const {
    return std::string(tls_ != nullptr ? "mqtts" : "mqtt") +
           "://127.0.0.1:" + std::to_string(port_);
  }

 private:
  void work() {
    for (;;) {
      const int client = ::accept(listener_, nullptr, nullptr);
      if (client < 0) return;
      if (tls_ != nullptr) {
        const Session session(::SSL_new(tls_), SSL_free);
        ::SSL_set_fd(session.get(), client);
        if (::SSL_accept(session.get()) == 1) {
          be_polite(
              [&](char* to, int size) { return ::SSL_read(session.get(), to, size); },
              [&](const char* from, int size) { return ::SSL_write(session.get(), from, size); });
        }
      } else {
        be_polite(
            [&](char* to, int size) { return ::recv(client, to, size, 0); },
            [&](const char* from, int size) { return ::send(client, from, size, MSG_NOSIGNAL); });
      }
      const linger at_once{1, 0};
      ::setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
      ::close(client);
    }
  }
  /// CONNECT, CONNACK, and the beginning of what comes then.
  static void be_polite(const auto& read, const auto& write) {
    std::array<char, 256> bytes{};
    constexpr std::array<char, 4> kConnack{0x20, 0x02, 0x00, 0x00};
    if (read(bytes.data(), bytes.size()) > 0 && write(kConnack.data(), kConnack.size()) > 0) {
      static_cast<void>(read(bytes.data(), bytes.size()));
    }
  }

  SSL_CTX* tls_;
  int listener_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

/// Kept until the program ends: Paho's thread may be on its way out of a callback.
struct Round {
  Mailbox<bool> connected;
  Mailbox<std::string> lost;
  std::optional<PahoLink> link;
};

std::vector<Round*>& kept_rounds() {
  static auto& all = *new std::vector<Round*>;
  return all;
}

void send_until_lost(const ConnectionSettings& settings, Round& round) {
  LinkEvents events{[&](bool) { round.connected.put(true); },
                    [&](const std::string& why) { round.lost.put(why); },
                    [](const std::string&, const std::string&) {}, [](std::uint64_t, bool) {},
                    [](std::uint64_t, bool) {}};
  PahoLink& link = round.link.emplace(settings, std::move(events));
  std::string why;
  ASSERT_TRUE(link.connect(why)) << why;
  ASSERT_FALSE(round.connected.wait_for(1).empty());
  Outgoing message;
  message.topic = "/oneM2M/req/c/id-in/json";
  message.payload = std::make_shared<const std::string>(64, 'x');
  for (std::uint64_t id = 1; id <= kMessages && round.lost.now().empty(); ++id) {
    link.publish(message, id);
  }
  ASSERT_FALSE(round.lost.wait_for(1).empty()) << "it did not notice";
}

/// `settings` outlive the links.
void expect_freed_once(const ConnectionSettings& settings) {
  freed_twice = 0;
  MQTTAsync_setTraceLevel(MQTTASYNC_TRACE_ERROR);
  MQTTAsync_setTraceCallback(count_double_frees);
  const std::uint64_t before = writes_into_the_void();

  for (int round = 0; round < kRounds && writes_into_the_void() == before; ++round) {
    ASSERT_NO_FATAL_FAILURE(send_until_lost(settings, *kept_rounds().emplace_back(new Round)));
  }
  for (Round* const round : kept_rounds()) round->link.reset();

  MQTTAsync_setTraceCallback(nullptr);
  EXPECT_EQ(freed_twice, 0);
  EXPECT_GT(writes_into_the_void(), before) << "no write met a connection that was gone";
}

TEST(PahoSockets, WhatIsSentToABrokerThatHasGoneIsFreedOnce) {
  RudeBroker broker;
  static ConnectionSettings settings;
  settings.broker = *parse_broker_url(broker.url());
  settings.client_id = "c";

  expect_freed_once(settings);
}

TEST(PahoSockets, TheSameOverTls) {
  const TemporaryFolder folder;
  const TestCa ca(folder / "", "ca");
  ca.issue("broker", "broker", "IP:127.0.0.1");
  const ServerContext context(::SSL_CTX_new(::TLS_server_method()), SSL_CTX_free);
  ASSERT_EQ(::SSL_CTX_use_certificate_file(context.get(), (folder / "broker.pem").c_str(),
                                           SSL_FILETYPE_PEM),
            1);
  ASSERT_EQ(::SSL_CTX_use_PrivateKey_file(context.get(), (folder / "broker.key").c_str(),
                                          SSL_FILETYPE_PEM),
            1);
  RudeBroker broker(context.get());
  static ConnectionSettings settings;
  settings.broker = *parse_broker_url(broker.url());
  settings.client_id = "c";
  settings.tls.emplace().ca_file = ca.file().string();

  expect_freed_once(settings);
}

TEST(PahoSockets, OthersLearnThatTheirWriteFailed) {
  std::array<int, 2> pair{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data()), 0);
  ::close(pair[1]);
  std::signal(SIGPIPE, SIG_IGN);
  std::string text = "x";
  const iovec part{text.data(), text.size()};

  EXPECT_EQ(::writev(pair[0], &part, 1), -1);
  EXPECT_EQ(errno, EPIPE);

  ::close(pair[0]);
}

}  // namespace
}  // namespace gatehouse::mqtt
