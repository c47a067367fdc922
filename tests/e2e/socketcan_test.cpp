// ISO-TP and UDS on the CAN of a real kernel, with the kernel's own ISO-TP as a peer that others
// wrote. Runs where vcan0 (CAN) and vcan1 (CAN FD) are: in the guest that socketcan_qemu_test
// boots.
#include <linux/can.h>
#include <linux/can/error.h>
#include <linux/can/isotp.h>
#include <linux/can/raw.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>

#include "ae-apps/ota/can/port.h"
#include "ae-apps/ota/isotp/client.h"
#include "tests/ae-apps/ota/ecu/program_fixture.h"

namespace gatehouse {
namespace {

using can::Event;
using can::Frame;
using can::make_frame;
using std::chrono::milliseconds;

constexpr milliseconds kLimit{20'000};
constexpr milliseconds kQuiet{100};
constexpr char kClassic[] = "vcan0";
constexpr char kFd[] = "vcan1";

std::string bus_of(bool fd) { return std::string("socketcan:") + (fd ? kFd : kClassic); }

/// A socket of the kernel's, closed with it.
class KernelSocket {
 public:
  KernelSocket(int type, int protocol)
      : fd_(::socket(PF_CAN, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol)) {
    EXPECT_GE(fd_, 0) << std::strerror(errno);
  }
  ~KernelSocket() { ::close(fd_); }
  KernelSocket(const KernelSocket&) = delete;
  KernelSocket& operator=(const KernelSocket&) = delete;
  int get() const { return fd_; }
  template <class Option>
  void set(int level, int name, const Option& option) {
    EXPECT_EQ(::setsockopt(fd_, level, name, &option, sizeof option), 0) << std::strerror(errno);
  }
  void bind(sockaddr_can name, const char* interface) {
    name.can_family = AF_CAN;
    name.can_ifindex = static_cast<int>(::if_nametoindex(interface));
    EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&name), sizeof name), 0)
        << std::strerror(errno);
  }
  bool ready(short events, milliseconds limit) const {
    pollfd one{fd_, events, 0};
    return ::poll(&one, 1, static_cast<int>(limit.count())) == 1;
  }

 private:
  int fd_;
};

/// What another program puts on vcan0, as it stands.
void inject(std::uint32_t id, std::uint8_t size) {
  KernelSocket socket(SOCK_RAW, CAN_RAW);
  socket.bind({}, kClassic);
  can_frame frame{};
  frame.can_id = id;
  frame.len = size;
  EXPECT_EQ(::send(socket.get(), &frame, sizeof frame, 0), static_cast<ssize_t>(sizeof frame));
}

std::unique_ptr<can::Port> port_on(bool fd) {
  auto opened = can::open_port(bus_of(fd));
  EXPECT_TRUE(opened) << opened.error().detail;
  return *std::move(opened);
}

Event next(can::Port& port) {
  const auto event = port.receive(kLimit);
  EXPECT_TRUE(event && *event);
  return event && *event ? **event : Event{};
}

TEST(SocketCan, CarriesFramesAndTellsTheSender) {
  const Frame frames[] = {make_frame(0x7E0, false, false, Bytes{1, 2, 3}),
                          make_frame(0x18DA10F1, true, false, Bytes(8, 0xA5)),
                          make_frame(0x000, false, false, {}),
                          make_frame(0x7FF, false, true, Bytes(64, 0x5A)),
                          make_frame(0x1FFFFFFF, true, true, Bytes(12, 7))};
  for (const Frame& frame : frames) {
    const auto one = port_on(frame.fd), two = port_on(frame.fd);

    ASSERT_TRUE(one->send(frame));

    const Event heard = next(*two);
    EXPECT_EQ(heard.kind, Event::Kind::kFrame);
    EXPECT_EQ(heard.frame, frame);
    const Event confirmed = next(*one);
    EXPECT_EQ(confirmed.kind, Event::Kind::kSent);
    EXPECT_EQ(confirmed.frame, frame);
  }
}

TEST(SocketCan, KeepsTheBitRateSwitch) {
  const auto one = port_on(true), two = port_on(true);
  Frame frame = make_frame(0x123, false, true, Bytes(48, 1));
  frame.bit_rate_switch = true;

  ASSERT_TRUE(one->send(frame));

  EXPECT_TRUE(next(*two).frame.bit_rate_switch);
}

TEST(SocketCan, SaysThatAnInterfaceTakesNoFdFrames) {
  const auto port = port_on(false);

  const auto sent = port->send(make_frame(0x123, false, true, Bytes(64, 1)));

  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().rsc, Rsc::kTargetNotReachable);
  EXPECT_NE(sent.error().detail.find("CAN FD"), std::string::npos) << sent.error().detail;
}

// A long message without blocks, while the receiver does something else.
TEST(SocketCan, KeepsThousandsOfFramesForOneWhoIsBusy) {
  const auto one = port_on(false), two = port_on(false);
  constexpr std::uint32_t kMany = 2500;
  for (std::uint32_t i = 0; i < kMany; ++i) {
    ASSERT_TRUE(one->send(make_frame(i, true, false, Bytes(8, 1))));
    ASSERT_EQ(next(*one).kind, Event::Kind::kSent);
  }

  for (std::uint32_t i = 0; i < kMany; ++i) ASSERT_EQ(next(*two).frame.id, i);
}

TEST(SocketCan, LeavesRemoteFramesAloneAndTellsOfBusOff) {
  const auto port = port_on(false);

  inject(0x123 | CAN_RTR_FLAG, 0);
  inject(CAN_ERR_FLAG | CAN_ERR_BUSOFF, CAN_ERR_DLC);
  inject(CAN_ERR_FLAG | CAN_ERR_RESTARTED, CAN_ERR_DLC);
  inject(CAN_ERR_FLAG | CAN_ERR_CRTL, CAN_ERR_DLC);
  inject(0x124, 1);

  EXPECT_EQ(next(*port).kind, Event::Kind::kBusOff);
  EXPECT_EQ(next(*port).kind, Event::Kind::kBusIsBack);
  const Event last = next(*port);
  EXPECT_EQ(last.kind, Event::Kind::kFrame);
  EXPECT_EQ(last.frame.id, 0x124u);
}

TEST(SocketCan, NamesAnInterfaceThatIsNotThere) {
  const auto opened = can::open_port("socketcan:nosuchcan0");
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().detail.find("nosuchcan0: No such device"), std::string::npos)
      << opened.error().detail;
}

/// Two ends of ISO-TP, ours and the kernel's (can-isotp), and how they talk.
struct Peering {
  std::string name;
  bool fd = false;
  bool extended_ids = false;
  std::optional<std::uint8_t> our_prefix = {}, kernel_prefix = {};
  std::uint8_t kernel_block_size = 0, kernel_st_min = 0;  ///< that the kernel asks for
  std::uint8_t our_block_size = 0, our_st_min = 0;        ///< that we ask for
  bool strict_padding = false;                            ///< both pad, the kernel checks ours
  std::size_t frame_bytes = 8;
};

constexpr std::uint32_t kOurId = 0x7E0, kKernelId = 0x7E8;

class KernelIsoTp : public uds::Transport {
 public:
  explicit KernelIsoTp(const Peering& p, std::uint32_t send_id = kKernelId,
                       std::uint32_t receive_id = kOurId)
      : peering_(p), send_id_(send_id), receive_id_(receive_id) {}

  Result<void> connect() override {
    socket_ = std::make_unique<KernelSocket>(SOCK_DGRAM, CAN_ISOTP);
    can_isotp_options options{};
    if (peering_.strict_padding) {
      options.flags |= CAN_ISOTP_TX_PADDING | CAN_ISOTP_RX_PADDING | CAN_ISOTP_CHK_PAD_LEN |
                       CAN_ISOTP_CHK_PAD_DATA;
      options.txpad_content = options.rxpad_content = 0xCC;
    }
    if (peering_.kernel_prefix) {
      options.flags |= CAN_ISOTP_EXTEND_ADDR | CAN_ISOTP_RX_EXT_ADDR;
      options.ext_address = *peering_.our_prefix;
      options.rx_ext_address = *peering_.kernel_prefix;
    }
    socket_->set(SOL_CAN_ISOTP, CAN_ISOTP_OPTS, options);
    socket_->set(SOL_CAN_ISOTP, CAN_ISOTP_RECV_FC,
                 can_isotp_fc_options{peering_.kernel_block_size, peering_.kernel_st_min, 0});
    if (peering_.fd) {
      socket_->set(
          SOL_CAN_ISOTP, CAN_ISOTP_LL_OPTS,
          can_isotp_ll_options{CANFD_MTU, static_cast<std::uint8_t>(peering_.frame_bytes), 0});
    }
    sockaddr_can name{};
    const canid_t flag = peering_.extended_ids ? CAN_EFF_FLAG : 0u;
    name.can_addr.tp.tx_id = send_id_ | flag;
    name.can_addr.tp.rx_id = receive_id_ | flag;
    socket_->bind(name, peering_.fd ? kFd : kClassic);
    return {};
  }
  void disconnect() override { socket_.reset(); }
  bool connected() const override { return socket_ != nullptr; }
  Result<void> send(ByteView uds) override {
    // The socket does not block, so that one thread can be both ends.
    if (!socket_->ready(POLLOUT, kLimit)) return fail(Rsc::kRequestTimeout, "it still sends");
    if (::send(socket_->get(), uds.data(), uds.size(), 0) == static_cast<ssize_t>(uds.size())) {
      return {};
    }
    return fail(Rsc::kTargetNotReachable, std::strerror(errno));
  }
  Result<Bytes> receive(milliseconds limit) override {
    Bytes out(9000);
    if (!socket_->ready(POLLIN, limit)) return fail(Rsc::kRequestTimeout, "nothing came in time");
    const ssize_t got = ::recv(socket_->get(), out.data(), out.size(), 0);
    if (got < 0) return fail(Rsc::kTargetNotReachable, std::strerror(errno));
    out.resize(static_cast<std::size_t>(got));
    return out;
  }

 private:
  Peering peering_;
  std::uint32_t send_id_, receive_id_;
  std::unique_ptr<KernelSocket> socket_;
};

isotp::ClientSettings our_side(const Peering& p) {
  isotp::ClientSettings out;
  out.endpoint.bus = bus_of(p.fd);
  out.endpoint.address = isotp::normal(kOurId, kKernelId);
  out.endpoint.address.extended_ids = p.extended_ids;
  // Extended addressing puts the receiver's address before everything.
  out.endpoint.address.send_prefix = p.kernel_prefix;
  out.endpoint.address.receive_prefix = p.our_prefix;
  out.endpoint.channel.shape = {p.fd, p.frame_bytes, std::uint8_t{0xCC}};
  out.endpoint.channel.block_size = p.our_block_size;
  out.endpoint.channel.st_min = p.our_st_min;
  out.endpoint.channel.in_flight = p.kernel_st_min == 0 ? 8 : 1;
  return out;
}

Bytes pattern(std::size_t size) {
  Bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::uint8_t>(i * 7 + i / 256);
  return out;
}

/// Around each limit of the encoding; the last one is the longest that the kernel takes.
constexpr std::size_t kSizes[] = {1, 5, 6, 7, 8, 12, 13, 61, 62, 63, 64, 100, 4095, 4096, 8200};

class IsoTpWithTheKernel : public testing::TestWithParam<Peering> {};

// Source: ISO 15765-2; the kernel's is net/can/isotp.c.
TEST_P(IsoTpWithTheKernel, CarriesMessagesBothWays) {
  isotp::Client ours(our_side(GetParam()));
  KernelIsoTp kernel(GetParam());
  ASSERT_TRUE(ours.connect());
  ASSERT_TRUE(kernel.connect());
  for (const std::size_t size : kSizes) {
    const Bytes message = pattern(size);

    const auto sent = ours.send(message);
    ASSERT_TRUE(sent) << size << ": " << sent.error().detail;
    const auto there = kernel.receive(kLimit);
    ASSERT_TRUE(there) << size << ": " << there.error().detail;
    EXPECT_EQ(*there, message) << size;

    ASSERT_TRUE(kernel.send(message)) << size;
    const auto back = ours.receive(kLimit);
    ASSERT_TRUE(back) << size << ": " << back.error().detail;
    EXPECT_EQ(*back, message) << size;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Peerings, IsoTpWithTheKernel,
    testing::Values(Peering{"Classic"}, Peering{.name = "ClassicPadded", .strict_padding = true},
                    Peering{.name = "Classic29Bits", .extended_ids = true},
                    Peering{.name = "ClassicExtended", .our_prefix = 0xF1, .kernel_prefix = 0x10},
                    Peering{.name = "KernelPaces", .kernel_block_size = 8, .kernel_st_min = 0xF2},
                    Peering{.name = "WePace", .our_block_size = 5, .our_st_min = 0xF3},
                    Peering{.name = "Fd64", .fd = true, .frame_bytes = 64},
                    Peering{.name = "Fd20Paced",
                            .fd = true,
                            .kernel_block_size = 3,
                            .our_block_size = 7,
                            .frame_bytes = 20},
                    Peering{.name = "Fd29BitsMixed",
                            .fd = true,
                            .extended_ids = true,
                            .our_prefix = 0x55,
                            .kernel_prefix = 0x55,
                            .frame_bytes = 64}),
    [](const auto& peering) { return peering.param.name; });

TEST(IsoTp, SaysThatNobodyGaveAFlowControl) {
  isotp::ClientSettings settings = our_side({});
  settings.endpoint.channel.n_bs = milliseconds(100);
  isotp::Client alone(settings);
  ASSERT_TRUE(alone.connect());

  const auto sent = alone.send(pattern(20));

  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().rsc, Rsc::kRequestTimeout);
}

/// gatehouse-ecu on a CAN of the kernel's.
class EcuOnSocketCan : public ecu::EcuProgram {
 protected:
  std::vector<std::string> on(bool fd) {
    return arguments(fd ? std::vector<std::string>{"--can", bus_of(true), "--can-fd"}
                        : std::vector<std::string>{"--can", bus_of(false)});
  }
  static isotp::ClientSettings tester(bool fd) {
    isotp::EcuOnBus place;
    place.bus = bus_of(fd);
    place.fd = fd;
    return {isotp::tester_side(place)};
  }
  /// From 1.0.0 to 1.1.0, and it stays so.
  void update(uds::Transport& transport, std::size_t padding) {
    uds::Flasher flasher(transport, flasher_settings());
    const auto before = flasher.inventory();
    ASSERT_TRUE(before) << before.error().text;
    ASSERT_EQ(before->version, "1.0.0");

    const auto flashed = flash(flasher, ecu::script_image("1.1.0", 2,
                                                          "echo self-test ok\nexec sleep 600\n#" +
                                                              std::string(padding, 'x')));
    ASSERT_TRUE(flashed) << flashed.error().text;
    const auto back = flasher.reset_and_wait(kLimit);
    ASSERT_TRUE(back) << back.error().text;

    EXPECT_EQ(flasher.inventory()->version, "1.1.0");
  }
};

TEST_F(EcuOnSocketCan, IsUpdatedOverCan) {
  const ecu::Program program(on(false));
  isotp::Client transport(tester(false));
  update(transport, 60'000);
}

TEST_F(EcuOnSocketCan, IsUpdatedOverCanFd) {
  const ecu::Program program(on(true));
  isotp::Client transport(tester(true));
  update(transport, 400'000);
}

// A tester that shares no line of ISO-TP with the ECU. The image is small: the kernel's messages
// end at 8200 bytes.
TEST_F(EcuOnSocketCan, IsUpdatedThroughTheKernelsIsoTp) {
  const ecu::Program program(on(true));
  KernelIsoTp transport({.name = "Fd64", .fd = true, .frame_bytes = 64}, kOurId, kKernelId);
  update(transport, 4000);
}

TEST_F(EcuOnSocketCan, ComesBackWithItsInterface) {
  const ecu::Program program(on(false));
  isotp::Client transport(tester(false));
  uds::Flasher flasher(transport, flasher_settings());
  ASSERT_TRUE(flasher.inventory());

  ASSERT_EQ(std::system("ip link del vcan0"), 0);
  EXPECT_FALSE(transport.receive(kQuiet)) << "the interface is gone";
  ASSERT_EQ(
      std::system(
          "ip link add dev vcan0 type vcan && ip link set vcan0 mtu 16 && ip link set vcan0 up"),
      0);

  // It opens its place on the bus again by itself, soon; until then nobody answers.
  uds::FlasherSettings patient = flasher_settings();
  patient.client.p2 = kQuiet;
  uds::Flasher again(transport, patient);
  const auto deadline = std::chrono::steady_clock::now() + kLimit;
  uds::Diagnosis<uds::Inventory> inventory = again.inventory();
  while (!inventory && std::chrono::steady_clock::now() < deadline) inventory = again.inventory();
  ASSERT_TRUE(inventory) << inventory.error().text;
  EXPECT_EQ(inventory->version, "1.0.0");
}

}  // namespace
}  // namespace gatehouse
