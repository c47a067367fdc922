#include "cse/services/subscription/target_policies.h"

#include <algorithm>

#include "cse/primitive/schedule_entry.h"
#include "cse/services/subscription/target_removal.h"

namespace gatehouse {
namespace {

/// Children of one type that exist. At most a few hundred are looked at.
Result<std::vector<ResourcePtr>> siblings_of(const ResourceId& parent, int type,
                                             const ResourceId& self, ResourceReader& resources) {
  std::vector<ResourcePtr> found;
  auto entries = resources.children_of_type(parent, type, Page{});
  if (!entries) return fail(entries.error());
  for (const ChildEntry& entry : *entries) {
    if (entry.id == self) continue;
    auto resource = resources.find(entry.id);
    if (!resource) return fail(resource.error());
    if (*resource) found.push_back(*std::move(resource));
  }
  return found;
}

/// A target stands in one reference of a subscription. Source: TS-0004 clause 7.4.30.2.1.
class PolicyRefType final : public TypeBehaviour {
 public:
  Result<void> on_create(Draft& draft, OperationContext& context) const override {
    return check(draft.parent->id(), draft.record.id, draft.attributes, context);
  }
  Result<void> on_update(const ResourcePtr& before, Value& attributes, const Value& requested,
                         OperationContext& context) const override {
    if (!requested.contains("ntu")) return {};
    return check(before->parent(), before->id(), attributes, context);
  }

 private:
  static Result<void> check(const ResourceId& subscription, const ResourceId& self,
                            const Value& attributes, OperationContext& context) {
    auto others = siblings_of(subscription, type_number::kNotificationTargetMgmtPolicyRef, self,
                              context.resources);
    if (!others) return fail(others.error());
    for (const ResourcePtr& other : *others) {
      const auto theirs = other->attributes().strings_at("ntu");
      for (const std::string& target : attributes.strings_at("ntu")) {
        if (std::find(theirs.begin(), theirs.end(), target) == theirs.end()) continue;
        return fail(Rsc::kConflict, "ntu (notificationTargetURI): \"" + target + "\" stands in " +
                                        other->path() + " already");
      }
    }
    return {};
  }
};

/// A creator's policies have different labels, since the default one is found by its label.
class PolicyType final : public TypeBehaviour {
 public:
  Result<void> on_create(Draft& draft, OperationContext& context) const override {
    // One of the administrator holds for the subscriptions of all creators.
    if (context.originator == context.settings.administrator && draft.attributes.contains("cr")) {
      return fail(Rsc::kBadRequest, "cr (creator): the administrator's policies have none");
    }
    return check(draft.record.id, draft.record.originator, draft.attributes, context);
  }
  Result<void> on_update(const ResourcePtr& before, Value& attributes, const Value& requested,
                         OperationContext& context) const override {
    if (!requested.contains("plbl")) return {};
    return check(before->id(), before->originator(), attributes, context);
  }
  /// "There is always the default policy": TS-0004 clause 7.4.33.2.4.
  Result<void> on_delete(const ResourcePtr& self, OperationContext& context) const override {
    const bool of_provider = self->originator() == context.settings.cse_id;
    if (!of_provider || context.originator == context.settings.cse_id) return {};
    return fail(Rsc::kBadRequest, "the provider's default policy may not be deleted");
  }

 private:
  static Result<void> check(const ResourceId& self, const std::string& creator,
                            const Value& attributes, OperationContext& context) {
    const std::string label = attributes.string_at("plbl");
    auto others = siblings_of(csebase_id(context.settings), type_number::kNotificationTargetPolicy,
                              self, context.resources);
    if (!others) return fail(others.error());
    for (const ResourcePtr& other : *others) {
      if (other->originator() != creator || other->attributes().string_at("plbl") != label) {
        continue;
      }
      return fail(Rsc::kBadRequest,
                  "plbl (policyLabel): \"" + creator + "\" has a policy \"" + label + "\" already");
    }
    return {};
  }
};

/// At most two groups of rules. Source: TS-0001 table 9.6.32-1, TS-0004 clause 7.4.32.2.1.
class DeletionRulesType final : public TypeBehaviour {
 public:
  Result<void> on_create(Draft& draft, OperationContext& context) const override {
    auto others = siblings_of(draft.parent->id(), type_number::kPolicyDeletionRules,
                              draft.record.id, context.resources);
    if (!others) return fail(others.error());
    if (others->size() >= 2) {
      return fail(Rsc::kConflict, draft.parent->path() + " has two <policyDeletionRules> already");
    }
    return check(draft.attributes);
  }
  Result<void> on_update(const ResourcePtr&, Value& attributes, const Value& requested,
                         OperationContext&) const override {
    return requested.contains("dr") ? check(attributes) : Result<void>{};
  }

 private:
  static Result<void> check(const Value& attributes) {
    const Value* rules = attributes.find("dr");
    if (!rules) return {};
    for (const std::string& text : rules->strings_at("tod")) {
      if (auto entry = ScheduleEntry::parse(text); !entry) {
        return fail(Rsc::kBadRequest, "dr/tod (timeOfDay): " + entry.error().detail);
      }
    }
    return {};
  }
};

Founder default_policy(const TargetPolicySettings& settings) {
  return [settings](OperationContext& context) -> Result<void> {
    auto base = context.resources.find(csebase_id(context.settings));
    if (!base) return fail(base.error());
    const TypeSchema* schema =
        context.resources.schemas().find(type_number::kNotificationTargetPolicy);
    if (!*base || !schema) return {};
    auto present = context.resources.child(**base, settings.default_name);
    if (!present) return fail(present.error());
    if (*present) return {};
    auto made =
        create_internal(*schema, *base, settings.default_name, {}, context.settings.cse_id,
                        Value::object({{"acn", static_cast<std::int64_t>(settings.default_action)},
                                       {"plbl", "Default"}}),
                        context);
    if (!made) return fail(made.error());
    return {};
  };
}

}  // namespace

void add_target_policies(Cse& cse, TargetPolicySettings settings) {
  Behaviours& behaviours = cse.behaviours();
  behaviours.add(type_number::kNotificationTargetMgmtPolicyRef, std::make_shared<PolicyRefType>());
  behaviours.add(type_number::kNotificationTargetPolicy, std::make_shared<PolicyType>());
  behaviours.add(type_number::kPolicyDeletionRules, std::make_shared<DeletionRulesType>());
  const auto self_reference = std::make_shared<TargetSelfReference>(cse, settings);
  behaviours.add_virtual(type_number::kSubscription, "ntsr", self_reference);
  behaviours.add_virtual(type_number::kCrossResourceSubscription, "ntsr", self_reference);
  cse.extensions().founders.push_back(default_policy(settings));
}

}  // namespace gatehouse
