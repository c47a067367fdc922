#include "bindings/coap/connect_hook.h"

#include <openssl/ssl.h>

namespace {

thread_local const gatehouse::coap::ConnectHook* current_hook = nullptr;

}  // namespace

extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier): the names that the linker wants
int __real_SSL_connect(SSL* connection);
int __wrap_SSL_connect(SSL* connection) {
  const bool first = SSL_in_before(connection) == 1;
  if (current_hook && first && !(*current_hook)(connection)) return -1;
  return __real_SSL_connect(connection);
}
// NOLINTEND(bugprone-reserved-identifier)
}

namespace gatehouse::coap {

void set_connect_hook(const ConnectHook* hook) { current_hook = hook; }

}  // namespace gatehouse::coap
