#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace gatehouse {

/// Releases of the standard, in their order. Source: TS-0004 table 6.3.3-1 (m2m:releaseVersion).
enum class Release : std::uint8_t { k1, k2, k2a, k3, k4, k5 };
inline constexpr Release kNewestRelease = Release::k5;

/// "2a" to a release; nullopt for what is none.
constexpr std::optional<Release> parse_release(std::string_view text) {
  if (text == "1") return Release::k1;
  if (text == "2") return Release::k2;
  if (text == "2a") return Release::k2a;
  if (text == "3") return Release::k3;
  if (text == "4") return Release::k4;
  if (text == "5") return Release::k5;
  return std::nullopt;
}

constexpr std::string_view name_of(Release release) {
  constexpr std::string_view kNames[] = {"1", "2", "2a", "3", "4", "5"};
  return kNames[static_cast<std::size_t>(release)];
}

}  // namespace gatehouse
