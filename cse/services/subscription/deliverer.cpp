#include "cse/services/subscription/deliverer.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <unordered_map>

#include "cse/services/subscription/delivery_queue.h"

namespace gatehouse {
namespace {

bool may_succeed_later(Rsc rsc) {
  return static_cast<int>(rsc) >= 5000 || rsc == Rsc::kRequestTimeout;
}

/// A message that is on its way to its targets.
struct InFlight {
  OutgoingMessage message;
  std::vector<std::string> targets;  ///< that do not have it yet
  std::vector<std::string> failed;   ///< of this attempt
  std::size_t open = 0;              ///< answers missing in this attempt
  int attempts = 0;
  bool lost = false;
  std::optional<Undelivered> last_failure;
};
struct Queue {
  DeliveryQueue waiting;
  std::optional<InFlight> in_flight;
  std::optional<Timestamp> timer;
  std::int64_t last_loaded = INT64_MIN;  ///< order of the newest entry in memory
  bool beyond_memory = false;            ///< there are newer ones in the store only
  bool reloading = false;
  bool unreachable = false;
  bool waits_for_slot = false;
};

}  // namespace

/// All of this runs as tasks of the Scheduler, one after the other, so it needs no lock. Tasks hold
/// it weakly: those that come after the Deliverer's end do nothing.
class Deliverer::Work : public std::enable_shared_from_this<Deliverer::Work> {
 public:
  Work(Cse& cse, DeliverySettings settings, OnUndelivered on_undelivered)
      : cse_(cse), settings_(settings), on_undelivered_(std::move(on_undelivered)) {}

  void wake() {
    if (!reading_.exchange(true)) post([](Work& work) { work.read(); });
  }
  Counters counters() const { return {delivered_, attempts_, given_up_, superseded_, shed_}; }

 private:
  template <class F>
  void post(F task) {
    cse_.scheduler().post([weak = weak_from_this(), task = std::move(task)] {
      if (const auto self = weak.lock()) task(*self);
    });
  }
  template <class F>
  void at(Timestamp when, F task) {
    cse_.scheduler().at(when, [weak = weak_from_this(), task = std::move(task)] {
      if (const auto self = weak.lock()) task(*self);
    });
  }

  // Reading the outbox.
  void read();
  void admit(OutboxEntry entry);
  void reload(const std::string& id, std::int64_t after);
  bool has_room(const Queue& queue) const;
  void keep(Queue& queue, const std::string& id, const OutboxEntry& entry);

  // Sending.
  void pump(const std::string& id);
  void retire(const std::string& id, Queue& queue);
  void look_again(const std::string& id, Queue& queue, Timestamp when);
  void start_attempt(const std::string& id);
  void send(const std::string& id, const std::string& target, const OutboxNotification& what);
  void answered(const std::string& id, const std::string& target, const Response& response);
  void attempt_over(const std::string& id);
  void give_up(const std::string& id, Queue& queue);
  void finish(const std::string& id);
  void release_slot();
  void fill_slots();
  std::chrono::microseconds delay_after(int attempts) const;

  // Removing from the store.
  void settle(const std::vector<std::int64_t>& orders);
  void erase_settled();

  Cse& cse_;
  const DeliverySettings settings_;
  const OnUndelivered on_undelivered_;
  std::atomic<bool> reading_ = false;
  std::int64_t read_until_ = INT64_MIN;
  std::unordered_map<std::string, Queue> queues_;
  std::deque<std::string> wait_for_slot_;
  std::size_t in_flight_ = 0;
  std::size_t in_memory_ = 0;
  std::vector<std::int64_t> settled_;
  bool erasing_ = false;
  std::atomic<std::uint64_t> delivered_ = 0, attempts_ = 0, given_up_ = 0, superseded_ = 0,
                             shed_ = 0;
};

// --- reading ------------------------------------------------------------------------------------

void Deliverer::Work::read() {
  reading_ = false;
  auto snapshot = cse_.store().read();
  auto page = snapshot ? (*snapshot)->outbox(read_until_, settings_.page)
                       : Result<std::vector<OutboxEntry>>(fail(snapshot.error()));
  if (!page) {  // the store is out of order; it may come back
    reading_ = true;
    return at(cse_.scheduler().now() + settings_.first_delay, [](Work& work) { work.read(); });
  }
  const bool more = page->size() == settings_.page;
  for (OutboxEntry& entry : *page) {
    read_until_ = entry.order;
    if (entry.queue.starts_with('#')) continue;  // of another service, not of a <subscription>
    admit(std::move(entry));
  }
  if (more) wake();
}

bool Deliverer::Work::has_room(const Queue& queue) const {
  if (queue.waiting.empty()) return true;  // so that every queue moves, whatever others keep
  return queue.waiting.size() < settings_.max_in_memory_per_queue &&
         in_memory_ < settings_.max_in_memory;
}

void Deliverer::Work::admit(OutboxEntry entry) {
  Queue& queue = queues_[entry.queue];
  if (queue.beyond_memory || !has_room(queue)) {
    queue.beyond_memory = true;
  } else {
    keep(queue, entry.queue, entry);
  }
  pump(entry.queue);
}

void Deliverer::Work::keep(Queue& queue, const std::string& id, const OutboxEntry& entry) {
  queue.last_loaded = entry.order;
  auto notification = outbox_notification_from(entry.body);
  if (!notification) {
    ++given_up_;
    if (on_undelivered_) {
      on_undelivered_({id, "", notification.error().rsc, notification.error().detail});
    }
    return settle({entry.order});
  }
  queue.waiting.push({entry.order, *std::move(notification)});
  ++in_memory_;
}

/// Brings the next entries of one queue into memory, a page per task.
void Deliverer::Work::reload(const std::string& id, std::int64_t after) {
  const auto found = queues_.find(id);
  if (found == queues_.end()) return;
  Queue& queue = found->second;
  auto snapshot = cse_.store().read();
  auto page = snapshot ? (*snapshot)->outbox(after, settings_.page)
                       : Result<std::vector<OutboxEntry>>(fail(snapshot.error()));
  if (!page) {
    return at(cse_.scheduler().now() + settings_.first_delay,
              [id, after](Work& work) { work.reload(id, after); });
  }
  bool full = false;
  for (const OutboxEntry& entry : *page) {
    if (entry.order > read_until_) break;  // those come by read()
    after = entry.order;
    if (entry.queue != id) continue;
    full = !has_room(queue);
    if (full) break;
    keep(queue, id, entry);
  }
  const bool end = page->size() < settings_.page || page->back().order > read_until_;
  if (!full && !end) return post([id, after](Work& work) { work.reload(id, after); });
  queue.reloading = false;
  queue.beyond_memory = full;
  pump(id);
}

// --- sending ------------------------------------------------------------------------------------

void Deliverer::Work::pump(const std::string& id) {
  const auto found = queues_.find(id);
  if (found == queues_.end()) return;
  Queue& queue = found->second;
  if (queue.in_flight || queue.reloading) return;
  if (queue.waiting.empty()) {
    if (queue.beyond_memory) {
      queue.reloading = true;
      return post([id, after = queue.last_loaded](Work& work) { work.reload(id, after); });
    }
    return retire(id, queue);
  }
  if (in_flight_ >= settings_.max_in_flight) {
    if (!std::exchange(queue.waits_for_slot, true)) wait_for_slot_.push_back(id);
    return;
  }
  const Timestamp now = cse_.scheduler().now();
  const std::size_t before = queue.waiting.size();
  DeliveryQueue::Next next = queue.waiting.take(now, queue.beyond_memory);
  in_memory_ -= before - queue.waiting.size();
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
  ++in_flight_;
  start_attempt(id);
}

/// Forgets a queue that is empty, unless something is to be remembered of it: a window of its rate
/// limit, or that its target is unreachable (as long as that does not become a burden).
void Deliverer::Work::retire(const std::string& id, Queue& queue) {
  if (const auto end = queue.waiting.window_end(cse_.scheduler().now())) {
    return look_again(id, queue, *end);
  }
  const bool remembered = queue.unreachable && queues_.size() <= settings_.max_in_memory;
  if (!queue.timer && !queue.waits_for_slot && !remembered) queues_.erase(id);
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
  for (const std::string& target : message.targets) send(id, target, message.message.notification);
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
  const auto found = queues_.find(id);
  if (found == queues_.end() || !found->second.in_flight) return;
  InFlight& message = *found->second.in_flight;
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
  release_slot();  // others may send during the pause
  at(cse_.scheduler().now() + delay_after(message.attempts), [id](Work& work) {
    Queue& waiting = work.queues_.at(id);
    ++work.in_flight_;
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
    const std::vector<std::int64_t> orders = queue.waiting.drop_all();
    in_memory_ -= orders.size();
    shed_ += orders.size();
    settle(orders);
  }
  queue.unreachable = true;
  finish(id);
}

void Deliverer::Work::finish(const std::string& id) {
  Queue& queue = queues_.at(id);
  settle(queue.in_flight->message.orders);
  queue.in_flight.reset();
  release_slot();
  pump(id);
}

void Deliverer::Work::release_slot() {
  --in_flight_;
  if (!wait_for_slot_.empty()) post([](Work& work) { work.fill_slots(); });
}

void Deliverer::Work::fill_slots() {
  while (in_flight_ < settings_.max_in_flight && !wait_for_slot_.empty()) {
    const std::string id = std::move(wait_for_slot_.front());
    wait_for_slot_.pop_front();
    const auto found = queues_.find(id);
    if (found == queues_.end()) continue;
    found->second.waits_for_slot = false;
    pump(id);
  }
}

std::chrono::microseconds Deliverer::Work::delay_after(int attempts) const {
  double delay = static_cast<double>(settings_.first_delay.count());
  const auto longest = static_cast<double>(settings_.max_delay.count());
  for (int i = 1; i < attempts && delay < longest; ++i) delay *= settings_.delay_factor;
  return std::chrono::microseconds(static_cast<std::int64_t>(std::min(delay, longest)));
}

// --- removing -----------------------------------------------------------------------------------

void Deliverer::Work::settle(const std::vector<std::int64_t>& orders) {
  settled_.insert(settled_.end(), orders.begin(), orders.end());
  erase_settled();
}

/// One job at a time: what is delivered meanwhile goes with the next, so a busy CSE writes few.
void Deliverer::Work::erase_settled() {
  if (erasing_ || settled_.empty()) return;
  erasing_ = true;
  auto orders = std::make_shared<const std::vector<std::int64_t>>(std::exchange(settled_, {}));
  cse_.submit(
      [orders](OperationContext& context) {
        for (const std::int64_t order : *orders) context.resources.erase_outbox(order);
        return Response{};
      },
      [weak = weak_from_this(), orders](const Response& response) {
        const auto self = weak.lock();
        if (!self) return;
        const bool erased = is_success(response.rsc);
        const auto next = [orders, erased](Work& work) {
          work.erasing_ = false;
          if (!erased) {
            work.settled_.insert(work.settled_.end(), orders->begin(), orders->end());
          }
          work.erase_settled();
        };
        if (erased) return self->post(next);
        self->at(self->cse_.scheduler().now() + self->settings_.first_delay, next);
      });
}

// --- the outside --------------------------------------------------------------------------------

Deliverer::Deliverer(Cse& cse, DeliverySettings settings, OnUndelivered on_undelivered)
    : work_(std::make_shared<Work>(cse, settings, std::move(on_undelivered))) {}

Deliverer::~Deliverer() = default;

void Deliverer::wake() { work_->wake(); }

Deliverer::Counters Deliverer::counters() const { return work_->counters(); }

}  // namespace gatehouse
