#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cse/core/behaviour.h"
#include "cse/core/grants.h"
#include "cse/core/resource_reader.h"

namespace gatehouse {

struct RuleInput;

/// Bits of accessControlOperations. Source: TS-0004 clause 6.3.4.2 (m2m:accessControlOperations).
enum class Privilege : int {
  kCreate = 1,
  kRetrieve = 2,
  kUpdate = 4,
  kDelete = 8,
  kNotify = 16,
  kDiscovery = 32
};

Privilege privilege_for(Operation operation);

/// One question to access control.
struct AccessRequest {
  const std::string& originator;
  Privilege privilege;
  int child_type = 0;  ///< for kCreate: `ty` of the new child
  const Peer* peer =
      nullptr;  ///< for contexts that ask for address or authentication; null: from inside
  const Grants* grants = nullptr;  ///< roles and tokens that were verified for the request
  /// What a RETRIEVE asks for (`atrl`); null: all attributes. For rules with attribute lists.
  const std::vector<std::string>* attributes = nullptr;
  /// For kCreate and kUpdate: the attributes that the request sets, an object. Without it, rules
  /// with attribute lists permit neither.
  const Value* content = nullptr;

  /// With all that the request brings, but its attributes and its content.
  static AccessRequest of(const Request& request, const std::string& originator,
                          Privilege privilege, int child_type = 0) {
    return {originator, privilege, child_type, request.peer.get(), request.grants.get()};
  }
};

/// The answer.
struct AccessDecision {
  bool permitted = false;
  /// Set if only rules with attribute lists permit it: nothing else may be shown in the answer.
  std::optional<std::vector<std::string>> attributes;
};

/// Decides who may do what. Source: TS-0003 clause 7, TS-0001 clauses 9.6.2 and 9.6.1.3.2
/// (accessControlPolicyIDs), TS-0004 clause 7.3.3.15.
///
///  - Permit overrides: one rule that permits is enough. Rules with attribute lists (`aca`, R4)
///    add up.
///  - A resource without `acpi` belongs to its creator, or to its custodian once that is set (R4);
///    so does one all of whose policies are gone.
///  - A type without `acpi` follows its parent.
///  - An <accessControlPolicy> is governed by its own selfPrivileges, and so is its announced
///  variant,
///    which the announcing CSE reads too.
///  - The configured administrator and the CSE itself may do everything.
///  - An announced resource without `acpi` may be seen (RETRIEVE, discovery, subscriptions) by whom
///    its parent lets, up to the CSEBase: its creator is another CSE, and it is there for the
///    entities of this one.
///  - Tokens verified for the request count like policies of the resources that they name.
class AccessControl {
 public:
  AccessControl(const CseSettings& settings, const Behaviours& behaviours)
      : settings_(settings), behaviours_(behaviours) {}

  Result<AccessDecision> decide(const ResourcePtr& resource, const AccessRequest& request,
                                ResourceReader& resources) const;
  Result<bool> allows(const ResourcePtr& resource, const AccessRequest& request,
                      ResourceReader& resources) const;
  /// For a change of `acpi`: the selfPrivileges (pvs) of the present policies decide.
  Result<bool> allows_policy_change(const ResourcePtr& resource, const AccessRequest& request,
                                    ResourceReader& resources) const;

  /// The privileges of these policies, whatever the resource links to:
  /// membersAccessControlPolicyIDs of a group.
  Result<bool> policies_grant(const Value& policy_ids, const ResourcePtr& resource,
                              const AccessRequest& request, ResourceReader& resources) const;

 private:
  struct Coverage;
  bool is_almighty(const std::string& originator) const;
  Result<void> cover(const ResourcePtr& resource, const RuleInput& input, Coverage& coverage) const;
  Result<void> cover_by_tokens(const RuleInput& input, Coverage& coverage) const;
  /// False: none of the policies exists here.
  Result<bool> cover_by_policies(const Value& policy_ids, const char* privileges,
                                 const RuleInput& input, Coverage& coverage) const;
  static Result<void> cover_by_rules(const Value* privileges, const RuleInput& input,
                                     Coverage& coverage);
  RuleInput input_for(const Resource& target, const AccessRequest& request,
                      ResourceReader& resources) const;

  const CseSettings& settings_;
  const Behaviours& behaviours_;
};

/// `*` stands for any number of characters: names and values in filters.
bool matches_wildcard(std::string_view pattern, std::string_view text);

}  // namespace gatehouse
