#include "bindings/mqtt/duplicate_window.h"

#include <functional>
#include <utility>

namespace gatehouse::mqtt {

DuplicateWindow::Lookup DuplicateWindow::begin(const std::string& key, Time now) {
  evict(now);
  const auto [entry, is_new] = entries_.try_emplace(key);
  if (is_new) return {};
  if (!entry->second.answer) return {Seen::kInProgress, nullptr};
  return {Seen::kAnswered, entry->second.answer};
}

void DuplicateWindow::finish(const std::string& key, Payload answer, Time now) {
  const auto found = entries_.find(key);
  if (found == entries_.end() || found->second.answer) return;
  bytes_ += answer->size() + key.size();
  found->second.answer = std::move(answer);
  found->second.finished = now;
  found->second.position = finished_.insert(finished_.end(), key);
  evict(now);
}

void DuplicateWindow::forget(const std::string& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  if (found->second.answer) {
    bytes_ -= found->second.answer->size() + key.size();
    finished_.erase(found->second.position);
  }
  entries_.erase(found);
}

void DuplicateWindow::evict(Time now) {
  while (!finished_.empty()) {
    const Entry& oldest = entries_.at(finished_.front());
    const bool over = finished_.size() > limits_.entries || bytes_ > limits_.bytes;
    if (!over && now - oldest.finished <= limits_.age) return;
    forget(std::string(finished_.front()));
  }
}

std::string duplicate_key(const std::string& topic, const std::string& request_identifier,
                          const std::string& payload) {
  return topic + '\n' + request_identifier + '\n' +
         std::to_string(std::hash<std::string>{}(payload));
}

}  // namespace gatehouse::mqtt
