#pragma once
#include <functional>

struct ssl_st;

namespace gatehouse::coap {

/// Called on this thread before a connection says its first word; false: it must not.
using ConnectHook = std::function<bool(ssl_st*)>;

/// Sets the hook of this thread; none: nullptr. libcoap tells clients nothing between making a
/// connection and its handshake, so SSL_connect() is wrapped (linker option --wrap); other threads,
/// and so all other users of OpenSSL, are let through.
void set_connect_hook(const ConnectHook* hook);

}  // namespace gatehouse::coap
