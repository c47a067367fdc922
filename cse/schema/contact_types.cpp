#include "cse/schema/attribute_rows.h"
#include "cse/schema/standard_types.h"

// The tables of what an IN-CSE knows of AEs that CSEs have contact with: <AEContactList>,
// <AEContactListPerCSE>. No request creates, changes or deletes them.

namespace gatehouse::standard {

using namespace shape;
using namespace rows;
using namespace type_number;

namespace {

// One row per attribute, in columns.
// clang-format off
/// Source: TS-0001 table 9.6.45-2.
constexpr auto kContactListOwn = std::to_array<AttributeRule>({
    {"nic", "numberImpactedCSEs", kNp, kNp, kUnsigned},
});

/// Source: TS-0001 table 9.6.46-2.
constexpr auto kContactListPerCseOwn = std::to_array<AttributeRule>({
    {"csi", "CSE-ID",    kNp, kNp, kId},
    {"ail", "AE-IDList", kNp, kNp, list_of(kId)},
});
// clang-format on

constexpr auto kContactListRules = table(kContactListOwn, set_by_cse(kGoverned));
constexpr auto kContactListPerCseRules = table(kContactListPerCseOwn, set_by_cse(kGoverned));
constexpr int kBelowContactList[] = {kSubscription, kTransaction};
constexpr int kAboveContactList[] = {kCseBase};
constexpr int kAboveContactListPerCse[] = {kAeContactList};

}  // namespace

constexpr TypeSchema kAeContactListType{.type = kAeContactList,
                                        .root = "m2m:alst",
                                        .name = "AEContactList",
                                        .rules = kContactListRules,
                                        .children = kBelowContactList,
                                        .parents = kAboveContactList};

constexpr TypeSchema kAeContactListPerCseType{.type = kAeContactListPerCse,
                                              .root = "m2m:alpc",
                                              .name = "AEContactListPerCSE",
                                              .rules = kContactListPerCseRules,
                                              .children = {},
                                              .parents = kAboveContactListPerCse};

}  // namespace gatehouse::standard
