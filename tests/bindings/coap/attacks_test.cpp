// What must be refused, and must not keep others from being served.
#include <gmock/gmock.h>
#include <poll.h>

#include <atomic>
#include <thread>

#include "tests/bindings/coap/test_support.h"

namespace gatehouse::coap {
namespace {

using testing::HasSubstr;
using namespace testing_support;

/// Anything but the certificate of the good peer; `spoil` changes the settings of client or server.
struct Imposter {
  std::string name;
  std::function<void(TestAuthority&, const TemporaryFolder&, ServerSettings&, ClientSettings&)>
      spoil;
};

class CoapImposters : public testing::TestWithParam<std::tuple<const char*, Imposter>> {};

// TS-0003 clause 8.1.2: nobody without a valid certificate gets an association.
TEST_P(CoapImposters, AreNotHeard) {
  const auto& [scheme, imposter] = GetParam();
  const TemporaryFolder folder;
  TestAuthority authority(folder.path());
  const Codecs codecs = standard_codecs();
  ServerSettings server_settings;
  ClientSettings client_settings;
  client_settings.request_timeout = std::chrono::seconds(2);
  server_settings.tls = authority.issue({.name = "server", .alternative_names = "IP:127.0.0.1"});
  client_settings.tls =
      authority.issue({.name = "client", .alternative_names = "URI:m2m://sp.example/id-in/CAE1"});
  imposter.spoil(authority, folder, server_settings, client_settings);
  RecordingHandler handler;
  handler.answer = ok_response;
  Server server(server_settings, handler, codecs);
  ASSERT_TRUE(server.start());
  Client client(client_settings, codecs);

  const Response response =
      ask(client, scheme + ("://127.0.0.1:" + std::to_string(server.port())), retrieve());

  EXPECT_EQ(response.rsc, Rsc::kTargetNotReachable) << detail(response);
  EXPECT_EQ(handler.count(), 0u);
}

const CertificateWish kGood{.name = "client",
                            .alternative_names = "URI:m2m://sp.example/id-in/CAE1"};

CertificateWish with(std::function<void(CertificateWish&)> change) {
  CertificateWish wish = kGood;
  wish.name = "bad";
  change(wish);
  return wish;
}

std::function<void(TestAuthority&, const TemporaryFolder&, ServerSettings&, ClientSettings&)>
client_with(std::function<void(CertificateWish&)> change) {
  return [change](TestAuthority& ca, const TemporaryFolder&, ServerSettings&, ClientSettings& c) {
    c.tls = ca.issue(with(change));
  };
}

const Imposter kImposters[] = {
    {"expired", client_with([](CertificateWish& w) { w.valid_until_seconds = -60; })},
    {"not_yet_valid", client_with([](CertificateWish& w) { w.valid_from_seconds = 3600; })},
    {"wrong_purpose", client_with([](CertificateWish& w) { w.purposes = "serverAuth"; })},
    {"revoked", [](TestAuthority& ca, const TemporaryFolder&, ServerSettings& s,
                   ClientSettings& c) { s.tls->crl_file = ca.revoke(c.tls->certificate_file); }},
    {"of_another_authority",
     [](TestAuthority& ca, const TemporaryFolder& folder, ServerSettings&, ClientSettings& c) {
       const TestAuthority other(folder.path(), "other");
       c.tls = other.issue(kGood);
       c.tls->ca_file = ca.ca_file();
     }},
    {"without_certificate",
     [](TestAuthority&, const TemporaryFolder&, ServerSettings&, ClientSettings& c) {
       c.tls->certificate_file.clear();
       c.tls->key_file.clear();
     }},
    {"with_a_key_where_none_is_taken",
     [](TestAuthority&, const TemporaryFolder&, ServerSettings&, ClientSettings& c) {
       c.tls.reset();
       c.psk = PskEntry{"ae@sp", std::string(16, 'k'), {"CAE1"}};
     }},
    {"wrong_key",
     [](TestAuthority&, const TemporaryFolder& folder, ServerSettings& s, ClientSettings& c) {
       s.psk = *PskTable::load(write_keys(folder, "ae@sp 00112233445566778899aabbccddeeff CAE1\n"));
       c.tls.reset();
       c.psk = PskEntry{"ae@sp", std::string(16, 'k'), {}};
     }},
    {"unknown_key_identity",
     [](TestAuthority&, const TemporaryFolder& folder, ServerSettings& s, ClientSettings& c) {
       s.psk = *PskTable::load(write_keys(folder, "ae@sp 00112233445566778899aabbccddeeff CAE1\n"));
       c.tls.reset();
       c.psk = PskEntry{"else@sp", s.psk->first().key, {}};
     }},
    {"server_of_another_name",
     [](TestAuthority& ca, const TemporaryFolder&, ServerSettings& s, ClientSettings&) {
       s.tls = ca.issue({.name = "server2", .alternative_names = "IP:127.0.0.2,DNS:*.example"});
     }},
    {"server_of_wrong_purpose",
     [](TestAuthority& ca, const TemporaryFolder&, ServerSettings& s, ClientSettings&) {
       s.tls = ca.issue(
           {.name = "server2", .alternative_names = "IP:127.0.0.1", .purposes = "clientAuth"});
     }},
    {"server_of_another_authority",
     [](TestAuthority& ca, const TemporaryFolder& folder, ServerSettings& s, ClientSettings&) {
       const TestAuthority other(folder.path(), "other");
       s.tls = other.issue({.name = "server2", .alternative_names = "IP:127.0.0.1"});
       s.tls->ca_file = ca.ca_file();
     }},
};

INSTANTIATE_TEST_SUITE_P(All, CoapImposters,
                         testing::Combine(testing::Values("coaps", "coaps+tcp"),
                                          testing::ValuesIn(kImposters)),
                         [](const auto& row) {
                           const std::string scheme = std::get<0>(row.param);
                           return (scheme == "coaps" ? "dtls_" : "tls_") +
                                  std::get<1>(row.param).name;
                         });

/// Passes datagrams between one client and a server, and can say the client's last one again.
class Relay {
 public:
  /// `successor`: a port that all goes to after switch_over().
  explicit Relay(std::uint16_t server, std::uint16_t successor = 0)
      : inside_(::socket(AF_INET, SOCK_DGRAM, 0)),
        first_(server),
        second_(successor != 0 ? successor : server) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(inside_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::getsockname(inside_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~Relay() {
    ending_ = true;
    thread_.join();
    ::close(inside_);
  }
  std::uint16_t port() const { return port_; }
  void repeat_last(int times) const {
    for (int i = 0; i < times; ++i) out().send(last_);
  }
  void switch_over() { switched_ = true; }

 private:
  void run() {
    while (!ending_) {
      pollfd watched{inside_, POLLIN, 0};
      char buffer[2048];
      sockaddr_in from{};
      socklen_t size = sizeof from;
      if (::poll(&watched, 1, 1) > 0) {
        const ssize_t got = ::recvfrom(inside_, buffer, sizeof buffer, 0,
                                       reinterpret_cast<sockaddr*>(&from), &size);
        if (got > 0) {
          client_ = from;
          last_.assign(buffer, static_cast<std::size_t>(got));
          out().send(last_);
        }
      }
      const std::string back = out().receive(std::chrono::milliseconds(1));
      if (!back.empty()) {
        ::sendto(inside_, back.data(), back.size(), 0, reinterpret_cast<sockaddr*>(&client_),
                 sizeof client_);
      }
    }
  }
  const Datagrams& out() const { return switched_ ? second_ : first_; }
  const int inside_;
  const Datagrams first_, second_;
  std::atomic<bool> switched_{false};
  std::uint16_t port_ = 0;
  sockaddr_in client_{};
  std::string last_;
  std::atomic<bool> ending_{false};
  std::thread thread_;
};

TEST(CoapAttacks, ARecordedRequestIsNotServedAgain) {
  const TemporaryFolder folder;
  const Codecs codecs = standard_codecs();
  ServerSettings settings;
  settings.psk =
      *PskTable::load(write_keys(folder, "ae@sp 00112233445566778899aabbccddeeff CAE1\n"));
  ClientSettings client_settings;
  client_settings.psk = settings.psk->first();
  RecordingHandler handler;
  handler.answer = ok_response;
  Server server(settings, handler, codecs);
  ASSERT_TRUE(server.start());
  const Relay relay(server.port());
  Client client(client_settings, codecs);
  const std::string url = "coaps://127.0.0.1:" + std::to_string(relay.port());
  ASSERT_EQ(ask(client, url, create("x")).rsc, Rsc::kCreated);

  relay.repeat_last(20);
  ASSERT_EQ(ask(client, url, create("y")).rsc, Rsc::kCreated);  // what came before has been read

  EXPECT_EQ(handler.count(), 2u);
}

// As when the server is killed: it does not say goodbye, and its successor has no such session.
TEST(CoapSession, WithAServerThatWasStartedAnewIsMadeAnew) {
  const TemporaryFolder folder;
  const Codecs codecs = standard_codecs();
  ServerSettings settings;
  settings.psk =
      *PskTable::load(write_keys(folder, "ae@sp 00112233445566778899aabbccddeeff CAE1\n"));
  ClientSettings client_settings;
  client_settings.psk = settings.psk->first();
  client_settings.request_timeout = std::chrono::milliseconds(300);
  RecordingHandler handler;
  handler.answer = ok_response;
  Server server(settings, handler, codecs), successor(settings, handler, codecs);
  ASSERT_TRUE(server.start());
  ASSERT_TRUE(successor.start());
  Relay relay(server.port(), successor.port());
  Client client(client_settings, codecs);
  const std::string url = "coaps://127.0.0.1:" + std::to_string(relay.port());
  for (int i = 0; i < 20 && handler.count() == 0; ++i) ask(client, url, create("x"));
  ASSERT_EQ(handler.count(), 1u);

  relay.switch_over();
  const Response lost = ask(client, url, create("y"));
  for (int i = 0; i < 20 && handler.count() == 1; ++i) ask(client, url, create("z"));

  EXPECT_EQ(lost.rsc, Rsc::kTargetNotReachable);
  EXPECT_EQ(handler.count(), 2u);
}

/// A TCP connection that says little.
class Silent {
 public:
  explicit Silent(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~Silent() { ::close(socket_); }
  Silent(const Silent&) = delete;
  Silent& operator=(const Silent&) = delete;
  bool connected() const { return connected_; }
  void say(const std::string& bytes) const {
    ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  /// Reads on until the peer closes; false after ten seconds.
  bool is_closed() const {
    char buffer[256];
    for (;;) {
      pollfd watched{socket_, POLLIN, 0};
      if (::poll(&watched, 1, 10'000) <= 0) return false;
      if (::recv(socket_, buffer, sizeof buffer, 0) <= 0) return true;
    }
  }

 private:
  const int socket_;
  bool connected_ = false;
};

class CoapTcpAttacks : public testing::Test {
 protected:
  void start() {
    handler_.answer = ok_response;
    server_ = std::make_unique<Server>(settings_, handler_, codecs_);
    ASSERT_TRUE(server_->start());
  }
  Response ask_over(const char* scheme) {
    Client client({}, codecs_);
    return ask(client, scheme + ("://127.0.0.1:" + std::to_string(server_->port())), retrieve());
  }
  Codecs codecs_ = standard_codecs();
  ServerSettings settings_;
  RecordingHandler handler_;
  std::unique_ptr<Server> server_;
};

TEST_F(CoapTcpAttacks, WhoNeverFinishesAMessageIsCutOff) {
  settings_.handshake_timeout = std::chrono::seconds(1);
  start();
  const Silent mute(server_->port()), slow(server_->port());
  slow.say("\xd0\xff");  // a message of 268 bytes and more, of which nothing follows

  EXPECT_TRUE(mute.is_closed());
  EXPECT_TRUE(slow.is_closed());
}

TEST_F(CoapTcpAttacks, ManyConnectionsAreBoundedAndOthersServed) {
  settings_.max_sessions = 10;
  settings_.handshake_timeout = std::chrono::seconds(1);
  start();
  std::vector<std::unique_ptr<Silent>> crowd;
  for (int i = 0; i < 50; ++i) crowd.push_back(std::make_unique<Silent>(server_->port()));

  EXPECT_EQ(ask_over("coap").rsc, Rsc::kOk);
  EXPECT_TRUE(crowd.back()->is_closed());
  for (const auto& one : crowd) EXPECT_TRUE(one->is_closed());  // after the time for a handshake
  // The places become free when the server has seen the ends, too.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  Rsc outcome = Rsc::kTargetNotReachable;
  while (outcome != Rsc::kOk && std::chrono::steady_clock::now() < deadline) {
    outcome = ask_over("coap+tcp").rsc;
  }
  EXPECT_EQ(outcome, Rsc::kOk);
  EXPECT_GE(server_->counters().sessions_refused, 40u);
}

TEST_F(CoapTcpAttacks, DeepNestingIsRefused) {
  start();
  Message m;
  m.code = kPost;
  m.add(option::kUriPath, "c");
  m.add(283, "r1");
  m.add(option::kContentFormat, 50u);
  m.payload = std::string(1'000, '[');
  const Datagrams peer(server_->port());
  peer.send(datagram_of(m, 1, "t"));

  EXPECT_EQ(static_cast<std::uint8_t>(peer.receive()[1]), code(4, 0));
  EXPECT_EQ(handler_.count(), 0u);
}

TEST(CoapAttacks, AForgedHelloTakesNoPlaceFromOthers) {
  const TemporaryFolder folder;
  const Codecs codecs = standard_codecs();
  ServerSettings settings;
  settings.psk =
      *PskTable::load(write_keys(folder, "ae@sp 00112233445566778899aabbccddeeff CAE1\n"));
  ClientSettings client_settings;
  client_settings.psk = settings.psk->first();
  RecordingHandler handler;
  handler.answer = ok_response;
  Server server(settings, handler, codecs);
  ASSERT_TRUE(server.start());
  std::vector<std::unique_ptr<Datagrams>> crowd;
  for (int i = 0; i < 300; ++i) {
    crowd.push_back(std::make_unique<Datagrams>(server.port()));
    // A record header of a ClientHello, and no more.
    crowd.back()->send(std::string("\x16\xfe\xff\0\0\0\0\0\0\0\0\0\x0c\x01\0\0\0", 17));
  }
  Client client(client_settings, codecs);

  EXPECT_EQ(ask(client, "coaps://127.0.0.1:" + std::to_string(server.port()), retrieve()).rsc,
            Rsc::kOk);
}

struct BadKeyFile {
  std::string name, text, says;
};
class CoapKeyFiles : public testing::TestWithParam<BadKeyFile> {};

TEST_P(CoapKeyFiles, AreRefusedInWords) {
  const TemporaryFolder folder;
  const auto table = PskTable::load(write_keys(folder, GetParam().text));
  ASSERT_FALSE(table);
  EXPECT_THAT(table.error().detail, HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Rows, CoapKeyFiles,
    testing::Values(BadKeyFile{"empty", "# nothing\n", "no key"},
                    BadKeyFile{"short_key", "a 0011 CAE1\n", "16 to 64"},
                    BadKeyFile{"no_hex", "a zz CAE1\n", "hex"},
                    BadKeyFile{"no_originator", "a 00112233445566778899aabbccddeeff\n", "line 1"},
                    BadKeyFile{"any_ae", "a 00112233445566778899aabbccddeeff C\n", "\"C\""},
                    BadKeyFile{"twice",
                               "a 00112233445566778899aabbccddeeff CAE1\n"
                               "a 00112233445566778899aabbccddeeff CAE1\n",
                               "line 2"}),
    [](const auto& row) { return row.param.name; });

TEST(CoapKeyFile, ReadableForOthersIsRefused) {
  const TemporaryFolder folder;
  const std::string file = write_keys(folder, "a 00112233445566778899aabbccddeeff CAE1\n");
  std::filesystem::permissions(file, std::filesystem::perms::group_read,
                               std::filesystem::perm_options::add);
  EXPECT_FALSE(PskTable::load(file));
}

}  // namespace
}  // namespace gatehouse::coap
