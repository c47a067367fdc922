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

/// Up to the first that is known, and down again: what is above was mostly asked for before.
Result<Place> Places::made(const ResourceId& parent, ResourceReader& resources, Work& work) {
  std::vector<ResourcePtr> chain;  // from `parent` upwards
  Place place;                     // of the one above the chain
  for (ResourceId at = parent; !at.empty();) {
    if (const auto known = known_.find(at); known != known_.end()) {
      place = known->second;
      if (!place.parent) return Place{};  // something above has expired
      break;
    }
    auto found = resources.find(at);
    if (!found) return fail(found.error());
    if (!*found) return Place{};
    work.spend(1);
    at = (*found)->parent();
    chain.push_back(*std::move(found));
  }
  for (auto at = chain.rbegin(); at != chain.rend(); ++at) {
    place.allowed.reset();
    place.parent = *at;
    if (place.level >= 0) ++place.level;
    if ((*at)->id() == scope_.top->id()) place.level = 0;
    if (scope_.discovery && is_inactive_ae(**at)) place.hidden = true;
    if (at + 1 != chain.rend() && known_.size() < kMaxKept) known_.emplace((*at)->id(), place);
  }
  return place;
}

}  // namespace gatehouse
