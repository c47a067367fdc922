#include "cse/services/cmdh/policy.h"

#include <functional>

#include "cse/core/address.h"

namespace gatehouse::cmdh {
namespace {

constexpr std::size_t kMaxLinks = 256;  ///< of one object that are followed

std::int64_t definition_of(const Resource& resource) {
  return resource.type() == type_number::kMgmtObj ? resource.attributes().integer_at("mgd") : 0;
}

std::vector<std::int64_t> integers_at(const Value& attributes, const char* name) {
  std::vector<std::int64_t> list;
  const Value* value = attributes.find(name);
  if (!value || !value->as_array()) return list;
  for (const Value& item : *value->as_array()) list.push_back(item.as_integer().value_or(0));
  return list;
}

Limits::Range range_at(const Value& attributes, const char* name) {
  const auto both = integers_at(attributes, name);
  return both.size() < 2 ? Limits::Range{} : Limits::Range{both[0], both[1]};
}

/// Reads a policy by its links (mgmtLink).
class Loader {
 public:
  explicit Loader(Cse& cse) : cse_(cse), view_(cse.view()) {}

  Result<std::optional<Policy>> load() {
    auto active = active_object();
    if (!active) return fail(active.error());
    if (!*active) return std::optional<Policy>{};
    auto policy = find_local((*active)->attributes().string_at("acmlk"), cse_.settings(), view_);
    if (!policy) return fail(policy.error());
    if (!*policy || definition_of(**policy) != kPolicy) return std::optional<Policy>{};
    auto read = each_link(**policy, [this](const Resource& part) { return read_part(part); });
    if (!read) return fail(read.error());
    return std::optional(std::move(policy_));
  }

 private:
  using Visit = std::function<Result<void>(const Resource&)>;

  /// [activeCmdhPolicy] below the <node> of this CSE.
  Result<ResourcePtr> active_object() {
    Page page;
    for (;;) {
      auto nodes = view_.all_of_type(type_number::kNode, page);
      if (!nodes) return fail(nodes.error());
      for (const ChildEntry& entry : *nodes) {
        page.after = entry.order;
        auto node = view_.find(entry.id);
        if (!node) return fail(node.error());
        if (!*node || !is_ours(**node)) continue;
        auto found = active_below(entry.id);
        if (!found || *found) return found;
      }
      if (nodes->size() < page.limit) return ResourcePtr{};
    }
  }
  bool is_ours(const Resource& node) {
    const std::string link = node.attributes().string_at("hcl");
    if (link.empty()) return false;
    if (link == cse_.settings().cse_id) return true;
    auto base = find_local(link, cse_.settings(), view_);
    return base && *base && (*base)->type() == type_number::kCseBase;
  }
  Result<ResourcePtr> active_below(const ResourceId& node) {
    Page page;
    for (;;) {
      auto objects = view_.children_of_type(node, type_number::kMgmtObj, page);
      if (!objects) return fail(objects.error());
      for (const ChildEntry& entry : *objects) {
        page.after = entry.order;
        auto object = view_.find(entry.id);
        if (!object) return object;
        if (*object && definition_of(**object) == kActivePolicy) return object;
      }
      if (objects->size() < page.limit) return ResourcePtr{};
    }
  }

  Result<void> each_link(const Resource& resource, const Visit& visit) {
    const Value* links = resource.attributes().find("cmlk");
    if (!links || !links->as_array()) return {};
    std::size_t followed = 0;
    for (const Value& link : *links->as_array()) {
      if (++followed > kMaxLinks) return {};
      auto target = find_local(link.string_at("val"), cse_.settings(), view_);
      if (!target) return fail(target.error());
      if (!*target) continue;
      if (auto visited = visit(**target); !visited) return visited;
    }
    return {};
  }

  Result<void> read_part(const Resource& part) {
    const Value& a = part.attributes();
    switch (definition_of(part)) {
      case kDefaults:
        return each_link(part, [this](const Resource& one) { return read_default(one); });
      case kLimits: {
        Limits limits{
            a.integer_at("od"),  a.strings_at("ror"), integers_at(a, "lec"), range_at(a, "lqet"),
            range_at(a, "lset"), range_at(a, "loet"), range_at(a, "lrp"),    {}};
        if (a.contains("rct") || a.contains("rch")) return {};  // no condition is known here
        if (const Value* allowed = a.find("lda"); allowed && allowed->as_array()) {
          for (const Value& item : *allowed->as_array())
            limits.aggregation.push_back(item.as_bool().value_or(false));
        }
        policy_.limits.push_back(std::move(limits));
        return {};
      }
      case kAccessRules:
        policy_.access_rules.push_back({integers_at(a, "aecs"), {}});
        return each_link(part, [this](const Resource& one) { return read_access_rule(one); });
      case kBuffer:
        policy_.buffers.push_back(
            {integers_at(a, "aec"), a.integer_at("mbfs"), a.integer_at("sgp", 1)});
        return {};
      default:
        return {};
    }
  }

  Result<void> read_default(const Resource& part) {
    const Value& a = part.attributes();
    if (definition_of(part) == kDefaultCategory) {
      if (!a.contains("rct") && !a.contains("rch")) {
        policy_.default_categories.push_back(
            {a.integer_at("od"), a.integer_at("dev", kBestEffort), a.strings_at("ror")});
      }
    } else if (definition_of(part) == kDefaultParameters) {
      policy_.default_parameters.push_back({integers_at(a, "aec"), a.integer_at("dqet", kInfinite),
                                            a.integer_at("dset", kInfinite), a.integer_at("doet"),
                                            a.integer_at("drp"), a.bool_at("dda")});
    }
    return {};
  }

  Result<void> read_access_rule(const Resource& part) {
    if (definition_of(part) != kAccessRule) return {};
    const Value& a = part.attributes();
    AccessRule rule;
    rule.least_bytes = a.integer_at("mrv");
    rule.spread_ms = a.integer_at("swt");
    const Value* pauses = a.find("bop");
    const Value* sets = pauses ? pauses->find("bops") : nullptr;
    if (sets && sets->as_array() && !sets->as_array()->empty()) {
      const Value& set = sets->as_array()->front();
      rule.backs_off = true;
      rule.first_pause_ms = set.integer_at("ibt");
      rule.more_pause_ms = set.integer_at("abt");
      rule.longest_pause_ms = set.integer_at("mbt");
    }
    auto read = each_link(part, [&rule](const Resource& linked) -> Result<void> {
      const Value* element = linked.attributes().find("se");
      if (linked.type() != type_number::kSchedule || !element) return {};
      for (const std::string& text : element->strings_at("sce")) {
        if (auto entry = ScheduleEntry::parse(text)) rule.schedule.push_back(*std::move(entry));
      }
      return {};
    });
    if (!read) return read;
    policy_.access_rules.back().rules.push_back(std::move(rule));
    return {};
  }

  Cse& cse_;
  CommittedView view_;
  Policy policy_;
};

}  // namespace

Result<std::optional<Policy>> active_policy(Cse& cse) { return Loader(cse).load(); }

bool is_part_of_policy(const Resource& resource) {
  if (resource.type() == type_number::kNode || resource.type() == type_number::kSchedule)
    return true;
  const std::int64_t definition = definition_of(resource);
  return definition >= kPolicy && definition <= kBuffer;
}

}  // namespace gatehouse::cmdh
