#include "ae-apps/ota/uptane/target_search.h"

#include "ae-apps/ota/uptane/path_pattern.h"

namespace gatehouse::uptane {

TargetSearch::TargetSearch(const TargetsMetadata& top, Loader loader, Profile profile,
                           unsigned max_roles)
    : top_(top), loader_(std::move(loader)), profile_(profile), max_roles_(max_roles) {}

Checked<std::optional<FoundTarget>> TargetSearch::find(
    const std::string& name, const std::vector<std::string>& hardware_ids) {
  name_ = name;
  hardware_ids_ = hardware_ids;
  visited_.clear();
  auto step = search("targets", top_, true);
  if (!step) return refuse(step.error());
  return std::move(step->found);
}

Checked<TargetSearch::Step> TargetSearch::search(const std::string& role,
                                                 const TargetsMetadata& metadata,
                                                 bool with_delegations) {
  const auto target = metadata.targets.find(name_);
  if (target != metadata.targets.end()) {
    return Step{FoundTarget{role, target->second}, Next::kStop};
  }
  if (!with_delegations) return Step{};
  return search_delegations(metadata);
}

Checked<TargetSearch::Step> TargetSearch::search_delegations(const TargetsMetadata& metadata) {
  for (const Delegation& delegation : metadata.delegations) {
    if (!delegation_covers(delegation, name_, hardware_ids_)) continue;
    auto step = delegation.roles.size() == 1
                    ? follow(delegation.roles.front(), delegation, metadata)
                    : follow_several(delegation, metadata);
    if (!step) return step;
    if (step->found || step->next == Next::kStop) return step;
    if (delegation.terminating) return Step{std::nullopt, Next::kStop};
  }
  return Step{};
}

Checked<TargetSearch::Step> TargetSearch::follow(const DelegatedRole& role,
                                                 const Delegation& delegation,
                                                 const TargetsMetadata& delegator) {
  if (!visited_.insert(role.name).second) return Step{};  // a circle, or another way to the same
  if (visited_.size() > max_roles_) {
    return refuse(Reason::kDelegation, "more roles would have to be asked than are allowed");
  }
  const auto metadata = loader_(role, delegator);
  if (!metadata) return refuse(metadata.error());
  // Uptane ends behind a terminating role itself, TUF behind all that it delegates to.
  const bool deeper = profile_ == Profile::kTuf || !delegation.terminating;
  return search(role.name, **metadata, deeper);
}

Checked<TargetSearch::Step> TargetSearch::follow_several(const Delegation& delegation,
                                                         const TargetsMetadata& delegator) {
  std::vector<FoundTarget> found;
  for (const DelegatedRole& role : delegation.roles) {
    auto step = follow(role, delegation, delegator);
    if (step && step->found) found.push_back(*std::move(step->found));
    // A role that cannot be asked has no voice; the others may still be enough.
  }
  for (const FoundTarget& candidate : found) {  // in the order of the roles: the earliest set wins
    std::uint64_t voices = 0;
    for (const FoundTarget& other : found) voices += agree(candidate.record, other.record) ? 1 : 0;
    if (voices >= delegation.roles_in_agreement) return Step{candidate, Next::kStop};
  }
  return Step{};
}

bool agree(const TargetRecord& a, const TargetRecord& b) {
  return a.length == b.length && a.hashes == b.hashes && a.hardware_ids == b.hardware_ids &&
         a.release_counter == b.release_counter;
}

}  // namespace gatehouse::uptane
