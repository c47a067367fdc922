#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::node {

/// What one listener or connection of a binding has seen since start. A binding leaves what it does
/// not count at zero.
struct WireFigures {
  std::string_view binding;  ///< "https"
  std::uint64_t open = 0;    ///< connections or sessions, now
  std::uint64_t accepted = 0, refused = 0, handshake_failures = 0;
  std::uint64_t received = 0;    ///< requests
  std::uint64_t duplicates = 0;  ///< requests that had come before
};

/// As Prometheus text: one metric per figure, labelled with the binding.
std::string wire_metrics(const std::vector<WireFigures>& figures);

}  // namespace gatehouse::node
