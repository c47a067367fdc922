#pragma once
#include "cse/schema/attribute_rows.h"

namespace gatehouse {

/// The rows of the announced variant of what has these.
std::vector<AttributeRule> announced_rules(std::span<const AttributeRule> original);
/// The announced variant of `original` with these rows, but for root and name.
TypeSchema announced_schema(const TypeSchema& original, std::span<const AttributeRule> rules);

}  // namespace gatehouse

namespace gatehouse::rows {

// One row per attribute, in columns.
// clang-format off
/// What every announced resource has. Source: TS-0004 clause 7.4.26 and table 9.6.26.1-1 of TS-0001.
inline constexpr std::array kAnnouncedCommon = std::to_array<AttributeRule>({
    {"lnk",  "link",                                kM, kO, kUri, kNa, kOne},
    {"et",   "expirationTime",                      kM, kO, kTimestamp},
    {"acpi", "accessControlPolicyIDs",              kO, kO, list_of(kId)},
    {"lbl",  "labels",                              kO, kO, list_of(kString)},
    {"daci", "dynamicAuthorizationConsultationIDs", kO, kO, list_of(kUri)},
    {"ast",  "announceSyncType",                    kO, kO, kUnsigned},  // R4
});
// clang-format on

/// The same rows with an optional `et`, for what has no expiration itself.
constexpr auto without_mandatory_expiration() {
  auto part = kAnnouncedCommon;
  for (AttributeRule& rule : part) {
    if (rule.short_name == kExpirationTime.short_name) rule.create = kO;
  }
  return part;
}

}  // namespace gatehouse::rows
