#pragma once
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <vector>

#include "ae-apps/ota/gateway/node_link.h"
#include "ae-apps/sdk/ae.h"

namespace gatehouse::gateway {

/// The gateway's side of what it has to do with field nodes, as resources: an order is a
/// <contentInstance> in the node's own container `orders`, wherever its <AE> is; answers come into
/// `node-answers` below the gateway's <AE>, images for a node lie in `image-<serial>` there, in
/// chunks (ae-apps/ota/node/image_chunks.h). Nobody but that node may read them, and nobody else
/// knows the order's number, without which an answer is none. Threading: any thread, but not the
/// Ae's dispatcher; prepare() once, before all else.
class NodeDesk final : public NodeWay {
 public:
  /// Both outlive it, but for stop().
  NodeDesk(const GatewaySettings& settings, sdk::Ae& ae) : settings_(settings), ae_(ae) {}
  ~NodeDesk() override { stop(); }
  NodeDesk(const NodeDesk&) = delete;
  NodeDesk& operator=(const NodeDesk&) = delete;

  /// Containers, policies, the subscription. Errors: those of the CSE.
  Result<void> prepare();
  Result<Value> exchange(const EcuEntry& to, Value order,
                         const Member::Progress& progress) override;
  Result<std::string> publish(const EcuEntry& to, const std::filesystem::path& image) override;
  void cancel(const EcuEntry& to) override;
  /// How long an answer is waited for: node_silence, or a tenth of it from a node that was silent
  /// the last time and has not been heard of since.
  std::chrono::milliseconds patience_with(const std::string& serial);
  /// Ends all exchanges, also those to come, and the subscription.
  void stop();

 private:
  struct Waiting {
    std::string serial;
    std::deque<Value> answers;
    bool cancelled = false;
  };
  void answered(Value answer);

  const GatewaySettings& settings_;
  sdk::Ae& ae_;
  std::map<std::string, std::string> image_policies_;  ///< by serial number
  std::vector<sdk::Subscription> subscriptions_;

  std::mutex mutex_;  ///< of what follows
  std::condition_variable came_;
  std::map<std::string, Waiting> waiting_;  ///< by the order's number
  /// Nodes that did not answer the last time, by serial number, and the order's number.
  std::map<std::string, std::string> silent_;
  bool stopped_ = false;
};

}  // namespace gatehouse::gateway
