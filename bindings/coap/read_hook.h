#pragma once
#include <functional>

namespace gatehouse::coap {

/// Told of what comes over stream connections (TCP, TLS) on this thread. libcoap tells only of
/// whole messages, so a peer that says one a byte at a time looks alive to it.
struct ReadHook {
  std::function<void(const void* socket)> bytes;    ///< some came
  std::function<void(const void* socket)> message;  ///< a message of them is whole
};

/// nullptr: nobody is told. It must outlive its use.
void set_read_hook(const ReadHook* hook);

}  // namespace gatehouse::coap
