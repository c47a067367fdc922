#pragma once
#include <mutex>
#include <string>
#include <utility>

#include "ae-apps/ota/gateway/member.h"

namespace gatehouse::gateway {

/// How orders reach field nodes, and their answers the gateway: over a CSE (node_desk.h), or in
/// simulation. An order is `{"do":"prepare",…}`; what the orders are, and what they are answered:
/// ae-apps/ota/node/member_orders.h.
class NodeWay {
 public:
  virtual ~NodeWay() = default;
  /// Sends an order and waits for its last answer. `progress`: of answers in between. Errors:
  /// kTargetNotReachable if the node is silent for longer than the way's limit, kRequestTimeout
  /// after cancel().
  virtual Result<Value> exchange(const EcuEntry& to, Value order,
                                 const Member::Progress& progress) = 0;
  /// Puts the image where this node alone may fetch it; returns the address. Errors:
  /// kTargetNotReachable.
  virtual Result<std::string> publish(const EcuEntry& to, const std::filesystem::path& image) = 0;
  /// Ends the exchange that this node keeps waiting.
  virtual void cancel(const EcuEntry& to) = 0;
};

/// The gateway's way to a field node that has an AE of its own: each function is one or two orders
/// over oneM2M. The node's boot loader has two slots, and signs by itself; it fetches the image and
/// verifies it as an ECU does.
class NodeLink final : public Member {
 public:
  /// Both outlive it. `ask_time`: the time server's answer to a nonce, for nodes that verify the
  /// Director's metadata; empty: there is none.
  NodeLink(const EcuEntry& entry, NodeWay& way, ota::SecureClock::Ask ask_time = {})
      : entry_(entry), way_(way), ask_time_(std::move(ask_time)) {}

  const EcuEntry& entry() const override { return entry_; }
  Result<EcuFacts> look() override;
  Result<EcuReport> report(ByteView nonce) override;
  Result<void> flash(const std::filesystem::path& image, const image::Header& header,
                     const crypto::Sha256Digest& payload_sha256, const std::string& director,
                     const Progress& progress) override;
  Result<void> restart() override { return reset(); }
  Result<EcuStand> stand() override;
  Result<void> flash_held(const std::filesystem::path& image, const image::Header& header,
                          const crypto::Sha256Digest& payload_sha256, const std::string& director,
                          const Progress& progress) override;
  Result<void> settle(Word word) override;
  Result<void> reset() override;
  void cancel() override { way_.cancel(entry_); }
  bool idle() override;

 private:
  Result<Value> ask(Value order, const Progress& progress = {});
  Result<EcuReport> report(ByteView nonce, std::string& status);
  Result<void> prepare(const std::filesystem::path& image, const std::string& director, bool held,
                       const Progress& progress);

  const EcuEntry& entry_;
  NodeWay& way_;
  const ota::SecureClock::Ask ask_time_;
  std::mutex mutex_;  ///< held while one talks to the node
};

}  // namespace gatehouse::gateway
