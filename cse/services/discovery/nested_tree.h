#pragma once
#include <map>
#include <string>
#include <vector>

#include "cse/core/resource.h"

namespace gatehouse {

/// Puts resources into those above them: {"m2m:cnt":[{…,"m2m:cin":[{…}]}]}. One whose parent is not
/// in the answer (the filter leaves it out) goes into the nearest resource above it that is.
/// Source: TS-0001 clause 8.1.2 (resultContent 4 and 8).
class NestedTree {
 public:
  explicit NestedTree(const ResourcePtr& top) {
    children_[top->path()];
    top_ = top->path();
  }
  /// A parent before what is below it.
  void add(const ResourcePtr& resource) {
    if (children_.contains(resource->path())) return;  // by applyRelativePath from two places
    std::string above = resource->path();
    do {
      above.resize(std::min(above.rfind('/'), above.size()));
    } while (above.size() > top_.size() && !children_.contains(above));
    children_[above.size() > top_.size() ? above : top_].push_back(resource);
    children_[resource->path()];
  }
  void attach_to(Value& attributes) const { attach(top_, attributes); }

 private:
  void attach(const std::string& path, Value& attributes) const {
    for (const ResourcePtr& child : children_.at(path)) {
      Value copy = child->attributes();
      attach(child->path(), copy);
      const std::string root(child->schema().root);
      if (Value* list = attributes.find(root))
        list->push_back(std::move(copy));
      else
        attributes.set(root, Value::array({std::move(copy)}));
    }
  }

  std::string top_;
  std::map<std::string, std::vector<ResourcePtr>> children_;
};

}  // namespace gatehouse
