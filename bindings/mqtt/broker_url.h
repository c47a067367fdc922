#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "cse/primitive/result.h"

namespace gatehouse::mqtt {

/// `mqtt://host[:1883][/path][?ct=json]`, `mqtts://host[:8883]…`. Source: TS-0010 clause 6.6.
struct BrokerUrl {
  bool tls = false;
  std::string host;  ///< name or address; an IPv6 address without its brackets
  std::uint16_t port = 1883;
  std::string path;   ///< without the first slash and a last one; percent-encoding resolved
  std::string codec;  ///< the value of `ct`, else empty

  /// "127.0.0.1:1883", "[::1]:8883": for logs and as the identity of a broker.
  std::string authority() const;
};

/// Errors: kBadRequest naming the fault (other scheme, no host, bad port, '+' or '#' in the path,
/// user information).
Result<BrokerUrl> parse_broker_url(std::string_view url);

}  // namespace gatehouse::mqtt
