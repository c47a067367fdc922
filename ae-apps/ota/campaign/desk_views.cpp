// The desk's devices: ECUs as [flexNode], campaigns as [software], and who may change them.
#include "ae-apps/ota/campaign/command_objects.h"
#include "ae-apps/ota/campaign/desk.h"
#include "ae-apps/ota/campaign/management_views.h"

namespace gatehouse::campaign {
namespace {

constexpr std::int64_t kMgmtObj = 13, kNode = 14, kSubscription = 23, kFlexContainer = 28;
constexpr std::int64_t kSoftwareObject = 1002;  ///< m2m:mgmtDefinition
constexpr std::int64_t kBlockingUpdate = 7;     ///< m2m:notificationEventType
constexpr const char* kSoftwareRoot = "m2m:swr";
constexpr const char* kConsent = "consent";  ///< rn of the <subscription>

Result<void> unless_there(const Result<Value>& created) {
  if (created || created.error().rsc == Rsc::kConflict) return {};
  return fail(created.error());
}

Value without_nulls(const Value& attributes) {
  Value out = Value::object();
  for (const Member& member : *attributes.as_object()) {
    if (!member.value.is_null()) out.set(member.name, member.value);
  }
  return out;
}

/// `{"m2m:sgn":{"nev":{"net":7,"rep":{root:{…}}},"sur":…,"cr":…}}`; nullptr: no such question.
const Value* question_in(const Request& notification) {
  const Value* question = notification.content ? notification.content->find("m2m:sgn") : nullptr;
  const Value* event = question == nullptr ? nullptr : question->find("nev");
  return event != nullptr && event->integer_at("net") == kBlockingUpdate ? question : nullptr;
}

/// The attributes that somebody wants to set; null: they are not said.
Value requested_in(const Value& question) {
  const Value* content = question.find("nev")->find("rep");
  const Value::Object* root = content == nullptr ? nullptr : content->as_object();
  return root != nullptr && root->size() == 1 ? root->front().value : Value();
}

Error refusal_of(const Response& answer) {
  const Value* content = answer.content.tree();
  return {answer.rsc, content == nullptr ? std::string() : content->string_at("m2m:dbg")};
}

}  // namespace

Result<Value> Desk::asked(const Request& notification) {
  if (ae_ == nullptr) return fail(Rsc::kTargetNotReachable, "the server is about to end");
  const Value* question = question_in(notification);
  if (question == nullptr) return executed(notification);
  // Who asks is said in its content: only the CSE itself is believed that.
  if (notification.from == ae_->settings().cse_id) return consent(*question);
  return fail(Rsc::kOriginatorHasNoPrivilege, "only the CSE asks for our consent");
}

/// The CSE has an UPDATE of something that we guard, and waits for our answer.
Result<Value> Desk::consent(const Value& question) {
  const std::string by = known_as(question.string_at("cr"));
  if (by == ae_->id()) return Value();  // what we write there ourselves
  Guarded guarded;
  {
    const std::lock_guard lock(guarded_mutex_);
    const auto found = guarded_.find(known_as(question.string_at("sur")));
    if (found != guarded_.end()) guarded = found->second;
  }
  if (guarded.ecu.empty() && guarded.campaign.empty()) {
    return fail(Rsc::kTargetNotReachable, "the server has just started; try again");
  }
  const Value requested = requested_in(question);
  if (!guarded.campaign.empty() && requested.contains("in")) read_labels(*ae_);
  Verdict verdict;
  parts_.locked([&](Manager& manager, Timestamp now) {
    verdict = guarded.ecu.empty() ? manager.take_software(guarded.campaign, requested, by, now)
                                  : manager.take_order(guarded.ecu, requested, by, now);
  });
  parts_.wake();
  if (verdict.accepted) return Value();
  parts_.say(guarded.ecu + guarded.campaign + ": " + by + " is refused: " + verdict.reason);
  return fail(Rsc::kNotAcceptable, verdict.reason);
}

/// Nobody but us changes it without our consent.
Result<void> Desk::guard(const std::string& address, const std::string& ecu,
                         const std::string& campaign) {
  Value attributes = Value::object({{"rn", kConsent}, {"eeno", true}, {"nct", 2}});
  attributes.set("nu", Value::array({ae_->id()}));
  attributes.set("enc", Value::object({{"net", Value::array({kBlockingUpdate})}}));
  const std::string path = ae_->address_of(address + "/" + kConsent);
  Result<Value> made = ae_->retrieve(path);
  if (!made && made.error().rsc == Rsc::kNotFound) {
    Request request;
    request.operation = Operation::kCreate;
    request.to = ae_->address_of(address);
    request.resource_type = kSubscription;
    request.release_version = "4";  // eeno came with it
    request.content = Value::object({{"m2m:sub", std::move(attributes)}});
    const Response answer = ae_->request(std::move(request));
    if (!is_success(answer.rsc)) return fail(refusal_of(answer));
    made = ae_->retrieve(path);
  }
  if (!made) return fail(made.error());
  const std::lock_guard lock(guarded_mutex_);
  guarded_[made->string_at("ri")] = guarded_[path] = {ecu, campaign};
  return {};
}

// --- ECUs --------------------------------------------------------------------------------------

Result<void> Desk::make_ecu(const Write& write, const std::string& node) {
  const std::string base = ae_->settings().csebase;
  const auto& rights = look_policy_;
  const auto make = [&](const std::string& parent, const FlexType& type, Value attributes,
                        const std::string& policy) {
    attributes.set("rn", type.name).set("cnd", type.definition);
    attributes.set("acpi", Value::array({policy}));
    return unless_there(ae_->create(parent, kFlexContainer, type.root, std::move(attributes)));
  };
  Value device = Value::object({{"rn", node_name(write.path)}, {"ni", "ecu-" + write.path}});
  device.set("acpi", Value::array({rights}));
  if (auto done = unless_there(ae_->create(base, kNode, "m2m:nod", std::move(device))); !done) {
    return done;
  }
  const std::string flex = node + "/" + kFlexNode.name, firmware = flex + "/" + kFirmware.name;
  const Value link = Value::object({{"nodLk", *write.content.find("node")}});
  if (auto done = make(node, kFlexNode, link, rights); !done) return done;
  if (auto done = make(flex, kDeviceInfo, *write.content.find("device"), rights); !done) {
    return done;
  }
  const Value facts = without_nulls(*write.content.find("firmware"));
  if (auto done = make(flex, kFirmware, facts, rights); !done) return done;
  if (without_consent_) return {};
  const std::string action = firmware + "/" + kUpdateFirmware.name;
  if (auto done = make(firmware, kUpdateFirmware, *write.content.find("action"), command_policy_);
      !done) {
    return done;
  }
  const auto guarded = guard(action, write.path, "");
  if (guarded || sdk::retryable(guarded.error())) return guarded;
  // A CSE that does not ask us could refuse nobody: then there is no action.
  without_consent_ = true;
  parts_.say("ECUs have no updateFirmware: " + guarded.error().detail);
  return ae_->remove(action);
}

/// A CSE may not know the specialisations; then there are no such devices, and all else goes on.
Result<void> Desk::write_ecu(const Write& write) {
  if (without_ecus_) return {};
  const std::string node = ae_->settings().csebase + "/" + node_name(write.path);
  const std::string firmware = node + "/" + kFlexNode.name + "/" + kFirmware.name;
  const std::string action = firmware + "/" + kUpdateFirmware.name;
  if (!made_.contains(write.path)) {
    const auto made = make_ecu(write, node);
    if (!made) {
      without_ecus_ = !sdk::retryable(made.error());
      return made;
    }
    made_.insert(write.path);
  }
  const auto done = ae_->update(firmware, kFirmware.root, *write.content.find("firmware"));
  if (!done) return fail(done.error());
  const std::string campaign = write.content.string_at("campaign");
  if (campaign.empty() || without_consent_) return {};
  const Value label = Value::object({{"lbl", Value::array({"campaign:" + campaign})}});
  const auto labelled = ae_->update(action, kUpdateFirmware.root, label);
  return labelled ? Result<void>() : Result<void>(fail(labelled.error()));
}

// --- campaigns ---------------------------------------------------------------------------------

Result<void> Desk::write_software(const Write& write) {
  const std::string node = ae_->settings().csebase + "/" + kSoftwareNode;
  const std::string address = node + "/" + software_name(write.path);
  const std::string key = "campaign " + write.path;
  if (!made_.contains(key)) {
    const auto there = ae_->node(kSoftwareNode).ensure(kSoftwareNode, {}, {look_policy_});
    if (!there) return there;
    Value attributes = *write.content.find("facts");
    attributes.set("rn", software_name(write.path)).set("mgd", kSoftwareObject);
    attributes.set("acpi", Value::array({command_policy_}));
    const auto made =
        unless_there(ae_->create(node, kMgmtObj, kSoftwareRoot, std::move(attributes)));
    if (!made) return made;
    if (const auto guarded = guard(address, "", write.path); !guarded) {
      if (sdk::retryable(guarded.error())) return guarded;
      // It is read, then, and not written.
      const Value closed = Value::object({{"acpi", Value::array({look_policy_})}});
      const auto done = ae_->update(address, kSoftwareRoot, closed);
      if (!done) return fail(done.error());
      parts_.say("campaigns are not commanded by [software]: " + guarded.error().detail);
    }
    made_.insert(key);
  }
  const auto done = ae_->update(address, kSoftwareRoot, *write.content.find("status"));
  return done ? Result<void>() : Result<void>(fail(done.error()));
}

/// The label comes last: until then a restart takes it for a campaign, which ends here again.
Result<void> Desk::write_record(const Write& write) {
  const std::string base = ae_->settings().csebase;
  const std::string name = write.path.substr(write.path.rfind('/') + 1);
  std::vector<std::string> gone = {base + "/" + kSoftwareNode + "/" + software_name(name)};
  for (const Command::Kind word : command_words()) {
    gone.push_back(base + "/" + command_name(name, word));
  }
  for (const std::string& each : gone) {
    const auto done = ae_->remove(each);
    if (!done && done.error().rsc != Rsc::kNotFound) return done;
  }
  made_.erase("campaign " + name);
  const Value label = Value::object({{"lbl", Value::array({kRecordLabel})}});
  const auto labelled = ae_->update(write.path, "m2m:cnt", label);
  return labelled ? Result<void>() : Result<void>(fail(labelled.error()));
}

}  // namespace gatehouse::campaign
