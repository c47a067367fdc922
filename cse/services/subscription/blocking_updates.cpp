#include "cse/services/subscription/blocking_updates.h"

namespace gatehouse {
namespace {

constexpr std::size_t kMaxReason = 500;

/// What the target said of its refusal, for the one whom it refused; empty: nothing.
std::string reason_in(const Response& answer) {
  const Value* tree = answer.content.tree();
  const Value* told = tree == nullptr ? nullptr : tree->find("m2m:dbg");
  const std::string* reason = told == nullptr ? nullptr : told->as_string();
  return reason == nullptr ? std::string() : ": " + reason->substr(0, kMaxReason);
}

}  // namespace

bool BlockingUpdates::guards(const ResourceId& target) const {
  if (!index_.blocking(target).empty()) return true;
  const std::lock_guard lock(mutex_);  // the subscription may go while others wait
  return queues_.contains(target);
}

void BlockingUpdates::pass(Passage passage) {
  const auto shared = std::make_shared<Passage>(std::move(passage));
  bool full = false, first = false;
  {
    const std::lock_guard lock(mutex_);
    std::deque<Shared>& queue = queues_[shared->target->id()];
    full = queue.size() >= settings_.max_blocked_requests;
    first = queue.empty();
    if (!full) queue.push_back(shared);
  }
  if (full) {
    return shared->reply(error_response(
        *shared->request, {Rsc::kInternalServerError,
                           "too many requests wait for a blocking update of this resource"}));
  }
  if (first) start(shared);
}

void BlockingUpdates::start(const Shared& passage) {
  if (passage->request->operation != Operation::kUpdate) return run(passage);
  passage->run(true, [this, passage](Response checked) {
    if (!is_success(checked.rsc)) return finish(passage, std::move(checked));
    ask(passage);
  });
}

void BlockingUpdates::ask(const Shared& passage) {
  CommittedView resources = cse_.view();
  auto subscription = resources.find(index_.blocking(passage->target->id()));
  auto host = resources.find(passage->target->id());
  if (!subscription) return refuse(passage, subscription.error());
  if (!host) return refuse(passage, host.error());
  if (!*subscription || !*host) return run(passage);
  const Request& request = *passage->request;
  Event event{event_type::kBlockingUpdate, Operation::kUpdate, nullptr, *host, passage->originator};
  event.requested = request.content ? request.content->find((*host)->schema().root) : nullptr;
  const Value* criteria = (*subscription)->attributes().find("enc");
  Messenger* messenger = cse_.extensions().messenger;
  if (!criteria || !satisfies(*criteria, event)) return run(passage);
  OutboxNotification notification =
      event_notification(**subscription, event, cse_.scheduler().now(), cse_.settings(), settings_);
  if (!messenger || notification.targets.empty()) {
    return refuse(passage, {Rsc::kRemoteEntityNotReachable, "this node sends no notifications"});
  }
  const std::string target = notification.targets.front();
  Request notify;
  notify.operation = Operation::kNotify;
  notify.from = cse_.settings().cse_id;
  notify.content = std::move(notification.content);
  notify.request_expiration = request.request_expiration.value_or(
      to_text(cse_.scheduler().now() + settings_.verification_timeout));
  messenger->send_to(target, std::move(notify), [this, passage, target](const Response& answer) {
    if (is_success(answer.rsc)) return run(passage);
    const bool reached = answer.rsc != Rsc::kTargetNotReachable &&
                         answer.rsc != Rsc::kRemoteEntityNotReachable &&
                         answer.rsc != Rsc::kRequestTimeout;
    refuse(passage, {reached ? Rsc::kOperationDeniedByRemoteEntity : Rsc::kRemoteEntityNotReachable,
                     "the UPDATE needs the consent of \"" + target + "\", which answered " +
                         std::to_string(static_cast<int>(answer.rsc)) + reason_in(answer)});
  });
}

void BlockingUpdates::run(const Shared& passage) {
  passage->run(false, [this, passage](Response response) { finish(passage, std::move(response)); });
}

void BlockingUpdates::refuse(const Shared& passage, const Error& error) {
  finish(passage, error_response(*passage->request, error));
}

void BlockingUpdates::finish(const Shared& passage, Response response) {
  Shared next;
  {
    const std::lock_guard lock(mutex_);
    const auto queue = queues_.find(passage->target->id());
    if (queue != queues_.end()) {
      queue->second.pop_front();
      if (queue->second.empty()) {
        queues_.erase(queue);
      } else {
        next = queue->second.front();
      }
    }
  }
  passage->reply(std::move(response));
  // Not within the call: a long queue of quick ones would nest.
  if (next) cse_.scheduler().post([this, next] { start(next); });
}

}  // namespace gatehouse
