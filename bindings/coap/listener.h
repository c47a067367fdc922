#pragma once
#include <memory>

#include "bindings/coap/server.h"

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

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

/// Who is at the other end, by certificate or key. Only for a session whose handshake is done.
std::shared_ptr<const Peer> peer_of(const coap_session_t* session, const ServerSettings& settings);

}  // namespace gatehouse::coap
