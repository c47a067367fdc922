#pragma once
#include <memory>

#include "bindings/coap/server.h"
#include "bindings/security/tls_context.h"

struct coap_context_t;
struct coap_session_t;

/// Sockets and security of a server's context.
namespace gatehouse::coap {

/// Opens the end points of `settings`; gives their port. Errors: kInternalServerError.
Result<std::uint16_t> listen(coap_context_t* context, const ServerSettings& settings);

/// What secured sessions need while they are set up; must outlive the context.
class ServerSecurity {
 public:
  ServerSecurity();
  ~ServerSecurity();
  ServerSecurity(const ServerSecurity&) = delete;
  ServerSecurity& operator=(const ServerSecurity&) = delete;

  /// Before listen(). Errors: kInternalServerError naming the file that cannot be used.
  Result<void> apply(coap_context_t* context, const ServerSettings& settings);
  /// Ours, of which libcoap's connections have their credentials; null without certificates.
  const TlsContext& tls() const;

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

/// False: the certificate of the other end is no longer good. `context`: ServerSecurity::tls().
bool is_still_trusted(const coap_session_t* session, const TlsContext& context);

/// Who is at the other end, by certificate or key. Only for a session whose handshake is done.
std::shared_ptr<const Peer> peer_of(const coap_session_t* session, const ServerSettings& settings);

}  // namespace gatehouse::coap
