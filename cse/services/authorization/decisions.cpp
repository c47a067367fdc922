#include "cse/services/authorization/decisions.h"

#include <algorithm>

#include "cse/core/address.h"

namespace gatehouse {
namespace {

using namespace type_number;

constexpr std::int64_t kPermit = 1, kDeny = 2;       // m2m:authorizationDecision
constexpr std::int64_t kOk = 1, kNotApplicable = 2;  // m2m:authorizationStatus
constexpr std::int64_t kPermitOverrides = 1;         // m2m:acpCombiningAlgorithm
constexpr std::size_t kMaxAncestors = 256;

constexpr const char* kQuestion[] = {"to",   "fr",   "op",  "rrt", "fu", "rids",
                                     "tids", "tkns", "rtm", "olo", "oip"};
constexpr const char* kAnswer[] = {"dec", "sus", "ps", "ca"};

template <std::size_t N>
bool is_one_of(const char* const (&names)[N], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

/// Does the UPDATE ask? Then nothing else may stand in it. Errors: kBadRequest.
Result<bool> asks(const Value& requested, std::initializer_list<const char*> mandatory) {
  const Value::Object& members = *requested.as_object();
  const bool any = std::any_of(members.begin(), members.end(), [](const Member& member) {
    return is_one_of(kQuestion, member.name);
  });
  if (!any) return false;
  for (const Member& member : members) {
    if (!is_one_of(kQuestion, member.name))
      return fail(Rsc::kBadRequest,
                  member.name + ": may not stand in a question for authorization");
    if (member.value.is_null())
      return fail(Rsc::kBadRequest, member.name + ": may not be deleted in a question");
  }
  for (const char* name : mandatory) {
    if (!requested.contains(name))
      return fail(Rsc::kBadRequest,
                  std::string(name) + ": is mandatory in a question for authorization");
  }
  return true;
}

void erase_all(Value& attributes) {
  for (const char* name : kQuestion) attributes.erase(name);
  for (const char* name : kAnswer) attributes.erase(name);
}

void begin(Value& attributes, const Value& requested) {
  erase_all(attributes);
  for (const Member& member : *requested.as_object()) attributes.set(member.name, member.value);
}

/// nullptr: not here.
Result<ResourcePtr> target_of(const Value& question, OperationContext& context) {
  const std::string to = question.string_at("to");
  const auto address = parse_address(to);
  if (!address) return fail(Rsc::kBadRequest, "to (to): " + address.error().detail);
  if (!is_local(*address, context.settings)) return ResourcePtr();
  return find_local(to, context.settings, context.resources);
}

/// The originator as access control knows it: an AE of this CSE by its stem.
std::string originator_of(const Value& question, const CseSettings& settings) {
  const std::string from = question.string_at("fr"), own = settings.cse_id + "/";
  return from.starts_with(own) ? from.substr(own.size()) : from;
}

class DecisionPoint final : public TypeBehaviour {
 public:
  explicit DecisionPoint(const AccessControl& access) : access_(access) {}

  Result<void> on_update(const ResourcePtr&, Value& attributes, const Value& requested,
                         OperationContext& context) const override {
    auto asked = asks(requested, {"to", "fr", "op"});
    if (!asked) return fail(asked.error());
    if (!*asked) return {};
    begin(attributes, requested);
    auto target = target_of(requested, context);
    if (!target) return fail(target.error());
    if (!*target) {
      attributes.set("sus", kNotApplicable);
      return {};
    }
    auto permitted = decide(*target, requested, context);
    if (!permitted) return fail(permitted.error());
    attributes.set("dec", *permitted ? kPermit : kDeny);
    attributes.set("sus", kOk);
    return {};
  }

 private:
  Result<bool> decide(const ResourcePtr& target, const Value& question,
                      OperationContext& context) const {
    const std::string originator = originator_of(question, context.settings);
    const auto operation = static_cast<Operation>(question.integer_at("op"));
    const bool discovers = operation == Operation::kRetrieve && question.contains("fu");
    AccessRequest asked{originator, discovers ? Privilege::kDiscovery : privilege_for(operation)};
    if (operation == Operation::kCreate)
      asked.child_type = static_cast<int>(question.integer_at("rrt"));
    Peer peer;
    if (const Value* address = question.find("oip")) {
      peer.address = address->string_at("ip4", address->string_at("ip6"));
      asked.peer = &peer;
    }
    return access_.allows(target, asked, context.resources);
  }

  const AccessControl& access_;
};

class PolicyPoint final : public TypeBehaviour {
 public:
  Result<void> on_update(const ResourcePtr&, Value& attributes, const Value& requested,
                         OperationContext& context) const override {
    auto asked = asks(requested, {"to"});
    if (!asked) return fail(asked.error());
    if (!*asked) return {};
    begin(attributes, requested);
    auto target = target_of(requested, context);
    if (!target) return fail(target.error());
    auto privileges = privileges_of(*target, context);
    if (!privileges) return fail(privileges.error());
    if (privileges->empty()) {
      attributes.set("sus", kNotApplicable);
      return {};
    }
    Value set = Value::object();
    set.set("pv", Value(*std::move(privileges)));
    attributes.set("ps", Value::array({std::move(set)}));
    attributes.set("ca", kPermitOverrides);
    attributes.set("sus", kOk);
    return {};
  }

 private:
  /// `pv` of the policies that govern the resource: its own, or those of what it follows.
  static Result<Value::Array> privileges_of(ResourcePtr target, OperationContext& context) {
    Value::Array privileges;
    for (std::size_t i = 0; target && i < kMaxAncestors; ++i) {
      if (target->schema().has_access_control) break;
      auto parent = context.resources.find(target->parent());
      if (!parent) return fail(parent.error());
      target = *parent;
    }
    if (!target) return privileges;
    for (const std::string& id : target->attributes().strings_at("acpi")) {
      auto policy = find_local(id, context.settings, context.resources);
      if (!policy) return fail(policy.error());
      const Value* pv = *policy ? (*policy)->attributes().find("pv") : nullptr;
      if (pv) privileges.push_back(*pv);
    }
    return privileges;
  }
};

}  // namespace

Decisions::Decisions(Cse& cse) : cse_(cse) {
  cse.behaviours().add(kAuthorizationDecision, std::make_shared<DecisionPoint>(cse.access()));
  cse.behaviours().add(kAuthorizationPolicy, std::make_shared<PolicyPoint>());
  cse.extensions().listeners.push_back(this);
}

/// After the answer the question and it are taken out.
void Decisions::committed(const Committed& event) {
  for (const Change& change : event.changes) {
    if (change.kind != Change::Kind::kUpdated) continue;
    const int type = change.after->type();
    if (type != kAuthorizationDecision && type != kAuthorizationPolicy) continue;
    if (!change.after->attributes().contains("sus")) continue;
    cse_.submit([id = change.after->id()](OperationContext& context) -> Response {
      auto asked = context.resources.find(id);
      if (!asked) return error_response(context.request, asked.error());
      if (!*asked) return {};
      Value attributes = (*asked)->attributes();
      erase_all(attributes);
      context.resources.update(*asked, std::move(attributes), true);
      return {};
    });
  }
}

}  // namespace gatehouse
