#include "ae-apps/ota/uds/socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace gatehouse::doip {
namespace {

using Clock = std::chrono::steady_clock;

std::string reason() { return std::strerror(errno); }

bool fill(sockaddr_in& out, const std::string& address, std::uint16_t port) {
  out = {};
  out.sin_family = AF_INET;
  out.sin_port = htons(port);
  const std::string& numeric = address == "localhost" ? "127.0.0.1" : address;
  return ::inet_pton(AF_INET, numeric.c_str(), &out.sin_addr) == 1;
}

/// Waits until the socket is ready or the deadline has passed.
bool wait_for(int fd, short events, Clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd item{fd, events, 0};
    const int ready = ::poll(&item, 1, static_cast<int>(std::max<long>(left.count(), 0)));
    if (ready > 0) return true;
    if (ready == 0 && left.count() <= 0) return false;
    if (ready < 0 && errno != EINTR) return false;
  }
}

Result<Socket> bound(int type, const std::string& address, std::uint16_t port) {
  sockaddr_in name{};
  if (!fill(name, address, port)) return fail(Rsc::kBadRequest, address + " is no IPv4 address");
  Socket socket(::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  if (type == SOCK_STREAM) ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (!socket.open() ||
      ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
    return fail(Rsc::kInternalServerError, "port " + std::to_string(port) + ": " + reason());
  }
  return socket;
}

}  // namespace

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = other.release();
  }
  return *this;
}

void Socket::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

int Socket::release() { return std::exchange(fd_, -1); }

Result<Socket> listen_on(const std::string& address, std::uint16_t port) {
  Result<Socket> socket = bound(SOCK_STREAM, address, port);
  if (socket && ::listen(socket->get(), 16) != 0) {
    return fail(Rsc::kInternalServerError, "port " + std::to_string(port) + ": " + reason());
  }
  return socket;
}

Result<Socket> datagrams_on(const std::string& address, std::uint16_t port) {
  return bound(SOCK_DGRAM, address, port);
}

std::uint16_t port_of(const Socket& socket) {
  sockaddr_in name{};
  socklen_t length = sizeof name;
  if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&name), &length) != 0) return 0;
  return ntohs(name.sin_port);
}

Result<Socket> connect_to(const std::string& address, std::uint16_t port,
                          std::chrono::milliseconds limit) {
  sockaddr_in name{};
  if (!fill(name, address, port)) return fail(Rsc::kBadRequest, address + " is no IPv4 address");
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const std::string where = address + ":" + std::to_string(port);
  if (!socket.open()) return fail(Rsc::kTargetNotReachable, where + ": " + reason());
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
    if (errno != EINPROGRESS) return fail(Rsc::kTargetNotReachable, where + ": " + reason());
    if (!wait_for(socket.get(), POLLOUT, Clock::now() + limit)) {
      return fail(Rsc::kTargetNotReachable, where + ": no answer in time");
    }
    int error = 0;
    socklen_t length = sizeof error;
    ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0) return fail(Rsc::kTargetNotReachable, where + ": " + std::strerror(error));
  }
  return socket;
}

Result<void> send_all(int fd, ByteView bytes, std::chrono::milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!wait_for(fd, POLLOUT, deadline)) {
        return fail(Rsc::kTargetNotReachable, "the peer takes no bytes");
      }
    } else if (errno != EINTR) {
      return fail(Rsc::kTargetNotReachable, "sending: " + reason());
    }
  }
  return {};
}

Result<Bytes> receive_some(int fd, std::chrono::milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  Bytes buffer(64 * 1024);
  for (;;) {
    const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (got > 0) {
      buffer.resize(static_cast<std::size_t>(got));
      return buffer;
    }
    if (got == 0) return fail(Rsc::kTargetNotReachable, "the peer closed the connection");
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!wait_for(fd, POLLIN, deadline))
        return fail(Rsc::kRequestTimeout, "nothing came in time");
    } else if (errno != EINTR) {
      return fail(Rsc::kTargetNotReachable, "receiving: " + reason());
    }
  }
}

}  // namespace gatehouse::doip
