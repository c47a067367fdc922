#include "cse/services/delivery/requests.h"

#include "cse/codec/json.h"
#include "cse/codec/primitive_codec.h"
#include "cse/core/address.h"
#include "cse/services/delivery/deliveries.h"

namespace gatehouse {
namespace {

// m2m:requestStatus
constexpr int kCompleted = 1, kFailed = 2, kPending = 3, kForwarded = 4, kPartlyCompleted = 5;

constexpr std::int64_t kNoResponse = 5;  // m2m:responseType

/// <request> is made and changed by the CSE only; its originator reads and deletes it. Source:
/// TS-0001 clause 9.6.12.
class RequestResource final : public TypeBehaviour {
 public:
  std::optional<Error> refuses(Operation operation, const Request&) const override {
    if (operation != Operation::kCreate) return std::nullopt;
    return Error{Rsc::kOperationNotAllowed, "a <request> is created by the CSE only"};
  }
  bool decides_access() const override { return true; }
  std::optional<bool> allows(const Resource& self, const std::string& originator,
                             Operation operation) const override {
    if (originator != self.originator()) return std::nullopt;
    return operation == Operation::kRetrieve || operation == Operation::kDelete;
  }
  /// A DELETE cancels what has not begun. Source: TS-0004 clause 7.4.12.2.4.
  Result<void> permits(Operation operation, const Resource& self, ResourceReader&) const override {
    const std::int64_t status = self.attributes().integer_at("rs");
    if (operation != Operation::kDelete || (status != kForwarded && status != kPartlyCompleted))
      return {};
    return fail(Rsc::kUnableToRecallRequest,
                "rs (requestStatus): the request is under way at another CSE");
  }
};

/// What the <request> says of the request primitive. Source: TS-0004 table 7.4.12.1-1.
Value describe(const Request& request, const std::string& originator) {
  Value meta = to_value(request);
  for (const char* elsewhere : {"op", "to", "fr", "rqi", "pc"}) meta.erase(elsewhere);
  Value attributes =
      Value::object({{"lbl", Value::array({originator})},
                     {"op", static_cast<int>(request.operation)},
                     {"tg", request.to},
                     {"org", originator},
                     {"rid", request.request_identifier},
                     {"mi", std::move(meta)},
                     {"rs", kPending},
                     {"ors", Value::object({{"rsc", static_cast<int>(Rsc::kAccepted)},
                                            {"rqi", request.request_identifier}})}});
  if (request.content) attributes.set("pc", *request.content);
  return attributes;
}

/// `now` if the request says nothing, or a time that has passed.
Timestamp execution_time(const Request& request, Timestamp now) {
  if (!request.operation_execution_time) return now;
  const auto wanted = parse_abs_rel_timestamp(*request.operation_execution_time, now);
  return std::max(wanted.value_or(now), now);
}

}  // namespace

struct DeferredRequests::Job {
  explicit Job(std::shared_ptr<std::atomic<std::size_t>> count) : waiting(std::move(count)) {}
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;
  ~Job() { --*waiting; }

  const std::shared_ptr<std::atomic<std::size_t>> waiting;
  Request request;  ///< made blocking
  std::string originator;
  std::int64_t mode = 3;
  std::optional<std::vector<std::string>> targets;
  ResourceId kept;  ///< the <request>; empty if there is none
  std::optional<Timestamp> request_expires;
  Timestamp kept_until{0};  ///< of the <request>, or of what has none
  int attempts = 0;
  Reply reply;  ///< for the result, if the originator waits for it
};

DeferredRequests::DeferredRequests(Cse& cse) : DeferredRequests(cse, Settings{}) {}

DeferredRequests::DeferredRequests(Cse& cse, Settings settings)
    : cse_(cse), settings_(settings), waiting_(std::make_shared<std::atomic<std::size_t>>(0)) {
  cse.extensions().non_blocking = this;
  cse.behaviours().add(type_number::kRequest, std::make_shared<RequestResource>());
}

void DeferredRequests::start() {
  cse_.submit([](OperationContext& context) {
    Page page;
    page.limit = 10'000;
    auto entries = context.resources.all_of_type(type_number::kRequest, page);
    if (!entries) return error_response(context.request, entries.error());
    for (const ChildEntry& entry : *entries) {
      auto kept = context.resources.find(entry.id);
      if (!kept) return error_response(context.request, kept.error());
      const std::int64_t status = *kept ? (*kept)->attributes().integer_at("rs") : kCompleted;
      if (status != kPending && status != kForwarded) continue;
      Value attributes = (*kept)->attributes();
      attributes.set("rs", kFailed);
      attributes.set(
          "ors",
          Value::object(
              {{"rsc", static_cast<int>(Rsc::kInternalServerError)},
               {"rqi", attributes.string_at("rid")},
               {"pc", Value::object(
                          {{"m2m:dbg", "the CSE was restarted before the request was done"}})}}));
      context.resources.update(*kept, std::move(attributes), true);
    }
    return Response{};
  });
}

void DeferredRequests::accept(Request request, const std::string& originator, Reply reply) {
  if (originator.empty() || originator == "C" || originator == "S") {
    return reply(error_response(
        request, {Rsc::kBadRequest,
                  "rt (responseType), oet: a registration that asks for an AE-ID must be blocking "
                  "and immediate, there is nobody yet to keep its result for"}));
  }
  if (++*waiting_ > settings_.max_waiting) {
    --*waiting_;
    return reply(error_response(request, {Rsc::kInternalServerError,
                                          "too many requests wait to be done; try again later"}));
  }
  auto job = std::make_shared<Job>(waiting_);
  job->mode = request.response_type.value_or(3);
  job->originator = originator;
  job->targets = request.notification_uris;
  const Value description = describe(request, originator);
  const Timestamp now = cse_.scheduler().now();
  const Timestamp due = execution_time(request, now);
  Timestamp expires = due + cse_.pace().result_persistence.load();
  if (request.result_persistence) {
    const auto wanted = parse_abs_rel_timestamp(*request.result_persistence, now);
    if (wanted && (due == now || *wanted > due)) expires = *wanted;
  }
  if (request.result_expiration) {
    const auto latest = parse_abs_rel_timestamp(*request.result_expiration, now);
    if (latest) expires = request.result_persistence ? std::min(expires, *latest) : *latest;
    if (latest) request.result_expiration = to_text(*latest);
  }
  if (request.request_expiration) {  // relative to now, not to when it is run or forwarded
    job->request_expires = parse_abs_rel_timestamp(*request.request_expiration, now);
    if (job->request_expires) request.request_expiration = to_text(*job->request_expires);
  }
  job->kept_until = expires;
  request.response_type.reset();
  request.notification_uris.reset();
  job->request = std::move(request);
  if (job->mode == 3 || job->mode == 4 ||
      job->mode == kNoResponse) {  // only delayed, or without a result: nothing is kept
    if (job->mode == kNoResponse) {
      Response accepted;
      accepted.rsc = Rsc::kAccepted;
      accepted.suppressed = true;
      reply(std::move(accepted));
    } else {
      job->reply = std::move(reply);
    }
    return run(job);
  }
  cse_.submit(
      [job, description, expires](OperationContext& context) {
        auto base = context.resources.find(csebase_id(context.settings));
        if (!base || !*base)
          return error_response(context.request, {Rsc::kInternalServerError, "no <CSEBase>"});
        Value attributes = description;
        attributes.set("et", to_text(expires));
        const TypeSchema* schema = context.resources.schemas().find(type_number::kRequest);
        auto kept = create_internal(*schema, *base, {}, {}, job->originator, std::move(attributes),
                                    context);
        if (!kept) return error_response(context.request, kept.error());
        job->kept = (*kept)->id();
        Response accepted;
        // Whoever asks from another CSE needs an address that leads here.
        const std::string path = job->originator.starts_with('/')
                                     ? to_sp_relative((*kept)->path(), context.settings)
                                     : (*kept)->path();
        accepted.content = Value::object({{"m2m:uri", path}});
        return accepted;
      },
      [this, job, reply](Response accepted) {
        if (!is_success(accepted.rsc)) return reply(std::move(accepted));
        accepted.rsc =
            job->mode == 1 ? Rsc::kAcceptedNonBlockingSynch : Rsc::kAcceptedNonBlockingAsynch;
        reply(std::move(accepted));
        run(job);
      });
}

void DeferredRequests::run(const std::shared_ptr<Job>& job) {
  const auto go = [this, job] {
    if (is_recalled(*job)) return;
    if (job->request_expires && *job->request_expires < cse_.scheduler().now()) {
      return finish(job, error_response(job->request,
                                        {Rsc::kRequestTimeout,
                                         "rqet (requestExpirationTimestamp): has passed before the "
                                         "operation execution time"}));
    }
    Request request = job->request;
    request.operation_execution_time.reset();
    request.from = job->originator;
    const auto address = parse_address(request.to);
    const bool leaves = address && !is_local(*address, cse_.settings());
    auto send = [this, job, request = std::move(request)] {
      if (is_recalled(*job)) return;
      cse_.request(request, [this, job](Response result) { finish(job, std::move(result)); });
    };
    if (leaves && deliveries_ && job->mode == kNoResponse &&
        job->request.delivery_aggregation.value_or(false)) {
      return deliveries_->send(job->request, job->originator);
    }
    leaves ? mark(*job, kForwarded, std::move(send)) : send();
  };
  const Timestamp now = cse_.scheduler().now();
  const Timestamp when = execution_time(job->request, now);
  when > now ? cse_.scheduler().at(when, go) : cse_.scheduler().post(go);
}

void DeferredRequests::mark(const Job& job, int status, std::function<void()> then) {
  if (job.kept.empty()) return then();
  cse_.submit(
      [id = job.kept, status](OperationContext& context) {
        auto kept = context.resources.find(id);
        if (!kept) return error_response(context.request, kept.error());
        if (!*kept) return Response{};
        Value attributes = (*kept)->attributes();
        attributes.set("rs", status);
        context.resources.update(*kept, std::move(attributes), true);
        return Response{};
      },
      [then = std::move(then)](const Response&) { then(); });
}

bool DeferredRequests::is_recalled(const Job& job) {
  if (job.kept.empty()) return false;
  CommittedView view = cse_.view();
  const auto kept = view.find(job.kept);
  return kept && !*kept;
}

bool DeferredRequests::waits_for_link(const std::shared_ptr<Job>& job, const Response& result) {
  if (result.rsc != Rsc::kRemoteEntityNotReachable) return false;
  const auto pause =
      std::min(settings_.first_retry * (1 << std::min(job->attempts++, 10)), settings_.last_retry);
  const Timestamp when = cse_.scheduler().now() + pause;
  const Timestamp latest =
      std::min(job->request_expires.value_or(job->kept_until), job->kept_until);
  if (when >= latest) return false;
  mark(*job, kPending, [this, job, when] { cse_.scheduler().at(when, [this, job] { run(job); }); });
  return true;
}

void DeferredRequests::finish(const std::shared_ptr<Job>& job, Response result) {
  if (job->reply) return job->reply(std::move(result));
  if (waits_for_link(job, result)) return;
  if (job->kept.empty()) return;
  if (auto tree = tree_of(result.content); tree && !tree->is_null())
    result.content = *std::move(tree);
  Value primitive = to_value(result);
  const int status = is_success(result.rsc) ? kCompleted : kFailed;
  cse_.submit(
      [job, primitive, status](OperationContext& context) {
        auto kept = context.resources.find(job->kept);
        if (!kept) return error_response(context.request, kept.error());
        if (!*kept) return Response{};  // recalled, or its time is over
        Value attributes = (*kept)->attributes();
        attributes.set("rs", status);
        attributes.set("ors", primitive);
        attributes.set("lt", to_text(context.now()));
        context.resources.update(*kept, std::move(attributes));
        return Response{};
      },
      [this, job, primitive](Response) {
        if (job->mode == 2) notify(job, primitive);
      });
}

void DeferredRequests::notify(const std::shared_ptr<Job>& job, const Value& result) {
  Messenger* messenger = cse_.extensions().messenger;
  if (!messenger) return;
  const std::vector<std::string> targets =
      job->targets.value_or(std::vector<std::string>{job->originator});
  for (const std::string& target : targets) {
    Request notification;
    notification.operation = Operation::kNotify;
    notification.from = cse_.settings().cse_id;
    notification.request_identifier = cse_.ids().request_identifier();
    notification.release_version = job->request.release_version;
    Value primitive = result;
    primitive.set("to", job->originator);  // whose request it was
    if (!primitive.contains("fr")) primitive.set("fr", cse_.settings().cse_id);
    notification.content = Value::object({{"m2m:rsp", std::move(primitive)}});
    messenger->send_to(target, std::move(notification),
                       [](Response) {});  // best effort: the result is kept in <request>
  }
}

}  // namespace gatehouse
