#include "cse/services/announcement/announced_type.h"

#include "cse/services/announcement/copies.h"
#include "cse/services/announcement/two_way.h"

namespace gatehouse::announcement {
namespace {

/// The CSE that a link leads to: "/id-mn" of "/id-mn/cnt1" and "//sp/id-mn/cnt1".
std::string owner_of(const std::string& link) {
  const auto address = parse_address(link);
  return address ? address->cse_id : std::string();
}

class AnnouncedType final : public TypeBehaviour {
 public:
  explicit AnnouncedType(Cse& cse) : cse_(cse) {}

  bool create_needs_privilege() const override { return false; }

  bool decides_access() const override { return true; }
  std::optional<bool> allows(const Resource& self, const std::string& originator,
                             Operation operation) const override {
    if (operation != Operation::kUpdate && operation != Operation::kDelete) return std::nullopt;
    if (speaks_for(self, originator)) return true;
    if (owner_of(self.attributes().string_at("lnk")) == originator) return true;
    if (operation == Operation::kUpdate && is_two_way(self)) return std::nullopt;
    return false;
  }

  bool update_needs_preparation(const ResourcePtr& target, const Request& request) const override {
    return is_two_way(*target) && owner_of(target->attributes().string_at("lnk")) != request.from;
  }
  void prepare_update(const Request& request, const ResourcePtr& target,
                      const std::string& originator, Prepared done) const override {
    if (owner_of(target->attributes().string_at("lnk")) == originator) return done(std::nullopt);
    update_original(cse_, request, *target, originator, std::move(done));
  }

  Result<void> on_create(Draft& draft, OperationContext& context) const override {
    if (ProviderRegistry* registry = registry_for(draft.record.type);
        registry && !registry->stem_of(context.originator).empty()) {
      return registry->enter(draft, context);
    }
    if (context.originator == context.settings.administrator && !context.originator.empty())
      return {};
    if (!is_cse_id(context.originator)) {
      return fail(Rsc::kOriginatorHasNoPrivilege,
                  "only a CSE announces resources; \"" + context.originator + "\" is no CSE-ID");
    }
    const std::string link = draft.attributes.string_at("lnk");
    if (owner_of(link) != context.originator) {
      return fail(Rsc::kOriginatorHasNoPrivilege, "lnk (link): \"" + link +
                                                      "\" is no resource of the originator \"" +
                                                      context.originator + "\"");
    }
    return permitted_below(draft, context);
  }

  Result<void> on_update(const ResourcePtr& before, Value& attributes, const Value& requested,
                         OperationContext& context) const override {
    if (speaks_for(*before, context.originator))
      return cse_.extensions().provider_registry->enter_again(*before, attributes, context);
    if (!requested.contains("lnk")) return {};
    const std::string owner = owner_of(before->attributes().string_at("lnk"));
    if (owner_of(attributes.string_at("lnk")) == owner) return {};
    return fail(Rsc::kBadRequest, "lnk (link): must stay a resource of \"" + owner + "\"");
  }

 private:
  /// AE-IDs of the provider are entered by <AEAnnc>, if this CSE keeps them.
  ProviderRegistry* registry_for(int type) const {
    return type == type_number::kAnnounced + type_number::kAe ? cse_.extensions().provider_registry
                                                              : nullptr;
  }
  /// The CSE at which the AE of a provider's AE-ID is registered now, be it another than before.
  bool speaks_for(const Resource& self, const std::string& originator) const {
    ProviderRegistry* registry = registry_for(self.type());
    return registry && registry->stem_of(originator) == self.id().text;
  }
  Result<void> permitted_below(const Draft& draft, OperationContext& context) const {
    const Resource& parent = *draft.parent;
    if (draft.record.type == type_number::kAnnounced + type_number::kCseBase &&
        parent.type() == type_number::kCseBase) {
      return {};
    }
    if (parent.type() > type_number::kAnnounced &&
        owner_of(parent.attributes().string_at("lnk")) == context.originator) {
      return {};
    }
    const AccessRequest question{context.originator, Privilege::kCreate, draft.record.type,
                                 context.request.peer.get()};
    auto allowed = cse_.access().allows(draft.parent, question, context.resources);
    if (!allowed) return fail(allowed.error());
    if (!*allowed) return fail(no_privilege(context.originator, Privilege::kCreate, parent));
    return {};
  }

  Cse& cse_;
};

}  // namespace

std::shared_ptr<const TypeBehaviour> announced_type_behaviour(Cse& cse) {
  return std::make_shared<AnnouncedType>(cse);
}

}  // namespace gatehouse::announcement
