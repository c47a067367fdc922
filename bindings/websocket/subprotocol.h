#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cse/codec/codec.h"

namespace gatehouse::websocket {

/// "oneM2M.json" for "json". Source: TS-0020 table 6.2.2.9-1.
std::string subprotocol_of(std::string_view codec_name);

/// The codec of a sub-protocol's name, or nullptr. Names are compared exactly (RFC 6455
/// clause 4.1).
const Codec* codec_of(std::string_view subprotocol, const Codecs& codecs);

/// The first of the client's sub-protocols that we have; `fields` are all its
/// Sec-WebSocket-Protocol header fields, joined by commas. nullptr: none.
const Codec* choose_codec(std::string_view fields, const Codecs& codecs);

/// True for the serialisation that travels in binary messages.
bool is_binary(const Codec& codec);

/// A point of access of this binding.
struct WsUrl {
  bool tls = false;
  std::string host;  ///< without the brackets of an IPv6 literal
  std::string port = "80";
  std::string target = "/";  ///< path and query
  /// "host:80", "[::1]:443": for the Host field, and to know the same place again.
  std::string authority() const;
};
/// nullopt unless it is a ws or wss URL with a host, a valid port if any and no user name.
std::optional<WsUrl> parse_ws_url(std::string_view text);

}  // namespace gatehouse::websocket
