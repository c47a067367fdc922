#pragma once
#include <cstdint>

// What Paho C 1.3.12 does with its sockets, which it hides, is mended by functions that this
// library brings itself: the loader finds them before libc's and OpenSSL's.
//
// connect(): Paho leaves Nagle's algorithm on; one QoS 1 round trip then takes 88 ms, of which the
// work is 0.2 ms. Ours sets TCP_NODELAY on every TCP socket of the program. (Paho issue 530.)
//
// writev() and SSL_write(): when a PUBLISH of QoS 1 cannot be written since the broker has gone,
// Paho frees its topic and payload twice: at once, and with the messages in flight when the client
// is closed. What was allocated there meanwhile, by any thread, is gone. So Paho is told that such
// a write was done, as if the bytes had got as far as the kernel's buffer; that the connection is
// lost it learns a moment later, where it reads. Others that call these functions see no
// difference.

namespace gatehouse::mqtt {

/// Connections made through our connect().
///
/// Calling this is also what makes the linker take the functions above from our static library.
std::uint64_t connects_without_nagle();

/// Writes of Paho that failed and were said to be done.
std::uint64_t writes_into_the_void();

}  // namespace gatehouse::mqtt
