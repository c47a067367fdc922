#include "cse/dialect/answers.h"

namespace gatehouse {
namespace {

/// Calls `work` for every resource in the content of an answer: "m2m:cnt": {…}, and children below
/// it, one or a list of them.
template <class Work>
bool each_resource(Value& content, Work work) {
  bool changed = false;
  if (!content.is_object()) return false;
  for (Member& member : *content.as_object()) {
    if (member.name.find(':') == std::string::npos) continue;
    if (Value::Array* list = member.value.as_array()) {
      for (Value& item : *list) {
        if (!item.is_object()) continue;
        changed = work(member.name, item) || changed;
        changed = each_resource(item, work) || changed;
      }
    } else if (member.value.is_object()) {
      changed = work(member.name, member.value) || changed;
      changed = each_resource(member.value, work) || changed;
    }
  }
  return changed;
}

bool put_before(Value& address, const std::string& cse_id) {
  const std::string* text = address.as_string();
  if (!text || text->empty() || text->starts_with('/')) return false;
  address = Value(cse_id + "/" + *text);
  return true;
}

bool put_before_all(Value* list, const std::string& cse_id) {
  bool changed = false;
  if (!list || !list->as_array()) return false;
  for (Value& item : *list->as_array()) {
    Value* address = item.is_object() ? item.find("val") : &item;
    changed = (address && put_before(*address, cse_id)) || changed;
  }
  return changed;
}

/// The number of the one operation that a set of them holds; 0: it holds more.
std::int64_t operation_of(std::int64_t set) {
  for (int operation = 1; operation <= 5; ++operation) {
    if (set == 1 << (operation - 1)) return operation;
  }
  return 0;
}

void rename(Value& object, std::string_view from, std::string_view to) {
  const Value* found = object.find(from);
  if (!found) return;
  Value moved = *found;
  object.erase(from);
  object.set(to, std::move(moved));
}

}  // namespace

namespace answer {

bool in_sp_relative_form(Value& content, const std::string& cse_id) {
  bool changed = each_resource(content, [&cse_id](const std::string&, Value& resource) {
    bool here = false;
    for (const std::string_view name : {"ri", "pi", "uri"}) {
      Value* address = resource.find(name);
      here = (address && put_before(*address, cse_id)) || here;
    }
    for (const std::string_view list : {"ch", "rrf"}) {  // references to children
      here = put_before_all(resource.find(list), cse_id) || here;
    }
    return here;
  });
  if (Value* address = content.find("m2m:uri")) changed = put_before(*address, cse_id) || changed;
  return put_before_all(content.find("m2m:uril"), cse_id) || changed;
}

bool with_acme_monitors(Value& content) {
  return each_resource(content, [](const std::string& root, Value& resource) {
    Value* criteria = root == "m2m:sub" ? resource.find("enc") : nullptr;
    Value* monitors = criteria ? criteria->find("om") : nullptr;
    if (!monitors || !monitors->as_array()) return false;
    for (Value& monitor : *monitors->as_array()) {
      rename(monitor, "or", "org");
      if (const auto operation = operation_of(monitor.integer_at("ops")))
        monitor.set("ops", operation);
    }
    return true;
  });
}

bool with_acme_event(Value& notification) {
  Value* event = notification.find("nev");
  Value* monitor = event ? event->find("om") : nullptr;
  if (!monitor || !monitor->is_object()) return false;
  rename(*monitor, "op", "ops");
  rename(*monitor, "or", "org");
  return true;
}

}  // namespace answer
}  // namespace gatehouse
