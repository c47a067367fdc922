#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cse/primitive/handler.h"

namespace gatehouse::http::testing_support {

/// Records requests. Answers at once by `answer`, or keeps the replies if there is none.
class RecordingHandler final : public PrimitiveHandler {
 public:
  std::function<Response(const Request&)> answer;

  void handle(Request&& request, Reply reply) override {
    if (answer) {
      Response response = answer(request);
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(std::move(request));
      }
      reply(std::move(response));
    } else {
      const std::lock_guard lock(mutex_);
      requests_.push_back(std::move(request));
      replies_.push_back(std::move(reply));
    }
    changed_.notify_all();
  }
  /// Waits until so many requests have come; false after ten seconds.
  bool wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10),
                             [this, count] { return requests_.size() >= count; });
  }
  Request request(std::size_t i) {
    const std::lock_guard lock(mutex_);
    return requests_.at(i);
  }
  std::size_t count() {
    const std::lock_guard lock(mutex_);
    return requests_.size();
  }
  /// Answers the kept request `i` from this thread.
  void reply(std::size_t i, std::string text = "x") {
    Response response;
    Reply to;
    {
      const std::lock_guard lock(mutex_);
      response.request_identifier = requests_.at(i).request_identifier;
      to = replies_.at(i);
    }
    response.content = Value::object({{"m2m:uri", std::move(text)}});
    to(std::move(response));
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Request> requests_;
  std::vector<Reply> replies_;
};

/// Echoes the identifier with 2000.
inline Response ok_response(const Request& request) {
  Response response;
  response.request_identifier = request.request_identifier;
  return response;
}

/// A plain TCP client of a loopback port; reads end after ten seconds.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~RawClient() { ::close(socket_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool connected() const { return connected_; }
  void send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  void close_sending() { ::shutdown(socket_, SHUT_WR); }
  /// All that comes until the peer closes.
  std::string read_to_end() {
    while (receive()) {
    }
    return std::exchange(input_, {});
  }
  /// One response: its header and as many bytes as its Content-Length says.
  std::string read_response() {
    std::size_t end = 0;
    while ((end = input_.find("\r\n\r\n")) == std::string::npos) {
      if (!receive()) return std::exchange(input_, {});
    }
    end += 4;
    const std::size_t at = input_.find("Content-Length: ");
    if (at < end) end += static_cast<std::size_t>(std::atoll(input_.c_str() + at + 16));
    while (input_.size() < end) {
      if (!receive()) break;
    }
    std::string response = input_.substr(0, end);
    input_.erase(0, end);
    return response;
  }

 private:
  bool receive() {
    pollfd wait{socket_, POLLIN, 0};
    if (::poll(&wait, 1, 10'000) != 1) return false;
    char buffer[16384];
    const ssize_t got = ::recv(socket_, buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    input_.append(buffer, static_cast<std::size_t>(got));
    return true;
  }

  int socket_;
  bool connected_ = false;
  std::string input_;
};

inline std::string get(const std::string& path, const std::string& identifier,
                       const std::string& more = "") {
  return "GET " + path + " HTTP/1.1\r\nHost: h\r\nX-M2M-RI: " + identifier + "\r\n" + more + "\r\n";
}

}  // namespace gatehouse::http::testing_support
