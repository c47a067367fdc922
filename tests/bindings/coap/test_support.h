#pragma once
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <fstream>
#include <functional>
#include <future>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "bindings/coap/client.h"
#include "bindings/coap/message.h"
#include "bindings/coap/server.h"
#include "tests/bindings/coap/datagram.h"
#include "tests/bindings/security/test_certificates.h"

namespace gatehouse::coap::testing_support {

using gatehouse::testing_support::CertificateWish;
using gatehouse::testing_support::TemporaryFolder;
using gatehouse::testing_support::TestAuthority;

/// Records requests. Answers at once by `answer`, or keeps the replies if there is none.
class RecordingHandler final : public PrimitiveHandler {
 public:
  std::function<Response(const Request&)> answer;

  void handle(Request&& request, Reply reply) override {
    Response response;
    const bool at_once = static_cast<bool>(answer);
    if (at_once) response = answer(request);
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(std::move(request));
      if (!at_once) replies_.push_back(std::exchange(reply, nullptr));
    }
    changed_.notify_all();
    if (reply) reply(std::move(response));
  }
  /// False after ten seconds.
  bool wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10),
                             [this, count] { return requests_.size() >= count; });
  }
  Request request(std::size_t i = 0) {
    const std::lock_guard lock(mutex_);
    return requests_.at(i);
  }
  std::size_t count() {
    const std::lock_guard lock(mutex_);
    return requests_.size();
  }
  /// Answers the kept request `i` from this thread.
  void reply(std::size_t i, Response response) {
    Reply to;
    {
      const std::lock_guard lock(mutex_);
      response.request_identifier = requests_.at(i).request_identifier;
      to = replies_.at(i);
    }
    to(std::move(response));
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Request> requests_;
  std::vector<Reply> replies_;
};

/// Echoes the identifier, with the status of the operation.
inline Response ok_response(const Request& request) {
  static constexpr Rsc kUsual[] = {Rsc::kOk,      Rsc::kCreated, Rsc::kOk,
                                   Rsc::kUpdated, Rsc::kDeleted, Rsc::kOk};
  Response response;
  response.rsc = kUsual[static_cast<int>(request.operation)];
  response.request_identifier = request.request_identifier;
  return response;
}

inline Request retrieve(std::string to = "cse-in", std::string from = "CAE1") {
  Request request;
  request.to = std::move(to);
  request.from = std::move(from);
  request.request_identifier = "r1";
  request.release_version = "3";
  return request;
}

inline Request create(std::string content, std::string to = "cse-in/c") {
  Request request = retrieve(std::move(to));
  request.operation = Operation::kCreate;
  request.resource_type = 4;
  request.content = Value::object({{"m2m:cin", Value::object({{"con", std::move(content)}})}});
  return request;
}

inline std::string detail(const Response& response) {
  const Value* tree = response.content.tree();
  return tree ? tree->string_at("m2m:dbg") : std::string();
}

inline Response ask(Client& client, const std::string& url, Request request,
                    const std::string& receiver = {}) {
  auto promise = std::make_shared<std::promise<Response>>();
  auto waiting = promise->get_future();
  client.send(url, receiver, std::move(request),
              [promise](Response response) { promise->set_value(std::move(response)); });
  return waiting.get();  // the client has a deadline of its own
}

/// A key file with mode 600.
inline std::string write_keys(const TemporaryFolder& folder, const std::string& text) {
  const std::string file = (folder.path() / "keys").string();
  std::ofstream(file) << text;
  std::filesystem::permissions(
      file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  return file;
}

/// A bare datagram socket that speaks to a port of loopback; reads end after a while.
class Datagrams {
 public:
  explicit Datagrams(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~Datagrams() { ::close(socket_); }
  Datagrams(const Datagrams&) = delete;
  Datagrams& operator=(const Datagrams&) = delete;

  void send(const std::string& bytes) const {
    EXPECT_EQ(::send(socket_, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  }
  /// Empty: nothing came within the time.
  std::string receive(std::chrono::milliseconds patience = std::chrono::seconds(10)) const {
    const timeval time{static_cast<time_t>(patience.count() / 1000),
                       static_cast<suseconds_t>(patience.count() % 1000 * 1000)};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
    char buffer[2048];
    const ssize_t size = ::recv(socket_, buffer, sizeof buffer, 0);
    return size > 0 ? std::string(buffer, static_cast<std::size_t>(size)) : std::string();
  }

 private:
  const int socket_;
};

}  // namespace gatehouse::coap::testing_support
