#pragma once
#include <chrono>
#include <cstdint>
#include <string>

#include "ae-apps/ota/crypto/bytes.h"

/// The few socket calls that DoIP needs, IPv4, with deadlines and without exceptions. Internal to
/// this folder.
namespace gatehouse::doip {

/// Owns a file descriptor.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(other.release()) {}
  Socket& operator=(Socket&& other) noexcept;
  ~Socket() { close(); }
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  void close();
  int release();

 private:
  int fd_ = -1;
};

/// Listening TCP socket; port 0 takes a free one. Errors: kInternalServerError naming the port.
Result<Socket> listen_on(const std::string& address, std::uint16_t port);
Result<Socket> datagrams_on(const std::string& address, std::uint16_t port);
std::uint16_t port_of(const Socket& socket);
/// Errors: kTargetNotReachable.
Result<Socket> connect_to(const std::string& address, std::uint16_t port,
                          std::chrono::milliseconds limit);
/// All bytes, waiting at most `limit` in total. Errors: kTargetNotReachable.
Result<void> send_all(int fd, ByteView bytes, std::chrono::milliseconds limit);
/// What is there, waiting at most `limit` for something. Errors: kRequestTimeout,
/// kTargetNotReachable (closed).
Result<Bytes> receive_some(int fd, std::chrono::milliseconds limit);

}  // namespace gatehouse::doip
