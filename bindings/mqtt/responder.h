#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "bindings/mqtt/duplicate_window.h"
#include "bindings/mqtt/endpoint_context.h"
#include "bindings/mqtt/topics.h"

namespace gatehouse::mqtt {

/// The requests of others: checks who asks, drops repetitions, asks the handler, answers. On the
/// worker's thread only.
class Responder : public std::enable_shared_from_this<Responder> {
 public:
  Responder(std::shared_ptr<EndpointContext> context, PrimitiveHandler& handler);

  /// A message on a topic whose receiver we are. Source: TS-0010 clause 6.4.
  void on_request(const Topic& topic, const std::string& payload);
  /// Answers that come later are dropped.
  void stop() { stopped_ = true; }

 private:
  Result<void> check_originator(const Topic& topic, const Request& request) const;
  Result<void> admit(const Topic& topic, const Request& request) const;
  void serve(const Topic& topic, Request request, const Codec& codec, const std::string& key);
  /// An empty answer: the Originator wants none (rt 5).
  void answered(const Topic& topic, const std::string& key, bool repeatable,
                std::shared_ptr<const std::string> answer);
  void refuse(const Topic& topic, const Request& request, const Error& error, const Codec& codec);
  void publish(const Topic& request_topic, std::shared_ptr<const std::string> answer);
  std::shared_ptr<const Peer> peer_of(const Topic& topic);

  const std::shared_ptr<EndpointContext> context_;  ///< kept alive for replies that come late
  PrimitiveHandler& handler_;
  DuplicateWindow window_;
  std::size_t serving_ = 0;
  bool stopped_ = false;
};

}  // namespace gatehouse::mqtt
