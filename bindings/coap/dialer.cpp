#include "bindings/coap/dialer.h"

#include <coap3/coap.h>
#include <openssl/ssl.h>

#include <cstring>
#include <stdexcept>

namespace gatehouse::coap {
namespace {

constexpr unsigned kDatagramBytes = 1'400;

coap_address_t to_libcoap(const SocketAddress& from) {
  coap_address_t to;
  coap_address_init(&to);
  to.size = from.size;
  std::memcpy(&to.addr, &from.bytes, std::min<std::size_t>(from.size, sizeof to.addr));
  return to;
}

coap_proto_t protocol_of(const Url& url) {
  if (url.tls) return url.tcp ? COAP_PROTO_TLS : COAP_PROTO_DTLS;
  return url.tcp ? COAP_PROTO_TCP : COAP_PROTO_UDP;
}

const std::uint8_t* bytes_of(const std::string& text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

/// For the server's choice of certificate; an address is no name.
char* server_name(const Url& url) {
  return address_of_literal(url.host, 0) ? nullptr : const_cast<char*>(url.host.c_str());
}

}  // namespace

Dialer::Dialer(const ClientSettings& settings) : settings_(settings) {
  if (!settings.tls) return;
  Result<TlsContext> tls = make_client_context(*settings.tls);
  if (!tls) throw std::runtime_error(tls.error().detail);
  Result<PemPair> placeholder = make_placeholder_certificate();
  if (!placeholder) throw std::runtime_error(placeholder.error().detail);
  tls_ = *std::move(tls);
  placeholder_ = *std::move(placeholder);
}

coap_session_t* Dialer::dial(coap_context_t* context, const Url& url,
                             const SocketAddress& address) const {
  coap_session_t* session = nullptr;
  if (!url.tls) {
    const coap_address_t to = to_libcoap(address);
    session = coap_new_client_session(context, nullptr, &to, protocol_of(url));
  } else {
    session =
        tls_ ? dial_with_certificate(context, url, address) : dial_with_key(context, url, address);
  }
  if (!session) return nullptr;
  if (!url.tcp) coap_session_set_mtu(session, kDatagramBytes);
  const auto milliseconds = settings_.ack_timeout.count();
  coap_session_set_ack_timeout(session, {static_cast<std::uint16_t>(milliseconds / 1000),
                                         static_cast<std::uint16_t>(milliseconds % 1000)});
  coap_session_set_max_retransmit(session, static_cast<std::uint16_t>(settings_.max_repetitions));
  coap_session_set_nstart(session, static_cast<std::uint16_t>(settings_.max_in_flight));
  return session;
}

coap_session_t* Dialer::dial_with_certificate(coap_context_t* context, const Url& url,
                                              const SocketAddress& address) const {
  coap_dtls_pki_t setup{};
  setup.version = COAP_DTLS_PKI_SETUP_VERSION;
  setup.verify_peer_cert = 1;
  setup.cert_chain_validation = 1;
  setup.cert_chain_verify_depth = 3;
  setup.client_sni = server_name(url);
  setup.pki_key.key_type = COAP_PKI_KEY_PEM_BUF;
  auto& pem = setup.pki_key.key.pem_buf;
  pem.public_cert = bytes_of(placeholder_.certificate);
  pem.public_cert_len = placeholder_.certificate.size();
  pem.private_key = bytes_of(placeholder_.key);
  pem.private_key_len = placeholder_.key.size();
  const coap_address_t to = to_libcoap(address);
  return coap_new_client_session_pki(context, nullptr, &to, protocol_of(url), &setup);
}

coap_session_t* Dialer::dial_with_key(coap_context_t* context, const Url& url,
                                      const SocketAddress& address) const {
  if (!settings_.psk) return nullptr;
  coap_dtls_cpsk_t setup{};
  setup.version = COAP_DTLS_CPSK_SETUP_VERSION;
  setup.client_sni = server_name(url);
  setup.psk_info.identity = {settings_.psk->identity.size(), bytes_of(settings_.psk->identity)};
  setup.psk_info.key = {settings_.psk->key.size(), bytes_of(settings_.psk->key)};
  const coap_address_t to = to_libcoap(address);
  return coap_new_client_session_psk2(context, nullptr, &to, protocol_of(url), &setup);
}

bool Dialer::secure(SSL* connection, const Url& url) const {
  if (!tls_) return secure_psk_connection(connection).has_value();
  return secure_connection(connection, tls_, TlsRole::kClient) &&
         expect_server_name(connection, url.host);
}

}  // namespace gatehouse::coap
