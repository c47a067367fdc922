#include "cse/services/subscription/attentive_index.h"

#include <algorithm>
#include <mutex>

#include "cse/services/subscription/event_criteria.h"

namespace gatehouse {
namespace {

bool has_event(const Value& criteria, std::int64_t wanted) {
  const Value* types = criteria.find("net");
  if (!types || !types->as_array()) return false;
  return std::any_of(types->as_array()->begin(), types->as_array()->end(),
                     [wanted](const Value& type) { return type.as_integer() == wanted; });
}

}  // namespace

void AttentiveIndex::note(const ResourceId& parent, const ResourceId& subscription,
                          const Value& attributes) {
  const Value* criteria = attributes.find("enc");
  const bool watches = criteria && (criteria->contains("om") ||
                                    has_event(*criteria, event_type::kRetrieveWithoutChild));
  const bool blocks = criteria && has_event(*criteria, event_type::kBlockingUpdate);
  if (!watches && !blocks) return forget(parent, subscription);
  const std::unique_lock lock(mutex_);
  if (watches) watchers_[parent].insert(subscription);
  if (blocks) blocking_[parent] = subscription;
}

void AttentiveIndex::forget(const ResourceId& parent, const ResourceId& subscription) {
  {
    const std::shared_lock lock(mutex_);  // the usual case: nothing is known
    if (!watchers_.contains(parent) && !blocking_.contains(parent)) return;
  }
  const std::unique_lock lock(mutex_);
  if (const auto known = watchers_.find(parent); known != watchers_.end()) {
    known->second.erase(subscription);
    if (known->second.empty()) watchers_.erase(known);
  }
  const auto known = blocking_.find(parent);
  if (known != blocking_.end() && known->second == subscription) blocking_.erase(known);
}

void AttentiveIndex::clear() {
  const std::unique_lock lock(mutex_);
  watchers_.clear();
  blocking_.clear();
}

bool AttentiveIndex::has_watchers(const ResourceId& parent) const {
  const std::shared_lock lock(mutex_);
  return watchers_.contains(parent);
}

ResourceId AttentiveIndex::blocking(const ResourceId& parent) const {
  const std::shared_lock lock(mutex_);
  const auto known = blocking_.find(parent);
  return known == blocking_.end() ? ResourceId{} : known->second;
}

}  // namespace gatehouse
