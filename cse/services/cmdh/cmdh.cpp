#include "cse/services/cmdh/cmdh.h"

#include <algorithm>

#include "cse/core/request_size.h"
#include "cse/services/cmdh/queue.h"

namespace gatehouse {

using cmdh::Policy;

namespace {

bool is_link_down(Rsc rsc) {
  return rsc == Rsc::kTargetNotReachable || rsc == Rsc::kRemoteEntityNotReachable;
}

/// Spreads the first use of a network over the time that its rule gives: the same for the same
/// request, different for different ones.
std::chrono::milliseconds spread(const Request& request, std::int64_t most_ms) {
  if (most_ms <= 0) return {};
  const std::size_t some = std::hash<std::string>{}(request.request_identifier + request.from);
  return std::chrono::milliseconds(some % (static_cast<std::size_t>(most_ms) + 1));
}

Error too_late() {
  return {Rsc::kRequestTimeout,
          "rqet (requestExpirationTimestamp): has passed before the communication policy of this "
          "CSE let the request through"};
}

}  // namespace

Cmdh::Cmdh(Cse& cse, Settings settings)
    : cse_(cse),
      next_(cse.extensions().transit),
      settings_(settings),
      queue_(std::make_shared<Queue>(settings.max_held, settings.max_bytes)) {
  if (!next_) return;
  cse.extensions().transit = this;
  cse.extensions().listeners.push_back(this);
}

void Cmdh::committed(const Committed& event) {
  const bool concerns =
      std::any_of(event.changes.begin(), event.changes.end(),
                  [](const Change& change) { return cmdh::is_part_of_policy(change.resource()); });
  if (!concerns) return;
  const std::lock_guard lock(mutex_);
  stale_ = true;
}

Result<Cmdh::PolicyPtr> Cmdh::policy() {
  {
    const std::lock_guard lock(mutex_);
    if (!stale_) return policy_;
    stale_ = false;  // before it is read: what changes meanwhile makes it stale again
  }
  auto read = cmdh::active_policy(cse_);
  const std::lock_guard lock(mutex_);
  if (!read) {
    stale_ = true;
    return fail(read.error());
  }
  policy_ = *read ? std::make_shared<const Policy>(**std::move(read)) : nullptr;
  return policy_;
}

cmdh::Sender Cmdh::sender_of(const std::string& originator) {
  cmdh::Sender sender{originator, {}, false, originator == cse_.settings().cse_id};
  if (sender.this_cse || originator.starts_with('/')) return sender;
  CommittedView view = cse_.view();
  const auto ae = view.find(ResourceId{originator});
  if (!ae || !*ae || (*ae)->type() != type_number::kAe) return sender;
  sender.local_ae = true;
  sender.app_id = (*ae)->attributes().string_at("api");
  return sender;
}

void Cmdh::forward(Request request, const std::string& originator, Reply reply) {
  auto active = policy();
  if (!active) return reply(error_response(request, active.error()));
  if (!*active) return next_->forward(std::move(request), originator, std::move(reply));
  const Timestamp now = cse_.scheduler().now();
  const cmdh::Sender sender = sender_of(originator);
  cmdh::fill_in(request, sender, **active, now);
  if (auto within = cmdh::check_limits(request, sender, **active, now); !within)
    return reply(error_response(request, within.error()));
  if (request.event_category == cmdh::kImmediate)
    return next_->forward(std::move(request), originator, std::move(reply));
  const std::int64_t category = request.event_category.value_or(cmdh::kBestEffort);
  auto held = std::make_shared<Held>();
  held->policy = *active;
  held->originator = originator;
  held->bytes = request.content ? bytes_of(*request.content) : 0;
  held->bytes += request.to.size() + request.from.size();
  held->buffer = Policy::of_category((*active)->buffers, category);
  held->latest = now + settings_.patience;
  if (request.request_expiration)
    held->latest = parse_timestamp(*request.request_expiration).value_or(held->latest);
  held->request = std::move(request);
  held->reply = std::move(reply);
  const auto chance = cmdh::next_opportunity(**active, category, now);
  if (!chance || chance->when > held->latest) {
    return held->refuse({Rsc::kTargetNotReachable,
                         "ec (eventCategory): the network access rules of this CSE give no "
                         "opportunity to forward the request before it expires"});
  }
  held->rule = chance->rule;
  held->when = chance->when;
  if (chance->when > now && chance->rule)
    held->when = chance->when + spread(held->request, chance->rule->spread_ms);
  wait_or_send(std::move(held));
}

/// Into the buffer, or out at once. What waits for others of its kind goes with them.
void Cmdh::wait_or_send(std::shared_ptr<Held> held) {
  const Timestamp now = cse_.scheduler().now();
  const std::int64_t least = held->rule ? held->rule->least_bytes : 0;
  const bool gathers = least > 0 && held->attempts == 0;
  if (held->when <= now && !gathers) return send(std::move(held));
  std::vector<std::shared_ptr<Held>> purged;
  auto number = queue_->add(held, purged);
  for (const auto& one : purged) {
    one->refuse({Rsc::kTargetNotReachable,
                 "ec (eventCategory): the request gave way to a later or a more important one "
                 "while it waited to be forwarded"});
  }
  if (!number) return held->refuse(number.error());
  const auto wake = [this](Timestamp when, std::uint64_t one) {
    cse_.scheduler().at(when, [this, one] { let_go(one); });
  };
  if (!gathers || held->when > now) wake(held->when, *number);
  wake(held->latest, *number);
  if (!gathers || held->when > now) return;
  if (queue_->bytes_of_rule(held->rule) < static_cast<std::size_t>(least)) return;
  for (const auto& one : queue_->take_all_of_rule(held->rule)) send(one);
}

void Cmdh::let_go(std::uint64_t number) {
  const Timestamp now = cse_.scheduler().now();
  auto held = queue_->find(number);
  if (!held) return;
  if (now >= held->latest) {
    if (queue_->take(number)) held->refuse(too_late());
    return;
  }
  if (now < held->when) return;
  const std::int64_t least = held->rule ? held->rule->least_bytes : 0;
  if (least > 0 && held->attempts == 0) {
    if (queue_->bytes_of_rule(held->rule) < static_cast<std::size_t>(least)) return;
    for (const auto& one : queue_->take_all_of_rule(held->rule)) send(one);
    return;
  }
  if (queue_->take(number)) send(std::move(held));
}

/// Again after the pauses of its rule, as long as it is in time.
void Cmdh::send(std::shared_ptr<Held> held) {
  if (held->when > cse_.scheduler().now()) return wait_or_send(std::move(held));
  next_->forward(held->request, held->originator, [this, held](Response response) {
    const cmdh::AccessRule* rule = held->rule;
    if (!is_link_down(response.rsc) || !rule || !rule->backs_off)
      return held->reply(std::move(response));
    const std::int64_t pause = std::min(rule->first_pause_ms + held->attempts * rule->more_pause_ms,
                                        std::max(rule->longest_pause_ms, rule->first_pause_ms));
    const Timestamp when =
        cse_.scheduler().now() + std::chrono::milliseconds(std::max<std::int64_t>(pause, 1));
    if (when >= held->latest) return held->reply(std::move(response));
    ++held->attempts;
    held->when = when;
    wait_or_send(held);
  });
}

}  // namespace gatehouse
