#pragma once
#include <deque>
#include <memory>
#include <string>

#include "ae-apps/ota/crypto/tls_session.h"
#include "ae-apps/ota/uds/doip.h"
#include "ae-apps/ota/uds/transport.h"

namespace gatehouse::doip {

struct ClientSettings {
  std::string address = "127.0.0.1";
  std::uint16_t port = 13400;
  Address tester = 0x0E00;
  Address ecu = 0x1010;
  std::optional<crypto::TlsCredentials> tls;  ///< then `port` is that of TLS (3496)
  std::size_t max_payload_bytes = 256 * 1024;
  std::chrono::milliseconds connect_limit{2000};
  std::chrono::milliseconds activation_limit{2000};  ///< A_DoIP_Ctrl
  std::chrono::milliseconds ack_limit{2000};         ///< A_DoIP_Diagnostic_Message
};

/// The tester's side of one DoIP connection. Answers alive checks whenever it is called.
class Client final : public uds::Transport {
 public:
  explicit Client(ClientSettings settings);
  ~Client() override;

  /// TCP and routing activation. Errors: kOriginatorHasNoPrivilege with the text of the refusal,
  /// else as Transport.
  Result<void> connect() override;
  void disconnect() override;
  bool connected() const override;
  /// Waits for 8002; an 8003 is kTargetNotReachable with its text.
  Result<void> send(ByteView uds) override;
  Result<Bytes> receive(std::chrono::milliseconds limit) override;

  /// Messages that nobody asked for, or from others than the ECU. They are dropped.
  std::uint64_t unsolicited() const { return unsolicited_; }

 private:
  struct Connection;
  Result<void> shake_hands(std::chrono::steady_clock::time_point deadline);
  Result<void> say(ByteView message, std::chrono::milliseconds limit);
  Result<Bytes> hear(std::chrono::steady_clock::time_point deadline);
  Result<Message> next_message(std::chrono::steady_clock::time_point deadline);

  ClientSettings settings_;
  std::unique_ptr<Connection> connection_;
  std::deque<Bytes>
      arrived_;  ///< responses that came while an acknowledgement was waited for; bounded
  std::uint64_t unsolicited_ = 0;
};

/// Waits for a vehicle that says by itself that it is there. Errors: kRequestTimeout,
/// kInternalServerError if the port is taken.
Result<Identity> await_announcement(const std::string& address, std::uint16_t port,
                                    std::chrono::milliseconds limit);

/// Asks a DoIP entity by UDP who it is. Errors: kRequestTimeout.
Result<Identity> identify(const std::string& address, std::uint16_t port,
                          std::chrono::milliseconds limit);

}  // namespace gatehouse::doip
