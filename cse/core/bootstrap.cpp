// The first start of a CSE: its CSEBase and the policies that one can see.
#include <algorithm>
#include <set>

#include "cse/core/cse.h"

namespace gatehouse {
namespace {

Value rule(Value originators, int operations, Value object_details = {}) {
  Value rule = Value::object({{"acor", std::move(originators)}, {"acop", operations}});
  if (!object_details.is_null()) rule.set("acod", std::move(object_details));
  return rule;
}

Value privileges(Value::Array rules) { return Value::object({{"acr", Value(std::move(rules))}}); }

/// The administrator may do everything.
Value administrator_policy(const CseSettings& settings) {
  const Value all = privileges({rule(Value::array({settings.administrator}), 63)});
  return Value::object(
      {{"lbl", Value::array({"gatehouse:administrator"})}, {"pv", all}, {"pvs", all}});
}

/// Every registered entity may see the CSEBase and create groups, containers, policies, nodes,
/// commands (which do what their creator may do) and subscriptions of its own below it.
Value entrance_policy(const CseSettings& settings) {
  const Value children = Value::array(
      {type_number::kAccessControlPolicy, type_number::kContainer, type_number::kGroup,
       type_number::kNode, type_number::kMgmtCmd, type_number::kSubscription,
       type_number::kNotificationTargetPolicy, type_number::kCrossResourceSubscription});
  const Value see = rule(Value::array({"all"}), 2 | 32);
  const Value create =
      rule(Value::array({"all"}), 1, Value::array({Value::object({{"chty", children}})}));
  return Value::object({{"lbl", Value::array({"gatehouse:entrance"})},
                        {"pv", privileges({see, create})},
                        {"pvs", privileges({rule(Value::array({settings.administrator}), 63)})}});
}

Value supported_types(const Schemas& schemas) {
  Value types = Value::array();
  int last = 0;
  std::vector<int> numbers;
  for (const TypeSchema* schema : schemas.all()) numbers.push_back(schema->type);
  std::sort(numbers.begin(), numbers.end());
  for (const int number : numbers) {
    if (number != last) types.push_back(number);
    last = number;
  }
  return types;
}

Value strings(const std::vector<std::string>& texts) {
  Value list = Value::array();
  for (const std::string& text : texts) list.push_back(text);
  return list;
}

/// What a CSEBase says at its beginning, but for the policies.
Value base_attributes(const OperationContext& context, const CseSettings& settings,
                      const Schemas& schemas) {
  const std::string now = to_text(context.now());
  return Value::object({{"rn", settings.csebase_name},
                        {"ty", type_number::kCseBase},
                        {"ri", csebase_id(settings).text},
                        {"pi", ""},
                        {"ct", now},
                        {"lt", now},
                        {"cst", settings.cse_type},
                        {"csi", settings.cse_id},
                        {"srt", supported_types(schemas)},
                        {"srv", strings(settings.release_versions)},
                        {"poa", strings(settings.point_of_access)},
                        {"csz", strings(settings.serializations)},
                        {"spi", settings.sp_id}});
}

/// The first policies, and the CSEBase linked to them.
Result<void> furnish_base(OperationContext& context, const ResourcePtr& base, Value attributes,
                          const CseSettings& settings, const Schemas& schemas) {
  const TypeSchema* policy_schema = schemas.find(type_number::kAccessControlPolicy);
  if (!policy_schema)
    return fail(Rsc::kInternalServerError, "the schemas lack <accessControlPolicy>");
  auto administrator =
      create_internal(*policy_schema, base, "acpAdministrator", ResourceId{"acpAdministrator"},
                      settings.cse_id, administrator_policy(settings), context);
  if (!administrator) return fail(administrator.error());
  auto entrance = create_internal(*policy_schema, base, "acpEntrance", ResourceId{"acpEntrance"},
                                  settings.cse_id, entrance_policy(settings), context);
  if (!entrance) return fail(entrance.error());
  attributes.set("acpi", Value::array({(*administrator)->id().text, (*entrance)->id().text}));
  context.resources.update(base, std::move(attributes), true);
  return {};
}

Result<void> create_base(OperationContext& context, const CseSettings& settings,
                         const Schemas& schemas) {
  const TypeSchema* base_schema = schemas.find(type_number::kCseBase);
  if (!base_schema) return fail(Rsc::kInternalServerError, "the schemas lack <CSEBase>");
  Record record;
  record.id = csebase_id(settings);
  record.name = settings.csebase_name;
  record.type = type_number::kCseBase;
  record.order = context.resources.ids().next_order();
  record.expires = Timestamp{INT64_MAX};
  record.originator = settings.cse_id;
  Value attributes = base_attributes(context, settings, schemas);
  auto base = context.resources.create(record, *base_schema, nullptr, attributes);
  if (!base) return fail(base.error());
  return furnish_base(context, *base, std::move(attributes), settings, schemas);
}

/// Everything below the CSEBase goes.
Result<void> clear_base(OperationContext& context, const ResourcePtr& base) {
  for (;;) {
    auto children = context.resources.children(base->id(), Page{});
    if (!children) return fail(children.error());
    if (children->empty()) return {};
    for (const ChildEntry& entry : *children) {
      auto child = context.resources.find_stored(entry.id);
      if (!child) return fail(child.error());
      if (!*child) return fail(Rsc::kInternalServerError, "a child vanished during the reset");
      if (is_moved_aside(**child)) {  // too large for erase_subtree; here nobody waits
        std::size_t all = SIZE_MAX;
        if (auto swept = sweep(*child, context, all); !swept) return fail(swept.error());
        continue;
      }
      if (auto erased = erase_subtree(*child, context, true); !erased) return erased;
    }
  }
}

/// What the configuration may have changed since the last start: addresses, types, releases,
/// serialisations.
void refresh_base(OperationContext& context, const ResourcePtr& base, const CseSettings& settings,
                  const Schemas& schemas) {
  Value attributes = base->attributes();
  attributes.set("poa", strings(settings.point_of_access));
  attributes.set("srt", supported_types(schemas));
  attributes.set("srv", strings(settings.release_versions));
  attributes.set("csz", strings(settings.serializations));
  if (attributes == base->attributes()) return;
  attributes.set("lt", to_text(context.now()));
  context.resources.update(base, std::move(attributes), true);
}

/// The highest order that the store holds. A few look-ups, but for an outbox that is read through.
Result<std::int64_t> highest_order(Store& store, const Schemas& schemas) {
  auto snapshot = store.read();
  if (!snapshot) return fail(snapshot.error());
  std::int64_t highest = 0;
  std::set<int> types;
  for (const TypeSchema* schema : schemas.all()) types.insert(schema->type);
  for (const int type : types) {
    auto newest = (*snapshot)->all_of_type(type, Page{INT64_MIN, 1, true});
    if (!newest) return fail(newest.error());
    if (!newest->empty()) highest = std::max(highest, newest->front().order);
  }
  for (std::int64_t after = INT64_MIN;;) {
    auto entries = (*snapshot)->outbox(after, 1000);
    if (!entries) return fail(entries.error());
    if (entries->empty()) return highest;
    after = entries->back().order;
    highest = std::max(highest, after);
  }
}

}  // namespace

Result<void> Cse::found(OperationContext& context) const {
  for (const Founder& founder : extensions_.founders) {
    if (auto founded = founder(context); !founded) return founded;
  }
  return {};
}

void Cse::reset(std::function<void(Response&&)> done) {
  submit(
      [this](OperationContext& context) -> Response {
        const auto refused = [&context](const Error& error) {
          return error_response(context.request, error);
        };
        auto base = context.resources.find(csebase_id(settings_));
        if (!base) return refused(base.error());
        if (!*base) return refused({Rsc::kInternalServerError, "no <CSEBase>"});
        if (auto cleared = clear_base(context, *base); !cleared) return refused(cleared.error());
        auto furnished = furnish_base(context, *base, base_attributes(context, settings_, schemas_),
                                      settings_, schemas_);
        if (!furnished) return refused(furnished.error());
        if (auto founded = found(context); !founded) return refused(founded.error());
        return {};
      },
      [this, done = std::move(done)](Response response) {
        if (is_success(response.rsc)) {
          for (const auto& tell : extensions_.after_reset) tell();
        }
        done(std::move(response));
      });
}

Result<void> Cse::bootstrap() {
  // The clock may have been put back while this CSE was down: new resources still come after old.
  auto highest = highest_order(store_, schemas_);
  if (!highest) return fail(highest.error());
  ids_.stay_above(*highest);
  WriteLane lane(WriteLane::Manual{}, store_, cache_, schemas_, ids_, scheduler_);
  Result<void> outcome;
  const auto work = [&](WorkingSet& resources) {
    Request request;
    OperationContext context{resources, request, settings_, behaviours_, settings_.cse_id};
    auto base = resources.find(csebase_id(settings_));
    if (!base) return error_response(request, base.error());
    auto owner = resources.setting("cse-id");
    if (!owner) return error_response(request, owner.error());
    const std::string identity = settings_.cse_id + " " + settings_.csebase_name;
    if (*owner && **owner != identity) {
      return error_response(request, {Rsc::kConflict, "the store belongs to the CSE \"" + **owner +
                                                          "\", not to \"" + identity + "\""});
    }
    if (*base) {
      refresh_base(context, *base, settings_, schemas_);
    } else if (auto created = create_base(context, settings_, schemas_); !created) {
      return error_response(request, created.error());
    }
    if (auto kept = resources.put_setting("cse-id", identity); !kept)
      return error_response(request, kept.error());
    if (auto founded = found(context); !founded) return error_response(request, founded.error());
    return Response{};
  };
  const auto done = [&](Response response, std::vector<Change>) {
    if (is_success(response.rsc)) return;
    const Value* content = response.content.tree();
    outcome =
        fail(response.rsc, content ? content->string_at("m2m:dbg") : "the store cannot be used");
  };
  lane.submit(make_job(work, done));
  lane.run_pending();
  return outcome;
}

}  // namespace gatehouse
