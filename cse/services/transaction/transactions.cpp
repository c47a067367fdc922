#include "cse/services/transaction/transactions.h"

#include <algorithm>

#include "cse/codec/json.h"
#include "cse/codec/primitive_codec.h"
#include "cse/core/address.h"
#include "cse/core/procedures.h"

namespace gatehouse {
namespace {

// m2m:transactionState and m2m:transactionControl
constexpr int kInitial = 1, kCommitted = 4, kAborted = 6;
constexpr int kDeleteWhenDone = 1;  // m2m:transactionMgmtHandling
constexpr int kByCreator = 2;       // m2m:transactionMode

const Value::Array* requests_of(const Value& transaction) {
  const Value* list = transaction.find("rqps");
  const Value* requests = list ? list->find("m2m:rqp") : nullptr;
  return requests ? requests->as_array() : nullptr;
}

Result<void> check_request_in(const Value& value, std::size_t index, OperationContext& context) {
  const std::string where = "rqps/m2m:rqp[" + std::to_string(index) + "]";
  const std::string from = value.string_at("fr", context.originator);
  if (to_sp_relative(from, context.settings) !=
      to_sp_relative(context.originator, context.settings)) {
    return fail(Rsc::kBadRequest, where + "/fr (from): must be the originator");
  }
  const auto request = request_from_value(value);
  if (!request) return fail(Rsc::kBadRequest, where + ": " + request.error().detail);
  if (request->operation == Operation::kNotify)
    return fail(Rsc::kBadRequest, where + "/op (operation): NOTIFY takes no part in a transaction");
  const auto address = parse_address(request->to);
  if (!address) return fail(Rsc::kBadRequest, where + "/to: " + address.error().detail);
  if (!is_local(*address, context.settings)) {
    return fail(Rsc::kNotImplemented,
                where + "/to: transactions over other CSEs are not offered here");
  }
  const auto type = static_cast<int>(request->resource_type.value_or(0));
  if (context.behaviours.of(type).needs_preparation(*request)) {
    return fail(Rsc::kNotImplemented,
                where + ": asks another entity, which cannot be part of a transaction");
  }
  return {};
}

class TransactionMgmt final : public TypeBehaviour {
 public:
  Result<void> on_create(Draft& draft, OperationContext& context) const override {
    Value& transaction = draft.attributes;
    if (transaction.integer_at("tmd", 1) == kByCreator) {
      return fail(Rsc::kNotImplemented,
                  "tmd (transactionMode): 2 (CREATOR_CONTROLLED) is not offered here");
    }
    const Value::Array* requests = requests_of(transaction);
    if (!requests || requests->size() > Transactions::kMaxRequests)
      return fail(Rsc::kBadRequest, "rqps (requestPrimitives): more than 100");
    for (std::size_t i = 0; i < requests->size(); ++i) {
      if (auto sound = check_request_in((*requests)[i], i, context); !sound) return sound;
    }
    static constexpr std::pair<const char*, int> kDefaults[] = {
        {"tmd", 1}, {"tltp", 1}, {"tmr", 0}, {"tmh", kDeleteWhenDone}};
    for (const auto& [name, value] : kDefaults) {
      if (!transaction.contains(name)) transaction.set(name, value);
    }
    transaction.set("tctl", kInitial);
    transaction.set("trst", kInitial);
    transaction.set("rsps", Value::object({{"m2m:rsp", Value::array()}}));
    transaction.set("cr", context.originator);
    return {};
  }

  Result<void> on_update(const ResourcePtr&, Value&, const Value& requested,
                         OperationContext&) const override {
    if (!requested.contains("tctl")) return {};
    return fail(Rsc::kBadRequest,
                "tctl (transactionControl): the CSE controls this transaction (transactionMode 1)");
  }

  Result<void> on_delete(const ResourcePtr& self, OperationContext& context) const override {
    if (context.request.operation != Operation::kDelete) return {};
    auto target = find_local(context.request.to, context.settings, context.resources);
    if (!target) return fail(target.error());
    if (!*target || (*target)->id() != self->id()) return {};  // goes with what is above it
    const std::int64_t state = self->attributes().integer_at("trst");
    if (state == kCommitted || state == kAborted) return {};
    return fail(Rsc::kTransactionProcessingIsIncomplete,
                "trst (transactionState): is neither COMMITTED nor ABORTED");
  }
};

class TransactionLock final : public TypeBehaviour {
 public:
  std::optional<Error> refuses(Operation operation, const Request&) const override {
    if (operation != Operation::kCreate) return std::nullopt;
    return Error{Rsc::kNotImplemented,
                 "a <transaction> is not offered here; use <transactionMgmt>"};
  }
};

/// One of the requests, on the working set of the whole transaction.
Response perform(const ProcedureContext& procedure, const Request& request,
                 const std::string& originator, WorkingSet& resources) {
  switch (request.operation) {
    case Operation::kCreate:
      return create_resource(procedure, request, originator, resources);
    case Operation::kUpdate:
      return update_resource(procedure, request, originator, resources);
    case Operation::kDelete:
      return delete_resource(procedure, request, originator, resources);
    default:
      break;
  }
  auto target = existing_target(procedure, request, resources);
  if (!target) return error_response(request, target.error());
  return retrieve_resource(procedure, request, originator, *target, resources);
}

Value answer_of(Response response, const Request& request) {
  response.request_identifier = request.request_identifier;
  if (auto tree = tree_of(response.content); tree && !tree->is_null())
    response.content = *std::move(tree);
  return to_value(response);
}

/// All requests; the first refusal is the answer of the whole.
Response perform_all(Cse& cse, const Resource& transaction, OperationContext& context,
                     Value& answers) {
  // Participants see the changes of the whole, once, when the job ends.
  Extensions extensions = cse.extensions();
  extensions.participants.clear();
  const ProcedureContext procedure{cse.settings(), cse.schemas(), cse.behaviours(), cse.access(),
                                   extensions};
  for (const Value& value : *requests_of(transaction.attributes())) {
    auto request = request_from_value(value);
    if (!request) return error_response(context.request, request.error());
    request->from = transaction.originator();
    Response answer = perform(procedure, *request, transaction.originator(), context.resources);
    const bool refused = !is_success(answer.rsc);
    answers.push_back(answer_of(answer, *request));
    if (refused) return answer;
  }
  return {};
}

}  // namespace

Transactions::Transactions(Cse& cse) : state_(std::make_shared<State>(cse)) {
  cse.behaviours().add(type_number::kTransactionMgmt, std::make_shared<TransactionMgmt>());
  cse.behaviours().add(type_number::kTransaction, std::make_shared<TransactionLock>());
  cse.extensions().listeners.push_back(this);
}

void Transactions::start() {
  CommittedView resources = state_->cse.view();
  Page page;
  for (;;) {
    auto entries = resources.all_of_type(type_number::kTransactionMgmt, page);
    if (!entries) return;
    for (const ChildEntry& entry : *entries) {
      page.after = entry.order;
      auto waiting = resources.find(entry.id);
      if (waiting && *waiting && (*waiting)->attributes().integer_at("trst") == kInitial)
        wait(state_, **waiting);
    }
    if (entries->size() < page.limit) return;
  }
}

void Transactions::committed(const Committed& event) {
  for (const Change& change : event.changes) {
    if (change.kind == Change::Kind::kCreated &&
        change.after->type() == type_number::kTransactionMgmt) {
      wait(state_, *change.after);
    }
  }
}

void Transactions::wait(const std::shared_ptr<State>& state, const Resource& transaction) {
  const Timestamp now = state->cse.scheduler().now();
  const auto wanted = parse_timestamp(transaction.attributes().string_at("text"));
  state->cse.scheduler().at(std::max(wanted.value_or(now), now), [state, id = transaction.id()] {
    if (!state->stopped) run(state, id, 0);
  });
}

void Transactions::run(const std::shared_ptr<State>& state, const ResourceId& id,
                       std::int64_t attempts_before) {
  struct Outcome {
    Value answers;
    std::int64_t retries = 0;
    bool gone = false;
  };
  auto outcome = std::make_shared<Outcome>();
  state->cse.submit(
      [state, id, outcome](OperationContext& context) {
        *outcome = {Value::array(), 0, false};
        auto found = context.resources.find(id);
        if (!found) return error_response(context.request, found.error());
        if (!*found || (*found)->attributes().integer_at("trst") != kInitial) {
          outcome->gone = true;
          return Response{};
        }
        outcome->retries = (*found)->attributes().integer_at("tmr");
        const auto expires = parse_timestamp((*found)->attributes().string_at("tept"));
        if (expires && *expires < context.now()) {
          return error_response(context.request,
                                {Rsc::kRequestTimeout, "tept (transactionExpirationTime): passed"});
        }
        return perform_all(state->cse, **found, context, outcome->answers);
      },
      [state, id, outcome, attempts_before](const Response& result) {
        if (outcome->gone || state->stopped) return;
        const bool committed = is_success(result.rsc);
        const bool may_pass = static_cast<int>(result.rsc) >= 5000;
        if (committed || !may_pass || attempts_before >= outcome->retries)
          return settle(state, id, committed, outcome->answers);
        state->cse.scheduler().after(kRetryAfter, [state, id, attempts_before] {
          if (!state->stopped) run(state, id, attempts_before + 1);
        });
      });
}

void Transactions::settle(const std::shared_ptr<State>& state, const ResourceId& id, bool committed,
                          const Value& answers) {
  state->cse.submit([id, committed, answers](OperationContext& context) {
    auto found = context.resources.find(id);
    if (!found) return error_response(context.request, found.error());
    if (!*found) return Response{};
    Value attributes = (*found)->attributes();
    attributes.set("trst", committed ? kCommitted : kAborted);
    attributes.set("rsps", Value::object({{"m2m:rsp", answers}}));
    attributes.set("lt", to_text(context.now()));
    const bool goes = attributes.integer_at("tmh") == kDeleteWhenDone;
    const ResourcePtr settled = context.resources.update(*found, std::move(attributes));
    if (!goes) return Response{};
    if (auto erased = erase_subtree(settled, context); !erased)
      return error_response(context.request, erased.error());
    return Response{};
  });
}

}  // namespace gatehouse
