#include "cse/services/data/flex_containers.h"

#include <algorithm>
#include <array>

#include "cse/services/data/instances.h"

namespace gatehouse {
namespace {

using namespace type_number;

/// What limits the history of a <flexContainer>.
constexpr std::array kLimits = {"mni", "mbs", "mia"};

/// contentSize: bytes of the custom attributes. Source: TS-0001 table 9.6.35-2.
std::int64_t content_size(const TypeSchema& schema, const Value& attributes) {
  std::int64_t size = 0;
  for (const AttributeRule& rule : schema.custom)
    size += instances::size_in_bytes(attributes.find(rule.short_name));
  return size;
}

/// The state that goes into the history: the custom attributes, labels and location.
bool is_historical(const TypeSchema& schema, std::string_view name) {
  return name == "lbl" || name == "loc" ||
         std::any_of(schema.custom.begin(), schema.custom.end(),
                     [name](const AttributeRule& rule) { return rule.short_name == name; });
}

tl::unexpected<Error> refuse(const char* name, const char* why) {
  return fail(Rsc::kBadRequest, std::string(name) + ": " + why);
}

/// Limits need a history to limit, and room for one instance. Source: TS-0004 clause 7.4.37.2.
Result<void> check_limits(const Value& requested, const Value& attributes) {
  for (const char* name : kLimits) {
    const Value* limit = requested.find(name);
    if (!limit || limit->is_null()) continue;
    if (!attributes.contains("fcied"))
      return refuse(name, "needs fcied (flexContainerInstancesEnabled)");
    if (limit->as_integer() == 0) return refuse(name, "must not be 0 where fcied is present");
  }
  const auto max_bytes = instances::limit_of(attributes, "mbs");
  if (!max_bytes || *max_bytes >= attributes.integer_at("cs")) return {};
  if (requested.contains("mbs"))
    return refuse("mbs (maxByteSize)", "is less than the contentSize of the flexContainer itself");
  return fail(Rsc::kNotAcceptable, "cs (contentSize): would be more than mbs (maxByteSize)");
}

class FlexContainer final : public TypeBehaviour {
 public:
  Result<void> on_create(Draft& draft, OperationContext&) const override {
    draft.attributes.set("cs", content_size(*draft.schema, draft.attributes));
    if (auto valid = check_limits(draft.attributes, draft.attributes); !valid) return valid;
    if (!draft.attributes.contains("fcied")) return {};
    draft.attributes.set("cni", 0).set("cbs", 0);
    return {};
  }

  Result<void> created(const ResourcePtr& self, OperationContext& context) const override {
    if (!self->attributes().contains("fcied")) return {};
    Value attributes = self->attributes();
    if (auto kept = keep(self, attributes, context); !kept) return kept;
    context.resources.update(self, std::move(attributes), true);
    return {};
  }

  /// Source: TS-0004 clause 7.4.37.2.3 (R4): without `fcied` there is no history; with false it
  /// stands still at its newest state; with true each new state is added.
  Result<void> on_update(const ResourcePtr& before, Value& attributes, const Value& requested,
                         OperationContext& context) const override {
    attributes.set("cs", content_size(before->schema(), attributes));
    const Value* enabled = attributes.find("fcied");
    if (!enabled) return forget(before, attributes, requested, context);
    if (auto valid = check_limits(requested, attributes); !valid) return valid;
    if (!attributes.contains("cni")) attributes.set("cni", 0).set("cbs", 0);
    const bool was_there = before->attributes().contains("fcied");
    const bool goes_on = enabled->as_bool().value_or(false);
    const bool new_state =
        std::any_of(requested.as_object()->begin(), requested.as_object()->end(),
                    [&](const Member& m) { return is_historical(before->schema(), m.name); });
    bool resumes = goes_on && was_there && !before->attributes().bool_at("fcied");
    if (resumes && !new_state) {  // it may have changed while the history stood still
      auto same = is_newest(before, attributes, context);
      if (!same) return fail(same.error());
      resumes = !*same;
    }
    if (!was_there || resumes || (goes_on && new_state)) {
      if (auto kept = keep(before, attributes, context); !kept) return kept;
    }
    if (goes_on) return instances::evict(before->id(), kFlexContainerInstance, attributes, context);
    return instances::evict_all(before->id(), kFlexContainerInstance, 1, attributes, context);
  }

  Result<void> on_child_deleted(const ResourcePtr& self, const ResourcePtr& child,
                                OperationContext& context) const override {
    if (child->type() != kFlexContainerInstance) return {};
    Value attributes = self->attributes();
    instances::discount(attributes, *child);
    attributes.set("lt", to_text(context.now()));
    context.resources.update(self, std::move(attributes), true);
    return {};
  }

 private:
  static Result<void> forget(const ResourcePtr& before, Value& attributes, const Value& requested,
                             OperationContext& context) {
    if (auto valid = check_limits(requested, attributes); !valid) return valid;
    if (attributes.contains("cni")) {
      auto gone =
          instances::evict_all(before->id(), kFlexContainerInstance, 0, attributes, context);
      if (!gone) return gone;
    }
    for (const char* name : {"cni", "cbs", "mni", "mbs", "mia"}) attributes.erase(name);
    return {};
  }

  /// Is the state in `attributes` the newest one of the history?
  static Result<bool> is_newest(const ResourcePtr& self, const Value& attributes,
                                OperationContext& context) {
    Page page;
    page.newest_first = true;
    page.limit = 1;
    auto newest = context.resources.children_of_type(self->id(), kFlexContainerInstance, page);
    if (!newest) return fail(newest.error());
    if (newest->empty()) return false;
    auto instance = context.resources.find(newest->front().id);
    if (!instance) return fail(instance.error());
    if (!*instance) return false;
    const auto same = [&](std::string_view name) {
      const Value* kept = (*instance)->attributes().find(name);
      const Value* now = attributes.find(name);
      return (!kept && !now) || (kept && now && *kept == *now);
    };
    const auto custom = self->schema().custom;
    return same("lbl") && same("loc") &&
           std::all_of(custom.begin(), custom.end(),
                       [&](const AttributeRule& rule) { return same(rule.short_name); });
  }

  /// Adds the state in `attributes` to the history, and counts it.
  static Result<void> keep(const ResourcePtr& self, Value& attributes, OperationContext& context) {
    const TypeSchema* schema =
        context.resources.schemas().find_for(kFlexContainerInstance, self->schema().root);
    if (!schema) return fail(Rsc::kInternalServerError, "no schema of an instance");
    Value state = Value::object({{"cs", attributes.integer_at("cs")},
                                 {"st", attributes.integer_at("st")},
                                 {"org", context.originator}});
    for (const Member& member : *attributes.as_object()) {
      if (is_historical(self->schema(), member.name)) state.set(member.name, member.value);
    }
    if (const auto age = instances::limit_of(attributes, "mia")) {
      state.set("et", to_text(context.now() + std::chrono::seconds(std::clamp<std::int64_t>(
                                                  *age, 1, 4'000'000'000))));
    }
    auto made = create_internal(*schema, self, "", ResourceId{}, context.originator,
                                std::move(state), context);
    if (!made) return fail(made.error());
    attributes.set("cni", attributes.integer_at("cni") + 1);
    attributes.set("cbs", attributes.integer_at("cbs") + attributes.integer_at("cs"));
    return {};
  }
};

/// Made by the CSE, one for each state.
class FlexContainerInstance final : public TypeBehaviour {
 public:
  std::optional<Error> refuses(Operation operation, const Request&) const override {
    if (operation != Operation::kCreate && operation != Operation::kUpdate) return std::nullopt;
    return Error{Rsc::kOperationNotAllowed,
                 "a <flexContainerInstance> is made by the CSE alone and cannot be updated"};
  }
};

}  // namespace

void add_flex_containers(Cse& cse) {
  cse.behaviours().add(kFlexContainer, std::make_shared<FlexContainer>());
  cse.behaviours().add(kFlexContainerInstance, std::make_shared<FlexContainerInstance>());
  instances::add_aliases(cse, kFlexContainer, kFlexContainerInstance);
}

}  // namespace gatehouse
