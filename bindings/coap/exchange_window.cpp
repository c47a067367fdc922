#include "bindings/coap/exchange_window.h"

#include <algorithm>

namespace gatehouse::coap {

void ExchangeWindow::evict(Time now) {
  while (!order_.empty()) {
    const auto oldest = entries_.find(order_.front());
    const bool expired = oldest == entries_.end() || oldest->second.seen + limits_.age < now;
    if (!expired && entries_.size() < limits_.entries) return;
    if (oldest != entries_.end()) entries_.erase(oldest);
    order_.pop_front();
  }
}

ExchangeWindow::Lookup ExchangeWindow::begin(std::uint16_t id, const std::string& token, Time now) {
  const auto found = entries_.find(id);
  if (found != entries_.end() && found->second.token == token &&
      found->second.seen + limits_.age >= now) {
    const Entry& entry = found->second;
    if (entry.in_progress) return {Seen::kInProgress, nullptr};
    return {Seen::kAnswered, entry.has_answer ? &entry.answer : nullptr};
  }
  if (found != entries_.end()) {
    entries_.erase(found);
    std::erase(order_, id);
  }
  evict(now);
  entries_[id] = Entry{token, now, true, false, {}};
  order_.push_back(id);
  return {};
}

void ExchangeWindow::finish(std::uint16_t id, const Message& answer) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  found->second.in_progress = false;
  found->second.has_answer = true;
  found->second.answer = answer;
}

void ExchangeWindow::finish_separately(std::uint16_t id) {
  const auto found = entries_.find(id);
  if (found != entries_.end()) found->second.in_progress = false;
}

void ExchangeWindow::forget(std::uint16_t id) {
  entries_.erase(id);
  std::erase(order_, id);
}

}  // namespace gatehouse::coap
