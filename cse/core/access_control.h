#pragma once
#include <string>

#include "cse/core/behaviour.h"
#include "cse/core/resource_reader.h"

namespace gatehouse {

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
};

/// Decides who may do what. Source: TS-0003 clause 7, TS-0001 clause 9.6.2, TS-0004
/// clause 7.3.3.15. Permit overrides: one rule that grants is enough. A resource without `acpi`
/// belongs to its creator; a type without `acpi` follows its parent. The configured administrator
/// may do everything. An announced resource without `acpi` may be seen (RETRIEVE, discovery,
/// subscriptions) by whom its parent lets, up to the CSEBase: its creator is another CSE, and it is
/// there for the entities of this one.
class AccessControl {
 public:
  AccessControl(const CseSettings& settings, const Behaviours& behaviours)
      : settings_(settings), behaviours_(behaviours) {}

  Result<bool> allows(const ResourcePtr& resource, const AccessRequest& request,
                      ResourceReader& resources) const;
  /// For a change of `acpi`, and for an <accessControlPolicy> itself: the selfPrivileges (pvs)
  /// decide.
  Result<bool> allows_policy_change(const ResourcePtr& resource, const AccessRequest& request,
                                    ResourceReader& resources) const;

  /// The privileges of these policies, whatever the resource links to:
  /// membersAccessControlPolicyIDs of a group.
  Result<bool> policies_grant(const Value& policy_ids, const ResourcePtr& resource,
                              const AccessRequest& request, ResourceReader& resources) const {
    return policies_allow(policy_ids, "pv", resource, request, resources);
  }

 private:
  Result<bool> policies_allow(const Value& policy_ids, const char* privileges,
                              const ResourcePtr& resource, const AccessRequest& request,
                              ResourceReader& resources) const;
  Result<bool> rules_allow(const Value* privileges, const ResourcePtr& resource,
                           const AccessRequest& request, ResourceReader& resources) const;
  Result<bool> rule_applies(const Value& rule, const ResourcePtr& resource,
                            const AccessRequest& request, ResourceReader& resources) const;
  Result<bool> names_originator(const Value& originators, const AccessRequest& request,
                                ResourceReader& resources) const;
  Result<bool> is_group_member(const std::string& group, const std::string& originator,
                               ResourceReader& resources) const;

  const CseSettings& settings_;
  const Behaviours& behaviours_;
};

/// `*` stands for any number of characters. Source: TS-0001 clause 9.6.2.1
/// (accessControlOriginators).
bool matches_wildcard(std::string_view pattern, std::string_view text);

/// Is the address in one of the IPv4 or IPv6 entries, each with an optional "/bits"?
bool address_in_list(const std::vector<std::string>& entries, const std::string& address);

}  // namespace gatehouse
