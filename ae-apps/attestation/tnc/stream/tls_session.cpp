#include "ae-apps/attestation/tnc/stream/tls_session.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "ae-apps/attestation/tnc/stream/peer_key.h"

namespace gatehouse::tnc {
namespace {

constexpr std::size_t kReadBytes = 16 * 1024;
constexpr std::uint8_t kHandshakeRecord = 22, kMajorVersion = 3;
constexpr std::size_t kMaxRecordBytes = 16 * 1024;

struct Freer {
  void operator()(SSL* p) const { SSL_free(p); }
};

}  // namespace

struct TlsSession::State {
  TlsContext context;
  std::unique_ptr<SSL, Freer> ssl;
  std::string failure;
  bool proven = false;

  /// What became of a call that returned `result`.
  Step after(int result, const char* what) {
    const int error = SSL_get_error(ssl.get(), result);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return Step::kWait;
    const unsigned long code = ERR_get_error();
    const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
    if (error != SSL_ERROR_ZERO_RETURN) {
      failure = std::string(what) + (reason != nullptr ? std::string(": ") + reason : "");
    }
    ERR_clear_error();
    return Step::kClosed;
  }
};

TlsSession::Hello TlsSession::look_at(ByteView header, std::size_t available) {
  if (!header.empty() && header[0] != kHandshakeRecord) return Hello::kNone;
  if (header.size() > 1 && header[1] != kMajorVersion) return Hello::kNone;
  if (header.size() < kHelloHeaderBytes) return Hello::kIncomplete;
  const std::size_t length = std::size_t{header[3]} << 8 | header[4];
  if (length == 0 || length > kMaxRecordBytes) return Hello::kNone;
  return available >= kHelloHeaderBytes + length ? Hello::kWhole : Hello::kIncomplete;
}

Result<TlsSession> TlsSession::begin(int socket, const TlsContext& context) {
  auto state = std::make_unique<State>();
  state->context = context;
  state->ssl.reset(SSL_new(context.get()));
  if (state->ssl == nullptr || SSL_set_fd(state->ssl.get(), socket) != 1) {
    ERR_clear_error();
    return fail(Rsc::kInternalServerError, "no connection can be made");
  }
  SSL_set_mode(state->ssl.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                     SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return TlsSession(std::move(state));
}

TlsSession::TlsSession(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsSession::TlsSession(TlsSession&&) noexcept = default;
TlsSession::~TlsSession() = default;

TlsSession::Step TlsSession::handshake() {
  ERR_clear_error();
  const int result = SSL_accept(state_->ssl.get());
  if (result != 1) return state_->after(result, "the handshake failed");
  state_->proven = true;
  return Step::kDone;
}

TlsSession::Step TlsSession::read(Bytes& out, std::size_t most) {
  while (out.size() < most) {
    const std::size_t before = out.size();
    out.resize(before + std::min(kReadBytes, most - before));
    ERR_clear_error();
    const int count =
        SSL_read(state_->ssl.get(), out.data() + before, static_cast<int>(out.size() - before));
    out.resize(before + static_cast<std::size_t>(std::max(count, 0)));
    if (count <= 0) return state_->after(count, "the connection was lost");
  }
  return Step::kDone;
}

TlsSession::Step TlsSession::write(ByteView bytes, std::size_t& written) {
  while (!bytes.empty()) {
    ERR_clear_error();
    const int count = SSL_write(state_->ssl.get(), bytes.data(),
                                static_cast<int>(std::min(kReadBytes, bytes.size())));
    if (count <= 0) return state_->after(count, "the connection was lost");
    written += static_cast<std::size_t>(count);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return Step::kDone;
}

void TlsSession::close() {
  if (state_->proven && state_->failure.empty()) SSL_shutdown(state_->ssl.get());
  ERR_clear_error();
}

std::vector<std::string> TlsSession::peer() const { return identities_of(state_->ssl.get()); }
std::string TlsSession::peer_key() const { return hash_of_peer_key(state_->ssl.get()); }
const std::string& TlsSession::failure() const { return state_->failure; }

}  // namespace gatehouse::tnc
