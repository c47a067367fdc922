#include "cse/services/authorization/authorization.h"

#include <algorithm>

#include "cse/codec/json.h"
#include "cse/core/address.h"
#include "cse/schema/complex_types.h"

namespace gatehouse {
namespace {

constexpr int kDasRequest = 1, kDasResponse = 2;  // m2m:securityInfoType

bool is_valid_now(const Value& role, Timestamp now) {
  const auto begins = parse_timestamp(role.string_at("tknb"));
  const auto ends = parse_timestamp(role.string_at("tkna"));
  return begins && ends && *begins <= now && now < *ends;
}

/// The resource whose `acpi` governs: the target itself, or the nearest above that may have one.
Result<ResourcePtr> governing(ResourcePtr resource, ResourceReader& resources) {
  while (resource && !resource->schema().has_access_control) {
    if (resource->type() == type_number::kAccessControlPolicy) return ResourcePtr{};
    auto parent = resources.find(resource->parent());
    if (!parent) return parent;
    resource = *std::move(parent);
  }
  return resource;
}

/// The enabled consultation that the resource or the nearest above it links to; null: none.
Result<ResourcePtr> consultation_of(ResourcePtr resource, const CseSettings& settings,
                                    ResourceReader& resources) {
  while (resource) {
    const std::vector<std::string> links = resource->attributes().strings_at("daci");
    for (const std::string& link : links) {
      auto found = find_local(link, settings, resources);
      if (!found) return found;
      if (*found && (*found)->type() == type_number::kConsultation &&
          (*found)->attributes().bool_at("dae")) {
        return found;
      }
    }
    if (!links.empty() || resource->parent().empty()) return ResourcePtr{};
    auto parent = resources.find(resource->parent());
    if (!parent) return parent;
    resource = *std::move(parent);
  }
  return ResourcePtr{};
}

bool brings_grants(const Request& request) {
  return request.other.size() > 0 &&
         (request.other.contains("rids") || request.other.contains("tkns") ||
          request.other.contains("tids") || request.other.contains("ltids"));
}

Value all_rights(const std::string& originator) {
  return Value::object({{"acor", Value::array({originator})}, {"acop", 63}});
}

}  // namespace

/// One refused request while its DAS is asked.
struct Authorization::Question {
  Request request;
  std::string originator;
  Run run;
  Reply reply;
  Response refusal;
  ResourceId governed;  ///< to which a granted policy will be linked
  Value asked;          ///< m2m:dynAuthDasRequest
  std::vector<std::string> points_of_access;
  std::string lifetime_end;  ///< `dal`; empty: none
  std::size_t next = 0;      ///< among the points of access
  std::string key() const {
    return originator + " " + std::string(name_of(request.operation)) + " " + request.to;
  }
};

Authorization::Authorization(Cse& cse, Settings settings) : cse_(cse), settings_(settings) {
  cse.extensions().authorization = this;
  cse.extensions().listeners.push_back(this);
}

bool Authorization::consults() const {
  if (consultations_ < 0) {
    CommittedView view = cse_.view();
    auto some = view.all_of_type(type_number::kConsultation, Page{});
    if (!some) return false;
    consultations_ = static_cast<std::int64_t>(some->size());
  }
  return consultations_ > 0;
}

void Authorization::committed(const Committed& event) {
  for (const Change& change : event.changes) {
    if (change.resource().type() != type_number::kConsultation) continue;
    consultations_ = -1;  // counted anew when it is asked for
    // What was denied under the old one may be asked again at once.
    const std::lock_guard lock(mutex_);
    denied_.clear();
  }
}

bool Authorization::concerns(const Request& request) const {
  if (brings_grants(request)) return true;
  return request.peer && consults();
}

void Authorization::authorize(Request request, const std::string& originator, Run run,
                              Reply reply) {
  if (brings_grants(request)) {
    CommittedView resources = cse_.view();
    auto roles = proven_roles(request, originator);
    if (!roles) return reply(error_response(request, roles.error()));
    auto permissions =
        permissions_of_tokens(request, originator, cse_.settings(), resources, settings_.verify);
    if (!permissions) return reply(error_response(request, permissions.error()));
    auto grants = std::make_shared<Grants>();
    grants->roles = *std::move(roles);
    grants->permissions = *std::move(permissions);
    request.grants = std::move(grants);
  }
  if (!consults()) return run(std::move(request), std::move(reply));
  Request copy = request;
  run(std::move(request),
      [this, copy = std::move(copy), originator, run, reply](Response response) mutable {
        if (response.rsc != Rsc::kOriginatorHasNoPrivilege) return reply(std::move(response));
        auto question = question_for(copy, originator);
        if (!question || !*question) return reply(std::move(response));
        (*question)->run = std::move(run);
        (*question)->reply = std::move(reply);
        (*question)->refusal = std::move(response);
        if (was_denied(**question) || under_way_ >= settings_.max_consultations)
          return refuse(*question);
        ++under_way_;
        consult(*std::move(question));
      });
}

/// Source: TS-0003 clause 7.4.3 (role based access control procedure), step 4.
Result<std::vector<std::string>> Authorization::proven_roles(const Request& request,
                                                             const std::string& originator) {
  const std::vector<std::string> wanted = request.other.strings_at("rids");
  std::vector<std::string> proven;
  if (wanted.empty()) return proven;
  CommittedView resources = cse_.view();
  Page page;
  for (;;) {
    auto entries = resources.all_of_type(type_number::kRole, page);
    if (!entries) return fail(entries.error());
    for (const ChildEntry& entry : *entries) {
      page.after = entry.order;
      auto role = resources.find(entry.id);
      if (!role) return fail(role.error());
      if (!*role) continue;
      const Value& attributes = (*role)->attributes();
      std::string id = attributes.string_at("rlid");
      if (std::find(wanted.begin(), wanted.end(), id) != wanted.end() &&
          names_originator(attributes.string_at("tkhd"), originator, cse_.settings()) &&
          is_valid_now(attributes, resources.now())) {
        proven.push_back(std::move(id));
      }
    }
    if (entries->size() < page.limit) return proven;
  }
}

Result<std::shared_ptr<Authorization::Question>> Authorization::question_for(
    const Request& request, const std::string& originator) {
  std::shared_ptr<Question> none;
  CommittedView resources = cse_.view();
  const auto address = parse_address(request.to);
  if (!address) return none;
  auto target = resolve(*address, cse_.settings(), resources, cse_.behaviours());
  if (!target) return fail(target.error());
  if (!target->resource) return none;
  auto governed = governing(target->resource, resources);
  if (!governed) return fail(governed.error());
  auto consultation = consultation_of(target->resource, cse_.settings(), resources);
  if (!consultation) return fail(consultation.error());
  if (!*governed || !*consultation) return none;
  const Value& rules = (*consultation)->attributes();

  auto question = std::make_shared<Question>();
  question->request = request;
  question->originator = originator;
  question->governed = (*governed)->id();
  question->points_of_access = rules.strings_at("dap");
  question->lifetime_end = rules.string_at("dal");
  const CseSettings& settings = cse_.settings();
  Value& asked = question->asked;
  asked.set("or", settings.sp_id + to_sp_relative(originator, settings));
  asked.set("trt", target->resource->type());
  asked.set("op", static_cast<int>(request.operation));
  if (request.peer && !request.peer->address.empty()) {
    const bool v6 = request.peer->address.find(':') != std::string::npos;
    asked.set("oip", Value::object({{v6 ? "ip6" : "ip4", request.peer->address}}));
  }
  if (request.grants && !request.grants->roles.empty()) {
    Value roles = Value::array();
    for (const std::string& role : request.grants->roles) roles.push_back(role);
    asked.set("orid", std::move(roles));
  }
  asked.set("rts", to_text(resources.now()));
  asked.set("trid", to_sp_relative(target->resource->id().text, settings));
  if (!question->lifetime_end.empty()) asked.set("ppl", question->lifetime_end);
  return question;
}

bool Authorization::was_denied(const Question& question) {
  const Timestamp now = cse_.scheduler().now();
  const std::lock_guard lock(mutex_);
  const auto known = denied_.find(question.key());
  return known != denied_.end() && known->second > now;
}

/// Asks the next point of access. Source: TS-0001 clause 11.5.2, step 2.3.
void Authorization::consult(std::shared_ptr<Question> question) {
  Messenger* messenger = cse_.extensions().messenger;
  if (!messenger || question->next >= question->points_of_access.size()) {
    --under_way_;
    return refuse(question);
  }
  Request notify;
  notify.operation = Operation::kNotify;
  notify.from = cse_.settings().cse_id;
  notify.request_identifier = cse_.ids().request_identifier();
  notify.release_version = cse_.settings().release_versions.back();
  notify.content = Value::object(
      {{"m2m:seci", Value::object({{"sit", kDasRequest}, {"dreq", question->asked}})}});
  const std::string target = question->points_of_access[question->next++];
  messenger->send_to(target, std::move(notify),
                     [this, question](const Response& response) { answered(question, response); });
}

void Authorization::answered(const std::shared_ptr<Question>& question, const Response& response) {
  if (!is_success(response.rsc)) return consult(question);  // that one is not there: the next
  const auto tree = response.content.empty() ? Result<Value>(Value()) : tree_of(response.content);
  const Value* information = tree ? tree->find("m2m:seci") : nullptr;
  const Value* decision = information && information->integer_at("sit") == kDasResponse
                              ? information->find("dres")
                              : nullptr;
  const Value* granted = decision ? decision->find("dai") : nullptr;
  const Value* privileges = granted ? granted->find("gp") : nullptr;
  --under_way_;
  // What a DAS says is checked like what anybody says.
  if (privileges && validate_value("gp", complex_types::kPrivileges, *privileges))
    return grant(question, *granted);
  {
    const std::lock_guard lock(mutex_);
    if (denied_.size() >= settings_.max_denials) denied_.clear();
    denied_[question->key()] = cse_.scheduler().now() + settings_.remember_denial;
  }
  refuse(question);
}

/// Source: TS-0003 clause 7.3.2.2, steps 4.1.2 to 4.3.
void Authorization::grant(const std::shared_ptr<Question>& question, const Value& information) {
  const auto work = [this, question, information](OperationContext& context) -> Response {
    const auto failed = [&context](const Error& error) {
      return error_response(context.request, error);
    };
    auto governed = context.resources.find(question->governed);
    auto base = context.resources.find(csebase_id(context.settings));
    if (!governed) return failed(governed.error());
    if (!base) return failed(base.error());
    if (!*governed) return failed({Rsc::kNotFound, "the target is gone"});
    Value attributes = (*governed)->attributes();
    const std::string custodian = attributes.string_at("cstn");
    const std::string owner = custodian.empty() ? (*governed)->originator() : custodian;
    Value rules = Value::array();
    if (const Value* granted = information.find("gp")->find("acr")) rules = *granted;
    // With a policy the creator's rights are no longer implied: they are said.
    if (!attributes.contains("acpi")) rules.push_back(all_rights(owner));
    const Value own = Value::array({all_rights(owner)});
    Value ends = question->lifetime_end.empty() ? Value(to_text(context.now() + settings_.lifetime))
                                                : Value(question->lifetime_end);
    if (const Value* said = information.find("pl"))
      ends = said->as_string() ? *said : Value(std::to_string(said->as_integer().value_or(0)));
    Value policy = Value::object({{"lbl", Value::array({"gatehouse:dynamic"})},
                                  {"pv", Value::object({{"acr", std::move(rules)}})},
                                  {"pvs", Value::object({{"acr", own}})},
                                  {"et", std::move(ends)}});
    auto made =
        create_internal(*context.resources.schemas().find(type_number::kAccessControlPolicy), *base,
                        "", {}, context.settings.cse_id, std::move(policy), context);
    if (!made) return failed(made.error());
    Value links = attributes.contains("acpi") ? *attributes.find("acpi") : Value::array();
    links.push_back((*made)->id().text);
    attributes.set("acpi", std::move(links));
    context.resources.update(*governed, std::move(attributes), true);
    return {};
  };
  cse_.submit(work, [question, this](const Response& done) {
    if (!is_success(done.rsc)) return refuse(question);
    question->run(question->request, [this, question](Response response) {
      if (response.rsc != Rsc::kOriginatorHasNoPrivilege)
        return question->reply(std::move(response));
      question->refusal = std::move(response);
      refuse(question);
    });
  });
}

/// Source: TS-0001 clause 11.5.3, step 2.3.
void Authorization::refuse(const std::shared_ptr<Question>& question) {
  Response response = std::move(question->refusal);
  if (question->request.other.bool_at("tqi")) {
    Value systems = Value::array();
    for (const std::string& address : question->points_of_access)
      systems.push_back(Value::object({{"uri", address}, {"dreq", question->asked}}));
    response.token_request_information = Value::object({{"dasi", std::move(systems)}});
  }
  question->reply(std::move(response));
}

}  // namespace gatehouse
