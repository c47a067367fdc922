#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::sqlite {

/// The labels of a record as one column: each as its length in bytes, a colon and its bytes. Schema
/// migrations write the same in SQL.
inline std::string joined(const std::vector<std::string>& labels) {
  std::string text;
  for (const std::string& label : labels) text += std::to_string(label.size()) + ":" + label;
  return text;
}

/// The reverse. Stops at what joined() cannot have written.
inline std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> labels;
  while (!text.empty()) {
    std::size_t size = 0, at = 0;
    for (; at < text.size() && at < 9 && text[at] >= '0' && text[at] <= '9'; ++at)
      size = size * 10 + static_cast<std::size_t>(text[at] - '0');
    if (at == 0 || at >= text.size() || text[at] != ':' || size > text.size() - at - 1) break;
    labels.emplace_back(text.substr(at + 1, size));
    text.remove_prefix(at + 1 + size);
  }
  return labels;
}

}  // namespace gatehouse::sqlite
