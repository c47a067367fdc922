#include "cse/services/action/action_behaviour.h"

#include "cse/core/address.h"
#include "cse/services/action/evaluation.h"

namespace gatehouse {
namespace {

constexpr std::size_t kMaxDependencies = 100;

/// What an attribute refers to, if the originator may read it.
Result<ResourcePtr> readable(const std::string& address, const char* attribute,
                             const AccessControl& access, OperationContext& context) {
  const auto refused = [&](const std::string& why) {
    return fail(Rsc::kBadRequest, std::string(attribute) + ": \"" + address + "\" " + why);
  };
  auto found = find_local(address, context.settings, context.resources);
  if (!found) return found;
  if (!*found) return refused("does not exist in this CSE");
  const AccessRequest question{context.originator, Privilege::kRetrieve, 0,
                               context.request.peer.get()};
  auto allowed = access.allows(*found, question, context.resources);
  if (!allowed) return fail(allowed.error());
  if (!*allowed) return refused("may not be read by \"" + context.originator + "\"");
  return found;
}

bool is_originator(const std::string& from, const OperationContext& context) {
  return to_sp_relative(from, context.settings) ==
         to_sp_relative(context.originator, context.settings);
}

class ActionBehaviour final : public TypeBehaviour {
 public:
  explicit ActionBehaviour(const AccessControl& access) : access_(access) {}

  Result<void> on_create(Draft& draft, OperationContext& context) const override {
    draft.internal = started(context);
    return check(draft.attributes, draft.attributes, context);
  }

  Result<void> on_update(const ResourcePtr& before, Value& attributes, const Value& requested,
                         OperationContext& context) const override {
    if (auto sound = check(attributes, requested, context); !sound) return sound;
    if (requested.contains("evm") || requested.contains("ecp"))
      context.resources.update_internal(before, started(context));
    return check_dependencies(attributes, requested, context);
  }

 private:
  /// The mode counts from here.
  static Value started(const OperationContext& context) {
    return Value::object({{"since", to_text(context.now())}, {"runs", 0}});
  }

  Result<void> check(const Value& action, const Value& requested, OperationContext& context) const {
    const std::int64_t mode = action.integer_at("evm");
    if (action.contains("ecp") && mode < 2) {
      return fail(
          Rsc::kBadRequest,
          "ecp (evalControlParam): stands only with evalMode 2 (periodic) or 3 (continuous)");
    }
    if (requested.contains("orc")) {
      auto object = readable(action.string_at("orc"), "orc (objectResourceID)", access_, context);
      if (!object) return fail(object.error());
    }
    if (requested.contains("sri") && action.contains("sri")) {
      auto subject = readable(action.string_at("sri"), "sri (subjectResourceID)", access_, context);
      if (!subject) return fail(subject.error());
    }
    auto subject = subject_of(action, context.settings, context.resources);
    if (!subject) return fail(subject.error());
    if (*subject) {
      if (auto sound = check_criteria(*action.find("evc"), (*subject)->schema()); !sound)
        return sound;
    }
    const std::string from = action.find("apv")->string_at("fr");
    if (requested.contains("apv") && !from.empty() && !is_originator(from, context)) {
      return fail(Rsc::kBadRequest, "apv/fr (from): must be the originator, \"" +
                                        context.originator + "\", or absent");
    }
    return {};
  }

  static Result<void> check_dependencies(const Value& action, const Value& requested,
                                         OperationContext& context) {
    if (!requested.contains("dep")) return {};
    const auto dependencies = action.strings_at("dep");
    if (dependencies.size() > kMaxDependencies)
      return fail(Rsc::kBadRequest, "dep (dependencies): more than 100");
    for (const std::string& address : dependencies) {
      auto found = find_local(address, context.settings, context.resources);
      if (!found) return fail(found.error());
      if (!*found || (*found)->type() != type_number::kDependency) {
        return fail(Rsc::kBadRequest,
                    "dep (dependencies): \"" + address + "\" is no <dependency> of this CSE");
      }
    }
    return {};
  }

  const AccessControl& access_;
};

class DependencyBehaviour final : public TypeBehaviour {
 public:
  explicit DependencyBehaviour(const AccessControl& access) : access_(access) {}

  Result<void> on_create(Draft& draft, OperationContext& context) const override {
    return check(draft.attributes, context);
  }
  Result<void> on_update(const ResourcePtr&, Value& attributes, const Value& requested,
                         OperationContext& context) const override {
    const bool concerned = requested.contains("rri") || requested.contains("evc");
    return concerned ? check(attributes, context) : Result<void>{};
  }

 private:
  Result<void> check(const Value& dependency, OperationContext& context) const {
    auto referenced =
        readable(dependency.string_at("rri"), "rri (referencedResourceID)", access_, context);
    if (!referenced) return fail(referenced.error());
    return check_criteria(*dependency.find("evc"), (*referenced)->schema());
  }

  const AccessControl& access_;
};

}  // namespace

Result<ResourcePtr> subject_of(const Value& action, const CseSettings& settings,
                               ResourceReader& resources) {
  const std::string named = action.string_at("sri");
  return named.empty() ? resources.find(ResourceId{action.string_at("pi")})
                       : find_local(named, settings, resources);
}

std::shared_ptr<const TypeBehaviour> action_behaviour(const AccessControl& access) {
  return std::make_shared<ActionBehaviour>(access);
}
std::shared_ptr<const TypeBehaviour> dependency_behaviour(const AccessControl& access) {
  return std::make_shared<DependencyBehaviour>(access);
}

}  // namespace gatehouse
