#include "cse/services/data/containers.h"

#include <algorithm>

#include "cse/services/data/instances.h"

namespace gatehouse {
namespace {

std::optional<std::int64_t> limit_of(const Value* limit) {
  return limit ? limit->as_integer() : std::nullopt;
}

std::int64_t number_at(const Resource& resource, std::string_view name) {
  const Value* value = resource.attribute(name);
  return value ? value->as_integer().value_or(0) : 0;
}

/// currentNrOfInstances and currentByteSize, and what they may be at most.
struct Counters {
  std::int64_t count, bytes;
};
struct Limits {
  std::optional<std::int64_t> count, bytes;
};

class Container final : public TypeBehaviour {
 public:
  Result<void> on_create(Draft& draft, OperationContext&) const override {
    draft.attributes.set("cni", 0);
    draft.attributes.set("cbs", 0);
    return {};
  }

  /// A smaller mni or mbs takes effect at once. Source: TS-0004 clause 7.4.6.2.3.
  Result<void> on_update(const ResourcePtr& before, Value& attributes, const Value& requested,
                         OperationContext& context) const override {
    // What could not be seen is not seen later either. Source: TS-0001 table 9.6.6-2.
    const Value* disabled = requested.find("disr");
    if (disabled && disabled->as_bool() == false && before->attributes().bool_at("disr")) {
      return instances::evict_all(before->id(), type_number::kContentInstance, 0, attributes,
                                  context);
    }
    if (!requested.contains("mni") && !requested.contains("mbs")) return {};
    Counters counters{attributes.integer_at("cni"), attributes.integer_at("cbs")};
    const Limits limits{limit_of(attributes.find("mni")), limit_of(attributes.find("mbs"))};
    if (auto evicted = evict(before->id(), limits, counters, context); !evicted) return evicted;
    attributes.set("cni", counters.count).set("cbs", counters.bytes);
    return {};
  }

  Result<void> on_child_created(const ResourcePtr& self, const ResourcePtr& child,
                                OperationContext& context) const override {
    if (child->type() != type_number::kContentInstance) return {};
    Counters counters{number_at(*self, "cni") + 1,
                      number_at(*self, "cbs") + number_at(*child, "cs")};
    const Limits limits{limit_of(self->attribute("mni")), limit_of(self->attribute("mbs"))};
    if (auto evicted = evict(self->id(), limits, counters, context); !evicted) return evicted;
    Value::Object changed;  // not from a list in braces, which would be copied: this is a hot way
    changed.reserve(4);
    changed.push_back({"cni", counters.count});
    changed.push_back({"cbs", counters.bytes});
    changed.push_back({"st", number_at(*self, "st") + 1});
    changed.push_back({"lt", context.resources.now_text()});
    context.resources.update_some(self, std::move(changed), true);
    return {};
  }

  Result<void> on_child_deleted(const ResourcePtr& self, const ResourcePtr& child,
                                OperationContext& context) const override {
    if (child->type() != type_number::kContentInstance) return {};
    const std::int64_t count = number_at(*self, "cni") - 1;
    const std::int64_t bytes = number_at(*self, "cbs") - number_at(*child, "cs");
    context.resources.update_some(self,
                                  {{"cni", std::max<std::int64_t>(count, 0)},
                                   {"cbs", std::max<std::int64_t>(bytes, 0)},
                                   {"lt", context.resources.now_text()}},
                                  true);
    return {};
  }

 private:
  /// Oldest first, until both limits hold. Source: TS-0004 clause 7.4.7.2.1 (no notification for
  /// these).
  static Result<void> evict(const ResourceId& container, const Limits& limits, Counters& counters,
                            OperationContext& context) {
    const auto exceeded = [&] {
      return (limits.count && counters.count > *limits.count) ||
             (limits.bytes && counters.bytes > *limits.bytes);
    };
    while (exceeded()) {
      Page page;
      page.limit = 16;
      auto oldest =
          context.resources.children_of_type(container, type_number::kContentInstance, page);
      if (!oldest) return fail(oldest.error());
      if (oldest->empty()) return {};
      for (const ChildEntry& entry : *oldest) {
        if (!exceeded()) break;
        auto instance = context.resources.find_stored(entry.id);
        if (!instance) return fail(instance.error());
        if (!*instance) continue;
        --counters.count;
        counters.bytes -= number_at(**instance, "cs");
        if (auto erased = erase_subtree(*instance, context, true); !erased) return erased;
      }
    }
    return {};
  }
};

/// `dgt` relative to the reception becomes a point of time. Source: TS-0004 clause 6.3.3
/// (m2m:absRelTimestamp).
Result<void> make_absolute(Draft& draft, const OperationContext& context) {
  const Value* given = draft.attributes.find("dgt");
  if (!given) return {};
  const auto number = given->as_integer();
  const std::string text = number ? std::to_string(*number) : *given->as_string();
  if (parse_timestamp(text)) return {};
  const auto time = parse_abs_rel_timestamp(text, context.now());
  if (!time) return fail(Rsc::kBadRequest, "dgt (dataGenerationTime): must be a timestamp");
  draft.attributes.set("dgt", to_text(*time));
  return {};
}

class ContentInstance final : public TypeBehaviour {
 public:
  /// Source: TS-0001 table 9.6.6-2 (disableRetrieval).
  Result<void> permits(Operation operation, const Resource& self,
                       ResourceReader& resources) const override {
    if (operation != Operation::kRetrieve && operation != Operation::kDelete) return {};
    auto parent = resources.find(self.parent());
    if (!parent) return fail(parent.error());
    const Value* disabled = *parent ? (*parent)->attribute("disr") : nullptr;
    if (!disabled || !disabled->as_bool().value_or(false)) return {};
    return fail(Rsc::kOperationNotAllowed, "disr (disableRetrieval) is set on the container");
  }

  /// deletionCnt: how many times the instance can still be read. Source: TS-0001 table 9.6.7-1.
  bool is_used_by_read(const Resource& self) const override { return self.attribute("dcnt"); }
  Result<void> on_read(const ResourcePtr& self, OperationContext& context) const override {
    const std::int64_t left = self->attributes().integer_at("dcnt") - 1;
    if (left > 0) {
      context.resources.update_some(self, {{"dcnt", left}}, true);
      return {};
    }
    if (auto erased = erase_subtree(self, context); !erased) return erased;
    auto parent = context.resources.find(self->parent());
    if (!parent) return fail(parent.error());
    if (!*parent) return {};
    return context.behaviours.of((*parent)->type()).on_child_deleted(*parent, self, context);
  }

  std::optional<Error> refuses(Operation operation, const Request&) const override {
    if (operation != Operation::kUpdate) return std::nullopt;
    return Error{Rsc::kOperationNotAllowed, "a <contentInstance> cannot be updated"};
  }

  Result<void> on_create(Draft& draft, OperationContext& context) const override {
    const Resource& parent = *draft.parent;
    const std::int64_t size = instances::size_in_bytes(draft.attributes.find("con"));
    if (const auto limit = limit_of(parent.attribute("mbs")); limit && size > *limit) {
      return fail(Rsc::kNotAcceptable, "con (content): has " + std::to_string(size) +
                                           " bytes, more than the container's maxByteSize of " +
                                           std::to_string(*limit));
    }
    if (const auto limit = limit_of(parent.attribute("mni")); limit && *limit == 0) {
      return fail(Rsc::kNotAcceptable, "con (content): the container's maxNrOfInstances is 0");
    }
    if (const Value* info = draft.attributes.find("cnf")) {
      if (auto valid = instances::check_content_info(*info->as_string()); !valid) return valid;
      auto fits = instances::check_content(*info->as_string(), *draft.attributes.find("con"));
      if (!fits) return fits;
    }
    if (auto kept = make_absolute(draft, context); !kept) return kept;
    draft.attributes.set("cs", size);
    draft.attributes.set("st", number_at(parent, "st") + 1);
    if (const auto age = limit_of(parent.attribute("mia"))) {
      const Timestamp latest =
          context.now() + std::chrono::seconds(std::clamp<std::int64_t>(*age, 0, 4'000'000'000));
      if (latest < draft.record.expires) {
        draft.record.expires = latest;
        draft.attributes.set("et", to_text(latest));
      }
    }
    return {};
  }
};

}  // namespace

void add_containers(Cse& cse) {
  Behaviours& behaviours = cse.behaviours();
  behaviours.add(type_number::kContainer, std::make_shared<Container>());
  behaviours.add(type_number::kContentInstance, std::make_shared<ContentInstance>());
  instances::add_aliases(cse, type_number::kContainer, type_number::kContentInstance);
}

}  // namespace gatehouse
