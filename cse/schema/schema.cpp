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

bool TypeSchema::allows_parent(int parent_type) const {
  using namespace type_number;
  const auto listed = [this](int number) {
    return std::find(parents.begin(), parents.end(), number) != parents.end();
  };
  const bool below_announced = parent_type > kAnnounced && listed(parent_type - kAnnounced);
  if (type < kAnnounced) return listed(parent_type) || (announceable && below_announced);
  const bool parent_not_announced =
      parent_type == kAnnounced + kCseBase || parent_type == kRemoteCse;
  return below_announced || (parent_not_announced && !parents.empty());
}

std::string announced_root(const TypeSchema& original) {
  const bool of_standard =
      original.type != type_number::kFlexContainer || original.root.starts_with("m2m:");
  return std::string(original.root) + (of_standard ? "A" : "Annc");
}

bool may_be_child(const TypeSchema& parent, const TypeSchema& child) {
  return parent.allows_child(child.type) || child.allows_parent(parent.type);
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

const TypeSchema* Schemas::find_for(int type, std::string_view root) const {
  const TypeSchema* known = find(type);
  if (known && known->abstract) {
    return specialisations_ ? specialisations_->find(type, root) : nullptr;
  }
  const TypeSchema* schema = find_by_root(root);
  return schema && !schema->abstract ? schema : nullptr;
}

const TypeSchema* Schemas::find_stored(int type, std::string_view body) const {
  const TypeSchema* known = find(type);
  if (!known || !known->abstract || !specialisations_) return known;
  // `{"cod:tempe":{…}}`: written by this program, so without spaces and escapes.
  const std::size_t end = body.find('"', 2);
  if (!body.starts_with("{\"") || end == body.npos) return known;
  return &specialisations_->find_stored(type, body.substr(2, end - 2));
}

bool Schemas::knows_attribute(std::string_view short_name) const {
  const auto is_it = [short_name](const AttributeRule& rule) {
    return rule.short_name == short_name;
  };
  const auto universal = universal_rules();
  if (std::any_of(universal.begin(), universal.end(), is_it)) return true;
  if (std::any_of(all_.begin(), all_.end(), [&](const TypeSchema* schema) {
        return std::any_of(schema->rules.begin(), schema->rules.end(), is_it);
      }))
    return true;
  return specialisations_ && specialisations_->has_attribute(short_name);
}

std::string_view Schemas::keep(std::string text) {
  const auto kept = std::make_shared<const std::string>(std::move(text));
  kept_.push_back(kept);
  return *kept;
}

}  // namespace gatehouse
