// The contexts of access control rules: addresses.
#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <cstring>
#include <optional>

#include "cse/core/access_control.h"

namespace gatehouse {
namespace {

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct IpAddress {
  std::array<unsigned char, 16> bytes{};
  int bits = 0;  ///< 32 or 128
};

std::optional<IpAddress> parse_ip(const std::string& text) {
  IpAddress address;
  if (inet_pton(AF_INET, text.c_str(), address.bytes.data()) == 1) {
    address.bits = 32;
    return address;
  }
  if (inet_pton(AF_INET6, text.c_str(), address.bytes.data()) == 1) {
    address.bits = 128;
    return address;
  }
  return std::nullopt;
}

}  // namespace

bool address_in_list(const std::vector<std::string>& entries, const std::string& address) {
  const auto wanted = parse_ip(address);
  if (!wanted) return false;
  for (const std::string& entry : entries) {
    const std::size_t slash = entry.find('/');
    const auto network = parse_ip(entry.substr(0, slash));
    if (!network || network->bits != wanted->bits) continue;
    int bits = network->bits;
    if (slash != std::string::npos)
      bits = number(std::string_view(entry).substr(slash + 1)).value_or(-1);
    if (bits < 0 || bits > network->bits) continue;
    const auto whole = static_cast<std::size_t>(bits / 8);
    if (std::memcmp(network->bytes.data(), wanted->bytes.data(), whole) != 0) continue;
    const int rest = bits % 8;
    const auto mask = static_cast<unsigned char>(0xff << (8 - rest));
    if (rest == 0 || (network->bytes[whole] & mask) == (wanted->bytes[whole] & mask)) return true;
  }
  return false;
}

}  // namespace gatehouse
