#include "cse/services/action/actions.h"

#include <algorithm>

#include "cse/codec/json.h"
#include "cse/codec/primitive_codec.h"
#include "cse/core/address.h"
#include "cse/services/action/action_behaviour.h"
#include "cse/services/action/evaluation.h"

namespace gatehouse {
namespace {

constexpr std::int64_t kOnce = 1, kPeriodic = 2, kContinuous = 3;

/// Puts an attribute of a resource in the place of `cstr` in the primitive's content.
void put_in(Value& content, const std::string& place, const Value& input) {
  if (const std::string* text = content.as_string()) {
    if (*text == place) content = input;
    return;
  }
  if (Value::Array* items = content.as_array()) {
    for (Value& item : *items) put_in(item, place, input);
  }
  if (Value::Object* members = content.as_object()) {
    for (Member& member : *members) put_in(member.value, place, input);
  }
}

/// The primitive with its input: m2m:actionInput {"cstr":"place","rsid":"…","raid":"cni"}.
Result<Value> primitive_of(const Value& action, OperationContext& context) {
  Value primitive = *action.find("apv");
  primitive.set("to", action.string_at("orc"));
  const Value* input = action.find("ipu");
  Value* content = primitive.find("pc");
  if (!input || !content || !input->contains("cstr")) return primitive;
  auto source = find_local(input->string_at("rsid", action.string_at("orc")), context.settings,
                           context.resources);
  if (!source) return fail(source.error());
  const Value* value = *source ? (*source)->attributes().find(input->string_at("raid")) : nullptr;
  if (!value) return fail(Rsc::kNotFound, "ipu (input): there is no such attribute");
  put_in(*content, input->string_at("cstr"), *value);
  return primitive;
}

}  // namespace

Actions::Actions(Cse& cse, Settings settings) : cse_(cse), settings_(settings) {
  cse.behaviours().add(type_number::kAction, action_behaviour(cse.access()));
  cse.behaviours().add(type_number::kDependency, dependency_behaviour(cse.access()));
  cse.extensions().listeners.push_back(this);
}

void Actions::load() {
  loaded_ = true;
  CommittedView resources = cse_.view();
  Page page;
  for (;;) {
    auto entries = resources.all_of_type(type_number::kAction, page);
    if (!entries) return;
    for (const ChildEntry& entry : *entries) {
      page.after = entry.order;
      auto action = resources.find(entry.id);
      if (action && *action) index(**action);
    }
    if (entries->size() < page.limit) return;
  }
}

void Actions::index(const Resource& action) {
  unindex(action.id());
  if (action.attributes().integer_at("evm") == 0) return;
  CommittedView resources = cse_.view();
  const auto subject = subject_of(action.attributes(), cse_.settings(), resources);
  if (!subject || !*subject) return;
  by_subject_[(*subject)->id()].insert(action.id());
  subject_of_[action.id()] = (*subject)->id();
}

void Actions::unindex(const ResourceId& action) {
  const auto known = subject_of_.find(action);
  if (known == subject_of_.end()) return;
  const auto subject = by_subject_.find(known->second);
  subject->second.erase(action);
  if (subject->second.empty()) by_subject_.erase(subject);
  subject_of_.erase(known);
}

void Actions::committed(const Committed& event) {
  if (!loaded_) load();
  for (const Change& change : event.changes) {
    if (change.resource().type() != type_number::kAction) continue;
    if (change.after) {
      index(*change.after);
    } else {
      unindex(change.before->id());
    }
  }
  for (const Change& change : event.changes) {
    if (!change.after) continue;
    const auto waiting = by_subject_.find(change.after->id());
    if (waiting == by_subject_.end()) continue;
    CommittedView resources = cse_.view();
    std::vector<std::pair<std::int64_t, ResourceId>> due;
    for (const ResourceId& id : waiting->second) {
      const auto action = resources.find(id);
      if (!action || !*action) continue;
      const Value* criteria = (*action)->attributes().find("evc");
      if (criteria && fulfils(change.after->attributes(), *criteria))
        due.emplace_back((*action)->attributes().integer_at("apy", INT64_MAX), id);
    }
    std::sort(due.begin(), due.end());
    for (const auto& [priority, id] : due) attempt(id);
  }
}

/// Decides on the lane whether the action may run now, and counts it there: of changes that come
/// together only as many run it as its mode allows.
void Actions::attempt(const ResourceId& action) {
  auto primitive = std::make_shared<std::optional<Value>>();
  const Settings settings = settings_;
  cse_.submit(
      [action, primitive, settings](OperationContext& context) {
        primitive->reset();
        auto found = context.resources.find(action);
        if (!found) return error_response(context.request, found.error());
        if (!*found) return Response{};
        const Value& rules = (*found)->attributes();
        auto fulfilled = dependencies_fulfilled(rules, context.settings.csebase_name,
                                                csebase_id(context.settings), context.resources);
        if (!fulfilled) return error_response(context.request, fulfilled.error());
        const std::int64_t runs = (*found)->internal().integer_at("runs");
        const std::int64_t mode = rules.integer_at("evm");
        std::int64_t most = mode == kOnce ? 1 : 0;
        std::int64_t window = 0;
        if (mode == kContinuous)
          most = std::min(rules.integer_at("ecp", settings.default_count), settings.max_count);
        if (mode == kPeriodic) {
          const auto since = parse_timestamp((*found)->internal().string_at("since"));
          const auto passed = since ? context.now() - *since : std::chrono::microseconds(0);
          const std::int64_t period = std::max(rules.integer_at("ecp", settings.default_period_ms),
                                               settings.shortest_period_ms);
          window = passed / std::chrono::milliseconds(1) / period + 1;
          most = runs + ((*found)->internal().integer_at("window") == window ? 0 : 1);
        }
        if (!*fulfilled || runs >= most) return Response{};
        auto made = primitive_of(rules, context);
        if (!made) return Response{};
        Value internal = (*found)->internal();
        internal.set("runs", runs + 1);
        if (mode == kPeriodic) internal.set("window", window);
        context.resources.update_internal(*found, std::move(internal));
        if (made->string_at("fr").empty()) made->set("fr", (*found)->originator());
        *primitive = *std::move(made);
        return Response{};
      },
      [this, action, primitive](const Response& decided) {
        if (!is_success(decided.rsc) || !*primitive) return;
        auto request = request_from_value(**primitive);
        if (request) send(action, *std::move(request));
      });
}

void Actions::send(const ResourceId& action, Request request) {
  request.response_type.reset();  // the answer is kept here, for whoever reads the action
  cse_.scheduler().post([this, action, request = std::move(request)]() mutable {
    cse_.request(std::move(request), [this, action](Response answer) {
      if (auto tree = tree_of(answer.content); tree && !tree->is_null())
        answer.content = *std::move(tree);
      const Value kept = to_value(answer);
      cse_.submit([action, kept](OperationContext& context) {
        auto found = context.resources.find(action);
        if (!found) return error_response(context.request, found.error());
        if (!*found) return Response{};
        Value attributes = (*found)->attributes();
        attributes.set("air", kept);
        attributes.set("lt", to_text(context.now()));
        context.resources.update(*found, std::move(attributes));
        return Response{};
      });
    });
  });
}

}  // namespace gatehouse
