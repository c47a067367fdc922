#include "ae-apps/ota/image/requirements.h"

#include <algorithm>

#include "ae-apps/ota/image/manifest.h"

namespace gatehouse::image {
namespace {

constexpr std::string_view kRelease = "release=";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ||
           c == '_' || c == '-';
  });
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

/// What comes before the mark; the text goes on after it.
std::string_view cut(std::string_view& text, char mark) {
  const std::size_t at = std::min(text.find(mark), text.size());
  const std::string_view out = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return out;
}

/// "1", "1.4" and semantic versions.
bool is_version(std::string_view text) {
  if (is_semantic_version(text)) return true;
  const auto dots = std::count(text.begin(), text.end(), '.');
  if (text.empty() || text.ends_with('.') || text.size() > 64 || dots > 1) return false;
  const std::string_view first = cut(text, '.');
  return is_number(first) && (text.empty() || is_number(text));
}

/// <0, 0, >0. Of any length, as numbers.
int compare_numbers(std::string_view a, std::string_view b) {
  while (a.starts_with('0')) a.remove_prefix(1);
  while (b.starts_with('0')) b.remove_prefix(1);
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return a.compare(b);
}

int compare_pre_releases(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return static_cast<int>(a.empty()) - static_cast<int>(b.empty());
  while (!a.empty() && !b.empty()) {
    const std::string_view left = cut(a, '.'), right = cut(b, '.');
    const bool number = is_number(left);
    if (number != is_number(right)) return number ? -1 : 1;
    const int order = number ? compare_numbers(left, right) : left.compare(right);
    if (order != 0) return order;
  }
  return static_cast<int>(b.empty()) - static_cast<int>(a.empty());
}

bool is_release(std::string_view text) {
  if (!text.starts_with(kRelease)) return false;
  const auto release = required_release({std::string(text)});
  return release && release->count > 0 && is_name(release->name);
}

}  // namespace

bool is_at_least(std::string_view version, std::string_view least) {
  if (version.empty() || !is_digit(version.front())) return false;
  std::string_view a = cut(version, '+'), b = cut(least, '+');
  std::string_view has = cut(a, '-'), wants = cut(b, '-');  // a and b: pre-releases
  while (!has.empty() || !wants.empty()) {
    const std::string_view left = cut(has, '.'), right = cut(wants, '.');
    const int order = compare_numbers(left, right);
    if (order != 0) return order > 0;
  }
  return compare_pre_releases(a, b) >= 0;
}

std::optional<Dependency> parse_dependency(std::string_view text) {
  const std::size_t at = text.find(">=");
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view name = trimmed(text.substr(0, at)), version = trimmed(text.substr(at + 2));
  if (!is_name(name) || !is_version(version)) return std::nullopt;
  return Dependency{std::string(name), std::string(version)};
}

Result<void> check_requirements(const std::vector<std::string>& requirements) {
  std::size_t releases = 0;
  for (const std::string& each : requirements) {
    const bool release = is_release(each);
    if (release && ++releases > 1) {
      return fail(Rsc::kBadRequest, "requires: \"" + each + "\" is a second release");
    }
    if (release || parse_dependency(each)) continue;
    return fail(Rsc::kBadRequest,
                "requires: \"" + each +
                    "\" must be SERIAL>=1.2.3, HARDWARE-ID>=1.2.3 or release=NAME/COUNT");
  }
  return {};
}

std::optional<Unmet> unmet(const std::vector<std::string>& requirements,
                           const std::vector<Neighbour>& vehicle) {
  std::optional<Unmet> unknown;
  for (const std::string& each : requirements) {
    if (each.starts_with(kRelease)) continue;
    const auto wanted = parse_dependency(each);
    if (!wanted) return Unmet{"the image requires \"" + each + "\", which is not understood"};
    bool some = false;
    for (const Neighbour& ecu : vehicle) {
      if (ecu.serial != wanted->name && ecu.hardware_id != wanted->name) continue;
      some = true;
      if (is_at_least(ecu.version, wanted->version)) continue;
      if (!ecu.version.empty() && is_digit(ecu.version.front())) {
        return Unmet{"the image requires " + each + "; " + ecu.serial + " would run " +
                     ecu.version};
      }
      unknown = Unmet{
          "the image requires " + each + "; it is not known what " + ecu.serial + " runs", true};
    }
    if (!some) return Unmet{"the image requires " + each + ", and no such ECU is in the vehicle"};
  }
  return unknown;
}

}  // namespace gatehouse::image
