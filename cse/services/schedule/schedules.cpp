#include "cse/services/schedule/schedules.h"

#include <algorithm>

#include "cse/core/address.h"
#include "cse/primitive/schedule_entry.h"

namespace gatehouse {
namespace {

constexpr int kCrossResourceSubscription = 48;
constexpr const char* kNameOfNotificationSchedule = "notificationSchedule";

/// Source: TS-0004 clauses 7.4.9.2.1 and 7.4.9.2.3.
Result<void> check_coordination(const Value& attributes, int parent_type) {
  const Value* coordinated = attributes.find("nco");
  if (!coordinated) return {};
  if (parent_type != type_number::kNode) {
    return fail(Rsc::kContentsUnacceptable,
                "nco (networkCoordinated): is only for a <schedule> below a <node>");
  }
  if (coordinated->as_bool() != true) return {};
  return fail(Rsc::kNotImplemented,
              "nco (networkCoordinated): this CSE coordinates schedules with no network");
}

class Schedule final : public TypeBehaviour {
 public:
  Result<void> on_create(Draft& draft, OperationContext& context) const override {
    const int parent = draft.parent->type();
    if (auto sound = check_coordination(draft.attributes, parent); !sound) return sound;
    if (parent == type_number::kSubscription || parent == kCrossResourceSubscription)
      return name_it(draft);
    if (parent != type_number::kCseBase) return {};
    Page page;
    page.limit = 1;
    auto others =
        context.resources.children_of_type(draft.parent->id(), type_number::kSchedule, page);
    if (!others) return fail(others.error());
    if (others->empty()) return {};
    return fail(Rsc::kBadRequest, "a <CSEBase> has at most one <schedule>");
  }

  Result<void> on_update(const ResourcePtr& before, Value& attributes, const Value&,
                         OperationContext& context) const override {
    auto parent = context.resources.find(before->parent());
    if (!parent) return fail(parent.error());
    return check_coordination(attributes, *parent ? (*parent)->type() : 0);
  }

 private:
  static Result<void> name_it(Draft& draft) {
    const bool named_by_cse = draft.record.name == draft.record.id.text;
    if (!named_by_cse && draft.record.name != kNameOfNotificationSchedule) {
      return fail(Rsc::kBadRequest, std::string("rn (resourceName): must be \"") +
                                        kNameOfNotificationSchedule + "\" below a subscription");
    }
    draft.record.name = kNameOfNotificationSchedule;
    return {};
  }
};

}  // namespace

void add_schedules(Cse& cse) {
  cse.behaviours().add(type_number::kSchedule, std::make_shared<Schedule>());
}

Result<std::optional<Timestamp>> reachable_from(const Resource& entity, Timestamp now,
                                                const CseSettings& settings,
                                                ResourceReader& resources) {
  const std::string link = entity.attributes().string_at("nl");
  if (link.empty()) return std::optional(now);
  auto node = find_local(link, settings, resources);
  if (!node) return fail(node.error());
  if (!*node) return std::optional(now);
  auto entries = resources.children_of_type((*node)->id(), type_number::kSchedule, Page{});
  if (!entries) return fail(entries.error());
  if (entries->empty()) return std::optional(now);
  std::optional<Timestamp> earliest;
  for (const ChildEntry& entry : *entries) {
    auto schedule = resources.find(entry.id);
    if (!schedule) return fail(schedule.error());
    const Value* element = *schedule ? (*schedule)->attributes().find("se") : nullptr;
    if (!element) continue;
    for (const std::string& text : element->strings_at("sce")) {
      const auto pattern = ScheduleEntry::parse(text);
      const auto next = pattern ? pattern->next_covered(now) : std::nullopt;
      if (next && (!earliest || *next < *earliest)) earliest = next;
    }
  }
  return earliest;
}

void ScheduledMessenger::send_to(const std::string& target, Request request, Reply reply) {
  CommittedView resources = cse_.view();
  const Timestamp now = cse_.scheduler().now();
  auto entity = find_local(target, cse_.settings(), resources);
  const bool known = entity && *entity;
  const int type = known ? (*entity)->type() : 0;
  if (type != type_number::kAe && type != type_number::kRemoteCse)
    return next_.send_to(target, std::move(request), std::move(reply));
  auto when = reachable_from(**entity, now, cse_.settings(), resources);
  if (!when) return reply(error_response(request, when.error()));
  if (*when && **when <= now) return next_.send_to(target, std::move(request), std::move(reply));

  Timestamp patience = now + settings_.default_patience;
  if (request.request_expiration) {
    const auto expires = parse_abs_rel_timestamp(*request.request_expiration, now);
    if (expires) patience = *expires;
    if (expires) request.request_expiration = to_text(*expires);
  }
  if (!*when || **when > patience || *held_ >= settings_.max_held) {
    return reply(error_response(
        request, {Rsc::kTargetNotReachable,
                  "\"" + target + "\" communicates at other times only (<schedule> of its node)"}));
  }
  ++*held_;
  cse_.scheduler().at(**when, [this, held = held_, target, request = std::move(request),
                               reply = std::move(reply)]() mutable {
    --*held;
    next_.send_to(target, std::move(request), std::move(reply));
  });
}

}  // namespace gatehouse
