#include "cse/services/delivery/delivery_type.h"

#include <algorithm>

#include "cse/codec/primitive_codec.h"
#include "cse/core/address.h"

namespace gatehouse {
namespace {

constexpr std::size_t kMaxRequests = 1'000;

/// "/id-mn", but neither "/id-mn/CAE1" nor "CAE1".
bool names_cse(std::string_view from) {
  if (from.starts_with("//")) {  // absolute: "//sp/id-mn"
    const std::size_t slash = from.find('/', 2);
    from.remove_prefix(std::min(slash, from.size()));
  }
  return from.starts_with('/') && from.find('/', 1) == from.npos;
}

class Delivery final : public TypeBehaviour {
 public:
  bool create_needs_privilege() const override { return false; }
  std::optional<Error> refuses(Operation operation, const Request& request) const override {
    if (operation == Operation::kRetrieve || names_cse(request.from)) return std::nullopt;
    return Error{Rsc::kOperationNotAllowed,
                 std::string(name_of(operation)) + ": a <delivery> is between CSEs"};
  }
  Result<void> on_create(Draft& draft, OperationContext& context) const override {
    auto neighbour = context.resources.find(ResourceId{context.originator.substr(1)});
    if (!neighbour) return fail(neighbour.error());
    if (!*neighbour || (*neighbour)->type() != type_number::kRemoteCse) {
      return fail(Rsc::kOriginatorHasNoPrivilege,
                  "fr (From): \"" + context.originator +
                      "\" is neither registered here nor this CSE's registrar");
    }
    return check(draft.attributes, context);
  }
  Result<void> on_update(const ResourcePtr&, Value& attributes, const Value&,
                         OperationContext& context) const override {
    return check(attributes, context);
  }

 private:
  static Result<void> check(const Value& attributes, OperationContext& context) {
    const auto lifespan = parse_timestamp(attributes.string_at("ls"));
    if (!lifespan || *lifespan <= context.now())
      return fail(Rsc::kBadRequest, "ls (lifespan): must be in the future");
    if (attributes.string_at("sr") == context.settings.cse_id)
      return fail(Rsc::kBadRequest, "sr (source): is this CSE; the delivery has come back");
    const std::string target = attributes.string_at("tg");
    if (!names_cse(target)) return fail(Rsc::kBadRequest, "tg (target): must be a CSE-ID");
    if (target != context.settings.cse_id) {
      auto next = next_cse(target, context.resources);
      if (!next) return fail(next.error());
      if (!*next || "/" + (*next)->id().text == context.originator)
        return fail(Rsc::kNotFound, "tg (target): there is no way to \"" + target + "\" from here");
    }
    auto requests = requests_of(attributes);
    if (!requests) return fail(requests.error());
    for (Request& request : *requests) {
      if (auto valid = check_one(request, target, context); !valid)
        return fail(valid.error().rsc, "arq (aggregatedRequest): " + valid.error().detail);
    }
    return {};
  }

  static Result<void> check_one(Request& request, const std::string& target,
                                OperationContext& context) {
    const auto address = parse_address(request.to);
    if (!address || address->cse_id != target)
      return fail(Rsc::kBadRequest, "to: \"" + request.to + "\" is no resource of the target");
    if (auto valid = check_request(request, context.settings, context.now()); !valid) return valid;
    request.peer = context.request.peer;
    auto proven = proven_originator(
        request, context.settings, context.resources,
        context.settings.admit_unregistered ? Admission::kEverybody : Admission::kRegistered);
    if (!proven) return fail(proven.error());
    if (!proven->starts_with('/'))
      return fail(Rsc::kOriginatorHasNoPrivilege,
                  "fr (From): \"" + *proven + "\" asks here itself");
    return {};
  }
};

}  // namespace

std::shared_ptr<const TypeBehaviour> delivery_behaviour() { return std::make_shared<Delivery>(); }

Result<ResourcePtr> next_cse(const std::string& target, ResourceReader& resources) {
  auto direct = resources.find(ResourceId{target.substr(1)});
  if (!direct || (*direct && (*direct)->type() == type_number::kRemoteCse)) return direct;
  ResourcePtr registrar;
  Page page;
  for (;;) {
    auto some = resources.all_of_type(type_number::kRemoteCse, page);
    if (!some) return fail(some.error());
    for (const ChildEntry& entry : *some) {
      page.after = entry.order;
      auto csr = resources.find(entry.id);
      if (!csr) return csr;
      if (!*csr) continue;
      const auto below = (*csr)->attributes().strings_at("dcse");
      if (std::find(below.begin(), below.end(), target) != below.end()) return csr;
      if ((*csr)->internal().bool_at("registrar")) registrar = *csr;
    }
    if (some->size() < page.limit) return registrar;
  }
}

Result<std::vector<Request>> requests_of(const Value& delivery) {
  std::vector<Request> requests;
  const Value* aggregated = delivery.find("arq");
  const Value* items = aggregated ? aggregated->find("req") : nullptr;
  if (!items || !items->as_array()) return requests;
  if (items->size() > kMaxRequests) {
    return fail(Rsc::kBadRequest,
                "arq (aggregatedRequest): more than " + std::to_string(kMaxRequests) + " requests");
  }
  for (const Value& item : *items->as_array()) {
    const Value* meta = item.find("mi");
    Value primitive = meta ? *meta : Value::object();
    for (const Member& member : *item.as_object()) {
      if (member.name != "mi") primitive.set(member.name, member.value);
    }
    auto request = request_from_value(primitive);
    if (!request) return fail(request.error());
    requests.push_back(*std::move(request));
  }
  return requests;
}

}  // namespace gatehouse
