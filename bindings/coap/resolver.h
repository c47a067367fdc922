#pragma once
#include <sys/socket.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace gatehouse::coap {

struct SocketAddress {
  sockaddr_storage bytes{};
  socklen_t size = 0;
};

/// "127.0.0.1" or "::1"; nullopt for a name.
std::optional<SocketAddress> address_of_literal(const std::string& host, std::uint16_t port);

/// Looks names up on a thread of its own, which it starts with the first.
class Resolver {
 public:
  using Found = std::function<void(std::optional<SocketAddress>)>;

  Resolver() = default;
  ~Resolver();  ///< waits for the look-up that is under way
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// `found` is called on the resolver's thread.
  void resolve(std::string host, std::uint16_t port, Found found);

 private:
  struct Question {
    std::string host;
    std::uint16_t port;
    Found found;
  };
  void run();

  std::thread thread_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<Question> questions_;
  bool stopping_ = false;
};

}  // namespace gatehouse::coap
