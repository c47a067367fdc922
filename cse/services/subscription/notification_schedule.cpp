#include "cse/services/subscription/notification_schedule.h"

#include <algorithm>

#include "cse/primitive/schedule_entry.h"

namespace gatehouse {

Result<Timestamp> notifications_open_from(const ResourceId& subscription, ResourceReader& resources,
                                          Timestamp now) {
  auto children = resources.children_of_type(subscription, type_number::kSchedule, Page{});
  if (!children) return fail(children.error());
  Timestamp open{INT64_MAX};
  bool any = false;
  for (const ChildEntry& child : *children) {
    auto schedule = resources.find(child.id);
    if (!schedule) return fail(schedule.error());
    if (!*schedule) continue;
    any = true;
    const Value* element = (*schedule)->attributes().find("se");
    if (!element) continue;
    for (const std::string& text : element->strings_at("sce")) {
      const auto entry = ScheduleEntry::parse(text);
      const auto next = entry ? entry->next_covered(now) : std::nullopt;
      if (next) open = std::min(open, *next);
    }
  }
  return any ? open : now;
}

}  // namespace gatehouse
