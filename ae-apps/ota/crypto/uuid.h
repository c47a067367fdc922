#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace gatehouse::crypto {

/// UUID of version 5: of a name in a name space. A name, not a proof: it rests on SHA-1. Source:
/// RFC 9562 section 5.5.
std::array<std::uint8_t, 16> uuid5(const std::array<std::uint8_t, 16>& name_space,
                                   std::string_view name);

}  // namespace gatehouse::crypto
