// The contexts of access control rules: time windows, addresses, locations, users.
// Source: TS-0001 clause 9.6.2.2, TS-0003 table 7.1.3-3.
#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <numbers>
#include <optional>
#include <sstream>

#include "cse/core/access_rule.h"
#include "cse/primitive/schedule_entry.h"

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

struct Network {
  IpAddress address;
  int bits = 0;  ///< leading bits that count
};

/// "10.0.0.0/8", or one address.
std::optional<Network> parse_network(const std::string& text) {
  const std::size_t slash = text.find('/');
  const auto address = parse_ip(text.substr(0, slash));
  if (!address) return std::nullopt;
  Network network{*address, address->bits};
  if (slash != std::string::npos)
    network.bits = number(std::string_view(text).substr(slash + 1)).value_or(-1);
  if (network.bits < 0 || network.bits > address->bits) return std::nullopt;
  return network;
}

bool is_in(const Network& network, const IpAddress& address) {
  if (network.address.bits != address.bits) return false;
  const auto whole = static_cast<std::size_t>(network.bits / 8);
  if (std::memcmp(network.address.bytes.data(), address.bytes.data(), whole) != 0) return false;
  const int rest = network.bits % 8;
  const auto mask = static_cast<unsigned char>(0xff << (8 - rest));
  return rest == 0 || (network.address.bytes[whole] & mask) == (address.bytes[whole] & mask);
}

/// Where the originator is: known by its address only, of the narrowest network that has it.
const NetworkLocation* location_of(const RuleInput& input) {
  const NetworkLocation* best = nullptr;
  int best_bits = -1;
  const auto address =
      input.request.peer ? parse_ip(input.request.peer->address) : std::optional<IpAddress>{};
  if (!address) return nullptr;
  for (const NetworkLocation& location : input.settings.locations) {
    const auto network = parse_network(location.network);
    if (!network || network->bits <= best_bits || !is_in(*network, *address)) continue;
    best = &location;
    best_bits = network->bits;
  }
  return best;
}

/// `aclr`: a list of country codes, or a circle as latitude, longitude, radius in metres.
bool location_holds(const Value& region, const RuleInput& input) {
  const NetworkLocation* location = location_of(input);
  if (!location) return false;
  const std::vector<std::string> countries = region.strings_at("accc");
  if (!countries.empty()) {
    return std::find(countries.begin(), countries.end(), location->country) != countries.end();
  }
  const Value* circle = region.find("accr");
  if (!circle || !circle->as_array() || circle->size() != 3 || !location->has_position)
    return false;
  const auto at = [circle](std::size_t i) { return (*circle->as_array())[i].as_number(); };
  return at(0) && at(1) && at(2) &&
         distance_metres(*at(0), *at(1), location->latitude, location->longitude) <= *at(2);
}

bool addresses_hold(const Value& addresses, const RuleInput& input) {
  auto entries = addresses.strings_at("ipv4");
  const auto v6 = addresses.strings_at("ipv6");
  entries.insert(entries.end(), v6.begin(), v6.end());
  return input.request.peer && address_in_list(entries, input.request.peer->address);
}

bool user_holds(const std::vector<std::string>& users, const RuleInput& input) {
  const Peer* peer = input.request.peer;
  return peer && !peer->user.empty() &&
         std::find(users.begin(), users.end(), peer->user) != users.end();
}

/// Every condition given must hold.
bool context_holds(const Value& context, const RuleInput& input) {
  if (const Value* windows = context.find("actw"); windows && windows->size() > 0) {
    if (!any_entry_covers(context.strings_at("actw"), input.resources.now())) return false;
  }
  if (const Value* addresses = context.find("acip");
      addresses && !addresses_hold(*addresses, input))
    return false;
  if (const Value* region = context.find("aclr"); region && !location_holds(*region, input))
    return false;
  if (context.contains("acui") && !user_holds(context.strings_at("acui"), input)) return false;
  return !context.contains("acec") && !context.contains("acl");
}

}  // namespace

bool contexts_hold(const Value* contexts, const RuleInput& input) {
  if (!contexts || !contexts->as_array() || contexts->size() == 0) return true;
  return std::any_of(contexts->as_array()->begin(), contexts->as_array()->end(),
                     [&input](const Value& context) { return context_holds(context, input); });
}

std::optional<NetworkLocation> parse_network_location(const std::string& text) {
  NetworkLocation location;
  std::istringstream words(text);
  words >> location.network >> location.country;
  if (!words || !parse_network(location.network)) return std::nullopt;
  if (location.country == "-") {
    location.country.clear();
  } else if (location.country.size() != 2) {
    return std::nullopt;
  }
  if (words >> std::ws; words.eof()) return location;
  location.has_position = true;
  words >> location.latitude >> location.longitude;
  if (!words || std::abs(location.latitude) > 90 || std::abs(location.longitude) > 180)
    return std::nullopt;
  words >> std::ws;
  return words.eof() ? std::optional(location) : std::nullopt;
}

double distance_metres(double latitude1, double longitude1, double latitude2, double longitude2) {
  constexpr double kEarthRadius = 6'371'008.8;
  constexpr double kRadians = std::numbers::pi / 180;
  const double north = std::sin((latitude2 - latitude1) * kRadians / 2);
  const double east = std::sin((longitude2 - longitude1) * kRadians / 2);
  const double h =
      north * north + std::cos(latitude1 * kRadians) * std::cos(latitude2 * kRadians) * east * east;
  return 2 * kEarthRadius * std::asin(std::sqrt(std::min(1.0, h)));
}

bool address_in_list(const std::vector<std::string>& entries, const std::string& address) {
  const auto wanted = parse_ip(address);
  return wanted && std::any_of(entries.begin(), entries.end(), [&](const std::string& entry) {
           const auto network = parse_network(entry);
           return network && is_in(*network, *wanted);
         });
}

}  // namespace gatehouse
