#pragma once
#include <cstdint>
#include <string>

#include "bindings/coap/message.h"

namespace gatehouse::coap::testing_support {

/// A whole datagram: version 1, the type (0 CON, 1 NON), an ID, a token, then a message.
/// Source: RFC 7252 clause 3.
inline std::string datagram_of(const Message& message, std::uint16_t id, const std::string& token,
                               int type = 0) {
  std::string out;
  out += static_cast<char>(0x40 | type << 4 | static_cast<int>(token.size()));
  out += static_cast<char>(message.code);
  out += static_cast<char>(id >> 8);
  out += static_cast<char>(id & 0xff);
  out += token;
  std::uint16_t last = 0;
  const auto extended = [](std::size_t n, std::string& tail) {
    if (n < 13) return static_cast<int>(n);
    if (n < 269) {
      tail += static_cast<char>(n - 13);
      return 13;
    }
    tail += static_cast<char>((n - 269) >> 8);
    tail += static_cast<char>((n - 269) & 0xff);
    return 14;
  };
  for (const Option& o : message.options) {
    std::string tail;
    const int delta = extended(static_cast<std::size_t>(o.number - last), tail);
    const int length = extended(o.value.size(), tail);
    out += static_cast<char>(delta << 4 | length);
    out += tail;
    out += o.value;
    last = o.number;
  }
  if (!message.payload.empty()) (out += '\xff') += message.payload;
  return out;
}

}  // namespace gatehouse::coap::testing_support
