#include "cse/services/discovery/places.h"

namespace gatehouse {
namespace {

constexpr std::int64_t kInactive = 2;  // m2m:registrationStatus

}  // namespace

bool is_inactive_ae(const Resource& resource) {
  return resource.type() == type_number::kAe &&
         resource.attributes().integer_at("regs") == kInactive;
}

Result<Place*> Places::of(const ResourceId& parent, ResourceReader& resources, Work& work) {
  if (const auto known = known_.find(parent); known != known_.end()) return &known->second;
  auto place = made(parent, resources, work);
  if (!place) return fail(place.error());
  if (known_.size() >= kMaxKept) known_.clear();
  return &known_.insert_or_assign(parent, *std::move(place)).first->second;
}

Result<Place> Places::made(const ResourceId& parent, ResourceReader& resources, Work& work) {
  Place place;
  auto found = resources.find(parent);
  if (!found) return fail(found.error());
  if (!*found) return place;
  place.parent = *std::move(found);
  std::int64_t level = 0;
  for (ResourcePtr at = place.parent; at;) {
    if (scope_.discovery && is_inactive_ae(*at)) place.hidden = true;
    if (at->id() == scope_.top->id()) place.level = level;
    if (at->parent().empty()) return place;
    auto above = resources.find(at->parent());
    if (!above) return fail(above.error());
    at = *std::move(above);
    ++level;
    work.spend(1);
  }
  return Place{};  // something above has expired
}

}  // namespace gatehouse
