#include "bindings/mqtt/tcp_nodelay.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

namespace {

std::atomic<std::uint64_t> connects{0};

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

}  // namespace

// The linker exports it from the program, because libpaho-mqtt3as.so has an undefined connect().
extern "C" __attribute__((visibility("default"))) int connect(int socket, const sockaddr* address,
                                                              socklen_t length) {
  if (address != nullptr && (address->sa_family == AF_INET || address->sa_family == AF_INET6)) {
    turn_off_nagle(socket);
  }
  return static_cast<int>(::syscall(SYS_connect, socket, address, length));
}

namespace gatehouse::mqtt {

std::uint64_t connects_without_nagle() { return connects.load(std::memory_order_relaxed); }

}  // namespace gatehouse::mqtt
