#include "cse/core/behaviour.h"

namespace gatehouse {

const TypeBehaviour& Behaviours::of(int type) const {
  static const TypeBehaviour kOrdinary;
  const auto found = types_.find(type);
  return found == types_.end() ? kOrdinary : *found->second;
}

VirtualResource* Behaviours::find_virtual(int parent_type, const std::string& name) const {
  const auto found = virtuals_.find({parent_type, name});
  return found == virtuals_.end() ? nullptr : found->second.get();
}

}  // namespace gatehouse
