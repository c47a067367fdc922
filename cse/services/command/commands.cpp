#include "cse/services/command/commands.h"

#include <algorithm>

#include "cse/core/address.h"
#include "cse/services/command/command_arguments.h"

namespace gatehouse {
namespace {

// m2m:execStatusType and m2m:execResultType
constexpr int kPending = 2, kFinished = 3, kCancelled = 5;
constexpr int kSuccess = 0, kUnsupported = 1, kDenied = 2, kInternalError = 4,
              kInvalidArguments = 5;
constexpr int kNotFinished = 31;

bool repeats(std::int64_t mode) { return mode == 2 || mode == 4; }
bool is_random(std::int64_t mode) { return mode == 3 || mode == 4; }

std::chrono::microseconds duration_at(const Value& attributes, std::string_view name) {
  const auto duration = parse_duration(attributes.string_at(name));
  return duration && duration->count() > 0 ? std::chrono::microseconds(*duration)
                                           : std::chrono::microseconds(0);
}

/// Spreads instances over the delay without a source of randomness: by their identifiers.
std::chrono::microseconds first_delay(const Resource& instance) {
  const Value& attributes = instance.attributes();
  const auto delay = duration_at(attributes, "exy");
  if (!is_random(attributes.integer_at("exm"))) return delay;
  std::uint64_t mixed = 1469598103934665603u;
  for (const char c : instance.id().text)
    mixed = (mixed ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return delay.count() == 0 ? delay
                            : std::chrono::microseconds(static_cast<std::int64_t>(
                                  mixed % static_cast<std::uint64_t>(delay.count())));
}

/// The nodes behind execTarget.
Result<std::vector<std::string>> targets_of(const std::string& target, OperationContext& context) {
  auto found = find_local(target, context.settings, context.resources);
  if (!found) return fail(found.error());
  if (!*found) {
    return fail(Rsc::kMgmtConversionError,
                "ext (execTarget): there is no <node> or <group> \"" + target + "\"");
  }
  if ((*found)->type() == type_number::kNode) return std::vector<std::string>{target};
  if ((*found)->type() != type_number::kGroup) {
    return fail(Rsc::kMgmtConversionError,
                "ext (execTarget): \"" + target + "\" is neither <node> nor <group>");
  }
  auto members = (*found)->attributes().strings_at("mid");
  if (members.empty() || members.size() > Commands::kMaxTargets) {
    return fail(Rsc::kMgmtConversionError,
                "ext (execTarget): the <group> has no member, or more than 1000");
  }
  return members;
}

class MgmtCmd final : public TypeBehaviour {
 public:
  Result<void> on_create(Draft& draft, OperationContext&) const override {
    if (!draft.attributes.contains("exe")) draft.attributes.set("exe", false);
    return check_arguments(draft.attributes.integer_at("cmt"), draft.attributes.find("exra"));
  }

  Result<void> created(const ResourcePtr& self, OperationContext& context) const override {
    return self->attributes().bool_at("exe") ? execute(self->id(), self->attributes(), context)
                                             : Result<void>{};
  }

  Result<void> on_update(const ResourcePtr& before, Value& attributes, const Value& requested,
                         OperationContext& context) const override {
    if (requested.contains("ext") || requested.contains("exm")) {
      Page page;
      page.limit = 1;
      auto instances =
          context.resources.children_of_type(before->id(), type_number::kExecInstance, page);
      if (!instances) return fail(instances.error());
      if (!instances->empty()) {
        return fail(
            Rsc::kOperationNotAllowed,
            "ext (execTarget), exm (execMode): cannot be changed while the <mgmtCmd> has an "
            "<execInstance>");
      }
    }
    if (requested.contains("exra")) {
      auto sound = check_arguments(attributes.integer_at("cmt"), attributes.find("exra"));
      if (!sound) return sound;
    }
    return requested.bool_at("exe") ? execute(before->id(), attributes, context) : Result<void>{};
  }

 private:
  static Result<void> execute(const ResourceId& command_id, const Value& command,
                              OperationContext& context) {
    auto targets = targets_of(command.string_at("ext"), context);
    if (!targets) return fail(targets.error());
    auto parent = context.resources.find(command_id);
    if (!parent) return fail(parent.error());
    const TypeSchema& schema = *context.resources.schemas().find(type_number::kExecInstance);
    for (const std::string& target : *targets) {
      Value attributes = Value::object(
          {{"exs", kPending}, {"exr", kNotFinished}, {"exd", false}, {"ext", target}});
      for (const char* copied : {"exm", "exf", "exy", "exn", "exra", "acpi", "lbl", "et"}) {
        if (const Value* value = command.find(copied)) attributes.set(copied, *value);
      }
      const std::int64_t mode = command.integer_at("exm", 1);
      const std::int64_t times =
          repeats(mode)
              ? std::clamp<std::int64_t>(command.integer_at("exn", 1), 1, Commands::kMaxRepetitions)
              : 1;
      auto instance = create_internal(
          schema, *parent, {}, {}, (*parent)->originator(), std::move(attributes), context,
          Value::object(
              {{"left", times}, {"cmt", command.integer_at("cmt")}, {"by", context.originator}}));
      if (!instance) return fail(instance.error());
    }
    return {};
  }
};

/// Source: TS-0004 clause 7.4.12.2.
class ExecInstance final : public TypeBehaviour {
 public:
  std::optional<Error> refuses(Operation operation, const Request&) const override {
    if (operation != Operation::kCreate) return std::nullopt;
    return Error{Rsc::kOperationNotAllowed,
                 "an <execInstance> is made by the CSE, when execEnable of its <mgmtCmd> is set"};
  }
  Result<void> on_update(const ResourcePtr& before, Value& attributes, const Value& requested,
                         OperationContext&) const override {
    if (!requested.contains("exd")) return {};
    if (before->attributes().integer_at("exs") != kPending) {
      return fail(Rsc::kAlreadyComplete, "exd (execDisable): the command is not pending any more");
    }
    if (requested.bool_at("exd")) attributes.set("exs", kCancelled);
    return {};
  }
};

/// The node's management object of that kind; null if it has none.
Result<ResourcePtr> object_of(const std::string& node, std::int64_t definition, Cse& cse,
                              CommittedView& resources) {
  auto found = find_local(node, cse.settings(), resources);
  if (!found || !*found) return found;
  Page page;
  for (;;) {
    auto entries = resources.children_of_type((*found)->id(), type_number::kMgmtObj, page);
    if (!entries) return fail(entries.error());
    for (const ChildEntry& entry : *entries) {
      page.after = entry.order;
      auto object = resources.find(entry.id);
      if (!object) return object;
      if (*object && (*object)->attributes().integer_at("mgd") == definition) return object;
    }
    if (entries->size() < page.limit) return ResourcePtr{};
  }
}

/// What the answer of an object's UPDATE, or of the AE that manages the node, says.
int result_of(Rsc rsc) {
  if (is_success(rsc)) return kSuccess;
  switch (rsc) {
    case Rsc::kOriginatorHasNoPrivilege:
    case Rsc::kOperationNotAllowed:
    case Rsc::kConflict:
    case Rsc::kNotAcceptable:
      return kDenied;
    case Rsc::kBadRequest:
    case Rsc::kContentsUnacceptable:
      return kInvalidArguments;
    case Rsc::kNotImplemented:
    case Rsc::kReleaseVersionNotSupported:
      return kUnsupported;
    default:
      return kInternalError;
  }
}

/// The first AE that the node hosts; empty: there is none.
std::string hosted_ae(const std::string& node, Cse& cse, CommittedView& resources) {
  const auto found = find_local(node, cse.settings(), resources);
  if (!found || !*found) return {};
  const auto links = (*found)->attributes().strings_at("hael");
  return links.empty() ? std::string() : links.front();
}

/// NOTIFY of the AE that manages the node, with the instance as it is.
Request telling(const Resource& instance, const std::string& ae) {
  Request request;
  request.operation = Operation::kNotify;
  request.from = instance.internal().string_at("by");
  request.to = ae;
  request.content = Value::object({{"m2m:exin", instance.attributes()}});
  return request;
}

}  // namespace

Commands::Commands(Cse& cse) : state_(std::make_shared<State>(cse)) {
  cse.behaviours().add(type_number::kMgmtCmd, std::make_shared<MgmtCmd>());
  cse.behaviours().add(type_number::kExecInstance, std::make_shared<ExecInstance>());
  cse.extensions().listeners.push_back(this);
}

void Commands::start() {
  CommittedView resources = state_->cse.view();
  Page page;
  for (;;) {
    auto entries = resources.all_of_type(type_number::kExecInstance, page);
    if (!entries) return;
    for (const ChildEntry& entry : *entries) {
      page.after = entry.order;
      auto instance = resources.find(entry.id);
      if (instance && *instance && (*instance)->attributes().integer_at("exs") == kPending)
        wait(state_, **instance);
    }
    if (entries->size() < page.limit) return;
  }
}

void Commands::committed(const Committed& event) {
  for (const Change& change : event.changes) {
    if (change.kind == Change::Kind::kCreated &&
        change.after->type() == type_number::kExecInstance) {
      wait(state_, *change.after);
    }
  }
}

void Commands::wait(const std::shared_ptr<State>& state, const Resource& instance) {
  state->cse.scheduler().after(first_delay(instance), [state, id = instance.id()] {
    if (!state->stopped) run(state, id);
  });
}

void Commands::run(const std::shared_ptr<State>& state, const ResourceId& id) {
  Cse& cse = state->cse;
  CommittedView resources = cse.view();
  const auto instance = resources.find(id);
  if (!instance || !*instance || (*instance)->attributes().integer_at("exs") != kPending) return;
  const auto update =
      converted((*instance)->internal().integer_at("cmt"), (*instance)->attributes().find("exra"));
  if (!update) return settle(state, id, kUnsupported);
  const auto object = object_of((*instance)->attributes().string_at("ext"),
                                update->management_definition, cse, resources);
  Request request;
  if (object && *object) {
    request.operation = Operation::kUpdate;
    request.from = (*instance)->originator();
    request.to = (*object)->path();
    request.result_content = 0;
    request.content = Value::object({{std::string((*object)->schema().root), update->attributes}});
  } else {
    const std::string ae = hosted_ae((*instance)->attributes().string_at("ext"), cse, resources);
    if (ae.empty()) return settle(state, id, kUnsupported);
    request = telling(**instance, ae);
  }
  cse.request(std::move(request),
              [state, id](const Response& answer) { settle(state, id, result_of(answer.rsc)); });
}

void Commands::settle(const std::shared_ptr<State>& state, const ResourceId& id, int result) {
  auto again = std::make_shared<std::optional<std::chrono::microseconds>>();
  state->cse.submit(
      [id, result, again](OperationContext& context) {
        again->reset();
        auto instance = context.resources.find(id);
        if (!instance) return error_response(context.request, instance.error());
        if (!*instance || (*instance)->attributes().integer_at("exs") != kPending)
          return Response{};
        const std::int64_t left = (*instance)->internal().integer_at("left") - 1;
        Value attributes = (*instance)->attributes();
        attributes.set("exr", result);
        attributes.set("lt", to_text(context.now()));
        if (result != kSuccess || left <= 0) {
          attributes.set("exs", kFinished);
        } else {
          Value internal = (*instance)->internal();
          internal.set("left", left);
          *instance = context.resources.update_internal(*instance, std::move(internal));
          *again = std::max<std::chrono::microseconds>(duration_at(attributes, "exf"),
                                                       std::chrono::seconds(1));
        }
        context.resources.update(*instance, std::move(attributes));
        return Response{};
      },
      [state, id, again](const Response& settled) {
        if (!is_success(settled.rsc) || !*again || state->stopped) return;
        state->cse.scheduler().after(**again, [state, id] {
          if (!state->stopped) run(state, id);
        });
      });
}

}  // namespace gatehouse
