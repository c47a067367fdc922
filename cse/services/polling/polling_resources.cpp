#include "cse/services/polling/polling_resources.h"

namespace gatehouse {
namespace {

/// The entity whose registration this is: AE-ID-Stem or CSE-ID; empty for any other resource.
std::string registree_of(const Resource& registration) {
  const Value& attributes = registration.attributes();
  return registration.type() == type_number::kAe          ? attributes.string_at("aei")
         : registration.type() == type_number::kRemoteCse ? attributes.string_at("csi")
                                                          : std::string{};
}

class PollingChannel final : public TypeBehaviour {
 public:
  bool create_needs_privilege() const override { return false; }

  bool decides_access() const override { return true; }
  std::optional<bool> allows(const Resource& self, const std::string& originator,
                             Operation) const override {
    return self.originator() ==
           originator;  // nobody but the registree, whatever the policies of its AE say
  }

  Result<void> on_create(Draft& draft, OperationContext& context) const override {
    if (registree_of(*draft.parent) != context.originator) {
      return fail(Rsc::kOriginatorHasNoPrivilege,
                  "only the registree itself may create its <pollingChannel>");
    }
    auto existing = context.resources.children_of_type(draft.parent->id(),
                                                       type_number::kPollingChannel, Page{});
    if (!existing) return fail(existing.error());
    // One of the same name is a conflict, which the insert finds.
    if (!existing->empty() && existing->front().name != draft.record.name)
      return fail(Rsc::kBadRequest, "the registration has a <pollingChannel> already");
    return {};
  }
};

class PollingChannelUri final : public VirtualResource {
 public:
  explicit PollingChannelUri(PollingChannels& channels) : channels_(channels) {}

  void handle(Request request, const ResourcePtr& channel, std::vector<std::string>,
              const std::string& originator, Reply reply) override {
    if (request.operation != Operation::kRetrieve && request.operation != Operation::kNotify) {
      return reply(error_response(
          request,
          {Rsc::kOperationNotAllowed, "<pollingChannelURI> allows RETRIEVE and NOTIFY only"}));
    }
    if (originator != channel->originator()) {
      return reply(error_response(request, {Rsc::kOriginatorHasNoPrivilege,
                                            "the polling channel belongs to another entity"}));
    }
    if (request.operation == Operation::kRetrieve)
      return channels_.poll(channel->parent(), std::move(request),
                            channel->attributes().bool_at("rqag"), std::move(reply));
    channels_.answer(channel->parent(), request, reply);
  }

 private:
  PollingChannels& channels_;
};

}  // namespace

std::shared_ptr<const TypeBehaviour> polling_channel_behaviour() {
  return std::make_shared<PollingChannel>();
}
std::shared_ptr<VirtualResource> polling_channel_uri(PollingChannels& channels) {
  return std::make_shared<PollingChannelUri>(channels);
}

}  // namespace gatehouse
