#include "cse/services/network/network.h"

#include "cse/core/address.h"

namespace gatehouse {
namespace {

using namespace type_number;

constexpr std::int64_t kOffline = 1, kOnline = 2;                     // m2m:sessionState
constexpr std::int64_t kEstablishConnection = 1, kExecuteCrud = 3;    // m2m:triggerPurpose
constexpr std::int64_t kProcessing = 1, kNetworkServiceNotFound = 2;  // m2m:triggerStatus
constexpr std::int64_t kLowestCost = 1;  // m2m:transferSelectionGuidance

class MultimediaSession final : public TypeBehaviour {
 public:
  Result<void> on_create(Draft& draft, OperationContext&) const override {
    const Value* capabilities = draft.parent->attributes().find("scp");
    if (!capabilities || !capabilities->as_array() || capabilities->as_array()->empty()) {
      return fail(Rsc::kTargetHasNoSessionCapability,
                  "scp (sessionCapabilities): the AE " + draft.parent->path() + " has none");
    }
    draft.attributes.set("sst", kOffline);
    return {};
  }
  Result<void> on_update(const ResourcePtr& before, Value&, const Value& requested,
                         OperationContext&) const override {
    const bool online = before->attributes().integer_at("sst") == kOnline;
    const bool ends = requested.integer_at("sst") == kOffline;
    if (online && !ends && (requested.contains("osd") || requested.contains("asd"))) {
      return fail(
          Rsc::kSessionIsOnline,
          "sst (sessionState): is ONLINE, so osd and asd (the session's descriptions) do not "
          "change");
    }
    return {};
  }
};

/// Every present resource of a type, until `visit` returns false.
template <class Visit>
Result<void> each_of_type(int type, WorkingSet& resources, const Visit& visit) {
  Page page;
  for (;;) {
    auto entries = resources.all_of_type(type, page);
    if (!entries) return fail(entries.error());
    for (const ChildEntry& entry : *entries) {
      page.after = entry.order;
      auto resource = resources.find(entry.id);
      if (!resource) return fail(resource.error());
      if (*resource && !visit(**resource)) return {};
    }
    if (entries->size() < page.limit) return {};
  }
}

/// A registree with that Trigger-Recipient-ID that wants no triggers.
Result<void> check_recipient(const Value& trigger, WorkingSet& resources) {
  const std::int64_t recipient = trigger.integer_at("tri");
  bool disabled = false;
  for (const int type : {kAe, kRemoteCse}) {
    auto seen = each_of_type(type, resources, [&](const Resource& registree) {
      const Value& attributes = registree.attributes();
      const Value* enabled = attributes.find("tren");
      if (attributes.contains("tri") && attributes.integer_at("tri") == recipient && enabled)
        disabled = enabled->as_bool() == false;
      return !disabled;
    });
    if (!seen) return seen;
  }
  if (!disabled) return {};
  return fail(Rsc::kTriggeringDisabledForRecipient,
              "tri (Trigger-Recipient-ID): triggerEnable of the registree with " +
                  std::to_string(recipient) + " is false");
}

/// What goes with which purpose. Source: TS-0001 table 9.6.49-2.
Result<void> check_purpose(const Value& trigger) {
  const bool executes = trigger.integer_at("tpe") == kExecuteCrud;
  constexpr std::pair<const char*, const char*> kOfExecution[] = {{"tiae", "triggerInfoAE-ID"},
                                                                  {"tio", "triggerInfoOperation"},
                                                                  {"tirt", "targetedResourceType"}};
  for (const auto& [name, long_name] : kOfExecution) {
    if (trigger.contains(name) == executes) continue;
    return fail(Rsc::kBadRequest,
                std::string(name) + " (" + long_name + "): " +
                    (executes ? "is mandatory where tpe (triggerPurpose) is 3 (executeCRUD)"
                              : "stands only where tpe (triggerPurpose) is 3 (executeCRUD)"));
  }
  if (executes && !trigger.contains("tia")) {
    return fail(
        Rsc::kBadRequest,
        "tia (triggerInfoAddress): is mandatory where tpe (triggerPurpose) is 3 (executeCRUD)");
  }
  return {};
}

class TriggerRequest final : public TypeBehaviour {
 public:
  Result<void> on_create(Draft& draft, OperationContext& context) const override {
    Value& trigger = draft.attributes;
    if (!trigger.contains("tpe")) trigger.set("tpe", kEstablishConnection);
    if (auto sound = check_purpose(trigger); !sound) return sound;
    if (auto wanted = check_recipient(trigger, context.resources); !wanted) return wanted;
    trigger.set("tst", kNetworkServiceNotFound);
    trigger.set("trf", draft.record.id.text);
    return {};
  }
  Result<void> on_update(const ResourcePtr& before, Value& attributes, const Value&,
                         OperationContext& context) const override {
    if (before->attributes().integer_at("tst") != kProcessing) {
      return fail(Rsc::kUnableToReplaceRequest,
                  "tst (triggerStatus): is not PROCESSING, so the trigger cannot be replaced");
    }
    if (auto sound = check_purpose(attributes); !sound) return sound;
    return check_recipient(attributes, context.resources);
  }
  Result<void> permits(Operation operation, const Resource& self, ResourceReader&) const override {
    if (operation != Operation::kDelete || self.attributes().integer_at("tst") == kProcessing)
      return {};
    return fail(Rsc::kUnableToRecallRequest,
                "tst (triggerStatus): is not PROCESSING, so the trigger cannot be recalled");
  }
};

class BackgroundDataTransfer final : public TypeBehaviour {
 public:
  Result<void> on_create(Draft& draft, OperationContext& context) const override {
    if (!draft.attributes.contains("tsg")) draft.attributes.set("tsg", Value::array({kLowestCost}));
    return check_members(draft.attributes, context);
  }
  Result<void> on_update(const ResourcePtr&, Value& attributes, const Value& requested,
                         OperationContext& context) const override {
    return requested.contains("mid") ? check_members(attributes, context) : Result<void>{};
  }

 private:
  /// Members of other CSEs are not looked at.
  static Result<void> check_members(const Value& transfer, OperationContext& context) {
    for (const std::string& member : transfer.strings_at("mid")) {
      const auto address = parse_address(member);
      if (!address) return fail(Rsc::kBadRequest, "mid (memberIDs): " + address.error().detail);
      if (!is_local(*address, context.settings)) continue;
      auto found = find_local(member, context.settings, context.resources);
      if (!found) return fail(found.error());
      if (!*found || ((*found)->type() != kAe && (*found)->type() != kRemoteCse)) {
        return fail(Rsc::kBadRequest, "mid (memberIDs): \"" + member +
                                          "\" is neither an <AE> nor a <remoteCSE> of this CSE");
      }
    }
    return {};
  }
};

class LocalMulticastGroup final : public TypeBehaviour {
 public:
  Result<void> on_create(Draft&, OperationContext&) const override {
    return fail(Rsc::kJoinMulticastGroupFailed,
                "mad (multicastAddress): this CSE joins no multicast group");
  }
};

}  // namespace

void add_network_types(Cse& cse) {
  Behaviours& behaviours = cse.behaviours();
  behaviours.add(kMultimediaSession, std::make_shared<MultimediaSession>());
  behaviours.add(kTriggerRequest, std::make_shared<TriggerRequest>());
  behaviours.add(kBackgroundDataTransfer, std::make_shared<BackgroundDataTransfer>());
  behaviours.add(kLocalMulticastGroup, std::make_shared<LocalMulticastGroup>());
}

}  // namespace gatehouse
