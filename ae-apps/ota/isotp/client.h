#pragma once
#include <deque>

#include "ae-apps/ota/isotp/endpoint.h"
#include "ae-apps/ota/uds/transport.h"

namespace gatehouse::isotp {

struct ClientSettings {
  EndpointSettings endpoint;
  std::chrono::milliseconds send_limit{30'000};  ///< for one message to be on the bus
};

/// The tester's side: UDS to one ECU over ISO-TP. A message that the bus lost is an answer that
/// does not come in time; the tester asks again.
class Client final : public uds::Transport, Endpoint::Events {
 public:
  explicit Client(ClientSettings settings) : settings_(std::move(settings)) {}

  Result<void> connect() override;
  void disconnect() override { endpoint_.reset(); }
  bool connected() const override { return endpoint_ != nullptr; }
  /// Errors: kRequestTimeout if the ECU gave no flow control, or the message got lost otherwise.
  Result<void> send(ByteView uds) override;
  Result<Bytes> receive(std::chrono::milliseconds limit) override;

 private:
  void received(Bytes message, bool functional) override;
  void sent() override { on_bus_ = true; }
  void send_failed(Failure failure) override { failure_ = failure; }
  Result<void> step(std::chrono::steady_clock::time_point deadline);

  ClientSettings settings_;
  std::unique_ptr<Endpoint> endpoint_;
  std::deque<Bytes> arrived_;  ///< bounded
  bool on_bus_ = false;
  std::optional<Failure> failure_;
};

}  // namespace gatehouse::isotp
