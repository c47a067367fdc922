#include "ae-apps/ota/crypto/tls_session.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace gatehouse::crypto {
namespace {

constexpr std::size_t kPieceBytes = 16 * 1024;

struct Freer {
  void operator()(SSL_CTX* p) const { SSL_CTX_free(p); }
  void operator()(SSL* p) const { SSL_free(p); }
  void operator()(X509* p) const { X509_free(p); }
};
template <class T>
using Handle = std::unique_ptr<T, Freer>;

std::string last_reason() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* text = ERR_reason_error_string(code);
  return text == nullptr ? "unknown" : text;
}

}  // namespace

struct TlsCredentials::State {
  Handle<SSL_CTX> context{SSL_CTX_new(TLS_method())};
};

Result<TlsCredentials> TlsCredentials::load(const std::string& certificate_file,
                                            const std::string& key, const std::string& ca_file) {
  auto state = std::make_shared<State>();
  SSL_CTX* context = state->context.get();
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  const Result<SigningKey> own = SigningKey::load(key);
  if (!own) return fail(own.error());
  if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) != 1) {
    return fail(Rsc::kBadRequest, certificate_file + ": " + last_reason());
  }
  if (SSL_CTX_use_PrivateKey(context, static_cast<EVP_PKEY*>(own->native())) != 1) {
    return fail(Rsc::kBadRequest, certificate_file + " is not of the key: " + last_reason());
  }
  if (SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr) != 1) {
    return fail(Rsc::kBadRequest, ca_file + ": " + last_reason());
  }
  return TlsCredentials(std::move(state));
}

struct TlsSession::State {
  Handle<SSL> ssl;
  BIO* in = nullptr;   ///< of ssl
  BIO* out = nullptr;  ///< of ssl
  std::shared_ptr<const TlsCredentials::State> credentials;
};

TlsSession::TlsSession(const TlsCredentials& credentials, Side side)
    : state_(std::make_unique<State>()) {
  state_->credentials = credentials.state_;
  state_->ssl.reset(SSL_new(credentials.state_->context.get()));
  state_->in = BIO_new(BIO_s_mem());
  state_->out = BIO_new(BIO_s_mem());
  SSL_set_bio(state_->ssl.get(), state_->in, state_->out);
  if (side == Side::kServer) {
    SSL_set_accept_state(state_->ssl.get());
  } else {
    SSL_set_connect_state(state_->ssl.get());
    (void)shake_hands();  // its first words, for take_wire()
  }
}
TlsSession::~TlsSession() = default;
TlsSession::TlsSession(TlsSession&&) noexcept = default;
TlsSession& TlsSession::operator=(TlsSession&&) noexcept = default;

bool TlsSession::established() const { return SSL_is_init_finished(state_->ssl.get()) == 1; }

Result<void> TlsSession::shake_hands() {
  ERR_clear_error();
  const int done = SSL_do_handshake(state_->ssl.get());
  if (done == 1 || SSL_get_error(state_->ssl.get(), done) == SSL_ERROR_WANT_READ) return {};
  return fail(Rsc::kOriginatorNotAuthenticated, "TLS handshake: " + last_reason());
}

Result<Bytes> TlsSession::receive(ByteView wire) {
  while (!wire.empty()) {
    const ByteView piece = wire.first(std::min(wire.size(), kPieceBytes));
    BIO_write(state_->in, piece.data(), static_cast<int>(piece.size()));
    wire = wire.subspan(piece.size());
  }
  if (!established()) {
    if (const auto done = shake_hands(); !done) return fail(done.error());
    if (!established()) return Bytes();
  }
  Bytes out;
  for (;;) {
    std::uint8_t piece[kPieceBytes];
    ERR_clear_error();
    const int got = SSL_read(state_->ssl.get(), piece, sizeof piece);
    if (got > 0) {
      append(out, {piece, static_cast<std::size_t>(got)});
      continue;
    }
    const int error = SSL_get_error(state_->ssl.get(), got);
    if (error == SSL_ERROR_WANT_READ) return out;
    if (error == SSL_ERROR_ZERO_RETURN && !out.empty()) return out;
    return fail(Rsc::kOriginatorNotAuthenticated, "TLS: " + last_reason());
  }
}

Result<void> TlsSession::send(ByteView plain) {
  if (!established()) return fail(Rsc::kTargetNotReachable, "TLS: the handshake is not over");
  while (!plain.empty()) {
    const ByteView piece = plain.first(std::min(plain.size(), kPieceBytes));
    ERR_clear_error();
    if (SSL_write(state_->ssl.get(), piece.data(), static_cast<int>(piece.size())) <= 0) {
      return fail(Rsc::kTargetNotReachable, "TLS: " + last_reason());
    }
    plain = plain.subspan(piece.size());
  }
  return {};
}

Bytes TlsSession::take_wire() {
  Bytes out(BIO_ctrl_pending(state_->out));
  if (out.empty()) return out;
  const int got = BIO_read(state_->out, out.data(), static_cast<int>(out.size()));
  out.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return out;
}

std::string TlsSession::peer_name() const {
  const Handle<X509> peer(SSL_get1_peer_certificate(state_->ssl.get()));
  if (!peer) return {};
  char text[256] = {};
  const int length = X509_NAME_get_text_by_NID(X509_get_subject_name(peer.get()), NID_commonName,
                                               text, sizeof text);
  return length > 0 ? std::string(text, static_cast<std::size_t>(length)) : std::string();
}

}  // namespace gatehouse::crypto
