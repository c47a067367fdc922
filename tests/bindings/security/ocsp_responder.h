#pragma once
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>

namespace gatehouse::testing_support {

/// A web server that answers each POST of an OCSP request, one connection after the other.
class OcspResponder {
 public:
  using Answer = std::function<std::string(const std::string& request)>;

  explicit OcspResponder(Answer answer) : answer_(std::move(answer)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    listening_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::bind(listening_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(listening_, 8) != 0 ||
        ::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("no responder");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~OcspResponder() {
    ::shutdown(listening_, SHUT_RDWR);
    thread_.join();
    ::close(listening_);
  }
  OcspResponder(const OcspResponder&) = delete;
  OcspResponder& operator=(const OcspResponder&) = delete;
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/ocsp"; }

 private:
  void run() const {
    for (;;) {
      const int peer = ::accept(listening_, nullptr, nullptr);
      if (peer < 0) return;
      const std::string body = answer_(read_body(peer));
      const std::string whole =
          "HTTP/1.0 200 OK\r\nContent-Type: application/ocsp-response\r\nContent-Length: " +
          std::to_string(body.size()) + "\r\n\r\n" + body;
      if (::write(peer, whole.data(), whole.size()) < 0) ::perror("responder");
      ::close(peer);
    }
  }
  static std::string read_body(int peer) {
    std::string heard;
    char bytes[4096];
    std::size_t begin = 0, wanted = std::string::npos;
    while (wanted == std::string::npos || heard.size() < begin + wanted) {
      const ssize_t got = ::read(peer, bytes, sizeof bytes);
      if (got <= 0) break;
      heard.append(bytes, static_cast<std::size_t>(got));
      const std::size_t end = heard.find("\r\n\r\n");
      if (end == std::string::npos || wanted != std::string::npos) continue;
      begin = end + 4;
      const std::size_t field = heard.find("Content-Length:");
      wanted = field < end ? std::stoul(heard.substr(field + 15)) : 0;
    }
    return heard.substr(std::min(begin, heard.size()));
  }

  const Answer answer_;
  int listening_ = -1;
  int port_ = 0;
  std::thread thread_;
};

}  // namespace gatehouse::testing_support
