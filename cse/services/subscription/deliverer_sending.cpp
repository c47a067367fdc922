#include "cse/services/subscription/deliverer_work.h"

// The sending of what waits in the queues of the Deliverer.

namespace gatehouse {
namespace {

bool may_succeed_later(Rsc rsc) {
  return static_cast<int>(rsc) >= 5000 || rsc == Rsc::kRequestTimeout;
}

}  // namespace

void Deliverer::Work::pump(const std::string& id) {
  const auto found = queues_.find(id);
  if (found == queues_.end()) return;
  Queue& queue = found->second;
  if (queue.in_flight || queue.reloading || queue.at_books) return;
  if (queue.waiting.empty()) {
    if (queue.beyond_memory) {
      queue.reloading = true;
      return post([id, after = queue.last_loaded](Work& work) { work.reload(id, after); });
    }
    return retire(id, queue);
  }
  const Timestamp now = cse_.scheduler().now();
  const std::size_t before = queue.waiting.size(), bytes_before = queue.waiting.bytes();
  DeliveryQueue::Next next = queue.waiting.take(now, queue.beyond_memory, [this, &id] {
    return schedule_ ? schedule_(id) : DeliveryQueue::Pending{};
  });
  in_memory_ -= before - queue.waiting.size();
  bytes_in_memory_ -= bytes_before - queue.waiting.bytes();
  superseded_ += next.superseded.size();
  settle(next.superseded);
  if (next.look_again) look_again(id, queue, *next.look_again);
  if (!next.message) {
    if (queue.waiting.empty() && !next.superseded.empty()) pump(id);
    return;
  }
  queue.in_flight.emplace();
  queue.in_flight->targets = next.message->notification.targets;
  queue.in_flight->message = *std::move(next.message);
  for (const std::string& target : queue.in_flight->targets) {
    queue.in_flight->tallies.push_back({target});
  }
  start_attempt(id);
}

/// Forgets a queue that is empty, unless something is to be remembered of it: a window of its rate
/// limit, or that its target is unreachable (as long as that does not become a burden).
void Deliverer::Work::retire(const std::string& id, Queue& queue) {
  release_answers(queue);
  if (const auto end = queue.waiting.window_end(cse_.scheduler().now())) {
    return look_again(id, queue, *end);
  }
  const bool remembered = queue.unreachable && queues_.size() <= settings_.max_in_memory;
  if (!queue.timer && !queue.ended && !remembered) queues_.erase(id);
}

void Deliverer::Work::look_again(const std::string& id, Queue& queue, Timestamp when) {
  if (queue.timer && *queue.timer <= when) return;
  queue.timer = when;
  at(when, [id, when](Work& work) {
    const auto found = work.queues_.find(id);
    if (found == work.queues_.end() || found->second.timer != when) return;
    found->second.timer.reset();
    work.pump(id);
  });
}

void Deliverer::Work::start_attempt(const std::string& id) {
  Queue& queue = queues_.at(id);
  InFlight& message = *queue.in_flight;
  ++message.attempts;
  message.failed.clear();
  message.open = message.targets.size();
  if (message.open == 0) return attempt_over(id);
  const std::vector<std::string> targets = message.targets;
  for (const std::string& target : targets) {
    slots_.take(target, [this, id, target] {
      const auto found = queues_.find(id);
      if (found == queues_.end() || !found->second.in_flight) return slots_.give_back(target);
      send(id, target, found->second.in_flight->message.notification);
    });
  }
}

void Deliverer::Work::send(const std::string& id, const std::string& target,
                           const OutboxNotification& what) {
  Request request;
  request.operation = Operation::kNotify;
  request.from = cse_.settings().cse_id;
  request.content = what.content;
  request.event_category = what.event_category;
  request.request_expiration = to_text(cse_.scheduler().now() + settings_.answer_within);
  ++attempts_;
  InFlight& message = *queues_.at(id).in_flight;
  for (Receipt::Target& tally : message.tallies) {
    if (tally.target == target) {
      tally.requests += static_cast<std::int64_t>(message.message.orders.size());
    }
  }
  Messenger* messenger = cse_.extensions().messenger;
  const auto take = [weak = weak_from_this(), id, target](Response response) {
    const auto self = weak.lock();
    if (!self) return;
    self->post([id, target, response = std::move(response)](Work& work) {
      work.answered(id, target, response);
    });
  };
  if (messenger) return messenger->send_to(target, std::move(request), take);
  take(error_response(request, {Rsc::kTargetNotReachable, "this node sends no notifications"}));
}

void Deliverer::Work::answered(const std::string& id, const std::string& target,
                               const Response& response) {
  slots_.give_back(target);
  const auto found = queues_.find(id);
  if (found == queues_.end() || !found->second.in_flight) return;
  InFlight& message = *found->second.in_flight;
  const bool arrived =
      response.rsc != Rsc::kTargetNotReachable && response.rsc != Rsc::kRequestTimeout;
  for (Receipt::Target& tally : message.tallies) {
    if (arrived && tally.target == target) {
      tally.responses += static_cast<std::int64_t>(message.message.orders.size());
    }
  }
  if (!is_success(response.rsc)) {
    const Value* content = response.content.tree();
    message.last_failure = {id, target, response.rsc, content ? content->string_at("m2m:dbg") : ""};
    if (may_succeed_later(response.rsc)) {
      message.failed.push_back(target);
    } else {
      message.lost = true;
      ++given_up_;
      if (on_undelivered_) on_undelivered_(*message.last_failure);
    }
  }
  if (--message.open == 0) attempt_over(id);
}

void Deliverer::Work::attempt_over(const std::string& id) {
  Queue& queue = queues_.at(id);
  InFlight& message = *queue.in_flight;
  if (message.message.notification.last) release_answers(queue);
  if (message.failed.empty()) {
    if (!message.lost) {
      ++delivered_;
      queue.unreachable = false;
    }
    return finish(id);
  }
  message.targets = message.failed;
  const int allowed = queue.unreachable ? 1 : std::max(settings_.attempts, 1);
  if (message.attempts >= allowed) return give_up(id, queue);
  at(cse_.scheduler().now() + delay_after(message.attempts), [id](Work& work) {
    Queue& waiting = work.queues_.at(id);
    // ln: the newer one goes in its place.
    if (waiting.in_flight->message.notification.latest_only && waiting.waiting.has_newer_latest()) {
      ++work.superseded_;
      return work.finish(id);
    }
    work.start_attempt(id);
  });
}

void Deliverer::Work::give_up(const std::string& id, Queue& queue) {
  given_up_ += queue.in_flight->failed.size();
  for (const std::string& target : queue.in_flight->failed) {
    Undelivered what = *queue.in_flight->last_failure;
    what.target = target;
    if (on_undelivered_) on_undelivered_(what);
  }
  if (queue.unreachable && queue.beyond_memory) {
    const std::size_t bytes_before = queue.waiting.bytes();
    const std::vector<std::int64_t> orders = queue.waiting.drop_all();
    in_memory_ -= orders.size();
    bytes_in_memory_ -= bytes_before - queue.waiting.bytes();
    shed_ += orders.size();
    settle(orders);
  }
  queue.unreachable = true;
  finish(id);
}

void Deliverer::Work::finish(const std::string& id) {
  Queue& queue = queues_.at(id);
  InFlight& message = *queue.in_flight;
  Receipt receipt{id, std::move(message.message.orders), std::move(message.tallies), false,
                  message.message.notification.counted && bookkeeper_ != nullptr};
  receipt.delivered = !message.lost && message.failed.empty();
  queue.at_books = receipt.counted;
  queue.in_flight.reset();
  settle(std::move(receipt));
  pump(id);
}

void Deliverer::Work::hold(const std::string& queue, std::shared_ptr<void> answer) {
  post([queue, answer = std::move(answer)](Work& work) {
    work.read();
    const auto found = work.queues_.find(queue);
    if (found == work.queues_.end() || !found->second.ends_here()) return;
    found->second.held_answers.push_back(answer);
    work.at(work.cse_.scheduler().now() + work.settings_.answer_within, [queue](Work& later) {
      const auto still = later.queues_.find(queue);
      if (still != later.queues_.end()) later.release_answers(still->second);
    });
  });
}

void Deliverer::Work::release_answers(Queue& queue) { queue.held_answers.clear(); }

std::chrono::microseconds Deliverer::Work::delay_after(int attempts) const {
  double delay = static_cast<double>(settings_.first_delay.count());
  const auto longest = static_cast<double>(settings_.max_delay.count());
  for (int i = 1; i < attempts && delay < longest; ++i) delay *= settings_.delay_factor;
  return std::chrono::microseconds(static_cast<std::int64_t>(std::min(delay, longest)));
}

}  // namespace gatehouse
