#include "tests/bindings/contract/raw_tcp.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>

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

RawTcp::RawTcp(std::uint16_t port, const TlsSettings& tls) : RawTcp(port) {
  const Result<TlsContext> context = make_client_context(tls);
  if (!connected() || !context) return;
  tls_.reset(SSL_new(context->get()), [](SSL* connection) { SSL_free(connection); });
  SSL_set_fd(tls_.get(), socket_);
  if (expect_server_name(tls_.get(), "127.0.0.1") && SSL_connect(tls_.get()) == 1) {
    ::fcntl(socket_, F_SETFL, O_NONBLOCK);  // half a record is no reason to wait
    return;
  }
  ::close(socket_);
  socket_ = -1;
}

RawTcp::~RawTcp() {
  if (socket_ >= 0) ::close(socket_);
}

void RawTcp::write(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void RawTcp::say(std::string_view bytes) const {
  if (!tls_) return write(bytes);
  // OpenSSL would raise SIGPIPE where the peer has closed.
  std::signal(SIGPIPE, SIG_IGN);
  SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size()));
}

bool RawTcp::wait(int milliseconds) const {
  if (tls_ && SSL_pending(tls_.get()) > 0) return true;
  pollfd watched{socket_, POLLIN, 0};
  return ::poll(&watched, 1, milliseconds) > 0;
}

int RawTcp::read(char* buffer, int size) const {
  if (!tls_) {
    const auto got = ::recv(socket_, buffer, static_cast<std::size_t>(size), 0);
    return got > 0 ? static_cast<int>(got) : -1;
  }
  const int got = SSL_read(tls_.get(), buffer, size);
  if (got > 0) return got;
  return SSL_get_error(tls_.get(), got) == SSL_ERROR_WANT_READ ? 0 : -1;
}

bool RawTcp::hear_more(std::string& heard) const {
  if (!wait(kPatienceMilliseconds)) return false;
  char buffer[16384];
  const int got = read(buffer, sizeof buffer);
  if (got > 0) heard.append(buffer, static_cast<std::size_t>(got));
  return got >= 0;
}

bool RawTcp::is_closed() const {
  char buffer[4096];
  while (wait(kPatienceMilliseconds)) {
    if (read(buffer, sizeof buffer) < 0) return true;
  }
  return false;
}

bool RawTcp::closes_within(int milliseconds) const {
  char buffer[4096];
  return wait(milliseconds) && read(buffer, sizeof buffer) < 0;
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
