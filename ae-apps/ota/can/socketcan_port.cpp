#include <linux/can.h>
#include <linux/can/error.h>
#include <linux/can/raw.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "ae-apps/ota/can/descriptor.h"
#include "ae-apps/ota/can/port.h"

namespace gatehouse::can {
namespace {

constexpr std::chrono::seconds kSendLimit{1};
constexpr std::chrono::milliseconds kFullPause{1};
/// Of frames that wait for us: some thousand of them, as the kernel counts. A long message without
/// blocks is that many, and what does not fit is lost.
constexpr int kReceiveBytes = 4 << 20;

Frame from_kernel(const canfd_frame& raw, bool fd) {
  Frame out;
  out.extended = (raw.can_id & CAN_EFF_FLAG) != 0;
  out.id = raw.can_id & (out.extended ? CAN_EFF_MASK : CAN_SFF_MASK);
  out.fd = fd;
  out.bit_rate_switch = fd && (raw.flags & CANFD_BRS) != 0;
  out.size = std::min<std::uint8_t>(raw.len, fd ? kMaxFdBytes : kMaxClassicBytes);
  std::copy_n(raw.data, out.size, out.data.begin());
  return out;
}

class SocketCanPort final : public Port {
 public:
  explicit SocketCanPort(Descriptor socket) : socket_(std::move(socket)) {}

  Result<void> send(const Frame& frame) override {
    if (const auto fault = fault_of(frame)) return fail(Rsc::kBadRequest, *fault);
    canfd_frame raw{};
    raw.can_id = frame.id | (frame.extended ? CAN_EFF_FLAG : 0u);
    raw.len = frame.size;
    raw.flags = frame.bit_rate_switch ? CANFD_BRS : 0;
    std::copy_n(frame.data.begin(), frame.size, raw.data);
    const std::size_t length = frame.fd ? CANFD_MTU : CAN_MTU;
    const auto deadline = std::chrono::steady_clock::now() + kSendLimit;
    for (;;) {
      if (::send(socket_.get(), &raw, length, MSG_DONTWAIT) >= 0) return {};
      const bool full = errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS;
      if (!full && errno != EINTR) {
        const bool no_fd = errno == EINVAL && frame.fd;
        return fail(Rsc::kTargetNotReachable,
                    "CAN: " + (no_fd ? "the interface takes no CAN FD frames" : reason()));
      }
      if (std::chrono::steady_clock::now() >= deadline) {
        return fail(Rsc::kTargetNotReachable, "CAN: the interface takes no frames");
      }
      // ENOBUFS: the queue of the interface is full, of which poll says nothing.
      if (full) (void)wait_for(socket_.get(), 0, kFullPause);
    }
  }

  Result<std::optional<Event>> receive(std::chrono::microseconds limit) override {
    for (;;) {
      canfd_frame raw{};
      iovec part{&raw, sizeof raw};
      msghdr message{};
      message.msg_iov = &part;
      message.msg_iovlen = 1;
      const ssize_t got = ::recvmsg(socket_.get(), &message, MSG_DONTWAIT);
      if (got == CAN_MTU || got == CANFD_MTU) {
        if (const auto event = event_of(raw, got == CANFD_MTU, message.msg_flags)) return event;
        continue;
      }
      if (got >= 0 || errno == EINTR) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) {
        return fail(Rsc::kTargetNotReachable, "CAN: " + reason());
      }
      if (!wait_for(socket_.get(), POLLIN, limit)) return std::optional<Event>();
    }
  }

  int handle() const override { return socket_.get(); }

 private:
  /// nullopt: nothing that concerns us, as a remote frame.
  static std::optional<Event> event_of(const canfd_frame& raw, bool fd, int flags) {
    if ((raw.can_id & CAN_ERR_FLAG) != 0) {
      if ((raw.can_id & CAN_ERR_BUSOFF) != 0) return Event{Event::Kind::kBusOff, {}};
      if ((raw.can_id & CAN_ERR_RESTARTED) != 0) return Event{Event::Kind::kBusIsBack, {}};
      return std::nullopt;
    }
    if ((raw.can_id & CAN_RTR_FLAG) != 0) return std::nullopt;
    const bool own = (flags & MSG_CONFIRM) != 0;
    return Event{own ? Event::Kind::kSent : Event::Kind::kFrame, from_kernel(raw, fd)};
  }

  Descriptor socket_;
};

}  // namespace

Result<std::unique_ptr<Port>> open_socketcan(const std::string& interface) {
  Descriptor socket(::socket(PF_CAN, SOCK_RAW | SOCK_CLOEXEC, CAN_RAW));
  if (!socket.open()) {
    return fail(Rsc::kTargetNotReachable, "this kernel has no CAN: " + reason());
  }
  sockaddr_can name{};
  name.can_family = AF_CAN;
  name.can_ifindex = static_cast<int>(::if_nametoindex(interface.c_str()));
  const int on = 1;
  const can_err_mask_t errors = CAN_ERR_BUSOFF | CAN_ERR_RESTARTED;
  // As much as we may.
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBytes,
                   sizeof kReceiveBytes) != 0) {
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &kReceiveBytes, sizeof kReceiveBytes);
  }
  // Without FD frames where the interface has none.
  ::setsockopt(socket.get(), SOL_CAN_RAW, CAN_RAW_FD_FRAMES, &on, sizeof on);
  if (name.can_ifindex == 0 ||
      ::setsockopt(socket.get(), SOL_CAN_RAW, CAN_RAW_RECV_OWN_MSGS, &on, sizeof on) != 0 ||
      ::setsockopt(socket.get(), SOL_CAN_RAW, CAN_RAW_ERR_FILTER, &errors, sizeof errors) != 0 ||
      ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
    return fail(Rsc::kTargetNotReachable, "CAN interface " + interface + ": " + reason());
  }
  return std::unique_ptr<Port>(std::make_unique<SocketCanPort>(std::move(socket)));
}

}  // namespace gatehouse::can
