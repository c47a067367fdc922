#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "cse/core/access_control.h"

namespace gatehouse {

/// What one question to access control is about, while its rules are evaluated.
struct RuleInput {
  const AccessRequest& request;
  const Resource& target;  ///< what is addressed, also where its parent's policies govern
  const CseSettings& settings;
  ResourceReader& resources;
  std::vector<std::string> roles;  ///< of the originator, as far as they count for the target
};

/// Does the rule (m2m:accessControlRule) permit what is asked, its attribute list aside?
/// Source: TS-0003 clause 7.1.5: res_acr = res_authn AND res_origs AND res_ops AND res_ctxts AND
/// res_objd.
Result<bool> rule_permits(const Value& rule, const RuleInput& input);

/// Does at least one of the alternatives of accessControlContexts hold (or is there none)?
/// DEVIATION: accessControlEvalCriteria and accessControlLimit (R4, of which no text was at hand)
/// never hold: a rule that has one grants nothing.
bool contexts_hold(const Value* contexts, const RuleInput& input);

/// `*` stands for any number of characters but '/'. Source: TS-0003 clause 7.1.3.
bool matches_identifier(std::string_view pattern, std::string_view text);

/// Is the address in one of the IPv4 or IPv6 entries, each with an optional "/bits"?
bool address_in_list(const std::vector<std::string>& entries, const std::string& address);

/// Reads "10.0.0.0/8 DE", "2001:db8::/32 - 52.52 13.41": network, country ("-": unknown), and maybe
/// latitude and longitude in degrees. nullopt: not of that form.
std::optional<NetworkLocation> parse_network_location(const std::string& text);

/// Metres between two points on the mean sphere of the earth; degrees.
double distance_metres(double latitude1, double longitude1, double latitude2, double longitude2);

}  // namespace gatehouse
