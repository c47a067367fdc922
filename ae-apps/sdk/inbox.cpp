#include "ae-apps/sdk/inbox.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace gatehouse::sdk {
namespace {

constexpr std::size_t kMaxHeld = 1'000;

std::string_view last_segment(std::string_view address) {
  return address.substr(address.rfind('/') + 1);
}

/// The objects m2m:sgn of a NOTIFY's content, alone or aggregated; empty: it is something else.
std::vector<const Value*> notifications_in(const Request& request) {
  if (!request.content) return {};
  if (const Value* single = request.content->find("m2m:sgn")) return {single};
  const Value* aggregated = request.content->find("m2m:agn");
  const Value* list = aggregated ? aggregated->find("m2m:sgn") : nullptr;
  std::vector<const Value*> found;
  if (list && list->as_array()) {
    for (const Value& each : *list->as_array()) found.push_back(&each);
  }
  return found;
}

/// {"nev":{"net":1,"rep":{"m2m:fwr":{…}}},"sur":"/id-in/sub1"}
Event event_of(const Value& notification) {
  Event event;
  event.subscription = notification.string_at("sur");
  event.subscription_deleted = notification.bool_at("sud");
  const Value* details = notification.find("nev");
  if (!details) return event;
  event.type = static_cast<EventType>(details->integer_at("net", 1));
  const Value* representation = details->find("rep");
  if (representation && representation->as_object() && representation->size() == 1) {
    event.root = representation->as_object()->front().name;
    event.attributes = representation->as_object()->front().value;
  }
  return event;
}

/// Without "//sp.example", which an absolute form begins with.
std::string_view without_sp(std::string_view id) {
  if (id.starts_with("//")) id.remove_prefix(std::min(id.find('/', 2), id.size()));
  return id;
}

/// `sur` names the CSE, our own if it is relative to it.
bool comes_from_host(std::string_view sur, std::string_view from, std::string_view own_cse_id) {
  const std::string_view named = without_sp(sur);
  const bool relative = !named.starts_with('/');
  return without_sp(from) == (relative ? own_cse_id : named.substr(0, named.find('/', 1)));
}

/// An UPDATE waits for our consent. Source: TS-0001 clause 10.2.10.7.
bool is_question(const Value& notification) {
  constexpr std::int64_t kBlockingUpdate = 7;  // m2m:notificationEventType
  const Value* details = notification.find("nev");
  return details != nullptr && details->integer_at("net") == kBlockingUpdate;
}

Reply answered_once(Reply reply) {
  auto used = std::make_shared<std::atomic<bool>>(false);
  return [used, reply = std::move(reply)](Response response) {
    if (!used->exchange(true)) reply(std::move(response));
  };
}

}  // namespace

bool SubscriptionKey::matches(const std::string& sur, const std::string& own_cse_id) const {
  std::string_view rest = sur;
  std::string_view host = own_cse_id;
  if (rest.starts_with("//")) rest.remove_prefix(std::min(rest.find('/', 2), rest.size()));
  if (rest.starts_with('/')) {
    const std::size_t slash = std::min(rest.find('/', 1), rest.size());
    host = rest.substr(0, slash);
    rest.remove_prefix(std::min(slash + 1, rest.size()));
  }
  return host == cse_id && !rest.empty() && (rest == identifier || rest == path);
}

void Inbox::set_identity(std::string ae_id) {
  const std::lock_guard lock(mutex_);
  ae_id_ = std::move(ae_id);
}

void Inbox::set_handler(AsyncHandler handler) {
  auto shared = std::make_shared<const AsyncHandler>(std::move(handler));
  const std::lock_guard lock(mutex_);
  handler_ = std::move(shared);
}

Result<void> Inbox::check_sender(const Request& request) const {
  if (request.operation != Operation::kNotify) {
    return fail(Rsc::kOperationNotAllowed, "an AE takes notifications only");
  }
  if (!request.peer || !request.peer->authenticated) return {};
  const auto& identities = request.peer->identities;
  const bool registrar =
      std::any_of(identities.begin(), identities.end(),
                  [this](const std::string& each) { return each.ends_with(cse_id_); });
  if (registrar) return {};
  return fail(Rsc::kOriginatorNotAuthenticated, "only the registrar CSE may send to this AE");
}

void Inbox::handle(Request&& request, Reply reply) {
  if (const auto allowed = check_sender(request); !allowed) {
    return reply(error_response(request, allowed.error()));
  }
  const std::vector<const Value*> notifications = notifications_in(request);
  const bool asks = notifications.size() == 1 && is_question(*notifications.front());
  if (notifications.empty() || asks) return take_message(std::move(request), std::move(reply));
  Response response;
  response.request_identifier = request.request_identifier;
  response.release_version = request.release_version;
  for (const Value* each : notifications) {
    const auto taken =
        each->bool_at("vrq") ? verify(*each) : take_notification(*each, request.from);
    if (!taken) response = error_response(request, taken.error());
  }
  reply(std::move(response));
}

// Source: TS-0004 clause 7.5.1.2.2 (verification of a subscription).
Result<void> Inbox::verify(const Value& notification) const {
  const std::string creator = notification.string_at("cr");
  const std::lock_guard lock(mutex_);
  if (creator.empty() || last_segment(creator) == ae_id_) return {};
  return fail(Rsc::kSubscriptionCreatorHasNoPrivilege,
              "cr (creator): this AE takes notifications only of its own subscriptions");
}

Inbox::EntryPtr Inbox::find(const std::string& sur) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const EntryPtr& entry) {
    return entry->key.matches(sur, cse_id_);
  });
  return found == entries_.end() ? nullptr : *found;
}

/// Others who may notify us could else tell of events that never were. Source: TS-0004 clause
/// 7.5.1.2.2 (From is the hosting CSE).
Result<void> Inbox::take_notification(const Value& notification, const std::string& from) {
  Event event = event_of(notification);
  // The lock is held over the post, so that events of one subscription keep their order.
  const std::lock_guard lock(mutex_);
  const EntryPtr entry = find(event.subscription);
  const bool held = !entry && subscribing_ > 0 && held_.size() < kMaxHeld;
  if (!entry && event.subscription_deleted) return {};
  if (!entry && !held) {
    return fail(Rsc::kTargetNotReachable,
                "this AE does not listen to this subscription at present");
  }
  if (!comes_from_host(event.subscription, from, cse_id_)) {
    return fail(Rsc::kOriginatorHasNoPrivilege,
                "fr (From): a subscription's events come from the CSE that hosts it");
  }
  if (held) {
    held_.push_back(std::move(event));
  } else if (!deliver(entry, std::move(event))) {
    return fail(Rsc::kTargetNotReachable, "this AE is too busy; try again");
  }
  return {};
}

bool Inbox::deliver(const EntryPtr& entry, Event event) {
  return dispatcher_.post([entry, event = std::move(event)] {
    const std::lock_guard lock(entry->running);
    if (entry->active) entry->callback(event);
  });
}

void Inbox::take_message(Request request, Reply reply) {
  std::shared_ptr<const AsyncHandler> handler;
  {
    const std::lock_guard lock(mutex_);
    handler = handler_;
  }
  if (!handler) {
    return reply(
        error_response(request, {Rsc::kNotImplemented, "this AE takes no messages of others"}));
  }
  auto shared = std::make_shared<const Request>(std::move(request));
  Reply once = answered_once(std::move(reply));
  const bool queued = dispatcher_.post([handler, shared, once] {
    try {
      (*handler)(*shared, once);
    } catch (const std::exception&) {  // a bug of the application: its peer is told
      once(error_response(*shared, {Rsc::kInternalServerError, "the AE failed on this message"}));
    }
  });
  if (!queued) {
    once(error_response(*shared, {Rsc::kTargetNotReachable, "this AE is too busy; try again"}));
  }
}

void Inbox::begin_subscribing() {
  const std::lock_guard lock(mutex_);
  ++subscribing_;
}

void Inbox::end_subscribing(EntryPtr entry) {
  const std::lock_guard lock(mutex_);
  --subscribing_;
  if (entry) entries_.push_back(entry);
  std::deque<Event> still_held;
  for (Event& event : held_) {
    if (entry && entry->key.matches(event.subscription, cse_id_)) {
      (void)deliver(entry, std::move(event));
    } else if (subscribing_ > 0) {
      still_held.push_back(std::move(event));
    }
  }
  held_ = std::move(still_held);
}

void Inbox::forget(const EntryPtr& entry) {
  {
    const std::lock_guard lock(mutex_);
    std::erase(entries_, entry);
  }
  entry->active = false;
  if (dispatcher_.on_thread()) return;
  const std::lock_guard wait_for_callback(entry->running);
}

bool Inbox::knows(const SubscriptionKey& key) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(entries_.begin(), entries_.end(), [&](const EntryPtr& entry) {
    return entry->key.cse_id == key.cse_id && entry->key.path == key.path;
  });
}

}  // namespace gatehouse::sdk
