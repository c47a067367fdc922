#pragma once
#include "cse/schema/attribute_rows.h"
#include "cse/schema/complex_types.h"
#include "cse/schema/enumerations.h"

/// Words and rows that the tables of all management objects share.
namespace gatehouse::management {

// One row per attribute, in columns.
// clang-format off
/// Source: TS-0004 table 7.4.15.1-3.
inline constexpr std::array kIdentity = std::to_array<AttributeRule>({
    {"mgd",  "mgmtDefinition", rows::kM, rows::kNp, shape::one_of(enumerations::kMgmtDefinition), rows::kMa},
    {"obis", "objectIDs",      rows::kO, rows::kNp, shape::list_of(shape::kUri),                  rows::kOa},
    {"obps", "objectPaths",    rows::kO, rows::kNp, shape::list_of(shape::kUri),                  rows::kOa},
    {"dc",   "description",    rows::kO, rows::kO,  shape::kString,                               rows::kOa},
    {"mgs",  "mgmtSchema",     rows::kO, rows::kNp, shape::kUri,                                  rows::kMa},
});

/// Links to other management objects; mandatory where it is all that an object is for.
inline constexpr AttributeRule kLink          = {"cmlk", "mgmtLink", rows::kO, rows::kO, shape::list_of(complex_types::kMgmtLinkRef), rows::kOa};
inline constexpr AttributeRule kMandatoryLink = {"cmlk", "mgmtLink", rows::kM, rows::kO, shape::some_of(complex_types::kMgmtLinkRef), rows::kNa, rows::kOne};
// clang-format on

/// The whole table of an object out of the rows it does not share, its link row among them.
template <std::size_t N>
constexpr auto table_without_link(const AttributeRule (&own)[N]) {
  return rows::table(std::to_array(own), kIdentity, rows::kGoverned, rows::kAnnounceable);
}

/// The same with the optional link.
template <std::size_t N>
constexpr auto table(const AttributeRule (&own)[N]) {
  return rows::table(std::to_array(own), std::array{kLink}, kIdentity, rows::kGoverned,
                     rows::kAnnounceable);
}

inline constexpr int kChildren[] = {type_number::kSemanticDescriptor, type_number::kSubscription,
                                    type_number::kTransaction};

/// The row of one object in the list of its family.
constexpr TypeSchema object(std::int64_t management_definition, std::string_view root,
                            std::string_view name, std::span<const AttributeRule> rules,
                            bool announceable) {
  return {.type = type_number::kMgmtObj,
          .root = root,
          .name = name,
          .rules = rules,
          .children = kChildren,
          .management_definition = management_definition,
          .announceable = announceable};
}

inline constexpr bool kAnnouncedToo = true;
inline constexpr bool kNotAnnounced = false;

}  // namespace gatehouse::management
