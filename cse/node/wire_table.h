#pragma once
#include <span>
#include <string>
#include <string_view>

#include "cse/codec/codec.h"

namespace gatehouse::node {

/// How one binding names one serialisation on the wire.
struct WireSerialisation {
  std::string_view codec;  ///< "json"
  std::string_view named;  ///< "Content-Type: application/json"
};

/// What this program supports of one protocol.
struct WireBinding {
  std::string_view protocol;  ///< "HTTP/1.1 (TS-0009)"
  std::string_view schemes;   ///< of points of access
  std::string_view server, client;
  std::string_view secured;     ///< how the other side proves who it is
  std::string_view both_ways;   ///< how an entity without an address of its own is reached
  std::string_view configured;  ///< keys
  std::span<const WireSerialisation> serialisations;
};

std::span<const WireBinding> wire_bindings();

/// The table as a page for people; what `codecs` lacks is marked so.
std::string wire_page(const Codecs& codecs);

}  // namespace gatehouse::node
