#include "cse/services/subscription/deliverer_work.h"

namespace gatehouse {

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
