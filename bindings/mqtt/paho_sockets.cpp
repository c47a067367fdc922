#include "bindings/mqtt/paho_sockets.h"

#include <dlfcn.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <numeric>
#include <span>
#include <string_view>

#include "bindings/security/foreign_tls.h"

namespace {

std::atomic<std::uint64_t> connects{0};
std::atomic<std::uint64_t> lost_writes{0};

// For TCP only. errno stays as it was.
void turn_off_nagle(int socket) {
  const int before = errno;
  int type = 0;
  socklen_t length = sizeof type;
  if (::getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_STREAM) {
    const int on = 1;
    if (::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0) {
      connects.fetch_add(1, std::memory_order_relaxed);
    }
  }
  errno = before;
}

/// Whether that code is Paho's. Slow: for failures only. errno stays as it was.
bool is_paho(const void* code) {
  const int before = errno;
  Dl_info info{};
  const bool found =
      ::dladdr(code, &info) != 0 && info.dli_fname != nullptr &&
      std::string_view(info.dli_fname).find("libpaho-mqtt3") != std::string_view::npos;
  errno = before;
  return found;
}

bool is_broken(int error) {
  return error == EPIPE || error == ECONNRESET || error == ENOTCONN || error == ETIMEDOUT;
}

using SslWrite = int (*)(ssl_st*, const void*, int);

/// OpenSSL's own.
SslWrite real_ssl_write() {
  static const auto kWrite = reinterpret_cast<SslWrite>(::dlsym(RTLD_NEXT, "SSL_write"));
  return kWrite;
}

}  // namespace

// The linker exports them from the program, because libpaho-mqtt3as.so has them undefined.
extern "C" {

__attribute__((visibility("default"))) int connect(int socket, const sockaddr* address,
                                                   socklen_t length) {
  if (address != nullptr && (address->sa_family == AF_INET || address->sa_family == AF_INET6)) {
    turn_off_nagle(socket);
  }
  return static_cast<int>(::syscall(SYS_connect, socket, address, length));
}

__attribute__((visibility("default"))) ssize_t writev(int file, const iovec* parts, int count) {
  const ssize_t written = ::syscall(SYS_writev, file, parts, count);
  if (written >= 0 || !is_broken(errno) || !is_paho(__builtin_return_address(0))) return written;
  lost_writes.fetch_add(1, std::memory_order_relaxed);
  const std::span all(parts, static_cast<std::size_t>(count));
  return std::accumulate(all.begin(), all.end(), ssize_t{0}, [](ssize_t sum, const iovec& part) {
    return sum + static_cast<ssize_t>(part.iov_len);
  });
}

__attribute__((visibility("default"))) int SSL_write(ssl_st* connection, const void* data,
                                                     int size) {
  const int written = real_ssl_write()(connection, data, size);
  if (written > 0 || gatehouse::is_unfinished(connection, written) ||
      !is_paho(__builtin_return_address(0))) {
    return written;
  }
  lost_writes.fetch_add(1, std::memory_order_relaxed);
  return size;
}

}  // extern "C"

namespace gatehouse::mqtt {

std::uint64_t connects_without_nagle() { return connects.load(std::memory_order_relaxed); }

std::uint64_t writes_into_the_void() { return lost_writes.load(std::memory_order_relaxed); }

}  // namespace gatehouse::mqtt
