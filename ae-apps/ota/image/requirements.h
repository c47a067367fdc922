#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cse/primitive/result.h"

namespace gatehouse::image {

// What a manifest's `requires` may hold: `release=NAME/COUNT` (manifest.h), and `NAME>=VERSION`:
// each ECU of this serial number or this hardware id runs that version or a newer one, once the
// update is done. A vehicle without such an ECU does not fulfil it.

/// `BRAKE-0001>=1.4` or `brake-2 >= 1.4.0-rc.1`.
struct Dependency {
  std::string name;     ///< serial number or hardware id, 1..64 of [A-Za-z0-9._-]
  std::string version;  ///< one to three numbers, then perhaps what semantic versions may have
};
/// nullopt: the text is not of that form.
std::optional<Dependency> parse_dependency(std::string_view text);

/// For whoever signs. Errors: kBadRequest naming an item that is of neither form.
Result<void> check_requirements(const std::vector<std::string>& requirements);

/// An ECU beside the image, with the version that it has after the update.
struct Neighbour {
  std::string serial, hardware_id;
  std::string version;  ///< what does not begin with a digit ("unknown", "none") is not known
};
struct Unmet {
  std::string reason;
  bool unknown = false;  ///< nothing but what an ECU runs is missing
};
/// Why the image must not be installed in this vehicle; nullopt: it may. What is not understood is
/// not fulfilled; `release=` is not looked at.
std::optional<Unmet> unmet(const std::vector<std::string>& requirements,
                           const std::vector<Neighbour>& vehicle);

/// Source: semver.org 2.0.0 clause 11; numbers that are absent are 0. False for a version that does
/// not begin with a digit.
bool is_at_least(std::string_view version, std::string_view least);

}  // namespace gatehouse::image
