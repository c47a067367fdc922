#include "cse/schema/schema.h"

#include <algorithm>
#include <stdexcept>

namespace gatehouse {
namespace {

std::int64_t key_of(int type, std::int64_t management_definition) {
  return (std::int64_t{type} << 32) | management_definition;
}

}  // namespace

const AttributeRule* TypeSchema::find(std::string_view short_name) const {
  const auto rule = std::find_if(rules.begin(), rules.end(), [short_name](const AttributeRule& r) {
    return r.short_name == short_name;
  });
  return rule == rules.end() ? nullptr : &*rule;
}

bool TypeSchema::allows_child(int child_type) const {
  return std::find(children.begin(), children.end(), child_type) != children.end();
}

void Schemas::add(const TypeSchema& schema) {
  const std::int64_t key = key_of(schema.type, schema.management_definition);
  if (by_number_.contains(key) || by_root_.contains(schema.root)) {
    throw std::logic_error("resource type added twice: " + std::string(schema.root));
  }
  by_number_.emplace(key, &schema);
  by_root_.emplace(schema.root, &schema);
  all_.push_back(&schema);
}

const TypeSchema* Schemas::find(int type, std::int64_t management_definition) const {
  if (management_definition < 0 || management_definition > INT32_MAX) return nullptr;
  const auto found = by_number_.find(key_of(type, management_definition));
  return found == by_number_.end() ? nullptr : found->second;
}

const TypeSchema* Schemas::find_by_root(std::string_view root) const {
  const auto found = by_root_.find(root);
  return found == by_root_.end() ? nullptr : found->second;
}

std::string_view Schemas::keep(std::string text) {
  const auto kept = std::make_shared<const std::string>(std::move(text));
  kept_.push_back(kept);
  return *kept;
}

}  // namespace gatehouse
