#pragma once
#include "bindings/coap/client.h"
#include "bindings/coap/resolver.h"
#include "bindings/coap/url.h"
#include "bindings/security/foreign_tls.h"

struct coap_context_t;
struct coap_session_t;

namespace gatehouse::coap {

/// Opens a client's sessions, and sees to it that secured ones prove the other side.
class Dialer {
 public:
  /// Throws std::runtime_error if a TLS file cannot be used.
  explicit Dialer(const ClientSettings& settings);

  /// Starts to connect; nullptr: it cannot even begin.
  coap_session_t* dial(coap_context_t* context, const Url& url, const SocketAddress& address) const;
  /// Puts our rules on the connection to `url` that libcoap has made. Before its handshake.
  bool secure(ssl_st* connection, const Url& url) const;

 private:
  coap_session_t* dial_with_certificate(coap_context_t* context, const Url& url,
                                        const SocketAddress& address) const;
  coap_session_t* dial_with_key(coap_context_t* context, const Url& url,
                                const SocketAddress& address) const;

  const ClientSettings& settings_;
  TlsContext tls_;
  PemPair placeholder_;
};

}  // namespace gatehouse::coap
