#pragma once
#include <functional>
#include <set>

#include "ae-apps/ota/uptane/metadata.h"

namespace gatehouse::uptane {

struct FoundTarget {
  std::string role;  ///< "targets", or the delegated role that signed it
  TargetRecord record;
};

/// Finds the one description of a target that is to be believed, down the delegations in their
/// order. Source: Uptane standard 2.1 sections 5.4.4.7 and 5.4.4.8, TUF 1.0 section 5.6.7.
class TargetSearch {
 public:
  /// The verified metadata of a delegated role. `delegator` holds the role's keys.
  using Loader = std::function<Checked<const TargetsMetadata*>(const DelegatedRole& role,
                                                               const TargetsMetadata& delegator)>;
  TargetSearch(const TargetsMetadata& top, Loader loader, Profile profile, unsigned max_roles);

  /// nullopt: nobody with a right to it describes it. Errors: those of the loader; kDelegation if
  /// more roles than allowed would have to be asked.
  Checked<std::optional<FoundTarget>> find(const std::string& name,
                                           const std::vector<std::string>& hardware_ids);

 private:
  /// Whether the search goes on behind a delegation that brought nothing.
  enum class Next : std::uint8_t { kGoOn, kStop };
  struct Step {
    std::optional<FoundTarget> found;
    Next next = Next::kGoOn;
  };

  Checked<Step> search(const std::string& role, const TargetsMetadata& metadata,
                       bool with_delegations);
  Checked<Step> search_delegations(const TargetsMetadata& metadata);
  Checked<Step> follow(const DelegatedRole& role, const Delegation& delegation,
                       const TargetsMetadata& delegator);
  Checked<Step> follow_several(const Delegation& delegation, const TargetsMetadata& delegator);

  const TargetsMetadata& top_;
  Loader loader_;
  Profile profile_;
  unsigned max_roles_;
  std::string name_;
  std::vector<std::string> hardware_ids_;
  std::set<std::string, std::less<>> visited_;
};

/// Equal in all that several roles, or two repositories, must agree about.
bool agree(const TargetRecord& a, const TargetRecord& b);

}  // namespace gatehouse::uptane
