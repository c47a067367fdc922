#pragma once
#include <cstdint>
#include <memory>

#include "cse/codec/codec.h"
#include "cse/core/sender_list.h"
#include "cse/node/request_log.h"
#include "cse/node/settings.h"
#include "cse/node/wire_metrics.h"

namespace gatehouse::coap {
class Client;
class Server;
}  // namespace gatehouse::coap

namespace gatehouse::node {

/// The CoAP binding of a node: always a client, and the listeners that its configuration wants.
class CoapBinding {
 public:
  /// Adds its client to `senders`. All but `settings` must outlive the binding.
  CoapBinding(const NodeSettings& settings, PrimitiveHandler& handler, const Codecs& codecs,
              Scheduler& scheduler, SenderList& senders);
  ~CoapBinding();
  CoapBinding(const CoapBinding&) = delete;
  CoapBinding& operator=(const CoapBinding&) = delete;

  /// Errors: kInternalServerError naming the listener: address in use, bad file.
  Result<void> listen();
  void stop_servers();
  void stop_client();

  /// Those of its listeners.
  void add_figures(std::vector<WireFigures>& all) const;

  int port() const;  ///< 0: not listening
  int secured_port() const;

 private:
  const NodeSettings settings_;
  PrimitiveHandler& handler_;
  const Codecs& codecs_;
  std::unique_ptr<coap::Client> client_;
  std::unique_ptr<SendLog> sent_;
  std::unique_ptr<coap::Server> plain_, secured_;
};

}  // namespace gatehouse::node
