#include <sys/socket.h>

#include <algorithm>

// libcoap lets five connections wait to be accepted: a sixth client waits a second or more until it
// says hello again, and a few who do nothing else keep the others out. There is no setting for it,
// so listen() is wrapped (linker option --wrap).
extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier): the names that the linker wants
int __real_listen(int socket, int backlog);
int __wrap_listen(int socket, int backlog) {
  constexpr int kWaiting = 1024;  // the system has a limit of its own
  return __real_listen(socket, std::max(backlog, kWaiting));
}
// NOLINTEND(bugprone-reserved-identifier)
}
