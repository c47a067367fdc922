#include <algorithm>

#include "cse/schema/announced_rows.h"
#include "cse/schema/attribute_rows.h"
#include "cse/schema/schema.h"

namespace gatehouse {
namespace {

using namespace rows;
using namespace type_number;

struct AnnouncedChildren {
  int original;
  std::span<const int> children;
};

// clang-format off
constexpr int kBelowPolicy[] = {kSubscription, kTransaction};
constexpr int kOnlySubscriptions[] = {kSubscription};
constexpr int kOnlyTransactions[] = {kTransaction};
constexpr int kBelowAction[] = {kSubscription, kAnnounced + kDependency};
constexpr int kBelowDescribed[] = {kSubscription, kTransaction, kSemanticDescriptor,
                                   kAnnounced + kSemanticDescriptor};
constexpr int kBelowInstance[] = {kTransaction, kSemanticDescriptor,
                                  kAnnounced + kSemanticDescriptor};
constexpr int kBelowOntologyRepository[] = {kSubscription, kAnnounced + kOntology};
constexpr int kBelowMashupInstance[] = {kSubscription, kSemanticDescriptor, kSemanticMashupResult,
                                        kAnnounced + kSemanticDescriptor,
                                        kAnnounced + kSemanticMashupResult};
constexpr int kBelowMashupProfile[] = {kSubscription, kSemanticDescriptor, kSemanticMashupInstance,
                                       kAnnounced + kSemanticDescriptor,
                                       kAnnounced + kSemanticMashupInstance};
constexpr int kBelowProcess[] = {kSubscription, kAnnounced + kState};
constexpr int kBelowState[] = {kSubscription, kAnnounced + kAction};
constexpr int kBelowAe[] = {kAccessControlPolicy, kAnnounced + kAccessControlPolicy,
                            kContainer, kAnnounced + kContainer,
                            kGroup, kAnnounced + kGroup,
                            kAction, kAnnounced + kAction,
                            kLocationPolicy, kAnnounced + kLocationPolicy,
                            kSemanticDescriptor, kAnnounced + kSemanticDescriptor,
                            kSemanticMashupInstance, kAnnounced + kSemanticMashupInstance,
                            kSubscription, kTransaction, kTransactionMgmt};
constexpr int kBelowContainer[] = {kContainer, kAnnounced + kContainer,
                                   kContentInstance, kAnnounced + kContentInstance,
                                   kSemanticDescriptor, kAnnounced + kSemanticDescriptor,
                                   kAnnounced + kAction, kSubscription, kTransaction};
constexpr int kBelowFlexContainer[] = {kContainer, kAnnounced + kContainer,
                                       kFlexContainer, kAnnounced + kFlexContainer,
                                       kSemanticDescriptor, kAnnounced + kSemanticDescriptor,
                                       kAnnounced + kAction, kSubscription, kTransaction};
constexpr int kBelowNode[] = {kSubscription, kTransaction, kAnnounced + kMgmtObj,
                              kAnnounced + kSchedule, kSemanticDescriptor,
                              kAnnounced + kSemanticDescriptor};
constexpr int kBelowRemoteCse[] = {kAccessControlPolicy, kAnnounced + kAccessControlPolicy,
                                   kContainer, kAnnounced + kContainer,
                                   kGroup, kAnnounced + kGroup,
                                   kSemanticMashupInstance, kAnnounced + kSemanticMashupInstance,
                                   kSemanticMashupJobProfile,
                                   kAnnounced + kSemanticMashupJobProfile,
                                   kAnnounced + kAe, kAnnounced + kLocationPolicy,
                                   kAnnounced + kNode, kAnnounced + kOntologyRepository,
                                   kSubscription, kTransaction, kTransactionMgmt};
// clang-format on

/// What may be created below an announced resource; other types: nothing.
/// Source: TS-0001 tables 9.6.x-1, column "child resource types of the announced variant".
constexpr AnnouncedChildren kChildren[] = {
    {kAccessControlPolicy, kBelowPolicy},
    {kAe, kBelowAe},
    {kContainer, kBelowContainer},
    {kContentInstance, kBelowInstance},
    {kFlexContainer, kBelowFlexContainer},
    {kGroup, kBelowDescribed},
    {kMgmtObj, kBelowDescribed},
    {kNode, kBelowNode},
    {kRemoteCse, kBelowRemoteCse},
    {kSchedule, kOnlyTransactions},
    {kTimeSeries, kBelowDescribed},
    {kTimeSeriesInstance, kOnlyTransactions},
    {kTimeSyncBeacon, kOnlySubscriptions},
    {kAction, kBelowAction},
    {kDependency, kOnlySubscriptions},
    {kLocationPolicy, kBelowPolicy},
    {kSemanticDescriptor, kBelowPolicy},
    {kOntologyRepository, kBelowOntologyRepository},
    {kOntology, kOnlySubscriptions},
    {kSemanticMashupJobProfile, kBelowMashupProfile},
    {kSemanticMashupInstance, kBelowMashupInstance},
    {kSemanticMashupResult, kBelowDescribed},
    {kMultimediaSession, kBelowPolicy},
    {kPrimitiveProfile, kOnlySubscriptions},
    {kProcessManagement, kBelowProcess},
    {kState, kBelowState},
};

std::span<const int> children_of_announced(int original) {
  for (const AnnouncedChildren& row : kChildren) {
    if (row.original == original) return row.children;
  }
  return {};
}

/// The row an announced resource has for an attribute of its original. Only the kind of a
/// management object or flexContainer is mandatory: the rest depends on what the original has.
AttributeRule announced(const AttributeRule& original) {
  AttributeRule rule = original;
  const bool is_kind = original.short_name == "mgd" || original.short_name == "cnd";
  rule.create = is_kind ? Need::kMandatory : Need::kOptional;
  rule.update = is_kind ? Need::kNotPermitted : Need::kOptional;
  rule.announced = Announced::kNever;
  rule.multiplicity_one = is_kind;
  return rule;
}

}  // namespace

std::vector<AttributeRule> announced_rules(std::span<const AttributeRule> original) {
  std::vector<AttributeRule> rules(kAnnouncedCommon.begin(), kAnnouncedCommon.end());
  for (const AttributeRule& rule : original) {
    const bool present = std::any_of(rules.begin(), rules.end(), [&rule](const AttributeRule& r) {
      return r.short_name == rule.short_name;
    });
    if (rule.announced != Announced::kNever && !present) rules.push_back(announced(rule));
  }
  return rules;
}

TypeSchema announced_schema(const TypeSchema& original, std::span<const AttributeRule> rules) {
  TypeSchema variant{};
  variant.type = kAnnounced + original.type;
  variant.rules = rules;
  variant.children = children_of_announced(original.type);
  variant.management_definition = original.management_definition;
  variant.parents = original.parents;
  variant.abstract = original.abstract;
  return variant;
}

void add_announced_variants(Schemas& schemas, std::vector<std::unique_ptr<TypeSchema>>& owner,
                            std::vector<std::unique_ptr<std::vector<AttributeRule>>>& rule_owner) {
  const std::vector<const TypeSchema*> originals(schemas.all().begin(), schemas.all().end());
  for (const TypeSchema* original : originals) {
    if (!original->announceable) continue;
    const auto& rules = rule_owner.emplace_back(
        std::make_unique<std::vector<AttributeRule>>(announced_rules(original->rules)));
    TypeSchema variant = announced_schema(*original, *rules);
    variant.root = schemas.keep(std::string(original->root) + "A");
    variant.name = schemas.keep(std::string(original->name) + "Annc");
    schemas.add(*owner.emplace_back(std::make_unique<TypeSchema>(variant)));
  }
}

}  // namespace gatehouse
