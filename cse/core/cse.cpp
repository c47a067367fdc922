#include "cse/core/cse.h"

#include <algorithm>

#include "cse/core/address.h"
#include "cse/core/on_demand_discovery.h"
#include "cse/core/release_view.h"
#include "cse/core/request_size.h"

namespace gatehouse {
namespace {

/// What an answer repeats or adds because the request has it. Source: TS-0001 clause 8.1.3.
Reply repeating(const Request& request, const Scheduler& clock, Reply reply) {
  const bool timed = request.originating_timestamp.has_value();
  return [reply = std::move(reply), vendor = request.vendor_information,
          expiration = request.result_expiration, timed, &clock](Response response) {
    if (vendor && !response.vendor_information) response.vendor_information = vendor;
    if (expiration && !response.result_expiration) response.result_expiration = expiration;
    if (timed && !response.originating_timestamp)
      response.originating_timestamp = to_text(clock.now());
    reply(std::move(response));
  };
}

/// Sends the answer of a request with what every answer carries.
Reply completing(const Request& request, const Scheduler& clock, const Schemas& schemas,
                 Reply reply) {
  if (request.vendor_information || request.result_expiration || request.originating_timestamp)
    reply = repeating(request, clock, std::move(reply));
  const Release asked = release_of(request);
  return [reply = std::move(reply), identifier = request.request_identifier,
          release = request.release_version, asked, &schemas](Response&& response) {
    response.request_identifier = identifier;
    response.release_version = release;
    if (asked < Release::k4) show_as_of(asked, schemas, response);
    reply(std::move(response));
  };
}

/// The originator does not wait for the result: this CSE acknowledges, wherever the target is.
bool is_acknowledged(const Request& request) {
  const std::int64_t type = request.response_type.value_or(3);
  return type == 1 || type == 2 || type == 5;
}

/// Type of <latest>/<oldest> targets and the like need no special care here: they are virtual
/// resources of services.
bool is_blocking(const Request& request) {
  return !request.operation_execution_time && request.response_type.value_or(3) != 1 &&
         request.response_type.value_or(3) != 2 && request.response_type.value_or(3) != 5;
}

/// A plain RETRIEVE of the CSEBase, which tells no more than the CSEBase's own attributes.
bool is_look_at_csebase(const Request& request, const CseSettings& settings) {
  if (request.operation != Operation::kRetrieve || request.filter) return false;
  if (request.result_content.value_or(1) != 1) return false;
  const auto address = parse_address(request.to);
  if (!address || !is_local(*address, settings) || address->segments.size() != 1) return false;
  const std::string& name = address->segments.front();
  return name == "-" || name == settings.csebase_name || name == settings.cse_id_stem();
}

/// Lets those that watch `target` know of the request once it has been answered.
Reply telling(EventSink& events, const Request& request, const std::string& originator,
              const ResourcePtr& target, Reply reply) {
  auto told = std::make_shared<const Request>(request);
  return [&events, told, originator, target, reply = std::move(reply)](Response response) {
    events.attempted(*told, originator, target, response);
    reply(std::move(response));
  };
}

}  // namespace

Cse::Cse(CseSettings settings, const Schemas& schemas, Behaviours& behaviours, Store& store,
         Scheduler& scheduler, std::uint16_t process_part)
    : settings_(std::move(settings)),
      schemas_(schemas),
      behaviours_(behaviours),
      store_(store),
      scheduler_(scheduler),
      ids_(scheduler, process_part),
      cache_(settings_.cache_resources),
      access_(settings_, behaviours) {}

Cse::~Cse() { stop(); }

Result<void> Cse::start() {
  if (auto ready = bootstrap(); !ready) return ready;
  lane_ =
      std::make_unique<WriteLane>(store_, cache_, schemas_, ids_, scheduler_, settings_.max_batch,
                                  settings_.max_queued_writes, settings_.max_queued_bytes);
  return {};
}

Result<void> Cse::start_manual() {
  if (auto ready = bootstrap(); !ready) return ready;
  lane_ =
      std::make_unique<WriteLane>(WriteLane::Manual{}, store_, cache_, schemas_, ids_, scheduler_);
  return {};
}

void Cse::stop() {
  if (lane_) lane_->stop();  // kept: what is still running learns that it takes no more
}

void Cse::handle(Request&& request, Reply reply) {
  reply = completing(request, scheduler_, schemas_, std::move(reply));
  CommittedView resources = view();
  if (auto valid = check_request(request, settings_, resources.now()); !valid) {
    return reply(error_response(request, valid.error()));
  }
  // TS-0004 clause 7.3.2.1: absent means release 1, which was served, or the check had refused it.
  if (!request.release_version) {
    request.release_version = "1";
    reply = [reply = std::move(reply), this](Response response) {
      show_as_of(Release::k1, schemas_, response);
      reply(std::move(response));
    };
  }
  auto originator = originator_of(request, resources, reply);
  if (!originator) return reply(error_response(request, originator.error()));
  for (RequestObserver* observer : extensions_.observers) observer->received(request, *originator);
  dispatch(std::move(request), *std::move(originator), std::move(reply));
}

/// Leniency is asked only where the standard refuses; the answer then names it.
Result<std::string> Cse::originator_of(const Request& request, ResourceReader& resources,
                                       Reply& reply) const {
  auto proven = proven_originator(request, settings_, resources);
  const bool looks = settings_.public_csebase && is_look_at_csebase(request, settings_);
  if (proven || !(settings_.admit_unregistered || looks)) return proven;
  auto admitted = proven_originator(request, settings_, resources, Admission::kEverybody);
  if (!admitted) return proven;
  reply = [reply = std::move(reply),
           by = looks ? dialect_switch::kPublicCsebase
                      : dialect_switch::kAdmitUnregistered](Response response) {
    add_switch(response.dialect, by);
    reply(std::move(response));
  };
  return admitted;
}

void Cse::dispatch(Request&& request, std::string originator, Reply reply) {
  const auto address = parse_address(request.to);
  if (!address) return reply(error_response(request, address.error()));
  if (!is_local(*address, settings_)) {
    const bool registers = request.operation == Operation::kCreate &&
                           (request.resource_type == type_number::kAe ||
                            request.resource_type == type_number::kRemoteCse);
    if (registers && request.peer) {  // TS-0004 clause 7.3.2.1: a registration is never forwarded
      return reply(error_response(
          request, {Rsc::kBadRequest, "to: a registration must address this CSE itself"}));
    }
    // TS-0004 clause 7.3.2.3 comes before the forwarding: the next CSE gets a blocking request.
    if (is_acknowledged(request) && extensions_.non_blocking) {
      return extensions_.non_blocking->accept(std::move(request), originator, std::move(reply));
    }
    if (!extensions_.transit) {
      return reply(
          error_response(request, {Rsc::kNotFound, "to: no route to \"" + request.to + "\""}));
    }
    return extensions_.transit->forward(std::move(request), originator, std::move(reply));
  }
  // A CREATE there means the CSEBase (<CSEBaseAnnc>), a NOTIFY the CSE.
  const bool names_cse = address->segments.empty();
  if (names_cse && request.operation != Operation::kNotify &&
      request.operation != Operation::kCreate) {
    return reply(error_response(request, {Rsc::kBadRequest, "to: \"" + request.to +
                                                                "\" is a CSE-ID, no resource; the "
                                                                "CSEBase is its \"" +
                                                                settings_.csebase_name + "\""}));
  }
  if (!is_blocking(request) && extensions_.non_blocking) {
    return extensions_.non_blocking->accept(std::move(request), originator, std::move(reply));
  }
  if (extensions_.authorization && extensions_.authorization->concerns(request)) {
    const auto run = [this, address = *address, originator](Request authorized, Reply answer) {
      dispatch_local(std::move(authorized), address, originator, std::move(answer));
    };
    return extensions_.authorization->authorize(std::move(request), originator, run,
                                                std::move(reply));
  }
  dispatch_local(std::move(request), *address, std::move(originator), std::move(reply));
}

void Cse::dispatch_local(Request&& request, const Address& address, std::string originator,
                         Reply reply) {
  CommittedView resources = view();
  auto target = resolve(address, settings_, resources, behaviours_);
  if (!target) return reply(error_response(request, target.error()));
  if (target->resource && !target->virtual_name.empty()) {
    VirtualResource* handler =
        behaviours_.find_virtual(target->resource->type(), target->virtual_name);
    return handler->handle(std::move(request), target->resource, std::move(target->rest),
                           originator, std::move(reply));
  }
  if (EventSink* events = extensions_.events;
      events && target->resource && events->watches(target->resource->id())) {
    reply = telling(*events, request, originator, target->resource, std::move(reply));
  }
  const bool reads =
      request.operation == Operation::kRetrieve || request.operation == Operation::kNotify;
  if (reads && !target->resource) {
    return reply(
        error_response(request, {Rsc::kNotFound, "there is no resource \"" + request.to + "\""}));
  }
  switch (request.operation) {
    case Operation::kRetrieve:
      return retrieve(std::move(request), target->resource, originator, resources,
                      std::move(reply));
    case Operation::kNotify: {
      const auto question = AccessRequest::of(request, originator, Privilege::kNotify);
      auto allowed = access_.allows(target->resource, question, resources);
      if (!allowed) return reply(error_response(request, allowed.error()));
      if (!*allowed) {
        return reply(error_response(
            request, no_privilege(originator, Privilege::kNotify, *target->resource)));
      }
      if (!extensions_.notify) {
        return reply(error_response(
            request, {Rsc::kOperationNotAllowed, "NOTIFY is not part of this node"}));
      }
      return extensions_.notify->notify(std::move(request), target->resource, originator,
                                        std::move(reply));
    }
    default:
      return prepare_then_write(std::move(request), target->resource, std::move(originator),
                                std::move(reply));
  }
}

void Cse::retrieve(Request&& request, const ResourcePtr& target, const std::string& originator,
                   CommittedView& resources, Reply reply) {
  if (request.result_content == 7 && extensions_.transit) {
    // The original of an announced resource, wherever it is. Source: TS-0001 clause 8.1.2 (rcn 7).
    const std::string original = target->attributes().string_at("lnk");
    if (original.empty()) {
      return reply(error_response(
          request, {Rsc::kBadRequest, "rcn (resultContent): 7 needs an announced resource"}));
    }
    request.to = original;
    request.result_content = 1;
    return dispatch(std::move(request), originator, std::move(reply));
  }
  if (behaviours_.of(target->type()).is_used_by_read(*target)) {
    return enqueue(std::make_shared<const Request>(std::move(request)), originator, false, target,
                   std::move(reply));
  }
  Response response = retrieve_resource(procedures(), request, originator, target, resources);
  if (wants_proxy(request, *target, response))
    return ask_proxy(*this, std::move(request), target, originator, std::move(reply));
  reply(std::move(response));
}

Response Cse::retrieve(const Request& request, const ResourcePtr& target,
                       const std::string& originator) {
  CommittedView resources = view();
  return retrieve_resource(procedures(), request, originator, target, resources);
}

void Cse::prepare_then_write(Request&& request, const ResourcePtr& target, std::string originator,
                             Reply reply) {
  auto shared = std::make_shared<const Request>(std::move(request));
  const bool creates = shared->operation == Operation::kCreate;
  Turnstile* turnstile = extensions_.turnstile;
  if (!creates && target && turnstile && turnstile->guards(target->id())) {
    auto run = [this, shared, originator, target](bool dry, Reply answer) {
      enqueue(shared, originator, dry, target, std::move(answer));
    };
    return turnstile->pass(
        {shared, std::move(originator), target, std::move(run), std::move(reply)});
  }
  const int type =
      creates ? static_cast<int>(shared->resource_type.value_or(0)) : (target ? target->type() : 0);
  const TypeBehaviour& behaviour = behaviours_.of(type);
  const bool prepares = creates ? behaviour.needs_preparation(*shared)
                                : shared->operation == Operation::kUpdate && target &&
                                      behaviour.update_needs_preparation(target, *shared);
  if (!prepares)
    return enqueue(std::move(shared), std::move(originator), false, target, std::move(reply));
  // First everything that can be checked here, without effect; only then is anybody else asked.
  enqueue(shared, originator, true, target,
          [this, shared, originator, target, reply, creates, &behaviour](Response checked) {
            if (!is_success(checked.rsc)) return reply(std::move(checked));
            CommittedView resources = view();
            auto found = existing_target(procedures(target.get()), *shared, resources);
            if (!found) return reply(error_response(*shared, found.error()));
            Prepared done = [this, shared, originator, target, reply](std::optional<Error> refused,
                                                                      std::string name) {
              if (refused) return reply(error_response(*shared, *refused));
              enqueue(shared, name.empty() ? originator : name, false, target, reply);
            };
            if (creates) {
              behaviour.prepare_create(*shared, *found, originator, std::move(done));
            } else {
              behaviour.prepare_update(*shared, *found, originator, std::move(done));
            }
          });
}

Response Cse::run(const Request& request, const std::string& originator, const Resource* seen,
                  WorkingSet& resources) const {
  const ProcedureContext context = procedures(seen);
  switch (request.operation) {
    case Operation::kCreate:
      return create_resource(context, request, originator, resources);
    case Operation::kRetrieve:
      return read_and_use(context, request, originator, resources);
    case Operation::kUpdate:
      return update_resource(context, request, originator, resources);
    default:
      return delete_resource(context, request, originator, resources);
  }
}

/// A request on the lane. It goes back with its answer, so that the thread that made the request
/// frees it: blocks that cross threads are what allocators are slowest at.
class Cse::RequestJob final : public WriteJob {
 public:
  RequestJob(Cse& cse, std::shared_ptr<const Request> request, std::string originator, bool dry_run,
             ResourcePtr seen, Reply reply)
      : cse_(cse),
        request_(std::move(request)),
        originator_(std::move(originator)),
        dry_run_(dry_run),
        seen_(std::move(seen)),
        reply_(std::move(reply)) {}

  Response work(WorkingSet& resources) override {
    Response response = cse_.run(*request_, originator_, seen_.get(), resources);
    if (!dry_run_) return response;
    verdict_ = std::move(response);
    return error_response(*request_, {Rsc::kInternalServerError, ""});
  }

  void done(std::shared_ptr<WriteJob> self, Response&& response,
            std::vector<Change>&& changes) override {
    if (dry_run_) response = std::move(verdict_);
    std::shared_ptr<HeldAnswer> held;
    std::optional<Change> own;
    if (!dry_run_ && !changes.empty()) {
      const Committed event{*request_, originator_, std::move(changes)};
      cse_.tell_listeners(event);
      held = event.held;
      if (held) own = own_change(event);
    }
    if (!held) {
      response.origin = std::move(self);
      return take_reply()(std::move(response));
    }
    held->send = [this, self = std::move(self), answer = std::move(response),
                  own = std::move(own)] {
      Response now = answer;
      if (own) refresh(now, *own);
      now.origin = self;
      take_reply()(std::move(now));
    };
  }

  /// Whoever is answered may keep the answer, and with it this job: if the job kept the way to
  /// them, neither would ever be freed.
  Reply take_reply() { return std::exchange(reply_, nullptr); }

  /// What the request itself has created or changed.
  static std::optional<Change> own_change(const Committed& event) {
    for (const Change& change : event.changes) {
      if (!change.side_effect && change.after) return change;
    }
    return std::nullopt;
  }

  /// An answer that had to wait tells the resource as it is now.
  void refresh(Response& response, const Change& own) {
    CommittedView resources = cse_.view();
    auto now = resources.find(own.after->id());
    if (!now || !*now || !request_->content || !request_->content->as_object()) return;
    const Value& requested = request_->content->as_object()->front().value;
    response.content = answer_with(*request_, response.rsc, *now, &requested,
                                   own.before ? &own.before->attributes() : nullptr)
                           .content;
  }

  std::size_t bytes() const override { return bytes_; }

  void refuse(Error error) { reply_(error_response(*request_, error)); }

 private:
  Cse& cse_;
  const std::shared_ptr<const Request> request_;
  const std::size_t bytes_ = request_->content ? bytes_of(*request_->content) : 0;
  std::string originator_;
  bool dry_run_;
  const ResourcePtr seen_;
  Reply reply_;
  Response verdict_;  ///< of a dry run; the lane is given a failure, so that it undoes everything
};

void Cse::enqueue(std::shared_ptr<const Request> request, std::string originator, bool dry_run,
                  ResourcePtr seen, Reply reply) {
  auto job = std::make_shared<RequestJob>(*this, std::move(request), std::move(originator), dry_run,
                                          std::move(seen), std::move(reply));
  if (!lane_ || !lane_->submit(job)) {
    job->refuse({Rsc::kInternalServerError, "too many writes are waiting; try again later"});
  }
}

void Cse::tell_listeners(const Committed& event) {
  for (CommitListener* listener : extensions_.listeners) listener->committed(event);
}

void Cse::submit(std::function<Response(OperationContext&)> work,
                 std::function<void(Response&&)> done) {
  auto request = std::make_shared<Request>();
  request->operation = Operation::kUpdate;
  request->to = settings_.csebase_name;
  request->from = settings_.cse_id;
  auto run_work = [this, request, work = std::move(work)](WorkingSet& resources) {
    OperationContext context{resources, *request, settings_, behaviours_, settings_.cse_id};
    Response response = work(context);
    if (!is_success(response.rsc)) return response;
    if (auto joined = let_participants_join(extensions_, context); !joined) {
      return error_response(*request, joined.error());
    }
    return response;
  };
  auto tell = [this, request, done](Response response, std::vector<Change> changes) {
    if (!changes.empty()) tell_listeners(Committed{*request, settings_.cse_id, std::move(changes)});
    if (done) done(std::move(response));
  };
  if (!lane_ || !lane_->submit(make_job(std::move(run_work), std::move(tell)))) {
    if (done)
      done(error_response(*request, {Rsc::kInternalServerError, "too many writes are waiting"}));
  }
}

void Cse::request(Request request, Reply reply) {
  if (request.from.empty()) request.from = settings_.cse_id;
  if (request.request_identifier.empty()) request.request_identifier = ids_.request_identifier();
  if (!request.release_version) request.release_version = settings_.release_versions.back();
  std::string originator = request.from;
  reply = completing(request, scheduler_, schemas_, std::move(reply));
  dispatch(std::move(request), std::move(originator), std::move(reply));
}

Result<ResourcePtr> Cse::latest_instance(const ResourceId& parent, int type,
                                         CommittedView& resources) {
  if (ResourcePtr known = cache_.latest(parent); known && known->expires() > resources.now())
    return known;
  const std::uint64_t ticket = cache_.ticket(parent);
  CommittedView fresh = view();  // its snapshot is taken after the ticket
  Page page;
  page.newest_first = true;
  page.limit = 8;
  for (;;) {
    auto entries = fresh.children_of_type(parent, type, page);
    if (!entries) return fail(entries.error());
    for (const ChildEntry& entry : *entries) {
      auto instance = fresh.find(entry.id);
      if (!instance) return instance;
      if (*instance) {
        cache_.set_latest(*instance, ticket);
        return instance;
      }
      page.after = entry.order;
    }
    if (entries->size() < page.limit) return ResourcePtr{};
  }
}

}  // namespace gatehouse
