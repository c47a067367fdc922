#include "ae-apps/ota/program/member_reader.h"

namespace gatehouse::ota {

MemberReader::MemberReader(const Value& object, std::string prefix)
    : object_(object), prefix_(std::move(prefix)) {
  if (!object.is_object()) {
    error_ = (prefix_.empty() ? std::string("configuration") : prefix_) + ": must be an object";
  }
}

const Value* MemberReader::find(std::string_view name) {
  asked_.emplace(name);
  return good() ? object_.find(name) : nullptr;
}

bool MemberReader::has(std::string_view name) { return find(name) != nullptr; }

void MemberReader::fault(std::string_view name, std::string_view rule) {
  if (good()) error_ = prefix_ + std::string(name) + ": " + std::string(rule);
}

void MemberReader::fault(std::string_view name, const Error& error) { fault(name, error.detail); }

void MemberReader::adopt(const Error& error) {
  if (good()) error_ = error.detail;
}

std::string MemberReader::text(std::string_view name, bool required, std::string fallback) {
  const Value* value = find(name);
  if (value == nullptr) {
    if (required) fault(name, "is missing");
    return fallback;
  }
  const std::string* text = value->as_string();
  if (text == nullptr) {
    fault(name, "must be a string, not a " + std::string(value->kind_name()));
    return fallback;
  }
  if (required && text->empty()) fault(name, "must not be empty");
  return *text;
}

std::int64_t MemberReader::whole(std::string_view name, std::int64_t least, std::int64_t most,
                                 std::int64_t fallback) {
  const Value* value = find(name);
  if (value == nullptr) return fallback;
  const auto number = value->as_integer();
  if (!number || *number < least || *number > most) {
    fault(name,
          "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    return fallback;
  }
  return *number;
}

bool MemberReader::truth(std::string_view name, bool fallback) {
  const Value* value = find(name);
  if (value == nullptr) return fallback;
  if (!value->is_bool()) fault(name, "must be true or false");
  return value->as_bool().value_or(fallback);
}

std::vector<std::string> MemberReader::texts(std::string_view name) {
  const Value* value = find(name);
  if (value == nullptr) return {};
  std::vector<std::string> out;
  if (const Value::Array* items = value->as_array()) {
    for (const Value& item : *items) {
      if (const std::string* text = item.as_string(); text != nullptr && !text->empty()) {
        out.push_back(*text);
        continue;
      }
      fault(name, "must be a list of strings");
    }
  } else {
    fault(name, "must be a list of strings");
  }
  return out;
}

const Value* MemberReader::object(std::string_view name) {
  const Value* value = find(name);
  if (value != nullptr && !value->is_object()) {
    fault(name, "must be an object");
    return nullptr;
  }
  return value;
}

const Value::Array* MemberReader::list(std::string_view name, bool required) {
  const Value* value = find(name);
  const Value::Array* items = value == nullptr ? nullptr : value->as_array();
  if (value != nullptr && items == nullptr) fault(name, "must be a list");
  if (required && (items == nullptr || items->empty())) fault(name, "must hold at least one item");
  return items;
}

Result<void> MemberReader::finish() {
  if (good()) {
    for (const Member& member : *object_.as_object()) {
      if (!asked_.contains(member.name)) fault(member.name, "is no member of the configuration");
    }
  }
  if (!good()) return fail(Rsc::kBadRequest, error_);
  return {};
}

}  // namespace gatehouse::ota
