#include "cse/services/announcement/announcer.h"

#include <algorithm>

#include "cse/codec/json.h"

namespace gatehouse::announcement {
namespace {

/// No resource identifier begins with '#': the queues of other services are never this one.
constexpr const char* kQueue = "#announcement";

/// The `at` of an original with one entry replaced, or taken out if `replacement` is empty.
Result<ResourcePtr> with_target(const ResourcePtr& original, const std::string& target,
                                const std::string& replacement, OperationContext& context) {
  Value attributes = original->attributes();
  std::vector<std::string> targets = attributes.strings_at("at"), kept;
  for (std::string& entry : targets) {
    if (entry == target) entry = replacement;
    if (!entry.empty() && std::find(kept.begin(), kept.end(), entry) == kept.end())
      kept.push_back(std::move(entry));
  }
  if (attributes.strings_at("at") == kept) return original;
  if (kept.empty())
    attributes.erase("at");
  else
    attributes.set("at", list_of_strings(kept));
  return context.resources.update(original, std::move(attributes), true);
}

ResourcePtr with_copies(const ResourcePtr& original, const Copies& copies,
                        OperationContext& context) {
  return context.resources.update_internal(original, copies.written_into(original->internal()));
}

/// The copy is no more: `at` asks for it anew.
Result<void> forget(const ResourcePtr& original, const std::string& target,
                    OperationContext& context) {
  Copies copies = Copies::of(*original);
  const Copy* copy = copies.of_target(target);
  if (!copy) return {};
  const std::string address = copy->address;
  copies.erase(target);
  auto changed = with_target(with_copies(original, copies, context), address, target, context);
  return changed ? Result<void>{} : fail(changed.error());
}

/// What was below a deleted copy went with it.
Result<void> forget_below(const ResourceId& parent, const std::string& target,
                          OperationContext& context) {
  Page page;
  for (;;) {
    auto entries = context.resources.children(parent, page);
    if (!entries) return fail(entries.error());
    for (const ChildEntry& entry : *entries) {
      page.after = entry.order;
      auto child = context.resources.find(entry.id);
      if (!child) return fail(child.error());
      if (!*child) continue;
      const Copies copies = Copies::of(**child);
      const auto known = copies.all().find(target);
      if (known == copies.all().end() || !known->second.below_parent) continue;
      if (auto done = forget_below(entry.id, target, context); !done) return done;
      if (auto done = forget(*child, target, context); !done) return done;
    }
    if (entries->size() < page.limit) return {};
  }
}

}  // namespace

void Announcer::put_work(WorkingSet& resources, const ResourceId& original) {
  resources.put_outbox(kQueue, Value::object({{"ri", original.text}}));
}

void Announcer::put_removal(WorkingSet& resources, const std::string& address) {
  resources.put_outbox(kQueue, Value::object({{"gone", address}}));
}

void Announcer::post(void (Announcer::*work)()) {
  cse_.scheduler().post([self = shared_from_this(), work] {
    if (!self->stopped_) (self.get()->*work)();
  });
}

void Announcer::post_work(const std::string& original) {
  cse_.scheduler().post([self = shared_from_this(), original] {
    if (!self->stopped_) self->work_on(original);
  });
}

void Announcer::start() { wake(); }

void Announcer::wake() {
  if (!wake_posted_.exchange(true)) post(&Announcer::read_outbox);
}

void Announcer::routes_changed() { post(&Announcer::retry_all); }

void Announcer::read_outbox() {
  wake_posted_ = false;
  auto snapshot = cse_.store().read();
  if (!snapshot) return;  // the next commit wakes us again
  std::vector<std::string> originals;
  std::set<std::string> cses;
  for (;;) {
    auto entries = (*snapshot)->outbox(read_up_to_, 256);
    if (!entries || entries->empty()) break;
    for (const OutboxEntry& entry : *entries) {
      read_up_to_ = entry.order;
      if (entry.queue != kQueue) continue;
      auto body = parse_json(entry.body);
      if (!body) continue;
      if (const std::string id = body->string_at("ri"); !id.empty()) {
        orders_[id].push_back(entry.order);
        originals.push_back(id);
      } else {
        const std::string address = body->string_at("gone");
        remotes_[cse_of(address)].removals.push_back({entry.order, address});
        cses.insert(cse_of(address));
      }
    }
  }
  for (const std::string& cse : cses) remove_next(cse);
  for (const std::string& original : originals) work_on(original);
}

void Announcer::work_on(const std::string& original) {
  if (busy_.contains(original)) {
    again_.insert(original);
    return;
  }
  if (busy_.size() >= settings_.max_in_flight) {
    queue_.insert(original);
    return;
  }
  CommittedView view = cse_.view();
  auto resource = view.find(ResourceId{original});
  if (!resource) return;
  // What had copies and is gone has left removals in the outbox.
  if (!*resource) return settle(original);
  const std::vector<Step> steps = pending_steps(**resource, cse_.settings());
  if (steps.empty()) return settle(original);
  for (const Step& step : steps) {
    if (!reachable(cse_of(step.target), original)) continue;
    return take_step(*resource, step);
  }
  answer(original);  // nothing can be done now
}

void Announcer::wait_for(std::set<std::string> keys, std::shared_ptr<void> answer) {
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(waiters_mutex_);
    number = ++last_waiter_;
    waiters_[number] = {std::move(keys), std::move(answer)};
  }
  cse_.scheduler().after(settings_.patience, [self = shared_from_this(), number] {
    std::map<std::uint64_t, Waiter>::node_type late;  // lets go after the lock
    const std::lock_guard lock(self->waiters_mutex_);
    late = self->waiters_.extract(number);
  });
}

void Announcer::answer(const std::string& key) {
  std::vector<std::shared_ptr<void>> ready;  // lets go after the lock
  const std::lock_guard lock(waiters_mutex_);
  for (auto waiter = waiters_.begin(); waiter != waiters_.end();) {
    waiter->second.keys.erase(key);
    if (!waiter->second.keys.empty()) {
      ++waiter;
      continue;
    }
    ready.push_back(std::move(waiter->second.answer));
    waiter = waiters_.erase(waiter);
  }
}

void Announcer::take_step(const ResourcePtr& original, const Step& step) {
  busy_.insert(original->id().text);
  switch (step.kind) {
    case Step::Kind::kCreate:
      return create_copy(original, step);
    case Step::Kind::kUpdate:
      return update_copy(original, step);
    case Step::Kind::kDelete:
      return delete_copy(original, step);
  }
}

void Announcer::create_copy(const ResourcePtr& original, const Step& step) {
  const std::string id = original->id().text;
  if (!is_cse_id(step.target)) return create_below(original, step, step.target, false);
  CommittedView view = cse_.view();
  auto parent = view.find(original->parent());
  if (!parent || !*parent) return leave(id);
  const Copies copies = Copies::of(**parent);
  if (const auto known = copies.all().find(step.target); known != copies.all().end())
    return create_below(original, step, known->second.address, true);
  const auto targets = (*parent)->attributes().strings_at("at");
  if (std::find(targets.begin(), targets.end(), step.target) != targets.end()) {
    children_[(*parent)->id().text].insert(id);
    leave(id);
    return post_work((*parent)->id().text);
  }
  // TS-0001 clause 10.2.18.4: an instance goes nowhere but below its container's copy.
  if (original->type() == type_number::kContentInstance) return drop_target(id, step.target);
  Remote& remote = remotes_[step.target];
  if (!remote.base.empty()) return create_below(original, step, remote.base, false);
  remote.seekers.push_back(id);
  leave(id);
  seek_base(step.target);
}

void Announcer::create_below(const ResourcePtr& original, const Step& step,
                             const std::string& parent, bool below_parent) {
  Request request;
  request.operation = Operation::kCreate;
  request.to = parent;
  request.resource_type = type_number::kAnnounced + original->type();
  Value attributes = step.attributes;
  attributes.set("rn", original->name());
  request.content = Value::object({{announced_root(original->schema()), std::move(attributes)}});
  create_or_adopt(std::move(request),
                  [this, id = original->id().text, step, below_parent](Created outcome) {
                    created(id, step, below_parent, std::move(outcome));
                  });
}

void Announcer::created(const std::string& original, const Step& step, bool below_parent,
                        Created outcome) {
  const std::string cse = cse_of(step.target);
  if (!outcome.address.empty()) {
    succeeded(cse);
    Copy copy{outcome.address, below_parent, {}};
    if (!outcome.adopted) copy.sent = fingerprints(step.attributes);
    return keep(
        original,
        [target = step.target, copy](const ResourcePtr& self, OperationContext& context) {
          Copies copies = Copies::of(*self);
          copies.set(target, copy);
          auto changed =
              with_target(with_copies(self, copies, context), target, copy.address, context);
          return changed ? Result<void>{} : fail(changed.error());
        },
        [address = copy.address](OperationContext& context) {
          put_removal(context.resources, address);
          return Result<void>{};
        });
  }
  const Rsc rsc = outcome.response.rsc;
  const bool parent_lost = rsc == Rsc::kNotFound && is_cse_id(step.target);
  if (!is_transient(rsc) && !parent_lost) return drop_target(original, step.target);
  failed(cse);
  remotes_[cse].waiting.insert(original);
  answer(original);
  if (!parent_lost) return leave(original);
  if (!below_parent) {
    remotes_[cse].base.clear();
    return leave(original);
  }
  keep(original, [target = step.target](const ResourcePtr& self, OperationContext& context) {
    auto above = context.resources.find(self->parent());
    if (!above) return Result<void>(fail(above.error()));
    return *above ? forget(*above, target, context) : Result<void>{};
  });
}

void Announcer::drop_target(const std::string& original, const std::string& target) {
  keep(original, [target](const ResourcePtr& self, OperationContext& context) {
    auto changed = with_target(self, target, "", context);
    return changed ? Result<void>{} : fail(changed.error());
  });
}

void Announcer::update_copy(const ResourcePtr& original, const Step& step) {
  Request request;
  request.operation = Operation::kUpdate;
  request.to = step.address;
  request.result_content = 0;
  request.content = Value::object({{announced_root(original->schema()), step.attributes}});
  send(std::move(request), [this, id = original->id().text, step](Response response) {
    const std::string cse = cse_of(step.target);
    if (is_transient(response.rsc)) {
      failed(cse);
      remotes_[cse].waiting.insert(id);
      answer(id);
      return leave(id);
    }
    succeeded(cse);
    keep(id, [step, lost = response.rsc == Rsc::kNotFound](const ResourcePtr& self,
                                                           OperationContext& context) {
      if (lost) {
        if (auto below = forget_below(self->id(), step.target, context); !below) return below;
        return forget(self, step.target, context);
      }
      // Refused or not, this is what was sent: the same is not sent again.
      Copies copies = Copies::of(*self);
      Copy* copy = copies.of_target(step.target);
      if (!copy) return Result<void>{};
      for (const Member& member : *step.attributes.as_object()) copy->sent.erase(member.name);
      Value given = Value::object();
      for (const Member& member : *step.attributes.as_object()) {
        if (!member.value.is_null()) given.set(member.name, member.value);
      }
      copy->sent.merge(fingerprints(given));
      with_copies(self, copies, context);
      return Result<void>{};
    });
  });
}

void Announcer::delete_copy(const ResourcePtr& original, const Step& step) {
  Request request;
  request.operation = Operation::kDelete;
  request.to = step.address;
  request.result_content = 0;
  send(std::move(request), [this, id = original->id().text, step](Response response) {
    const std::string cse = cse_of(step.target);
    if (is_transient(response.rsc)) {
      failed(cse);
      remotes_[cse].waiting.insert(id);
      answer(id);
      return leave(id);
    }
    succeeded(cse);
    keep(id, [target = step.target](const ResourcePtr& self, OperationContext& context) {
      if (auto below = forget_below(self->id(), target, context); !below) return below;
      return forget(self, target, context);
    });
  });
}

void Announcer::keep(const std::string& original, Change change,
                     std::function<Result<void>(OperationContext&)> if_gone) {
  const auto self = shared_from_this();
  cse_.submit(
      [original, change = std::move(change),
       if_gone = std::move(if_gone)](OperationContext& context) {
        auto resource = context.resources.find_stored(ResourceId{original});
        if (!resource) return error_response(context.request, resource.error());
        Result<void> done;
        if (*resource)
          done = change(*resource, context);
        else if (if_gone)
          done = if_gone(context);
        return done ? Response{} : error_response(context.request, done.error());
      },
      [self, original](Response response) {
        self->cse_.scheduler().after(
            is_success(response.rsc) ? std::chrono::milliseconds(0) : self->settings_.first_retry,
            [self, original] {
              if (self->stopped_) return;
              self->read_outbox();  // the change may have left something there
              self->leave(original);
              self->release_children(original);
              self->post_work(original);
            });
      });
}

void Announcer::leave(const std::string& original) {
  busy_.erase(original);
  if (again_.erase(original)) post_work(original);
  if (queue_.empty() || busy_.size() >= settings_.max_in_flight) return;
  const std::string next = *queue_.begin();
  queue_.erase(queue_.begin());
  post_work(next);
}

void Announcer::settle(const std::string& original) {
  answer(original);
  release_children(original);
  const auto known = orders_.extract(original);
  if (known.empty() || known.mapped().empty()) return;
  cse_.submit([orders = known.mapped()](OperationContext& context) {
    for (const std::int64_t order : orders) context.resources.erase_outbox(order);
    return Response{};
  });
}

void Announcer::release_children(const std::string& original) {
  const auto waiting = children_.extract(original);
  if (waiting.empty()) return;
  for (const std::string& child : waiting.mapped()) post_work(child);
}

}  // namespace gatehouse::announcement
