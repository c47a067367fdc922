#include "certs/profile.h"

#include <iterator>

namespace gatehouse::pki {

const Profile& profile_of(Kind kind) {
  static_assert(std::size(kProfiles) == static_cast<std::size_t>(Kind::kTester) + 1);
  return kProfiles[static_cast<std::size_t>(kind)];
}

std::optional<Kind> kind_named(std::string_view name) {
  for (const Profile& profile : kProfiles) {
    if (profile.name == name) return profile.kind;
  }
  return std::nullopt;
}

}  // namespace gatehouse::pki
