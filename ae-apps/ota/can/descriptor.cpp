#include "ae-apps/ota/can/descriptor.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace gatehouse::can {

Descriptor::Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

bool wait_for(int fd, short events, std::chrono::microseconds limit) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + limit;
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::nanoseconds>(deadline - Clock::now()).count();
    constexpr long kSecond = 1'000'000'000;
    const timespec span{left > 0 ? left / kSecond : 0, left > 0 ? left % kSecond : 0};
    pollfd item{fd, events, 0};
    const int ready = ::ppoll(&item, 1, &span, nullptr);
    if (ready > 0) return true;
    if (ready == 0 && Clock::now() >= deadline) return false;
    if (ready < 0 && errno != EINTR) return false;
  }
}

std::string reason() { return std::strerror(errno); }

}  // namespace gatehouse::can
