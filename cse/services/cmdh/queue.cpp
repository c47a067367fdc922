#include "cse/services/cmdh/queue.h"

namespace gatehouse {
namespace {

/// The subscription that a notification is of; empty: it is none.
std::string subscription_of(const Request& request) {
  if (request.operation != Operation::kNotify || !request.content) return {};
  const Value* notification = request.content->find("m2m:sgn");
  return notification ? notification->string_at("sur") : std::string();
}

/// Of which only the latest counts (event category "latest").
bool same_kind(const Request& a, const Request& b) {
  const std::string of_a = subscription_of(a), of_b = subscription_of(b);
  if (!of_a.empty() || !of_b.empty()) return of_a == of_b;
  return a.from == b.from && a.to == b.to && a.operation == b.operation;
}

}  // namespace

Result<std::uint64_t> Cmdh::Queue::add(std::shared_ptr<Held> held,
                                       std::vector<std::shared_ptr<Held>>& purged) {
  const std::lock_guard lock(mutex_);
  if (held->request.event_category == cmdh::kLatest) purge_older(*held, purged);
  if (held->buffer) {
    std::size_t waiting = 0;
    for (const auto& [number, one] : held_) waiting += one->buffer == held->buffer ? one->bytes : 0;
    if (waiting + held->bytes > static_cast<std::size_t>(held->buffer->most_bytes)) {
      return fail(Rsc::kTargetNotReachable,
                  "ec (eventCategory): the buffer of this CSE for such requests is full "
                  "(maxBufferSize " +
                      std::to_string(held->buffer->most_bytes) + ")");
    }
  }
  if (!make_room(*held, purged))
    return fail(Rsc::kTargetNotReachable, "too much waits to be forwarded; try again later");
  bytes_ += held->bytes;
  held_.emplace(++last_, std::move(held));
  return last_;
}

void Cmdh::Queue::purge_older(const Held& held, std::vector<std::shared_ptr<Held>>& purged) {
  for (Place place = held_.begin(); place != held_.end();) {
    const Held& older = *place->second;
    if (older.request.event_category != cmdh::kLatest || older.originator != held.originator ||
        !same_kind(older.request, held.request)) {
      ++place;
      continue;
    }
    purged.push_back(place->second);
    place = remove(place);
  }
}

bool Cmdh::Queue::make_room(const Held& held, std::vector<std::shared_ptr<Held>>& purged) {
  const auto fits = [&] { return bytes_ + held.bytes <= max_bytes_ && held_.size() < max_held_; };
  while (!fits()) {
    Place least = held_.end();
    for (Place place = held_.begin(); place != held_.end(); ++place) {
      if (place->second->priority() >= held.priority()) continue;
      if (least == held_.end() || place->second->priority() <= least->second->priority())
        least = place;  // of equals the later one
    }
    if (least == held_.end()) return false;
    purged.push_back(least->second);
    remove(least);
  }
  return true;
}

Cmdh::Queue::Place Cmdh::Queue::remove(Place place) {
  bytes_ -= place->second->bytes;
  return held_.erase(place);
}

std::shared_ptr<Cmdh::Held> Cmdh::Queue::find(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  const auto place = held_.find(number);
  return place == held_.end() ? nullptr : place->second;
}

bool Cmdh::Queue::take(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  const auto place = held_.find(number);
  if (place == held_.end()) return false;
  remove(place);
  return true;
}

std::size_t Cmdh::Queue::bytes_of_rule(const cmdh::AccessRule* rule) {
  const std::lock_guard lock(mutex_);
  std::size_t sum = 0;
  for (const auto& [number, one] : held_) sum += one->rule == rule ? one->bytes : 0;
  return sum;
}

std::vector<std::shared_ptr<Cmdh::Held>> Cmdh::Queue::take_all_of_rule(
    const cmdh::AccessRule* rule) {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Held>> taken;
  for (Place place = held_.begin(); place != held_.end();) {
    if (place->second->rule != rule) {
      ++place;
      continue;
    }
    taken.push_back(place->second);
    place = remove(place);
  }
  return taken;
}

}  // namespace gatehouse
