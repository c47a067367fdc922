// DoIP over real sockets of the loopback interface.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "ae-apps/ota/uds/client.h"
#include "ae-apps/ota/uds/doip_client.h"
#include "ae-apps/ota/uds/doip_server.h"
#include "ae-apps/ota/uds/socket.h"
#include "tests/ae-apps/ota/uds/tester_pki.h"

namespace gatehouse::doip {
namespace {

using std::chrono::milliseconds;

class Echo final : public uds::EcuServices, public uds::AccessMemory {
 public:
  uds::Outcome read_identifier(uds::Did did) override {
    if (did == uds::kDidSerial) return Bytes(60'000, 0x55);
    return bytes_of("WGATEHOUSE0000001");
  }
  std::optional<uds::Access> access_to_write(uds::Did) const override { return std::nullopt; }
  uds::Outcome write_identifier(uds::Did, ByteView) override { return Bytes{}; }
  std::optional<uds::Access> access_to_routine(uds::RoutineId) const override {
    return std::nullopt;
  }
  uds::Outcome start_routine(uds::RoutineId, ByteView, const Pending&) override { return Bytes{}; }
  std::optional<uds::Nrc> begin_download(const uds::Download&) override { return std::nullopt; }
  std::optional<uds::Nrc> store(ByteView) override { return std::nullopt; }
  std::optional<uds::Nrc> end_download() override { return std::nullopt; }
  void abandon_download() override {}
  unsigned failed_attempts() const override { return 0; }
  bool store_failed_attempts(unsigned) override { return true; }
};

class Loopback : public testing::Test {
 protected:
  void SetUp() override {
    ServerSettings settings;
    settings.port = 0;
    settings.entity.identity.vin = "WGATEHOUSE0000001";
    settings.entity.identity.logical_address = 0x1010;
    settings.entity.max_testers = 1;
    auto started = TcpServer::start(settings, uds, [this] { ++resets; });
    ASSERT_TRUE(started) << started.error().detail;
    server = *std::move(started);
  }
  ClientSettings client_settings(Address tester = 0x0E00) {
    ClientSettings settings;
    settings.port = server->port();
    settings.tester = tester;
    return settings;
  }

  Echo ecu;
  crypto::SystemRandom random;
  uds::Server uds{uds::ServerSettings{}, uds::steady_clock(), random, Bytes(16, 1), ecu, ecu};
  std::atomic<int> resets{0};
  std::unique_ptr<TcpServer> server;
};

TEST_F(Loopback, CarriesRequestsAndLongAnswers) {
  Client transport(client_settings());
  ASSERT_TRUE(transport.connect());
  uds::Client client(transport, {});

  EXPECT_EQ(client.read(uds::kDidVin), bytes_of("WGATEHOUSE0000001"));
  EXPECT_EQ(client.read(uds::kDidSerial)->size(), 60'000u);
}

TEST_F(Loopback, RefusesAnUnknownTester) {
  Client transport(client_settings(0x0ABC));

  const auto connected = transport.connect();

  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().rsc, Rsc::kOriginatorHasNoPrivilege);
  EXPECT_NE(connected.error().detail.find("unknown source address"), std::string::npos);
}

TEST_F(Loopback, NamesAnUnknownTarget) {
  ClientSettings settings = client_settings();
  settings.ecu = 0x2020;
  Client transport(settings);
  ASSERT_TRUE(transport.connect());

  const auto sent = transport.send(Bytes{0x3E, 0x00});

  ASSERT_FALSE(sent);
  EXPECT_NE(sent.error().detail.find("unknown target address"), std::string::npos);
}

TEST_F(Loopback, LetsTheSecondTesterInWhenTheFirstIsSilent) {
  Client first(client_settings());
  ASSERT_TRUE(first.connect());
  Client second(client_settings(0x0E80));

  ASSERT_TRUE(second.connect()) << "the first does not answer the alive check";

  EXPECT_EQ(first.receive(milliseconds(20'000)).error().rsc, Rsc::kTargetNotReachable);
}

TEST_F(Loopback, KeepsTheFirstTesterThatAnswersTheAliveCheck) {
  Client first(client_settings());
  ASSERT_TRUE(first.connect());
  Result<void> second_result;
  std::thread second([&] { second_result = Client(client_settings(0x0E80)).connect(); });
  // Answers the alive check meanwhile; no response is due, so it ends when the second one is done.
  std::atomic<bool> done{false};
  std::thread listener([&] {
    while (!done) (void)first.receive(milliseconds(20));
  });
  second.join();
  done = true;
  listener.join();

  ASSERT_FALSE(second_result);
  EXPECT_NE(second_result.error().detail.find("all sockets in use"), std::string::npos);
  EXPECT_TRUE(uds::Client(first, {}).read(uds::kDidVin));
}

TEST_F(Loopback, ClosesAndBootsOnReset) {
  Client transport(client_settings());
  ASSERT_TRUE(transport.connect());
  uds::Client client(transport, {});
  ASSERT_TRUE(client.session(uds::Session::kExtended));
  ASSERT_TRUE(client.unlock(0x11, Bytes(16, 1)));

  ASSERT_TRUE(client.reset());

  EXPECT_EQ(transport.receive(milliseconds(20'000)).error().rsc, Rsc::kTargetNotReachable);
  ASSERT_TRUE(transport.connect());
  EXPECT_EQ(client.read(uds::kDidActiveSession), Bytes{1});
  EXPECT_EQ(resets, 1);
}

TEST_F(Loopback, SaysWhoItIsByDatagram) {
  const auto identity = identify("127.0.0.1", server->port(), milliseconds(20'000));

  ASSERT_TRUE(identity) << identity.error().detail;
  EXPECT_EQ(identity->vin, "WGATEHOUSE0000001");
}

TEST_F(Loopback, ClosesOnGarbage) {
  const auto socket = connect_to("127.0.0.1", server->port(), milliseconds(2000)).value().release();
  const Socket owner(socket);
  ASSERT_TRUE(send_all(socket, view_of("GET / HTTP/1.1\r\n\r\n"), milliseconds(2000)));

  const auto nack = receive_some(socket, milliseconds(20'000));
  const auto end = receive_some(socket, milliseconds(20'000));

  EXPECT_EQ(to_hex(nack.value()), "02fd00000000000100");
  EXPECT_EQ(end.error().rsc, Rsc::kTargetNotReachable);
}

TEST_F(Loopback, StopsWithATesterConnected) {
  Client transport(client_settings());
  ASSERT_TRUE(transport.connect());

  server->stop();

  EXPECT_EQ(transport.receive(milliseconds(20'000)).error().rsc, Rsc::kTargetNotReachable);
  EXPECT_FALSE(transport.connect());
  server->stop();
}

// --- several testers, TLS, announcements, nuisance -------------------------------------------

class Network : public Loopback {
 protected:
  void SetUp() override {
    ecus.issue("brake", pki::Kind::kServer);
    testers.issue("workshop");
  }
  void start(const std::function<void(ServerSettings&)>& change = {}) {
    ServerSettings settings;
    settings.port = settings.tls_port = 0;
    settings.entity.identity = {"WGATEHOUSE0000001", 0x1010, {}, {}};
    settings.tls = ecus.tls("brake", testers);
    if (change) change(settings);
    auto started = TcpServer::start(
        settings, uds, [this] { ++resets; },
        [this](const Entity::Counters& counters) { refused = counters.all(); });
    ASSERT_TRUE(started) << started.error().detail;
    server = *std::move(started);
  }
  ClientSettings over_tls(const TesterPki& own, const std::string& name) {
    ClientSettings settings;
    settings.port = server->tls_port();
    settings.tls = own.tls(name, ecus);
    settings.activation_limit = milliseconds(20'000);
    return settings;
  }
  void wait_for_refusals(std::uint64_t count) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (refused < count && std::chrono::steady_clock::now() < deadline) {
      (void)identify("127.0.0.1", server->port(), milliseconds(50));
    }
    EXPECT_GE(refused, count);
  }

  TesterPki ecus, testers;
  std::atomic<std::uint64_t> refused{0};
};

TEST_F(Network, CarriesRequestsAndLongAnswersOverTls) {
  start();
  Client transport(over_tls(testers, "workshop"));
  const auto connected = transport.connect();
  ASSERT_TRUE(connected) << connected.error().detail;
  uds::Client client(transport, {});

  EXPECT_EQ(client.read(uds::kDidVin), bytes_of("WGATEHOUSE0000001"));
  EXPECT_EQ(client.read(uds::kDidSerial)->size(), 60'000u);
}

TEST_F(Network, TakesNobodyWhoseCertificateIsNotTrusted) {
  TesterPki strangers;
  strangers.issue("workshop");
  start();

  EXPECT_FALSE(Client(over_tls(strangers, "workshop")).connect());
  ClientSettings plain;
  plain.port = server->tls_port();
  EXPECT_FALSE(Client(plain).connect()) << "no TLS at all";

  wait_for_refusals(2);
}

TEST_F(Network, SendsTestersWithoutTlsThere) {
  start([](ServerSettings& settings) { settings.entity.require_tls = true; });
  Client plain(client_settings());

  const auto connected = plain.connect();

  ASSERT_FALSE(connected);
  EXPECT_NE(connected.error().detail.find("TLS"), std::string::npos) << connected.error().detail;
  EXPECT_TRUE(Client(over_tls(testers, "workshop")).connect());
}

TEST_F(Network, ServesSeveralTestersAtOnce) {
  start();
  Client one(client_settings()), two(client_settings(0x0E80)), three(client_settings(0x0F00));
  ASSERT_TRUE(one.connect() && two.connect() && three.connect());
  uds::Client first(one, {}), second(two, {});
  EXPECT_TRUE(first.read(uds::kDidVin));
  EXPECT_TRUE(second.read(uds::kDidVin));
  ASSERT_TRUE(first.session(uds::Session::kExtended));

  uds::ClientSettings impatient;
  impatient.max_busy = 0;
  const auto busy = uds::Client(two, impatient).read(uds::kDidVin);

  ASSERT_FALSE(busy);
  EXPECT_EQ(busy.error().nrc, uds::Nrc::kBusyRepeatRequest);
  ASSERT_TRUE(first.session(uds::Session::kDefault));
  EXPECT_TRUE(second.read(uds::kDidVin));
}

TEST_F(Network, SaysByItselfThatItIsThere) {
  // The port of a socket that is closed again: nobody else gets it so soon.
  const std::uint16_t port = port_of(datagrams_on("127.0.0.1", 0).value());
  Result<Identity> heard = fail(Rsc::kNotFound, "nothing");
  std::thread listener(
      [&] { heard = await_announcement("127.0.0.1", port, milliseconds(20'000)); });
  start([port](ServerSettings& settings) {
    settings.announce = Announcement{"127.0.0.1", port, 200, milliseconds(0), milliseconds(50)};
  });
  listener.join();

  ASSERT_TRUE(heard) << heard.error().detail;
  EXPECT_EQ(heard->vin, "WGATEHOUSE0000001");
}

TEST_F(Network, ShutsOutAnAddressThatOnlySaysGarbage) {
  start([](ServerSettings& settings) { settings.entity.max_faults = 3; });
  for (int i = 0; i < 4; ++i) {
    const Socket socket(connect_to("127.0.0.1", server->port(), milliseconds(2000))->release());
    ASSERT_TRUE(send_all(socket.get(), Bytes(8, 0xEE), milliseconds(2000)));
    (void)receive_some(socket.get(), milliseconds(20'000));
  }

  EXPECT_FALSE(Client(client_settings()).connect()) << "even with a good request";
  wait_for_refusals(5);
}

TEST_F(Loopback, TakesNoPortThatIsInUse) {
  ServerSettings settings;
  settings.port = server->port();

  const auto second = TcpServer::start(settings, uds, [] {});

  ASSERT_FALSE(second);
  EXPECT_NE(second.error().detail.find("port"), std::string::npos);
}

}  // namespace
}  // namespace gatehouse::doip
