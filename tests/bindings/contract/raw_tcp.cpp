#include "tests/bindings/contract/raw_tcp.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace gatehouse::contract {
namespace {

constexpr int kPatienceMilliseconds = 10'000;

/// Big-endian, in so many bytes.
std::string bytes_of(std::uint64_t number, int count) {
  std::string text;
  for (int shift = 8 * (count - 1); shift >= 0; shift -= 8) {
    text += static_cast<char>(number >> shift & 0xff);
  }
  return text;
}

}  // namespace

RawTcp::RawTcp(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return;
  ::close(socket_);
  socket_ = -1;
}

RawTcp::~RawTcp() {
  if (socket_ >= 0) ::close(socket_);
}

void RawTcp::say(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

bool RawTcp::hear_more(std::string& heard) const {
  pollfd watched{socket_, POLLIN, 0};
  if (::poll(&watched, 1, kPatienceMilliseconds) <= 0) return false;
  char buffer[16384];
  const ssize_t got = ::recv(socket_, buffer, sizeof buffer, 0);
  if (got > 0) heard.append(buffer, static_cast<std::size_t>(got));
  return got > 0;
}

bool RawTcp::is_closed() const {
  for (;;) {
    pollfd watched{socket_, POLLIN, 0};
    if (::poll(&watched, 1, kPatienceMilliseconds) <= 0) return false;
    char buffer[4096];
    if (::recv(socket_, buffer, sizeof buffer, 0) <= 0) return true;
  }
}

bool RawTcp::closes_within(int milliseconds) const {
  pollfd watched{socket_, POLLIN, 0};
  if (::poll(&watched, 1, milliseconds) <= 0) return false;
  char buffer[4096];
  return ::recv(socket_, buffer, sizeof buffer, 0) <= 0;
}

std::string websocket_frame(unsigned char opcode, std::string_view payload) {
  constexpr unsigned char kFinal = 0x80, kMasked = 0x80;
  std::string frame(1, static_cast<char>(kFinal | opcode));
  if (payload.size() < 126) {
    frame += static_cast<char>(kMasked | payload.size());
  } else if (payload.size() < 65'536) {
    (frame += static_cast<char>(kMasked | 126)) += bytes_of(payload.size(), 2);
  } else {
    (frame += static_cast<char>(kMasked | 127)) += bytes_of(payload.size(), 8);
  }
  frame += std::string(4, '\0');
  return frame.append(payload);
}

std::string websocket_upgrade(const std::string& codec) {
  return "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Protocol: oneM2M." +
         codec + "\r\n\r\n";
}

std::string coap_tcp_message(unsigned char code, std::string_view options,
                             std::string_view payload) {
  const std::size_t length = options.size() + (payload.empty() ? 0 : 1 + payload.size());
  std::string message;
  if (length < 13) {
    message += static_cast<char>(length << 4);
  } else if (length < 269) {
    (message += '\xd0') += bytes_of(length - 13, 1);
  } else if (length < 65'805) {
    (message += '\xe0') += bytes_of(length - 269, 2);
  } else {
    (message += '\xf0') += bytes_of(length - 65'805, 4);
  }
  message += static_cast<char>(code);
  message += options;
  if (!payload.empty()) (message += '\xff').append(payload);
  return message;
}

}  // namespace gatehouse::contract
