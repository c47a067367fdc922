#include "certs/sim/reader.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>

namespace gatehouse::sim {
namespace {

constexpr std::uint8_t kPowerOff = 0, kPowerOn = 1, kReset = 2, kAnswerToReset = 4;
constexpr std::chrono::milliseconds kPatience{10'000};  // within a message
constexpr int kForEver = -1;

class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

tl::unexpected<Error> unreachable(const ReaderAddress& address, const std::string& why) {
  return fail(Rsc::kTargetNotReachable,
              "the reader at " + address.host + ":" + address.port + ": " + why);
}

int connected_to(const ReaderAddress& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &found) != 0) return -1;
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    const int descriptor =
        ::socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC, one->ai_protocol);
    if (descriptor < 0) continue;
    if (::connect(descriptor, one->ai_addr, one->ai_addrlen) == 0) {
      const int yes = 1;
      ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
      return descriptor;
    }
    ::close(descriptor);
  }
  return -1;
}

/// The reader sends a length and its message separately, and the second only when the first is
/// acknowledged: without this each command takes 40 ms. Holds until the next bytes come.
void acknowledge_now(int descriptor) {
  const int yes = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_QUICKACK, &yes, sizeof yes);
}

/// All of `into`, waiting at most so long for each piece. How many bytes came before the end.
std::size_t receive(int descriptor, std::span<std::uint8_t> into, int wait_ms) {
  std::size_t done = 0;
  while (done < into.size()) {
    pollfd ready{descriptor, POLLIN, 0};
    const int count = ::poll(&ready, 1, done == 0 ? wait_ms : static_cast<int>(kPatience.count()));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    const ssize_t got = ::recv(descriptor, into.data() + done, into.size() - done, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
    acknowledge_now(descriptor);
  }
  return done;
}

bool send_all(int descriptor, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

Bytes framed(const Bytes& message) {
  Bytes out = {static_cast<std::uint8_t>(message.size() >> 8),
               static_cast<std::uint8_t>(message.size())};
  out.insert(out.end(), message.begin(), message.end());
  return out;
}

}  // namespace

Result<ReaderAddress> reader_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const std::string_view port = colon == text.npos ? "" : text.substr(colon + 1);
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty() || port.empty() || port.size() > 5 ||
      port.find_first_not_of("0123456789") != port.npos) {
    return fail(Rsc::kBadRequest, "a reader is given as HOST:PORT, such as 127.0.0.1:35963");
  }
  return ReaderAddress{std::string(host), std::string(port)};
}

std::optional<Bytes> respond(Card& card, ByteView message) {
  if (message.size() != 1) return card.transmit(message);
  switch (message[0]) {
    case kPowerOff:
    case kPowerOn:
    case kReset:
      card.reset();
      return std::nullopt;
    case kAnswerToReset:
      return Card::answer_to_reset();
    default:
      return std::nullopt;  // a control that this reader knows and this card does not
  }
}

Result<void> stay_in_reader(Card& card, const ReaderAddress& address) {
  const Socket socket(connected_to(address));
  if (socket.get() < 0) return unreachable(address, "nobody listens there");
  card.reset();
  while (true) {
    std::array<std::uint8_t, 2> length{};
    const std::size_t got = receive(socket.get(), length, kForEver);
    if (got == 0) return {};  // taken out
    Bytes message(static_cast<std::size_t>(length[0]) << 8 | length[1]);
    if (got != length.size() || message.empty() ||
        receive(socket.get(), message, static_cast<int>(kPatience.count())) != message.size()) {
      return unreachable(address, "it stopped in the middle of a message");
    }
    const auto reply = respond(card, message);
    if (reply && !send_all(socket.get(), framed(*reply))) {
      return unreachable(address, "it takes no answer");
    }
  }
}

}  // namespace gatehouse::sim
