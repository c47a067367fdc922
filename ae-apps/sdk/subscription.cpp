#include "ae-apps/sdk/subscription.h"

#include <algorithm>
#include <utility>

#include "ae-apps/sdk/subscription_impl.h"

namespace gatehouse::sdk {
namespace {

constexpr std::int64_t kSubscriptionType = 23;

// Source: TS-0004 clause 6.3.5.9 (m2m:eventNotificationCriteria).
Value event_criteria(const Criteria& criteria) {
  Value::Array events;
  std::transform(criteria.events.begin(), criteria.events.end(), std::back_inserter(events),
                 [](EventType type) { return Value(static_cast<int>(type)); });
  Value enc = Value::object({{"net", std::move(events)}});
  if (!criteria.attributes.empty()) {
    enc.set("atr", Value::Array(criteria.attributes.begin(), criteria.attributes.end()));
  }
  if (!criteria.child_types.empty()) {
    enc.set("chty", Value::Array(criteria.child_types.begin(), criteria.child_types.end()));
  }
  return enc;
}

/// Creates the <subscription>, or makes the one that is there what is wanted. Returns its
/// attributes.
Result<Value> ensure_at_cse(Session& session, const std::string& parent, const std::string& name,
                            const Value& wanted) {
  const std::string address = parent + "/" + name;
  const auto read = [&] {
    return session.ask_for_attributes(make_request(Operation::kRetrieve, address));
  };
  Result<Value> present = read();
  if (!present && present.error().rsc == Rsc::kNotFound) {
    Value attributes = wanted;
    attributes.set("rn", name);
    auto created = session.ask_for_attributes(
        make_create(parent, kSubscriptionType, "m2m:sub", std::move(attributes)));
    if (created || created.error().rsc != Rsc::kConflict) return created;
    present = read();  // created meanwhile
  }
  if (!present) return present;
  const Value changes = differences(*present, wanted);
  if (changes.size() == 0) return present;
  const auto updated = session.ask_for_attributes(make_update(address, "m2m:sub", changes));
  if (!updated) return updated;
  return present;
}

SubscriptionKey key_of(const Session& session, const std::string& address) {
  SubscriptionKey key;
  key.cse_id = session.host_of(address);
  key.path = address;
  if (address.starts_with('/')) {
    const std::size_t host = address.find(key.cse_id + "/");
    key.path = address.substr(std::min(host + key.cse_id.size() + 1, address.size()));
  }
  return key;
}

}  // namespace

Result<Subscription> Subscription::Impl::create(const std::shared_ptr<Session>& session,
                                                const std::string& resource, Criteria criteria,
                                                EventCallback callback) {
  if (!session->reachable()) {
    return fail(Rsc::kOperationNotAllowed,
                "this AE has no broker, listener or WebSocket, so it cannot be notified");
  }
  const std::string name = criteria.name.empty() ? session->ae_id() + "-sub" : criteria.name;
  const std::string address = resource + "/" + name;
  auto entry = std::make_shared<Inbox::Entry>();
  entry->key = key_of(*session, address);
  entry->callback = std::move(callback);
  Inbox& inbox = session->inbox();
  if (inbox.knows(entry->key)) {
    return fail(Rsc::kConflict, "this AE has the subscription " + address + " already");
  }
  const bool local = entry->key.cse_id == session->settings().cse_id;
  const std::string target = local ? session->ae_id() : session->sp_relative_id();
  const Value wanted = Value::object({{"nu", Value::array({target})},
                                      {"nct", criteria.content},
                                      {"enc", event_criteria(criteria)}});
  inbox.begin_subscribing();
  const auto ensured = ensure_at_cse(*session, resource, name, wanted);
  if (ensured) entry->key.identifier = last_segment(ensured->string_at("ri"));
  inbox.end_subscribing(ensured ? entry : nullptr);
  if (!ensured) return fail(ensured.error());
  return Subscription(std::make_unique<Impl>(session, entry, address, criteria.keep));
}

Subscription::Impl::~Impl() {
  const auto session = session_.lock();
  if (!session) return;
  session->inbox().forget(entry_);
  // An answer that says no changes nothing here: the CSE drops a subscription whose target fails.
  if (!keep_) (void)session->ask(make_request(Operation::kDelete, address_));
}

Subscription::Subscription() = default;
Subscription::Subscription(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Subscription::Subscription(Subscription&&) noexcept = default;
Subscription& Subscription::operator=(Subscription&&) noexcept = default;
Subscription::~Subscription() = default;

std::string Subscription::address() const { return impl_ ? impl_->address() : std::string(); }
void Subscription::reset() { impl_.reset(); }
void Subscription::keep() {
  if (impl_) impl_->keep();
}

}  // namespace gatehouse::sdk
