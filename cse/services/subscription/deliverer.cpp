#include "cse/services/subscription/deliverer.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <unordered_map>

#include "cse/services/subscription/target_slots.h"

namespace gatehouse {
namespace {

bool may_succeed_later(Rsc rsc) {
  return static_cast<int>(rsc) >= 5000 || rsc == Rsc::kRequestTimeout;
}

/// A message that is on its way to its targets.
struct InFlight {
  OutgoingMessage message;
  std::vector<Receipt::Target> tallies;
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
  bool at_books = false;  ///< its last message is being entered: the next one waits
  bool ended = false;     ///< its subscription has gone: only the farewell is still of use
  std::vector<std::shared_ptr<void>> held_answers;

  /// Its farewell waits or is on its way.
  bool ends_here() const {
    return waiting.ends() || (in_flight && in_flight->message.notification.last);
  }
};

}  // namespace

/// All of this runs as tasks of the Scheduler, one after the other, so it needs no lock. Tasks hold
/// it weakly: those that come after the Deliverer's end do nothing.
class Deliverer::Work : public std::enable_shared_from_this<Deliverer::Work> {
 public:
  Work(Cse& cse, DeliverySettings settings, OnUndelivered on_undelivered)
      : cse_(cse),
        settings_(settings),
        on_undelivered_(std::move(on_undelivered)),
        slots_(settings.max_in_flight_per_target, settings.max_in_flight) {}

  void wake() {
    if (!reading_.exchange(true)) post([](Work& work) { work.read(); });
  }
  void set_books(Bookkeeper bookkeeper, Schedule schedule) {
    bookkeeper_ = std::move(bookkeeper);
    schedule_ = std::move(schedule);
  }
  void hold(const std::string& queue, std::shared_ptr<void> answer);
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
  void release_answers(Queue& queue);
  void send(const std::string& id, const std::string& target, const OutboxNotification& what);
  void answered(const std::string& id, const std::string& target, const Response& response);
  void attempt_over(const std::string& id);
  void give_up(const std::string& id, Queue& queue);
  void finish(const std::string& id);
  std::chrono::microseconds delay_after(int attempts) const;

  // Removing from the store.
  void settle(const std::vector<std::int64_t>& orders);
  void settle(Receipt receipt);
  void erase_settled();
  void entered(const std::vector<Receipt>& receipts, const std::vector<std::string>& ended);

  Cse& cse_;
  const DeliverySettings settings_;
  const OnUndelivered on_undelivered_;
  std::atomic<bool> reading_ = false;
  std::int64_t read_until_ = INT64_MIN;
  std::unordered_map<std::string, Queue> queues_;
  TargetSlots slots_;
  Bookkeeper bookkeeper_;
  Schedule schedule_;
  std::size_t in_memory_ = 0, bytes_in_memory_ = 0;
  std::vector<Receipt> settled_;
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
         queue.waiting.bytes() < settings_.max_bytes_in_memory_per_queue &&
         in_memory_ < settings_.max_in_memory && bytes_in_memory_ < settings_.max_bytes_in_memory;
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
    return settle(std::vector{entry.order});
  }
  if (queue.ended && !notification->last) return settle(std::vector{entry.order});
  if (notification->last) queue.ended = false;
  queue.waiting.push({entry.order, *std::move(notification), entry.body.size()});
  ++in_memory_;
  bytes_in_memory_ += entry.body.size();
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

// --- removing -----------------------------------------------------------------------------------

void Deliverer::Work::settle(const std::vector<std::int64_t>& orders) {
  if (!orders.empty()) settle(Receipt{"", orders, {}, false, false});
}

void Deliverer::Work::settle(Receipt receipt) {
  settled_.push_back(std::move(receipt));
  erase_settled();
}

/// One job at a time: what is delivered meanwhile goes with the next, so a busy CSE writes few.
void Deliverer::Work::erase_settled() {
  if (erasing_ || settled_.empty()) return;
  erasing_ = true;
  struct Batch {
    std::vector<Receipt> receipts;
    std::vector<std::string> ended;
  };
  auto batch = std::make_shared<Batch>(Batch{std::exchange(settled_, {}), {}});
  cse_.submit(
      [batch, bookkeeper = bookkeeper_](OperationContext& context) {
        for (const Receipt& receipt : batch->receipts) {
          for (const std::int64_t order : receipt.orders) context.resources.erase_outbox(order);
        }
        if (!bookkeeper) return Response{};
        auto ended = bookkeeper(batch->receipts, context);
        if (!ended) return error_response(context.request, ended.error());
        batch->ended = *std::move(ended);
        return Response{};
      },
      [weak = weak_from_this(), batch](const Response& response) {
        const auto self = weak.lock();
        if (!self) return;
        if (is_success(response.rsc)) {
          return self->post([batch](Work& work) { work.entered(batch->receipts, batch->ended); });
        }
        self->at(self->cse_.scheduler().now() + self->settings_.first_delay, [batch](Work& work) {
          work.erasing_ = false;
          work.settled_.insert(work.settled_.end(), batch->receipts.begin(), batch->receipts.end());
          work.erase_settled();
        });
      });
}

void Deliverer::Work::entered(const std::vector<Receipt>& receipts,
                              const std::vector<std::string>& ended) {
  erasing_ = false;
  for (const std::string& id : ended) {
    const auto found = queues_.find(id);
    if (found == queues_.end()) continue;
    found->second.ended = true;
    const std::size_t bytes_before = found->second.waiting.bytes();
    const std::vector<std::int64_t> orders = found->second.waiting.drop_all();
    in_memory_ -= orders.size();
    bytes_in_memory_ -= bytes_before - found->second.waiting.bytes();
    settle(orders);
  }
  for (const Receipt& receipt : receipts) {
    if (!receipt.counted) continue;
    const auto found = queues_.find(receipt.queue);
    if (found == queues_.end()) continue;
    found->second.at_books = false;
    pump(receipt.queue);
  }
  erase_settled();
}

// --- the outside --------------------------------------------------------------------------------

Deliverer::Deliverer(Cse& cse, DeliverySettings settings, OnUndelivered on_undelivered)
    : work_(std::make_shared<Work>(cse, settings, std::move(on_undelivered))) {}

Deliverer::~Deliverer() = default;

void Deliverer::set_books(Bookkeeper bookkeeper, Schedule schedule) {
  work_->set_books(std::move(bookkeeper), std::move(schedule));
}

void Deliverer::hold_until_told(const std::string& queue, std::shared_ptr<void> answer) {
  work_->hold(queue, std::move(answer));
}

void Deliverer::wake() { work_->wake(); }

Deliverer::Counters Deliverer::counters() const { return work_->counters(); }

}  // namespace gatehouse
