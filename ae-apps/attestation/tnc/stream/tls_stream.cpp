#include "ae-apps/attestation/tnc/stream/tls_stream.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ae-apps/attestation/tnc/stream/peer_key.h"
#include "ae-apps/ota/crypto/digest.h"

namespace gatehouse::tnc {
namespace {

constexpr std::size_t kReadBytes = 16 * 1024;
constexpr int kBacklog = 4096;

struct Freer {
  void operator()(SSL* p) const { SSL_free(p); }
  void operator()(addrinfo* p) const { freeaddrinfo(p); }
};

tl::unexpected<Error> unreachable(const std::string& what) {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  return fail(Rsc::kTargetNotReachable,
              "PT-TLS: " + what + (reason != nullptr ? std::string(": ") + reason : ""));
}

void limit_waits(int socket, std::chrono::seconds limit) {
  const timeval time{static_cast<time_t>(limit.count()), 0};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

/// -1 if nobody answers.
int connected_socket(const std::string& host, std::uint16_t port, std::chrono::seconds limit) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return -1;
  const std::unique_ptr<addrinfo, Freer> own(found);
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    const int socket = ::socket(each->ai_family, each->ai_socktype | SOCK_CLOEXEC, 0);
    if (socket < 0) continue;
    limit_waits(socket, limit);
    if (::connect(socket, each->ai_addr, each->ai_addrlen) == 0) return socket;
    ::close(socket);
  }
  return -1;
}

}  // namespace

struct TlsStream::State {
  int socket = -1;
  TlsContext context;
  std::unique_ptr<SSL, Freer> ssl;

  State(int fd, TlsContext tls) : socket(fd), context(std::move(tls)) {
    ssl.reset(SSL_new(context.get()));
    if (ssl != nullptr) SSL_set_fd(ssl.get(), socket);
  }
  ~State() {
    if (ssl != nullptr) SSL_shutdown(ssl.get());
    ERR_clear_error();
    ssl.reset();
    ::close(socket);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
};

TlsStream::TlsStream(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsStream::TlsStream(TlsStream&&) noexcept = default;
TlsStream::~TlsStream() = default;

Result<TlsStream> TlsStream::connect(const std::string& host, std::uint16_t port,
                                     const TlsSettings& settings, std::chrono::seconds limit) {
  auto context = make_client_context(settings);
  if (!context) return fail(context.error());
  const int socket = connected_socket(host, port, limit);
  if (socket < 0) return unreachable("nobody answers at " + host + ":" + std::to_string(port));
  auto state = std::make_unique<State>(socket, *std::move(context));
  if (state->ssl == nullptr) return unreachable("no connection can be made");
  if (auto named = expect_server_name(state->ssl.get(), host); !named) return fail(named.error());
  if (SSL_connect(state->ssl.get()) != 1) return unreachable("the handshake failed");
  return TlsStream(std::move(state));
}

Result<Bytes> TlsStream::read() {
  Bytes out(kReadBytes);
  const int count = SSL_read(state_->ssl.get(), out.data(), static_cast<int>(out.size()));
  if (count > 0) {
    out.resize(static_cast<std::size_t>(count));
    return out;
  }
  if (SSL_get_error(state_->ssl.get(), count) == SSL_ERROR_ZERO_RETURN) return Bytes();
  return unreachable("the connection was lost, or the peer was too slow");
}

Result<void> TlsStream::write(ByteView bytes) {
  while (!bytes.empty()) {
    const std::size_t piece = std::min<std::size_t>(bytes.size(), kReadBytes);
    const int count = SSL_write(state_->ssl.get(), bytes.data(), static_cast<int>(piece));
    if (count <= 0) return unreachable("the connection was lost, or the peer was too slow");
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

std::string hash_of_peer_key(const ssl_st* connection) {
  X509* certificate = SSL_get0_peer_certificate(connection);
  if (certificate == nullptr) return {};
  unsigned char* der = nullptr;
  const int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (length <= 0) return {};
  const auto hash = crypto::sha256({der, static_cast<std::size_t>(length)});
  OPENSSL_free(der);
  return to_hex(hash);
}

Result<std::pair<int, std::uint16_t>> listen_at(const std::string& address, std::uint16_t port) {
  const auto failed = [] { return fail(Rsc::kInternalServerError, "PT-TLS: cannot listen there"); };
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(port);
  if (::inet_pton(AF_INET, address.c_str(), &place.sin_addr) != 1) return failed();
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  socklen_t size = sizeof place;
  if (::bind(socket, reinterpret_cast<sockaddr*>(&place), size) != 0 ||
      ::listen(socket, kBacklog) != 0 ||
      ::getsockname(socket, reinterpret_cast<sockaddr*>(&place), &size) != 0) {
    ::close(socket);
    return failed();
  }
  return std::pair(socket, ntohs(place.sin_port));
}

}  // namespace gatehouse::tnc
