#include "cse/services/discovery/type_graph.h"

#include <algorithm>

namespace gatehouse {

TypeGraph::TypeGraph(const Schemas& schemas) {
  std::map<int, const TypeSchema*> types;  // management objects: one stands for all
  for (const TypeSchema* schema : schemas.all()) types.emplace(schema->type, schema);
  for (const auto& [type, parent] : types) {
    for (const auto& [child_type, child] : types) {
      if (may_be_child(*parent, *child)) below_[type].insert(child_type);
    }
  }
  // Grown until nothing is new: what is below a child is below its parent.
  for (bool grown = true; grown;) {
    grown = false;
    for (auto& [type, below] : below_) {
      std::set<int> more = below;
      for (const int child : below) {
        if (const auto deeper = below_.find(child); deeper != below_.end())
          more.insert(deeper->second.begin(), deeper->second.end());
      }
      grown = grown || more.size() > below.size();
      below = std::move(more);
    }
  }
}

bool TypeGraph::reaches(int type, const std::set<int>& wanted) const {
  const auto below = below_.find(type);
  if (below == below_.end()) return false;
  if (wanted.empty()) return true;
  return std::any_of(wanted.begin(), wanted.end(),
                     [&](int one) { return below->second.contains(one); });
}

}  // namespace gatehouse
