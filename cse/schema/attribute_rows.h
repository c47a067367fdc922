#pragma once
#include <array>
#include <stdexcept>

#include "cse/schema/schema.h"
#include "cse/schema/value_shapes.h"

/// Words and rows that the attribute tables of all resource types share.
namespace gatehouse::rows {

using namespace shape;

inline constexpr Need kM = Need::kMandatory;
inline constexpr Need kO = Need::kOptional;
inline constexpr Need kNp = Need::kNotPermitted;

inline constexpr Announced kNa = Announced::kNever;
inline constexpr Announced kOa = Announced::kOptional;
inline constexpr Announced kMa = Announced::kAlways;

inline constexpr bool kOne = true;  ///< multiplicity 1: an UPDATE may not delete it

// One row per attribute, in columns.
// clang-format off
/// Source: TS-0004 tables 7.4.x-2 (common attributes), TS-0001 table 9.6.1.3.2-1. `et` has multiplicity 1
/// but takes null in an UPDATE: that asks the CSE for its default.
inline constexpr AttributeRule kExpirationTime         = {"et",   "expirationTime",                      kO,  kO,  kTimestamp,        kMa};
inline constexpr AttributeRule kLabels                 = {"lbl",  "labels",                              kO,  kO,  list_of(kToken),   kMa};
inline constexpr AttributeRule kAccessControlPolicyIds = {"acpi", "accessControlPolicyIDs",              kO,  kO,  some_of(kId),      kMa};
inline constexpr AttributeRule kConsultationIds        = {"daci", "dynamicAuthorizationConsultationIDs", kO,  kO,  list_of(kUri),     kOa};
inline constexpr AttributeRule kAnnounceTo             = {"at",   "announceTo",                          kO,  kO,  list_of(kUri),     kNa};
inline constexpr AttributeRule kAnnouncedAttribute     = {"aa",   "announcedAttribute",                  kO,  kO,  list_of(kNcName),  kNa};
inline constexpr AttributeRule kAnnounceSyncType       = {"ast",  "announceSyncType",                    kO,  kO,  kUnsigned,         kMa};  // R4
inline constexpr AttributeRule kCreator                = {"cr",   "creator",                             kO,  kNp, kId,               kNa};
inline constexpr AttributeRule kCustodian              = {"cstn", "custodian",                           kO,  kO,  kId,               kNa};  // R4
inline constexpr AttributeRule kStateTag               = {"st",   "stateTag",                            kNp, kNp, kUnsigned,         kNa, kOne};
// clang-format on

/// What every resource has whose access is governed by linked policies.
inline constexpr std::array kGoverned = {kExpirationTime, kLabels, kAccessControlPolicyIds,
                                         kConsultationIds, kCustodian};

/// What a resource has that can be announced.
inline constexpr std::array kAnnounceable = {kAnnounceTo, kAnnouncedAttribute, kAnnounceSyncType};

/// The same rows for a resource that no request creates or changes.
template <std::size_t N>
constexpr std::array<AttributeRule, N> set_by_cse(std::array<AttributeRule, N> part) {
  for (AttributeRule& rule : part) rule.create = rule.update = kNp;
  return part;
}

/// The same rows for a resource that no request changes.
template <std::size_t N>
constexpr std::array<AttributeRule, N> write_once(std::array<AttributeRule, N> part) {
  for (AttributeRule& rule : part) rule.update = kNp;
  return part;
}

/// The same rows, of which that one is not announced.
template <std::size_t N>
constexpr std::array<AttributeRule, N> never_announced(std::array<AttributeRule, N> part,
                                                       const AttributeRule& row) {
  for (AttributeRule& rule : part) {
    if (rule.short_name == row.short_name) rule.announced = kNa;
  }
  return part;
}

/// One table out of several parts. Does not compile if two rows have the same short name.
template <std::size_t... N>
constexpr std::array<AttributeRule, (N + ...)> table(const std::array<AttributeRule, N>&... parts) {
  std::array<AttributeRule, (N + ...)> rules{};
  std::size_t count = 0;
  const auto append = [&](const auto& part) {
    for (const AttributeRule& rule : part) {
      for (std::size_t i = 0; i < count; ++i) {
        if (rules[i].short_name == rule.short_name) throw std::logic_error("short name twice");
      }
      rules[count++] = rule;
    }
  };
  (append(parts), ...);
  return rules;
}

}  // namespace gatehouse::rows
