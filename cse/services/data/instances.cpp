#include "cse/services/data/instances.h"

#include <algorithm>

#include "cse/codec/json.h"

namespace gatehouse::instances {
namespace {

/// <latest> and <oldest>: another name of one instance.
class InstanceAlias final : public VirtualResource {
 public:
  InstanceAlias(Cse& cse, int type, bool latest) : cse_(cse), type_(type), latest_(latest) {}

  void handle(Request request, const ResourcePtr& parent, std::vector<std::string> rest,
              const std::string& originator, Reply reply) override {
    const std::string name = latest_ ? "<latest>" : "<oldest>";
    const auto refuse = [&](Rsc rsc, const std::string& why) {
      reply(error_response(request, {rsc, why}));
    };
    if (!rest.empty()) return refuse(Rsc::kNotFound, name + " has no children");
    if (request.operation != Operation::kRetrieve && request.operation != Operation::kDelete)
      return refuse(Rsc::kOperationNotAllowed, name + " allows RETRIEVE and DELETE only");
    CommittedView resources = cse_.view();
    auto instance = latest_ ? cse_.latest_instance(parent->id(), type_, resources)
                            : oldest(parent->id(), resources);
    if (!instance) return refuse(instance.error().rsc, instance.error().detail);
    if (!*instance) return refuse(Rsc::kNotFound, parent->path() + " has no instance");
    const bool used = cse_.behaviours().of(type_).is_used_by_read(**instance);
    if (request.operation == Operation::kRetrieve && !used)
      return reply(cse_.retrieve(request, *instance, originator));
    request.to = (*instance)->id().text;
    request.from = originator;
    cse_.request(std::move(request), std::move(reply));
  }

 private:
  Result<ResourcePtr> oldest(const ResourceId& parent, CommittedView& resources) const {
    Page page;
    page.limit = 8;
    for (;;) {
      auto entries = resources.children_of_type(parent, type_, page);
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
  const int type_;
  const bool latest_;
};

/// Takes the oldest out while `exceeded()`.
template <class Exceeded>
Result<void> evict_while(const ResourceId& parent, int type, Value& attributes,
                         OperationContext& context, Exceeded exceeded) {
  while (exceeded()) {
    Page page;
    page.limit = 16;
    auto oldest = context.resources.children_of_type(parent, type, page);
    if (!oldest) return fail(oldest.error());
    if (oldest->empty()) return {};
    for (const ChildEntry& entry : *oldest) {
      if (!exceeded()) break;
      auto instance = context.resources.find_stored(entry.id);
      if (!instance) return fail(instance.error());
      if (!*instance) continue;
      discount(attributes, **instance);
      if (auto erased = erase_subtree(*instance, context, true); !erased) return erased;
    }
  }
  return {};
}

/// "/" in the middle, and nothing that separates in its parts.
bool is_media_type(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto is_part = [](std::string_view part) {
    return !part.empty() && std::none_of(part.begin(), part.end(), [](unsigned char c) {
      return c <= ' ' || c == '/' || c == 0x7F;
    });
  };
  return slash != text.npos && is_part(text.substr(0, slash)) && is_part(text.substr(slash + 1));
}

bool is_digit_up_to(std::string_view text, char last) {
  return text.size() == 1 && text[0] >= '0' && text[0] <= last;
}

}  // namespace

std::int64_t size_in_bytes(const Value* content) {
  if (!content) return 0;
  const std::string* text = content->as_string();
  return static_cast<std::int64_t>(text ? text->size() : to_json(*content).size());
}

std::optional<std::int64_t> limit_of(const Value& attributes, std::string_view name) {
  const Value* limit = attributes.find(name);
  return limit ? limit->as_integer() : std::nullopt;
}

void limit_age(Draft& draft, const Value& parent, const OperationContext& context) {
  const auto age = limit_of(parent, "mia");
  if (!age) return;
  const Timestamp latest =
      context.now() + std::chrono::seconds(std::clamp<std::int64_t>(*age, 0, 4'000'000'000));
  if (latest >= draft.record.expires) return;
  draft.record.expires = latest;
  draft.attributes.set("et", to_text(latest));
}

Result<void> evict(const ResourceId& parent, int type, Value& attributes,
                   OperationContext& context) {
  const auto max_count = limit_of(attributes, "mni");
  const auto max_bytes = limit_of(attributes, "mbs");
  return evict_while(parent, type, attributes, context, [&] {
    return (max_count && attributes.integer_at("cni") > *max_count) ||
           (max_bytes && attributes.integer_at("cbs") > *max_bytes);
  });
}

Result<void> evict_all(const ResourceId& parent, int type, std::int64_t kept, Value& attributes,
                       OperationContext& context) {
  return evict_while(parent, type, attributes, context,
                     [&] { return attributes.integer_at("cni") > kept; });
}

void discount(Value& parent, const Resource& instance) {
  const auto less = [&parent](const char* name, std::int64_t by) {
    parent.set(name, std::max<std::int64_t>(parent.integer_at(name) - by, 0));
  };
  less("cni", 1);
  less("cbs", instance.attributes().integer_at("cs"));
}

void add_aliases(Cse& cse, int parent_type, int instance_type) {
  Behaviours& behaviours = cse.behaviours();
  behaviours.add_virtual(parent_type, "la",
                         std::make_shared<InstanceAlias>(cse, instance_type, true));
  behaviours.add_virtual(parent_type, "ol",
                         std::make_shared<InstanceAlias>(cse, instance_type, false));
}

Result<void> check_content_info(const std::string& text) {
  std::string_view rest = text;
  const auto part = [&rest] {
    const std::size_t length = std::min(rest.find(':'), rest.size());
    const std::string_view taken = rest.substr(0, length);
    rest.remove_prefix(std::min(length + 1, rest.size()));
    return taken;
  };
  const std::string_view media = part(), encoding = part();
  const bool secured = std::count(text.begin(), text.end(), ':') > 1;
  if (is_media_type(media) && is_digit_up_to(encoding, '2') &&
      (!secured || is_digit_up_to(rest, '5'))) {
    return {};
  }
  return fail(
      Rsc::kBadRequest,
      "cnf (contentInfo): must be \"type/subtype:encoding[:security]\" such as text/plain:0 "
      "(encoding: 0 plain, 1 base64 of a text, 2 base64 of bytes)");
}

Result<void> check_content(const std::string& content_info, const Value& content) {
  const std::size_t colon = content_info.find(':');
  const char encoding = colon + 1 < content_info.size() ? content_info[colon + 1] : '0';
  if (encoding == '0') return {};
  const DataType base64{Kind::kBase64};
  if (validate_value("con", base64, content)) return {};
  return fail(Rsc::kBadRequest, "con (content): cnf (contentInfo) \"" + content_info +
                                    "\" says that it is base64 text, which it is not");
}

}  // namespace gatehouse::instances
