#include "bindings/coap/listener.h"

#include <arpa/inet.h>
#include <coap3/coap.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "bindings/coap/pdu.h"
#include "bindings/security/foreign_tls.h"

namespace gatehouse::coap {
namespace {

tl::unexpected<Error> cannot(const std::string& what) {
  return fail(Rsc::kInternalServerError, "CoAP: " + what);
}

bool parse_address(coap_address_t& out, const std::string& text, std::uint16_t port) {
  coap_address_init(&out);
  if (inet_pton(AF_INET, text.c_str(), &out.addr.sin.sin_addr) == 1) {
    out.size = sizeof out.addr.sin;
    out.addr.sin.sin_family = AF_INET;
    out.addr.sin.sin_port = htons(port);
    return true;
  }
  if (inet_pton(AF_INET6, text.c_str(), &out.addr.sin6.sin6_addr) != 1) return false;
  out.size = sizeof out.addr.sin6;
  out.addr.sin6.sin6_family = AF_INET6;
  out.addr.sin6.sin6_port = htons(port);
  return true;
}

/// A port that no datagram socket has just now; libcoap does not tell the one it got for 0.
std::uint16_t free_port(const std::string& text) {
  coap_address_t address;
  if (!parse_address(address, text, 0)) return 0;
  const int probe = ::socket(address.addr.sa.sa_family, SOCK_DGRAM, 0);
  socklen_t size = address.size;
  std::uint16_t port = 0;
  if (::bind(probe, &address.addr.sa, size) == 0 &&
      ::getsockname(probe, &address.addr.sa, &size) == 0) {
    port = ntohs(address.addr.sa.sa_family == AF_INET ? address.addr.sin.sin_port
                                                      : address.addr.sin6.sin6_port);
  }
  ::close(probe);
  return port;
}

bool open_all(coap_context_t* context, const ServerSettings& s, std::uint16_t port) {
  coap_address_t address;
  if (!parse_address(address, s.address, port)) return false;
  const bool secured = s.tls || s.psk;
  coap_endpoint_t* datagrams = nullptr;
  if (s.udp) {
    datagrams = coap_new_endpoint(context, &address, secured ? COAP_PROTO_DTLS : COAP_PROTO_UDP);
    if (!datagrams) return false;
  }
  if (!s.tcp || coap_new_endpoint(context, &address, secured ? COAP_PROTO_TLS : COAP_PROTO_TCP)) {
    return true;
  }
  if (datagrams) coap_free_endpoint(datagrams);
  return false;
}

}  // namespace

Result<std::uint16_t> listen(coap_context_t* context, const ServerSettings& settings) {
  coap_address_t address;
  if (!parse_address(address, settings.address, 1)) {
    return cannot("\"" + settings.address + "\" is no address");
  }
  constexpr int kAttempts = 16;  // a free port of UDP may be taken for TCP
  for (int i = 0; i < (settings.port == 0 ? kAttempts : 1); ++i) {
    const std::uint16_t port = settings.port ? settings.port : free_port(settings.address);
    if (port != 0 && open_all(context, settings, port)) return port;
  }
  return cannot("cannot listen at " + settings.address + " port " + std::to_string(settings.port) +
                ": " + std::strerror(errno));
}

// --- security
// -------------------------------------------------------------------------------------

namespace {

/// nullptr: no keys are known.
std::shared_ptr<PskSource> source_of(const ServerSettings& settings) {
  if (settings.psk_source || !settings.psk) return settings.psk_source;
  return std::make_shared<FixedPskSource>(*settings.psk);
}

}  // namespace

struct ServerSecurity::Impl {
  TlsContext tls;
  std::shared_ptr<PskSource> psk;
  PemPair placeholder;
  std::string unused_key;
  std::optional<PskEntry> found;  ///< for the session that is being set up
  coap_bin_const_t key{};         ///< its key

  const coap_bin_const_t* key_of(const coap_bin_const_t& identity) {
    const std::string_view text(reinterpret_cast<const char*>(identity.s), identity.length);
    found = psk->find(text);
    if (!found) return nullptr;
    key = {found->key.size(), reinterpret_cast<const std::uint8_t*>(found->key.data())};
    return &key;
  }
  bool secure(SSL* connection) const {
    if (!has_certificate(connection)) return secure_psk_connection(connection).has_value();
    return tls && secure_connection(connection, tls, TlsRole::kServer).has_value();
  }
};

namespace {

extern "C" {
const coap_bin_const_t* gatehouse_coap_find_key(coap_bin_const_t* identity, coap_session_t*,
                                                void* self) {
  return static_cast<ServerSecurity::Impl*>(self)->key_of(*identity);
}
int gatehouse_coap_secure_server(void* connection, coap_dtls_pki_t* setup) {
  const auto* self = static_cast<const ServerSecurity::Impl*>(setup->cn_call_back_arg);
  return self->secure(static_cast<SSL*>(connection)) ? 1 : 0;
}
}

}  // namespace

ServerSecurity::ServerSecurity() : impl_(std::make_unique<Impl>()) {}
ServerSecurity::~ServerSecurity() = default;

const TlsContext& ServerSecurity::tls() const { return impl_->tls; }

Result<void> ServerSecurity::apply(coap_context_t* context, const ServerSettings& settings) {
  Result<PemPair> placeholder = make_placeholder_certificate();
  if (!placeholder) return fail(placeholder.error());
  impl_->placeholder = *std::move(placeholder);
  impl_->psk = source_of(settings);
  if (settings.tls) {
    Result<TlsContext> tls = make_server_context(*settings.tls);
    if (!tls) return fail(tls.error());
    impl_->tls = *std::move(tls);
  }
  if (impl_->psk) {
    // libcoap wants a key of its own beside the table; nobody knows this one.
    impl_->unused_key.resize(32);
    RAND_bytes(reinterpret_cast<unsigned char*>(impl_->unused_key.data()), 32);
    coap_dtls_spsk_t setup{};
    setup.version = COAP_DTLS_SPSK_SETUP_VERSION;
    setup.validate_id_call_back = gatehouse_coap_find_key;
    setup.id_call_back_arg = impl_.get();
    setup.psk_info.key = {impl_->unused_key.size(),
                          reinterpret_cast<const std::uint8_t*>(impl_->unused_key.data())};
    if (!coap_context_set_psk2(context, &setup)) return cannot("no pre-shared keys");
  }
  // Also with keys alone: it is here that suites are chosen.
  coap_dtls_pki_t setup{};
  setup.version = COAP_DTLS_PKI_SETUP_VERSION;
  setup.verify_peer_cert = 1;
  setup.cert_chain_validation = 1;
  setup.cert_chain_verify_depth = 3;
  setup.additional_tls_setup_call_back = gatehouse_coap_secure_server;
  setup.cn_call_back_arg = impl_.get();
  setup.pki_key.key_type = COAP_PKI_KEY_PEM_BUF;
  const PemPair& pair = impl_->placeholder;
  auto& pem = setup.pki_key.key.pem_buf;
  pem.public_cert = reinterpret_cast<const std::uint8_t*>(pair.certificate.data());
  pem.public_cert_len = pair.certificate.size();
  pem.private_key = reinterpret_cast<const std::uint8_t*>(pair.key.data());
  pem.private_key_len = pair.key.size();
  if (!coap_context_set_pki(context, &setup)) return cannot("no certificates");
  return {};
}

bool is_still_trusted(const coap_session_t* session, const TlsContext& context) {
  coap_tls_library_t library{};
  const auto* connection = static_cast<const SSL*>(coap_session_get_tls(session, &library));
  return !connection || gatehouse::is_still_trusted(connection, context.get());
}

std::shared_ptr<const Peer> peer_of(const coap_session_t* session, const ServerSettings& settings) {
  Peer peer;
  const coap_proto_t protocol = coap_session_get_proto(session);
  const bool secured = protocol == COAP_PROTO_DTLS || protocol == COAP_PROTO_TLS;
  const bool reliable = protocol == COAP_PROTO_TCP || protocol == COAP_PROTO_TLS;
  peer.transport = std::string(secured ? "coaps" : "coap") + (reliable ? "+tcp" : "");
  peer.address = remote_of(session);
  if (!secured) return std::make_shared<const Peer>(std::move(peer));
  peer.authenticated = true;
  coap_tls_library_t library{};
  const auto* connection = static_cast<const SSL*>(coap_session_get_tls(session, &library));
  const coap_bin_const_t* identity = coap_session_get_psk_identity(session);
  if (connection && SSL_get0_peer_certificate(connection)) {
    peer.identities = identities_of(connection);
    peer.credential = credential_of(connection);
  } else if (const auto source = source_of(settings); identity && source) {
    const auto entry = source->find(
        std::string_view(reinterpret_cast<const char*>(identity->s), identity->length));
    if (entry) peer.identities = entry->originators;
  }
  return std::make_shared<const Peer>(std::move(peer));
}

}  // namespace gatehouse::coap
