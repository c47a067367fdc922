#pragma once
#include <string>

#include "bindings/security/tls_context.h"

namespace gatehouse::mqtt {

/// Paho C 1.3.12 takes certificates and keys as names of files and gives no access to its SSL_CTX:
/// no token, no TPM, no revocation list, no stapled response. So this library brings its own
/// SSL_CTX_load_verify_locations(), found by the loader before OpenSSL's (as connect() in
/// paho_sockets.cpp). Asked for a name that stands for a context of ours, it puts that context's
/// credentials on Paho's; for all others it does what OpenSSL's does.
///
/// A context and its name, for as long as the object lives.
class NamedContext {
 public:
  explicit NamedContext(TlsContext context);
  ~NamedContext();
  NamedContext(const NamedContext&) = delete;
  NamedContext& operator=(const NamedContext&) = delete;
  const std::string& name() const { return name_; }

 private:
  std::string name_;
};

}  // namespace gatehouse::mqtt
