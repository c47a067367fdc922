#pragma once
#include <bitset>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cse/dialect/repairs.h"

namespace gatehouse {

/// The switches, in the order of their table, which is the order in which they act.
enum class Dialect : std::uint8_t {
  kMappedOriginator,
  kNoReleaseVersion,
  kNoRequestId,
  kTypeOutsideCreate,
  kAddressWithoutCseId,
  kCseIdAsBase,
  kAdministratorsAes,
  kCoerceScalars,
  kAeWithoutReleases,
  kApiWithoutPrefix,
  kSubWithoutCriteria,
  kDowngradedContentType,
  kAcmeMonitor,
  kAnswerInAskedForm,
  kPublicCsebase,
  kAdmitUnregistered,
  kStructuredReference,
  kMqttTopicOfAe,
  kNestedContentType,
  kFractionalTimes,
  kUnstructuredWithCseId,
  kDecimalCoordinates,
  kLaterRelease,
};

/// Clients of a family, as bits of Switch::profiles.
namespace dialect_profile {
inline constexpr unsigned kOm2m = 1, kMobius = 2, kAcme = 4;
}  // namespace dialect_profile

/// One way in which clients depart from the standard, off by default. Measured with clients and
/// CSEs of others, each by one request that was valid but for this.
struct Switch {
  Dialect id;
  std::string_view name;     ///< in the configuration: compat.switches = ["no_rvi"]
  std::string_view accepts;  ///< what is then accepted, and done with it
  std::string_view clause;   ///< that it departs from
  unsigned profiles;         ///< families of clients that need it
  /// Makes a request what the standard wants; null: acts elsewhere.
  Repair repair;
  /// How the texts of the refusals begin that it would spare; empty: the standard refuses nothing.
  std::string_view refusal;
  /// Would it spare this one, where there is no repair to try? Null: the text tells.
  bool (*concerns)(const Request& request, const DialectFacts& facts);
  /// What is refused although the standard accepts it, as other CSEs do; null: nothing.
  std::optional<Error> (*objects)(const Request& request) = nullptr;
};

inline constexpr std::size_t kSwitches = 23;
using SwitchSet = std::bitset<kSwitches>;

std::span<const Switch, kSwitches> all_switches();
const Switch* find_switch(std::string_view name);
inline const Switch& switch_of(Dialect id) { return all_switches()[static_cast<std::size_t>(id)]; }

/// A profile is a row of switches.
struct Profile {
  std::string_view name;     ///< compat.profile = "om2m"
  std::string_view clients;  ///< whom it is for
  unsigned bit;              ///< 0: strict
};
std::span<const Profile> all_profiles();

/// The switches of a profile and those named beside it; unknown names count for nothing.
SwitchSet switches_of(std::string_view profile, const std::vector<std::string>& names);

}  // namespace gatehouse
