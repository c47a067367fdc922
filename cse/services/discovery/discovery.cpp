#include "cse/services/discovery/discovery.h"

#include <map>

#include "cse/services/discovery/filter.h"
#include "cse/services/discovery/tree_walk.h"

namespace gatehouse {
namespace {

/// How a resource is named to this originator: structured or not, and with our CSE-ID for those of
/// other CSEs.
std::string address_for(const Request& request, const std::string& originator,
                        const std::string& path, const ResourceId& id,
                        const CseSettings& settings) {
  const std::string& local = request.desired_identifier_result_type == 2 ? id.text : path;
  return originator.starts_with('/') ? settings.cse_id + "/" + local : local;
}

/// limit and offset over matches, and the CSE's own limit.
struct Window {
  std::int64_t skip, take;
  std::int64_t seen = 0;
  bool cut = false;

  Window(const Request& request, const CseSettings& settings) {
    const auto& filter = request.filter;
    skip = filter && filter->offset ? *filter->offset - 1 : 0;
    take = std::min(filter && filter->limit ? *filter->limit : settings.max_discovery_results,
                    settings.max_discovery_results);
  }
  enum class Step { kSkip, kTake, kStop };
  Step next() {
    ++seen;
    if (seen <= skip) return Step::kSkip;
    if (seen <= skip + take) return Step::kTake;
    cut = true;
    return Step::kStop;
  }
  void tell(Response& response) const {
    if (!cut) return;
    response.content_status = 1;
    response.content_offset = skip + take + 1;
  }
};

Value reference_to(const std::string& name, int type, std::string address) {
  return Value::object({{"nm", name}, {"typ", type}, {"val", std::move(address)}});
}

/// The path that applyRelativePath leads to, if there is something. Source: TS-0001 table 8.1.2-1
/// (applyRelativePath).
Result<std::optional<std::string>> relative(const Cse& cse, const Behaviours& behaviours,
                                            const std::string& path, const std::string& suffix,
                                            ResourceReader& resources) {
  const std::string joined = path + "/" + suffix;
  const auto address = parse_address(joined);
  if (!address) return fail(Rsc::kBadRequest, "arp (applyRelativePath): is no relative path");
  auto target = resolve(*address, cse.settings(), resources, behaviours);
  if (!target) return fail(target.error());
  return target->resource ? std::optional(joined) : std::nullopt;
}

/// Puts children into the parents that hold them: {"m2m:cnt":[{…,"m2m:cin":[{…}]}]}.
class NestedTree {
 public:
  explicit NestedTree(const ResourcePtr& top) : top_(top->id()) {}
  void add(const ResourcePtr& resource) { children_[resource->parent()].push_back(resource); }
  /// Only resources whose parents are in the tree too are in the answer: never a child without its
  /// parent.
  void attach(const ResourceId& parent, Value& attributes) const {
    const auto below = children_.find(parent);
    if (below == children_.end()) return;
    for (const ResourcePtr& child : below->second) {
      Value copy = child->attributes();
      attach(child->id(), copy);
      const std::string root(child->schema().root);
      if (Value* list = attributes.find(root))
        list->push_back(std::move(copy));
      else
        attributes.set(root, Value::array({std::move(copy)}));
    }
  }
  const ResourceId& top() const { return top_; }

 private:
  ResourceId top_;
  std::map<ResourceId, std::vector<ResourcePtr>> children_;
};

}  // namespace

Response Discovery::discover(const Request& request, const ResourcePtr& target,
                             ResourceReader& resources, const std::string& originator) {
  const std::int64_t wanted = request.result_content.value_or(1);
  if (wanted != 1 && wanted != 6) {
    return error_response(
        request, {Rsc::kBadRequest, "rcn (resultContent): with fu=1 must be absent, 1 or 6"});
  }
  Window window(request, cse_.settings());
  Value addresses = Value::array(), references = Value::array();
  std::optional<Error> failed;
  TreeWalk walk(cse_, request, originator, Privilege::kDiscovery, false);
  const auto visit = [&](const TreeWalk::Found& found) {
    std::string path = found.path;
    if (request.filter->apply_relative_path) {
      auto applied =
          relative(cse_, cse_.behaviours(), path, *request.filter->apply_relative_path, resources);
      if (!applied) {
        failed = applied.error();
        return false;
      }
      if (!*applied) return true;
      path = **applied;
    }
    const auto step = window.next();
    if (step != Window::Step::kTake) return step == Window::Step::kSkip;
    std::string address = address_for(request, originator, path, found.entry.id, cse_.settings());
    if (wanted == 6)
      references.push_back(reference_to(found.entry.name, found.entry.type, std::move(address)));
    else
      addresses.push_back(std::move(address));
    return true;
  };
  if (auto walked = walk.run(target, resources, visit); !walked)
    return error_response(request, walked.error());
  if (failed) return error_response(request, *failed);
  Response response;
  response.content =
      wanted == 6 ? Value::object({{"m2m:rrl", Value::object({{"rrf", std::move(references)}})}})
                  : Value::object({{"m2m:uril", std::move(addresses)}});
  window.tell(response);
  return response;
}

Response Discovery::with_children(const Request& request, const ResourcePtr& target,
                                  ResourceReader& resources, const std::string& originator) {
  const std::int64_t wanted = request.result_content.value_or(4);
  const bool references_only = wanted == 5 || wanted == 6;
  Window window(request, cse_.settings());
  NestedTree tree(target);
  Value references = Value::array();
  TreeWalk walk(cse_, request, originator, Privilege::kRetrieve, !references_only);
  const auto visit = [&](const TreeWalk::Found& found) {
    const auto step = window.next();
    if (step != Window::Step::kTake) return step == Window::Step::kSkip;
    if (references_only) {
      references.push_back(reference_to(
          found.entry.name, found.entry.type,
          address_for(request, originator, found.path, found.entry.id, cse_.settings())));
    } else {
      tree.add(found.resource);
    }
    return true;
  };
  if (auto walked = walk.run(target, resources, visit); !walked)
    return error_response(request, walked.error());
  Value attributes = wanted == 4 || wanted == 5 ? target->attributes() : Value::object();
  if (references_only)
    attributes.set("ch", std::move(references));
  else
    tree.attach(target->id(), attributes);
  Response response;
  response.content = Value::object({{std::string(target->schema().root), std::move(attributes)}});
  window.tell(response);
  return response;
}

Result<bool> Discovery::matches(const FilterCriteria& filter, const ResourcePtr& resource,
                                ResourceReader& resources) {
  return matches_filter(filter, *resource, resources);
}

}  // namespace gatehouse
