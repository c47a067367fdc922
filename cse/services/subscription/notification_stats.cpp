#include "cse/services/subscription/notification_stats.h"

#include <algorithm>

namespace gatehouse {
namespace {

/// The entries for exactly the targets of nu, new ones at zero.
Value entries_of(const Value& attributes) {
  const Value* known = attributes.find("nsi");
  Value entries = Value::array();
  for (const std::string& target : attributes.strings_at("nu")) {
    Value entry = Value::object({{"tg", target}, {"rqs", 0}, {"rsr", 0}, {"noec", 0}});
    for (std::size_t i = 0; known && i < known->size(); ++i) {
      const Value& old = known->as_array()->at(i);
      if (old.string_at("tg") == target) entry = old;
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

void add(Value& entry, std::string_view name, std::int64_t count) {
  entry.set(name, entry.integer_at(name) + count);
}

}  // namespace

void apply_stats_update(Value& attributes, const Value& requested) {
  const Value* enable = requested.find("nse");
  if (enable && enable->as_bool() != false) attributes.erase("nsi");
  if (attributes.contains("nsi") && requested.contains("nu")) {
    attributes.set("nsi", entries_of(attributes));
  }
}

bool is_counted(const Value& attributes) {
  return attributes.contains("exc") || attributes.bool_at("nse");
}

ResourcePtr count_event(const ResourcePtr& subscription, OperationContext& context) {
  if (!subscription->attributes().bool_at("nse")) return subscription;
  Value attributes = subscription->attributes();
  Value entries = entries_of(attributes);
  for (Value& entry : *entries.as_array()) add(entry, "noec", 1);
  attributes.set("nsi", std::move(entries));
  return context.resources.update(subscription, std::move(attributes), true);
}

bool enter_receipt(const ResourcePtr& subscription, const Receipt& receipt,
                   OperationContext& context) {
  Value attributes = subscription->attributes();
  if (attributes.bool_at("nse") && attributes.contains("nsi")) {
    Value entries = entries_of(attributes);
    for (Value& entry : *entries.as_array()) {
      for (const Receipt::Target& target : receipt.targets) {
        if (target.target != entry.string_at("tg")) continue;
        add(entry, "rqs", target.requests);
        add(entry, "rsr", target.responses);
      }
    }
    attributes.set("nsi", std::move(entries));
  }
  const Value* counter = attributes.find("exc");
  const std::int64_t left = counter ? counter->as_integer().value_or(1) - 1 : 0;
  const bool ends = counter && receipt.delivered && left <= 0;
  if (ends) return true;
  if (counter && receipt.delivered) attributes.set("exc", left);
  if (!(attributes == subscription->attributes())) {
    context.resources.update(subscription, std::move(attributes), true);
  }
  return false;
}

}  // namespace gatehouse
