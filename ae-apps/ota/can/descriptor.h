#pragma once
#include <chrono>
#include <string>

namespace gatehouse::can {

/// Owns a file descriptor. Internal to this folder.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// True once the descriptor is ready for `events` (of poll), or false after the limit.
bool wait_for(int fd, short events, std::chrono::microseconds limit);
/// Of errno.
std::string reason();

}  // namespace gatehouse::can
