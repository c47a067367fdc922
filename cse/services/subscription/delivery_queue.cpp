#include "cse/services/subscription/delivery_queue.h"

#include <algorithm>

namespace gatehouse {
namespace {

/// A schedule or policy may be changed while notifications wait for it.
constexpr std::chrono::seconds kLookAtScheduleAgain{30};
constexpr std::int64_t kLatestEventCategory = 4;  // m2m:stdEventCats

}  // namespace

void DeliveryQueue::push(Waiting waiting) {
  bytes_ += waiting.bytes;
  waiting_.push_back(std::move(waiting));
}

void DeliveryQueue::discard_front(Next& answer) {
  answer.superseded.push_back(waiting_.front().order);
  bytes_ -= waiting_.front().bytes;
  waiting_.pop_front();
}

/// Source: TS-0004 clause 7.5.1.2.2, steps 4.0 and 6.0; TS-0001 table 9.6.8-2
/// (pendingNotification).
bool DeliveryQueue::hold_pending(Timestamp now, const AskPending& ask_pending, Next& answer) {
  const auto is_pending = [this](std::size_t i) {
    return waiting_.size() > i && waiting_[i].notification.pending;
  };
  if (!is_pending(0)) return false;
  Pending rule = ask_pending();
  if (waiting_.back().notification.last) rule.keep = 0;  // TS-0004 clause 7.4.8.2.4
  while (is_pending(0) && (rule.keep < 1 || (rule.keep == 1 && is_pending(1)))) {
    discard_front(answer);
  }
  if (!is_pending(0)) return false;
  if (rule.open_from > now) {
    answer.look_again = std::min(rule.open_from, now + kLookAtScheduleAgain);
    return true;
  }
  if (rule.keep == 1) waiting_.front().notification.event_category = kLatestEventCategory;
  return false;
}

/// Notifications at the front that belong to one batch.
std::size_t DeliveryQueue::batch_size() const {
  std::size_t count = 0;
  while (count < waiting_.size() && waiting_[count].notification.batch) ++count;
  return count;
}

OutgoingMessage DeliveryQueue::pop(std::size_t count) {
  OutgoingMessage message;
  Value contents = Value::array();
  for (std::size_t i = 0; i < count; ++i) {
    Waiting& first = waiting_.front();
    message.orders.push_back(first.order);
    const Value* content = first.notification.content.find("m2m:sgn");
    const bool newest = i + 1 == count;
    if (content && (newest || !first.notification.latest_only)) contents.push_back(*content);
    if (newest) message.notification = std::move(first.notification);
    bytes_ -= first.bytes;
    waiting_.pop_front();
  }
  if (message.notification.batch) {
    message.notification.content =
        Value::object({{"m2m:agn", Value::object({{"m2m:sgn", std::move(contents)}})}});
  }
  return message;
}

/// A batch is complete by its number, by its time, or because something else follows.
/// Source: TS-0001 table 9.6.8-2 (batchNotify).
DeliveryQueue::Next DeliveryQueue::take_batch(Timestamp now, bool no_more_fits) {
  Next answer;
  std::size_t count = batch_size();
  const OutboxNotification::Batch rule = *waiting_[count - 1].notification.batch;
  const Timestamp due = waiting_.front().notification.at + rule.duration;
  const auto wanted = static_cast<std::size_t>(rule.number);
  if (wanted > 0 && count >= wanted) {
    count = wanted;
  } else if (count == waiting_.size() && !no_more_fits && now < due) {
    answer.look_again = due;
    return answer;
  }
  if (window_is_full(waiting_.front().notification, now, answer)) return answer;
  answer.message = pop(count);
  return answer;
}

/// Windows follow each other without gap from the first notification on; they do not slide.
/// Source: TS-0001 table 9.6.8-2 (rateLimit).
bool DeliveryQueue::window_is_full(const OutboxNotification& next, Timestamp now, Next& answer) {
  if (!next.rate) return false;
  const auto window = next.rate->window;
  if (!window_end_) {
    window_end_ = now + window;
  } else if (now >= *window_end_) {
    window_end_ = *window_end_ + ((now - *window_end_) / window + 1) * window;
    sent_in_window_ = 0;
  }
  if (sent_in_window_ >= next.rate->number) {
    answer.look_again = window_end_;
    return true;
  }
  ++sent_in_window_;
  return false;
}

DeliveryQueue::Next DeliveryQueue::take(Timestamp now, bool no_more_fits,
                                        const AskPending& ask_pending) {
  Next answer;
  if (hold_pending(now, ask_pending, answer)) return answer;
  while (!waiting_.empty() && waiting_.front().notification.targets.empty()) {  // a mere mark
    discard_front(answer);
  }
  if (waiting_.empty()) return answer;
  if (waiting_.front().notification.batch) {
    Next batch = take_batch(now, no_more_fits);
    batch.superseded.insert(batch.superseded.end(), answer.superseded.begin(),
                            answer.superseded.end());
    return batch;
  }
  while (waiting_.size() > 1 && waiting_[0].notification.latest_only &&
         waiting_[1].notification.latest_only) {
    discard_front(answer);
  }
  if (!window_is_full(waiting_.front().notification, now, answer)) answer.message = pop(1);
  return answer;
}

std::vector<std::int64_t> DeliveryQueue::drop_all() {
  Next dropped;
  while (!waiting_.empty() && !waiting_.front().notification.last) discard_front(dropped);
  return dropped.superseded;
}

}  // namespace gatehouse
