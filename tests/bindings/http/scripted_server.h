#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace gatehouse::http::testing_support {

/// A listening socket that says what a test tells it to; one connection after the other.
class ScriptedServer {
 public:
  ScriptedServer() : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("no free port");
    }
    ::listen(listener_, 8);
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~ScriptedServer() {
    ::shutdown(listener_, SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    ::close(listener_);
  }
  /// Each inner list is one connection: an answer per request, then the connection closes.
  void play(std::vector<std::vector<std::string>> connections) {
    thread_ = std::thread([this, connections = std::move(connections)] {
      for (const auto& answers : connections) {
        const int peer = ::accept(listener_, nullptr, nullptr);
        if (peer < 0) return;
        for (const std::string& answer : answers) {
          if (!read_request(peer)) break;
          ++requests_;
          ::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL);
        }
        ::close(peer);
      }
    });
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  int requests() const { return requests_; }
  std::string last_request() {
    const std::lock_guard lock(mutex_);
    return last_;
  }

 private:
  bool read_request(int peer) {
    std::string text;
    char buffer[4096];
    while (text.find("\r\n\r\n") == std::string::npos) {
      const ssize_t got = ::recv(peer, buffer, sizeof buffer, 0);
      if (got <= 0) return false;
      text.append(buffer, static_cast<std::size_t>(got));
    }
    const std::lock_guard lock(mutex_);
    last_ = text;
    return true;
  }
  int listener_;
  std::uint16_t port_ = 0;
  std::atomic<int> requests_{0};
  std::mutex mutex_;
  std::string last_;
  std::thread thread_;
};

}  // namespace gatehouse::http::testing_support
