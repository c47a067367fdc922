// The virtual bus over its real socket, and what SocketCAN says where there is none.
#include "ae-apps/ota/can/port.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ae-apps/ota/can/bus_server.h"
#include "tests/ae-apps/ota/temporary_folder.h"

namespace gatehouse::can {
namespace {

using std::chrono::seconds;

class VirtualBus : public testing::Test {
 protected:
  void SetUp() override {
    BusServerSettings settings;
    settings.path = folder / "can0";
    settings.bus.rates = {10'000'000, 10'000'000};
    auto started = BusServer::start(settings);
    ASSERT_TRUE(started) << started.error().detail;
    server = *std::move(started);
  }
  std::unique_ptr<Port> port() {
    auto opened = open_port("virtual:" + (folder / "can0"));
    EXPECT_TRUE(opened);
    return *std::move(opened);
  }
  static Event next(Port& port) {
    const auto event = port.receive(seconds(20));
    EXPECT_TRUE(event && *event);
    return event && *event ? **event : Event{};
  }

  const TemporaryFolder folder;
  std::unique_ptr<BusServer> server;
};

TEST_F(VirtualBus, CarriesFramesAndTellsTheSender) {
  const auto one = port(), two = port();
  const Frame frame = make_frame(0x7E0, false, false, Bytes{1, 2, 3});

  ASSERT_TRUE(one->send(frame));

  EXPECT_EQ(next(*two).frame, frame);
  const Event confirmed = next(*one);
  EXPECT_EQ(confirmed.kind, Event::Kind::kSent);
  EXPECT_EQ(confirmed.frame, frame);
}

TEST_F(VirtualBus, HoldsBackANodeThatSaysMoreThanTheBusTakes) {
  const auto one = port(), two = port();
  constexpr int kMany = 500;  // the queue of a node holds 64

  for (int i = 0; i < kMany; ++i) {
    ASSERT_TRUE(one->send(make_frame(static_cast<std::uint32_t>(i), false, true, Bytes(64, 1))));
  }

  for (int i = 0; i < kMany; ++i) {
    ASSERT_EQ(next(*two).frame.id, static_cast<std::uint32_t>(i));
  }
}

TEST_F(VirtualBus, GoesOnWhenANodeLeaves) {
  auto one = port();
  const auto two = port(), three = port();
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(one->send(make_frame(1, false, true, Bytes(64, 1))));
    if (i == 100) one = port();
  }
  ASSERT_TRUE(two->send(make_frame(2, false, false, {})));

  std::uint32_t last = 0;
  while (last != 2) last = next(*three).frame.id;

  EXPECT_EQ(last, 2u);
}

TEST_F(VirtualBus, SaysWhenItIsGone) {
  const auto one = port();

  server->stop();

  const auto event = one->receive(seconds(20));
  ASSERT_FALSE(event);
  EXPECT_EQ(event.error().rsc, Rsc::kTargetNotReachable);
  EXPECT_FALSE(open_virtual(folder / "can0"));
}

TEST_F(VirtualBus, IsForItsOwnerOnly) {
  struct stat facts {};
  ASSERT_EQ(::stat((folder / "can0").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
}

TEST_F(VirtualBus, TakesNoSecondOneAtItsPlace) {
  BusServerSettings settings;
  settings.path = folder / "can0";
  const auto second = BusServer::start(settings);
  ASSERT_FALSE(second);
  EXPECT_TRUE(open_virtual(folder / "can0")) << "the first one goes on";
}

TEST(Port, TakesThePlaceOfABusThatWasKilled) {
  const TemporaryFolder folder;
  const std::string path = folder / "can0";
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  path.copy(name.sun_path, sizeof name.sun_path - 1);
  const int socket = ::socket(AF_UNIX, SOCK_SEQPACKET, 0);
  ASSERT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
  ::close(socket);  // and its file stays
  BusServerSettings settings;
  settings.path = path;

  const auto started = BusServer::start(settings);

  ASSERT_TRUE(started) << started.error().detail;
  EXPECT_TRUE(open_virtual(path));
}

TEST(Port, NamesWhatIsWrong) {
  const auto nonsense = open_port("can0");
  ASSERT_FALSE(nonsense);
  EXPECT_EQ(nonsense.error().rsc, Rsc::kBadRequest);
  const auto socketcan = open_port("socketcan:nosuchcan0");
  ASSERT_FALSE(socketcan);
  EXPECT_NE(socketcan.error().detail.find("CAN"), std::string::npos) << socketcan.error().detail;
  EXPECT_FALSE(open_port("virtual:" + std::string(200, 'x')));
}

}  // namespace
}  // namespace gatehouse::can
