#include "cse/services/registration/node_links.h"

#include <algorithm>

#include "cse/core/address.h"

namespace gatehouse {
namespace {

/// The list with or without the AE; an empty list is no attribute.
Result<void> set_hosted(const std::string& node_address, const std::string& ae, bool hosted,
                        OperationContext& context) {
  if (node_address.empty()) return {};
  auto node = find_local(node_address, context.settings, context.resources);
  if (!node) return fail(node.error());
  if (!*node || (*node)->type() != type_number::kNode) return {};
  Value attributes = (*node)->attributes();
  std::vector<std::string> links = attributes.strings_at("hael");
  const auto known = std::find(links.begin(), links.end(), ae);
  if (hosted == (known != links.end())) return {};
  hosted ? (void)links.push_back(ae) : (void)links.erase(known);
  Value list = Value::array();
  for (const std::string& link : links) list.push_back(link);
  links.empty() ? (void)attributes.erase("hael") : (void)attributes.set("hael", std::move(list));
  context.resources.update(*node, std::move(attributes), true);
  return {};
}

class Node final : public TypeBehaviour {
 public:
  Result<void> on_delete(const ResourcePtr& self, OperationContext& context) const override {
    for (const std::string& link : self->attributes().strings_at("hael")) {
      auto ae = find_local(link, context.settings, context.resources);
      if (!ae) return fail(ae.error());
      if (!*ae || (*ae)->type() != type_number::kAe) continue;
      Value attributes = (*ae)->attributes();
      attributes.erase("nl");
      context.resources.update(*ae, std::move(attributes), true);
    }
    return {};
  }
};

}  // namespace

Result<void> move_hosted_ae(const Resource& ae, const std::string& from, const std::string& to,
                            OperationContext& context) {
  if (from == to) return {};
  if (auto left = set_hosted(from, ae.id().text, false, context); !left) return left;
  return set_hosted(to, ae.id().text, true, context);
}

std::shared_ptr<const TypeBehaviour> node_behaviour() { return std::make_shared<Node>(); }

}  // namespace gatehouse
