#include "cse/services/profile/primitive_profiles.h"

#include <algorithm>

#include "cse/codec/json.h"
#include "cse/codec/primitive_codec.h"
#include "cse/core/address.h"

namespace gatehouse {
namespace {

constexpr const char* kParameter = "prpi";
constexpr std::int64_t kRequests = 1, kResponses = 2;  // m2m:primitiveProfileApplicability

/// Who asks what of whom: no profile decides it.
constexpr std::string_view kIdentity[] = {"op", "to", "fr", "rqi", "ty", "rvi", "prpi", "pc"};

/// Parameters that a profile may set, or leave out of an answer. Source: TS-0004 table 8.2.2-1.
constexpr std::string_view kParameters[] = {
    "rol",  "ot",  "rqet", "rset", "oet",  "rt",    "rp",  "rcn", "ec",   "da",   "gid",
    "fc",   "drt", "rids", "tkns", "tids", "ltids", "tqi", "vsi", "atrl", "grtm", "aus",
    "asri", "omr", "sqi",  "msu",  "cnst", "cnot",  "ati", "tqf", "asi",  "auri"};

template <class Names>
bool is_one_of(const Names& names, std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

bool holds(const Value& profile, std::string_view name, const Value& wanted) {
  const Value* list = profile.find(name);
  if (!list || !list->as_array()) return true;  // not given: any
  const Value::Array& items = *list->as_array();
  return std::find(items.begin(), items.end(), wanted) != items.end();
}

bool applies_to(const Value& profile, std::int64_t direction) {
  const Value* list = profile.find("appl");
  if (!list) return direction == kRequests;
  return holds(profile, "appl", Value(direction));
}

/// The attributes in pc, or nullptr.
Value* representation_in(Value& primitive) {
  Value* content = primitive.find("pc");
  Value::Object* root = content ? content->as_object() : nullptr;
  if (!root || root->size() != 1 || !root->front().value.is_object()) return nullptr;
  return &root->front().value;
}

void take_out(Value& primitive, const std::vector<std::string>& names) {
  Value* attributes = representation_in(primitive);
  for (const std::string& name : names) {
    if (is_one_of(kParameters, name))
      primitive.erase(name);
    else if (attributes)
      attributes->erase(name);
  }
}

void put_in(Value& primitive, const Value* additions) {
  if (!additions || !additions->as_array()) return;
  for (const Value& addition : *additions->as_array()) {
    const std::string name = addition.string_at("nm");
    const Value* value = addition.find("val");
    Value* place = is_one_of(kParameters, name) ? &primitive : representation_in(primitive);
    if (place && value && !place->contains(name)) place->set(name, *value);
  }
}

/// The request as its profile makes it. Errors: kBadRequest.
Result<Request> completed(Request&& request, const Value& profile) {
  request.other.erase(kParameter);
  if (!applies_to(profile, kRequests)) return std::move(request);
  Value primitive = to_value(request);
  put_in(primitive, profile.find("adds"));
  take_out(primitive, profile.strings_at("dels"));
  auto made = request_from_value(primitive);
  if (!made) {
    return fail(made.error().rsc,
                "prpi (primitiveProfileID): the primitive that the profile makes "
                "is refused: " +
                    made.error().detail);
  }
  made->peer = std::move(request.peer);
  made->serialization = std::move(request.serialization);
  made->dialect = std::move(request.dialect);
  made->advice = request.advice;
  return made;
}

Response without(const std::vector<std::string>& names, Response&& response) {
  auto content = tree_of(response.content);
  if (!content) return std::move(response);
  Value primitive = Value::object({{"pc", *std::move(content)}});
  take_out(primitive, names);
  if (!response.content.empty()) response.content = std::move(*primitive.find("pc"));
  if (is_one_of(names, "ot")) response.originating_timestamp.reset();
  if (is_one_of(names, "rset")) response.result_expiration.reset();
  if (is_one_of(names, "ec")) response.event_category.reset();
  if (is_one_of(names, "vsi")) response.vendor_information.reset();
  return std::move(response);
}

/// What a profile may say.
class PrimitiveProfile final : public TypeBehaviour {
 public:
  Result<void> on_create(Draft& draft, OperationContext&) const override {
    return check(draft.attributes);
  }
  Result<void> on_update(const ResourcePtr&, Value& attributes, const Value&,
                         OperationContext&) const override {
    return check(attributes);
  }

 private:
  static Result<void> check(const Value& attributes) {
    if (const Value* additions = attributes.find("adds"); additions && additions->as_array()) {
      for (const Value& addition : *additions->as_array()) {
        if (auto allowed = check_name("adds (additions)", addition.string_at("nm")); !allowed)
          return allowed;
      }
    }
    for (const std::string& name : attributes.strings_at("dels")) {
      if (auto allowed = check_name("dels (deletions)", name); !allowed) return allowed;
    }
    return {};
  }
  static Result<void> check_name(const char* attribute, const std::string& name) {
    if (!is_one_of(kIdentity, name)) return {};
    return fail(Rsc::kBadRequest,
                std::string(attribute) + ": \"" + name + "\" is not a profile's to change");
  }
};

}  // namespace

PrimitiveProfiles::PrimitiveProfiles(Cse& cse, PrimitiveHandler& next) : cse_(cse), next_(next) {
  cse.behaviours().add(type_number::kPrimitiveProfile, std::make_shared<PrimitiveProfile>());
}

/// Errors: kNotFound, kOriginatorHasNoPrivilege.
Result<ResourcePtr> PrimitiveProfiles::profile_of(const Request& request) const {
  const std::string name = request.other.string_at(kParameter);
  CommittedView resources = cse_.view();
  auto profile = find_local(name, cse_.settings(), resources);
  if (!profile) return profile;
  if (!*profile || (*profile)->type() != type_number::kPrimitiveProfile) {
    return fail(Rsc::kNotFound,
                "prpi (primitiveProfileID): \"" + name + "\" is no <primitiveProfile> of this CSE");
  }
  const std::string originator = to_sp_relative(request.from, cse_.settings());
  const auto ids = (*profile)->attributes().strings_at("idl");
  const bool listed = std::any_of(ids.begin(), ids.end(), [&](const std::string& id) {
    return to_sp_relative(id, cse_.settings()) == originator;
  });
  if (!listed) {
    return fail(Rsc::kOriginatorHasNoPrivilege, "prpi (primitiveProfileID): \"" + request.from +
                                                    "\" is not in the IDList of " +
                                                    (*profile)->path());
  }
  return profile;
}

/// Do the profile's conditions, where given, hold?
bool PrimitiveProfiles::fits(const Value& profile, const Request& request) const {
  if (!holds(profile, "ops", Value(static_cast<std::int64_t>(request.operation)))) return false;
  if (!holds(profile, "rvs", Value(request.release_version.value_or("1")))) return false;
  const auto targets = profile.strings_at("rsds");
  if (!targets.empty() && !is_one_of(targets, request.to)) {
    CommittedView resources = cse_.view();
    const auto target = find_local(request.to, cse_.settings(), resources);
    const bool named =
        target && *target && std::any_of(targets.begin(), targets.end(), [&](auto& t) {
          const auto listed = find_local(t, cse_.settings(), resources);
          return listed && *listed && (*listed)->id() == (*target)->id();
        });
    if (!named) return false;
  }
  if (!profile.contains("rtys")) return true;
  if (request.resource_type) return holds(profile, "rtys", Value(*request.resource_type));
  CommittedView resources = cse_.view();
  const auto target = find_local(request.to, cse_.settings(), resources);
  return target && *target && holds(profile, "rtys", Value(std::int64_t{(*target)->type()}));
}

void PrimitiveProfiles::handle(Request&& request, Reply reply) {
  if (!request.other.contains(kParameter))
    return next_.handle(std::move(request), std::move(reply));
  const auto profile = profile_of(request);
  if (!profile) return reply(error_response(request, profile.error()));
  const Value& rules = (*profile)->attributes();
  if (!fits(rules, request)) {
    request.other.erase(kParameter);
    return next_.handle(std::move(request), std::move(reply));
  }
  if (applies_to(rules, kResponses) && rules.contains("dels")) {
    reply = [names = rules.strings_at("dels"), reply = std::move(reply)](Response&& response) {
      reply(is_success(response.rsc) ? without(names, std::move(response)) : std::move(response));
    };
  }
  Request named;  // whose refusal this would be
  named.request_identifier = request.request_identifier;
  named.release_version = request.release_version;
  auto made = completed(std::move(request), rules);
  if (!made) return reply(error_response(named, made.error()));
  next_.handle(*std::move(made), std::move(reply));
}

}  // namespace gatehouse
