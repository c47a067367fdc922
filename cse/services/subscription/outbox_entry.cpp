#include "cse/services/subscription/outbox_entry.h"

#include "cse/codec/json.h"

namespace gatehouse {
namespace {

std::chrono::microseconds duration_at(const Value& value, std::string_view name) {
  return std::chrono::microseconds(value.integer_at(name));
}

}  // namespace

Value to_value(const OutboxNotification& entry) {
  Value targets = Value::array();
  for (const std::string& target : entry.targets) targets.push_back(target);
  Value value = Value::object(
      {{"nu", std::move(targets)}, {"pc", entry.content}, {"at", entry.at.microseconds}});
  if (entry.event_category) value.set("ec", *entry.event_category);
  if (entry.latest_only) value.set("ln", true);
  if (entry.counted) value.set("cnt", true);
  if (entry.pending) value.set("pn", true);
  if (entry.last) value.set("last", true);
  if (entry.batch) {
    value.set("bn", Value::object({{"num", entry.batch->number},
                                   {"us", std::int64_t{entry.batch->duration.count()}}}));
  }
  if (entry.rate) {
    value.set("rl", Value::object({{"num", entry.rate->number},
                                   {"us", std::int64_t{entry.rate->window.count()}}}));
  }
  return value;
}

Result<OutboxNotification> outbox_notification_from(const std::string& body) {
  auto value = parse_json(body);
  if (!value) return fail(Rsc::kInternalServerError, "outbox: " + value.error().detail);
  OutboxNotification entry;
  entry.targets = value->strings_at("nu");
  const Value* content = value->find("pc");
  if (!content || !content->is_object()) {
    return fail(Rsc::kInternalServerError, "outbox: an entry has no content");
  }
  entry.content = *content;
  entry.at = Timestamp{value->integer_at("at")};
  if (value->contains("ec")) entry.event_category = value->integer_at("ec");
  entry.latest_only = value->bool_at("ln");
  entry.counted = value->bool_at("cnt");
  entry.pending = value->bool_at("pn");
  entry.last = value->bool_at("last");
  if (const Value* batch = value->find("bn")) {
    entry.batch = {batch->integer_at("num"), duration_at(*batch, "us")};
  }
  if (const Value* rate = value->find("rl")) {
    entry.rate = {rate->integer_at("num"), duration_at(*rate, "us")};
  }
  return entry;
}

}  // namespace gatehouse
