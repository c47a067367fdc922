// libcoap has no call for "bytes have come", so the function with which it reads sockets is wrapped
// (linker option --wrap), and the one that takes a whole message of a stream apart.
#include "bindings/coap/read_hook.h"

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace {

thread_local const gatehouse::coap::ReadHook* current_hook = nullptr;
thread_local const void* last_socket = nullptr;

}  // namespace

extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier): the names that the linker wants
ssize_t __real_coap_socket_read(void* socket, std::uint8_t* data, std::size_t size);
ssize_t __wrap_coap_socket_read(void* socket, std::uint8_t* data, std::size_t size) {
  const ssize_t got = __real_coap_socket_read(socket, data, size);
  if (got > 0 && current_hook) {
    last_socket = socket;
    current_hook->bytes(socket);
  }
  return got;
}
int __real_coap_pdu_parse_opt(void* pdu);
int __wrap_coap_pdu_parse_opt(void* pdu) {
  const int good = __real_coap_pdu_parse_opt(pdu);
  if (current_hook && last_socket) current_hook->message(last_socket);
  return good;
}
// NOLINTEND(bugprone-reserved-identifier)
}

namespace gatehouse::coap {

void set_read_hook(const ReadHook* hook) { current_hook = hook; }

}  // namespace gatehouse::coap
