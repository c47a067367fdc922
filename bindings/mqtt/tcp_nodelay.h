#pragma once
#include <cstdint>

namespace gatehouse::mqtt {

/// Paho C 1.3.12 leaves Nagle's algorithm on and hides its socket: one QoS 1 round trip then takes
/// 88 ms, of which the work is 0.2 ms. So this library brings its own connect(), found by the
/// loader before libc's, which sets TCP_NODELAY on every TCP socket of the program and then does
/// what libc's does. (Paho issue 530.)
///
/// Connections made through it. Calling this is also what makes the linker take connect() from our
/// static library.
std::uint64_t connects_without_nagle();

}  // namespace gatehouse::mqtt
