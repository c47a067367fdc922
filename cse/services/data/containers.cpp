#include "cse/services/data/containers.h"

#include <algorithm>

#include "cse/codec/json.h"

namespace gatehouse {
namespace {

/// Bytes of a content: of the text itself, or of the JSON of anything else.
std::int64_t size_in_bytes(const Value* content) {
  if (!content) return 0;
  const std::string* text = content->as_string();
  return static_cast<std::int64_t>(text ? text->size() : to_json(*content).size());
}

/// `cnf` = type/subtype:encoding[:security]. Source: TS-0004 clause 6.3.3 (m2m:contentInfo).
bool is_content_info(const std::string& text) {
  const std::size_t colon = text.find(':');
  const std::string media = text.substr(0, colon);
  const std::size_t slash = media.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == media.size()) return false;
  if (colon == std::string::npos) return true;
  const std::string rest = text.substr(colon + 1);
  const bool encoding = !rest.empty() && rest[0] >= '0' && rest[0] <= '2';
  return encoding && (rest.size() == 1 ||
                      (rest.size() == 3 && rest[1] == ':' && rest[2] >= '0' && rest[2] <= '5'));
}

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
    context.resources.update_some(self,
                                  {{"cni", counters.count},
                                   {"cbs", counters.bytes},
                                   {"st", number_at(*self, "st") + 1},
                                   {"lt", context.resources.now_text()}},
                                  true);
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

class ContentInstance final : public TypeBehaviour {
 public:
  std::optional<Error> refuses(Operation operation, const Request&) const override {
    if (operation != Operation::kUpdate) return std::nullopt;
    return Error{Rsc::kOperationNotAllowed, "a <contentInstance> cannot be updated"};
  }

  Result<void> on_create(Draft& draft, OperationContext& context) const override {
    const Resource& parent = *draft.parent;
    const std::int64_t size = size_in_bytes(draft.attributes.find("con"));
    if (const auto limit = limit_of(parent.attribute("mbs")); limit && size > *limit) {
      return fail(Rsc::kNotAcceptable, "con (content): has " + std::to_string(size) +
                                           " bytes, more than the container's maxByteSize of " +
                                           std::to_string(*limit));
    }
    if (const auto limit = limit_of(parent.attribute("mni")); limit && *limit == 0) {
      return fail(Rsc::kNotAcceptable, "con (content): the container's maxNrOfInstances is 0");
    }
    if (const Value* info = draft.attributes.find("cnf");
        info && !is_content_info(*info->as_string())) {
      return fail(
          Rsc::kBadRequest,
          "cnf (contentInfo): must be \"type/subtype:encoding[:security]\" such as text/plain:0");
    }
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

/// <latest> and <oldest>: another name of one <contentInstance>.
class InstanceAlias final : public VirtualResource {
 public:
  InstanceAlias(Cse& cse, bool latest) : cse_(cse), latest_(latest) {}

  void handle(Request request, const ResourcePtr& parent, std::vector<std::string> rest,
              const std::string& originator, Reply reply) override {
    const char* name = latest_ ? "<latest>" : "<oldest>";
    if (!rest.empty())
      return reply(
          error_response(request, {Rsc::kNotFound, std::string(name) + " has no children"}));
    if (request.operation != Operation::kRetrieve && request.operation != Operation::kDelete) {
      return reply(error_response(
          request,
          {Rsc::kOperationNotAllowed, std::string(name) + " allows RETRIEVE and DELETE only"}));
    }
    if (parent->attributes().bool_at("disr")) {
      return reply(error_response(
          request, {Rsc::kOperationNotAllowed, "disr (disableRetrieval) is set on the container"}));
    }
    CommittedView resources = cse_.view();
    auto instance =
        latest_ ? cse_.latest_instance(parent->id(), type_number::kContentInstance, resources)
                : oldest(parent->id(), resources);
    if (!instance) return reply(error_response(request, instance.error()));
    if (!*instance) {
      return reply(
          error_response(request, {Rsc::kNotFound, "the container has no <contentInstance>"}));
    }
    if (request.operation == Operation::kRetrieve) {
      return reply(cse_.retrieve(request, *instance, originator));
    }
    request.to = (*instance)->id().text;
    request.from = originator;
    cse_.request(std::move(request), std::move(reply));
  }

 private:
  static Result<ResourcePtr> oldest(const ResourceId& container, CommittedView& resources) {
    Page page;
    page.limit = 8;
    for (;;) {
      auto entries = resources.children_of_type(container, type_number::kContentInstance, page);
      if (!entries) return fail(entries.error());
      for (const ChildEntry& entry : *entries) {
        auto instance = resources.find(entry.id);
        if (!instance || *instance) return instance;
        page.after = entry.order;
      }
      if (entries->size() < page.limit) return ResourcePtr{};
    }
  }

  Cse& cse_;
  const bool latest_;
};

}  // namespace

void add_containers(Cse& cse) {
  Behaviours& behaviours = cse.behaviours();
  behaviours.add(type_number::kContainer, std::make_shared<Container>());
  behaviours.add(type_number::kContentInstance, std::make_shared<ContentInstance>());
  behaviours.add_virtual(type_number::kContainer, "la", std::make_shared<InstanceAlias>(cse, true));
  behaviours.add_virtual(type_number::kContainer, "ol",
                         std::make_shared<InstanceAlias>(cse, false));
}

}  // namespace gatehouse
