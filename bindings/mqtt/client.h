#pragma once
#include <memory>

#include "bindings/mqtt/endpoint.h"

namespace gatehouse::mqtt {

struct ClientSettings {
  EndpointSettings
      endpoint;  ///< for connections that the client opens; `broker` comes from the URLs
  std::size_t max_brokers = 16;  ///< connections opened; requests to further brokers fail with 5103
};

/// Sends primitives to mqtt:// and mqtts:// URLs; one connection per broker, opened at the first
/// use and kept.
///
/// With a `receiver_id` the request goes to the oneM2M topics of that receiver, and the path of the
/// URL is the topic prefix; a path that just names the receiver ("mqtt://broker/CAE1") is no
/// prefix. Without one, the path is the topic to publish to, as TS-0010 clause 6.6 has it for
/// notification URIs, and the broker's acknowledgement is the answer.
class Client final : public PrimitiveSender {
 public:
  /// `shared`, if given, serves the URLs of its broker, and must outlive the client, as must
  /// `codecs`.
  Client(ClientSettings settings, const Codecs& codecs, Endpoint* shared = nullptr);
  ~Client() override;  ///< stops
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool serves(std::string_view url) const override;  ///< mqtt, and mqtts if the settings have TLS
  void send(const std::string& url, const std::string& receiver_id, Request request,
            Reply reply) override;
  /// Stops the connections that the client opened, not the shared one. Not from a reply.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gatehouse::mqtt
