#pragma once
#include <deque>
#include <functional>

#include "ae-apps/ota/uds/server.h"
#include "ae-apps/ota/uds/transport.h"

namespace gatehouse::node {

/// UDS within one process: the same rules as over a network, without one. Threading: one thread at
/// a time.
class LocalTransport final : public uds::Transport {
 public:
  /// Both outlive it. `reset`: the boot sequence.
  LocalTransport(uds::Server& server, std::function<void()> reset)
      : server_(server), reset_(std::move(reset)) {}
  Result<void> connect() override {
    connected_ = true;
    return {};
  }
  void disconnect() override {
    connected_ = false;
    answers_.clear();
  }
  bool connected() const override { return connected_; }
  Result<void> send(ByteView uds) override {
    const auto then =
        server_.handle(uds, false, [this](Bytes answer) { answers_.push_back(std::move(answer)); });
    if (then == uds::Server::Then::kReset) {
      server_.power_on();
      reset_();
    }
    return {};
  }
  Result<Bytes> receive(std::chrono::milliseconds) override {
    if (answers_.empty()) return fail(Rsc::kRequestTimeout, "nothing came in time");
    Bytes first = std::move(answers_.front());
    answers_.pop_front();
    return first;
  }

 private:
  uds::Server& server_;
  std::function<void()> reset_;
  std::deque<Bytes> answers_;
  bool connected_ = false;
};

}  // namespace gatehouse::node
