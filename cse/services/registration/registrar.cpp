#include "cse/services/registration/registrar.h"

namespace gatehouse {

void Registration::Registrar::start() {
  cse_.scheduler().post([self = shared_from_this()] { self->create(); });
}

Value Registration::Registrar::representation(bool creates) const {
  const CseSettings& own = cse_.settings();
  Value poa = Value::array(), releases = Value::array(), descendants = Value::array();
  for (const std::string& url : own.point_of_access) poa.push_back(url);
  for (const std::string& release : own.release_versions) releases.push_back(release);
  CommittedView view = cse_.view();
  // An unreadable store tells as much as was read: the next refresh tells the rest.
  auto walked = each_remote_cse(view, [&descendants](const ResourcePtr& csr) {
    if (csr->internal().bool_at("registrar")) return true;
    descendants.push_back(csr->attributes().string_at("csi"));
    for (std::string& below : csr->attributes().strings_at("dcse"))
      descendants.push_back(std::move(below));
    return true;
  });
  (void)walked;
  Value csr = Value::object();
  if (creates) {
    csr.set("rn", own.cse_id_stem());
    csr.set("csi", own.cse_id);
    csr.set("cb", own.cse_id + "/" + own.csebase_name);
    csr.set("cst", own.cse_type);
  }
  csr.set("et", to_text(cse_.scheduler().now() + settings_.expiration));
  csr.set("rr", own.point_of_access.empty() ? Value(false) : Value(true));
  if (poa.size() > 0) csr.set("poa", std::move(poa));
  csr.set("srv", std::move(releases));
  if (descendants.size() > 0)
    csr.set("dcse", std::move(descendants));
  else if (!creates)
    csr.set("dcse", nullptr);
  return Value::object({{"m2m:csr", std::move(csr)}});
}

void Registration::Registrar::send(Request request, Reply reply) {
  request.from = cse_.settings().cse_id;
  request.request_identifier = cse_.ids().request_identifier();
  request.release_version = cse_.settings().release_versions.back();
  senders_.send(settings_.registrar_url, settings_.registrar_cse_id, std::move(request),
                std::move(reply));
}

void Registration::Registrar::create() {
  if (stopped_) return;
  in_flight_ = true;
  changed_ = false;
  Request request;
  request.operation = Operation::kCreate;
  request.to = settings_.registrar_cse_id + "/" + settings_.registrar_csebase;
  request.resource_type = type_number::kRemoteCse;
  request.content = representation(true);
  send(std::move(request), [self = shared_from_this()](Response response) {
    if (response.rsc == Rsc::kCreated) return self->succeeded();
    // Still there from an earlier run: it is brought up to date.
    if (response.rsc == Rsc::kOriginatorHasAlreadyRegistered || response.rsc == Rsc::kConflict)
      return self->update();
    const Value* content = response.content.tree();
    self->failed(content ? content->string_at("m2m:dbg") : std::string(name_of(response.rsc)));
  });
}

void Registration::Registrar::update() {
  if (stopped_) return;
  in_flight_ = true;
  changed_ = false;
  Request request;
  request.operation = Operation::kUpdate;
  request.to = settings_.registrar_cse_id + "/" + cse_.settings().cse_id_stem();
  request.content = representation(false);
  send(std::move(request), [self = shared_from_this()](Response response) {
    if (response.rsc == Rsc::kUpdated) return self->succeeded();
    if (response.rsc == Rsc::kNotFound) return self->create();  // expired there
    self->failed(std::string(name_of(response.rsc)));
  });
}

void Registration::Registrar::succeeded() {
  if (!registered_.exchange(true)) remember_registrar();
  in_flight_ = false;
  again_after(settings_.expiration / 2);
  update_if_changed();
}

void Registration::Registrar::failed(const std::string&) {
  registered_ = false;
  in_flight_ = false;
  again_after(settings_.retry);
}

void Registration::Registrar::again_after(std::chrono::microseconds delay) {
  const std::uint64_t round = ++round_;
  cse_.scheduler().after(delay, [self = shared_from_this(), round] {
    if (self->stopped_ || self->round_ != round) return;
    self->registered_ ? self->update() : self->create();
  });
}

void Registration::Registrar::renew() {
  cse_.scheduler().post([self = shared_from_this()] {
    if (self->registered_ && !self->in_flight_) self->create();
  });
}

void Registration::Registrar::descendants_changed() {
  changed_ = true;
  update_if_changed();
}

void Registration::Registrar::update_if_changed() {
  cse_.scheduler().post([self = shared_from_this()] {
    if (self->changed_ && self->registered_ && !self->in_flight_) self->update();
  });
}

void Registration::Registrar::remember_registrar() {
  cse_.submit([settings = settings_](OperationContext& context) {
    Response done;
    const ResourceId id{settings.registrar_cse_id.substr(1)};
    auto existing = context.resources.find(id);
    if (!existing) return error_response(context.request, existing.error());
    if (*existing) {  // from an earlier start, perhaps at another place
      Value attributes = (*existing)->attributes();
      attributes.set("poa", Value::array({settings.registrar_url}));
      ResourcePtr current = *existing;
      if (!(attributes == current->attributes()))
        current = context.resources.update(current, std::move(attributes), true);
      if (!current->internal().bool_at("registrar"))
        context.resources.update_internal(current, Value::object({{"registrar", true}}));
      return done;
    }
    auto base = context.resources.find(csebase_id(context.settings));
    if (!base || !*base)
      return error_response(context.request, {Rsc::kInternalServerError, "no <CSEBase>"});
    const Value attributes =
        Value::object({{"csi", settings.registrar_cse_id},
                       {"cb", settings.registrar_cse_id + "/" + settings.registrar_csebase},
                       {"poa", Value::array({settings.registrar_url})},
                       {"rr", true}});
    const TypeSchema* schema = context.resources.schemas().find(type_number::kRemoteCse);
    auto created = create_internal(*schema, *base, id.text, id, context.settings.cse_id, attributes,
                                   context, Value::object({{"registrar", true}}));
    return created ? done : error_response(context.request, created.error());
  });
}

}  // namespace gatehouse
