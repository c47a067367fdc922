#include "ae-apps/ota/vehicle/table_reader.h"

#include <algorithm>

namespace gatehouse::vehicle {

void Faults::add(int line, const std::string& text) {
  if (lines_.size() < kMaxLines) lines_.emplace_back(line, text);
}

std::string Faults::text() const {
  auto lines = lines_;
  std::stable_sort(lines.begin(), lines.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string out;
  for (const auto& [line, text] : lines) {
    if (!out.empty()) out += "\n";
    out += name_ + ":" + std::to_string(line) + ": " + text;
  }
  return out;
}

const toml::node* TableReader::find(std::string_view key) {
  asked_.emplace(key);
  return table_.get(key);
}

bool TableReader::has(std::string_view key) { return find(key) != nullptr; }

int TableReader::line_of(std::string_view key) const {
  const toml::node* node = table_.get(key);
  return vehicle::line_of(node == nullptr ? table_ : *node);
}

void TableReader::fault(std::string_view key, const std::string& rule) {
  faults_.add(line_of(key), what_ + ": " + std::string(key) + " " + rule);
}

std::string TableReader::text(std::string_view key, bool required, std::string fallback) {
  const toml::node* node = find(key);
  if (node == nullptr) {
    if (required) fault(key, "is missing");
    return fallback;
  }
  const auto value = node->value_exact<std::string>();
  if (!value || value->empty()) {
    fault(key, "must be a text in quotes");
    return fallback;
  }
  return *value;
}

std::int64_t TableReader::whole(std::string_view key, std::int64_t least, std::int64_t most,
                                std::int64_t fallback) {
  const toml::node* node = find(key);
  if (node == nullptr) return fallback;
  const auto value = node->value_exact<std::int64_t>();
  if (!value || *value < least || *value > most) {
    fault(key,
          "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    return fallback;
  }
  return *value;
}

bool TableReader::truth(std::string_view key, bool fallback) {
  const toml::node* node = find(key);
  if (node == nullptr) return fallback;
  const auto value = node->value_exact<bool>();
  if (!value) fault(key, "must be true or false");
  return value.value_or(fallback);
}

std::vector<std::string> TableReader::texts(std::string_view key) {
  std::vector<std::string> out;
  const toml::node* node = find(key);
  if (node == nullptr) return out;
  const toml::array* items = node->as_array();
  const bool all_texts =
      items != nullptr &&
      std::all_of(items->begin(), items->end(), [](const auto& i) { return i.is_string(); });
  if (!all_texts) {
    fault(key, "must be a list of texts");
    return out;
  }
  for (const toml::node& item : *items) out.push_back(*item.value<std::string>());
  return out;
}

void TableReader::finish() {
  for (const auto& [key, node] : table_) {
    if (!asked_.contains(key.str())) {
      faults_.add(vehicle::line_of(node), what_ + ": there is no key " + std::string(key.str()));
    }
  }
}

}  // namespace gatehouse::vehicle
