#include "cse/services/subscription/notification.h"

#include <algorithm>

#include "cse/core/address.h"
#include "cse/services/subscription/notification_stats.h"

namespace gatehouse {
namespace {

constexpr std::int64_t kLatestEventCategory = 4;  // m2m:stdEventCats: latest

Value representation(const Event& event, std::int64_t content_type, const CseSettings& cse) {
  const Resource& subject = event.subject();
  const std::string root(subject.schema().root);
  if (content_type == 3) {
    return Value::object({{"m2m:uri", to_sp_relative(subject.id().text, cse)}});
  }
  if (event.payload) {
    const bool trigger = event.type == event_type::kTrigger;
    return Value::object({{trigger ? "m2m:tgp" : "m2m:tsn", *event.payload}});
  }
  const bool about_attributes =
      event.type == event_type::kUpdate || event.type == event_type::kBlockingUpdate;
  if (content_type == 2 && about_attributes && !event.attempt_only) {
    return Value::object({{root, modified_attributes(event)}});
  }
  return Value::object({{root, subject.attributes()}});
}

std::optional<std::chrono::microseconds> duration_of(const Value& value, std::string_view name) {
  const Value* text = value.find(name);
  return text && text->as_string() ? parse_duration(*text->as_string()) : std::nullopt;
}

/// Notification policies of the subscription, in the order of TS-0001 clause 9.6.8: ln and nec
/// choose the event category, bn and rl the time.
void apply_policies(const Value& subscription, OutboxNotification& entry,
                    const SubscriptionSettings& settings) {
  if (const Value* category = subscription.find("nec")) {
    entry.event_category = category->as_integer();
  }
  if (subscription.bool_at("ln")) {
    entry.latest_only = true;
    entry.event_category = kLatestEventCategory;
  }
  if (const Value* batch = subscription.find("bn")) {
    entry.batch = {batch->integer_at("num"),
                   duration_of(*batch, "dur").value_or(settings.default_batch_duration)};
  }
  if (const Value* rate = subscription.find("rl")) {
    const auto window = duration_of(*rate, "tww");
    if (window && window->count() > 0 && rate->integer_at("mnn") > 0) {
      entry.rate = {rate->integer_at("mnn"), *window};
    }
  }
}

std::vector<std::string> distinct(std::vector<std::string> targets) {
  std::vector<std::string> once;
  for (std::string& target : targets) {
    if (std::find(once.begin(), once.end(), target) == once.end())
      once.push_back(std::move(target));
  }
  return once;
}

}  // namespace

std::string subscription_reference(const Resource& subscription, const CseSettings& cse,
                                   const SubscriptionSettings& settings) {
  return cse.cse_id + "/" +
         (settings.structured_reference ? subscription.path() : subscription.id().text);
}

OutboxNotification event_notification(const Resource& subscription, const Event& event,
                                      Timestamp now, const CseSettings& cse,
                                      const SubscriptionSettings& settings) {
  const Value& attributes = subscription.attributes();
  const Value* criteria = attributes.find("enc");
  Value body =
      Value::object({{"rep", representation(event, attributes.integer_at("nct", 1), cse)}});
  if (criteria && criteria->contains("om")) {
    body.set("om", Value::object({{"op", static_cast<std::int64_t>(event.operation)},
                                  {"or", event.originator}}));
  }
  body.set("net", event.type);
  Value notification = Value::object({{"nev", std::move(body)}});
  notification.set("sur", subscription_reference(subscription, cse, settings));
  if (const Value* creator = attributes.find("cr")) {
    notification.set("cr", *creator);
  } else if (attributes.bool_at("eeno")) {  // R4: enableEventNotificationOriginator
    notification.set("cr", event.originator);
  }
  if (const Value* forward = attributes.find("nfu")) notification.set("nfu", *forward);

  OutboxNotification entry;
  entry.targets = distinct(attributes.strings_at("nu"));
  entry.content = Value::object({{"m2m:sgn", std::move(notification)}});
  entry.at = now;
  entry.counted = is_counted(attributes);
  apply_policies(attributes, entry, settings);
  return entry;
}

std::optional<OutboxNotification> deletion_notification(const Resource& subscription, Timestamp now,
                                                        const CseSettings& cse,
                                                        const SubscriptionSettings& settings) {
  const std::string subscriber = subscription.attributes().string_at("su");
  if (subscriber.empty()) return std::nullopt;
  Value notification =
      Value::object({{"sud", true}, {"sur", subscription_reference(subscription, cse, settings)}});
  if (const Value* creator = subscription.attributes().find("cr")) notification.set("cr", *creator);
  OutboxNotification entry;
  entry.targets = {subscriber};
  entry.content = Value::object({{"m2m:sgn", std::move(notification)}});
  entry.at = now;
  entry.last = true;
  return entry;
}

OutboxNotification closing_entry(Timestamp now) {
  OutboxNotification entry;
  entry.content = Value::object();
  entry.at = now;
  entry.last = true;
  return entry;
}

Value verification_content(const std::string& reference, const std::string& creator) {
  return Value::object(
      {{"m2m:sgn", Value::object({{"vrq", true}, {"sur", reference}, {"cr", creator}})}});
}

}  // namespace gatehouse
