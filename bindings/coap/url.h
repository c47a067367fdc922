#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::coap {

/// The parts of a coap, coaps, coap+tcp or coaps+tcp URL. Source: RFC 7252 clause 6, RFC 8323
/// clause 8.
struct Url {
  bool tls = false, tcp = false;
  std::string host;  ///< without the brackets of an IPv6 literal
  std::uint16_t port = 5683;
  std::vector<std::string> path;   ///< segments, unescaped; without an empty last one
  std::vector<std::string> query;  ///< items, unescaped, without `ct`
  std::string codec;               ///< of `?ct=cbor`; empty: the sender's choice

  /// "coaps://[::1]:5684": the entity, whatever the path.
  std::string authority() const;
};

/// nullopt unless it is such a URL with a host, a valid port if any, no user name, no control
/// characters, and no segment or item over 255 bytes. A fragment is cut off.
std::optional<Url> parse_url(std::string_view text);

}  // namespace gatehouse::coap
