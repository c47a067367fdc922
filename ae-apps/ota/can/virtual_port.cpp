#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "ae-apps/ota/can/descriptor.h"
#include "ae-apps/ota/can/virtual_wire.h"

namespace gatehouse::can {
namespace {

constexpr std::chrono::seconds kSendLimit{1};

class VirtualPort final : public Port {
 public:
  explicit VirtualPort(Descriptor socket) : socket_(std::move(socket)) {}

  Result<void> send(const Frame& frame) override {
    if (const auto fault = fault_of(frame)) return fail(Rsc::kBadRequest, *fault);
    const Bytes packet = encode_event({Event::Kind::kFrame, frame});
    for (;;) {
      if (::send(socket_.get(), packet.data(), packet.size(), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
        return {};
      if (errno == EAGAIN || errno == EWOULDBLOCK) {
        if (!wait_for(socket_.get(), POLLOUT, kSendLimit)) {
          return fail(Rsc::kTargetNotReachable, "the virtual bus takes no frames");
        }
      } else if (errno != EINTR) {
        return fail(Rsc::kTargetNotReachable, "the virtual bus is gone: " + reason());
      }
    }
  }

  Result<std::optional<Event>> receive(std::chrono::microseconds limit) override {
    std::uint8_t packet[kMaxPacketBytes];
    for (;;) {
      const ssize_t got = ::recv(socket_.get(), packet, sizeof packet, MSG_DONTWAIT);
      if (got == 0) return fail(Rsc::kTargetNotReachable, "the virtual bus was closed");
      if (got > 0) {
        // What is no event comes from no bus of ours: as if it had not been.
        if (const auto event = decode_event({packet, static_cast<std::size_t>(got)})) return event;
        continue;
      }
      if (errno == EAGAIN || errno == EWOULDBLOCK) {
        if (!wait_for(socket_.get(), POLLIN, limit)) return std::optional<Event>();
      } else if (errno != EINTR) {
        return fail(Rsc::kTargetNotReachable, "the virtual bus is gone: " + reason());
      }
    }
  }

  int handle() const override { return socket_.get(); }

 private:
  Descriptor socket_;
};

}  // namespace

Result<std::unique_ptr<Port>> open_virtual(const std::string& path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.size() >= sizeof name.sun_path) {
    return fail(Rsc::kBadRequest, "the path of the virtual bus is too long");
  }
  std::memcpy(name.sun_path, path.c_str(), path.size() + 1);
  Descriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!socket.open() ||
      ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
    return fail(Rsc::kTargetNotReachable, "the virtual bus cannot be reached: " + reason());
  }
  return std::unique_ptr<Port>(std::make_unique<VirtualPort>(std::move(socket)));
}

}  // namespace gatehouse::can
