#include "bindings/http/entity_tag.h"

#include <algorithm>
#include <cstdio>
#include <functional>

#include "bindings/http/media_type.h"

namespace gatehouse::http {
std::string entity_tag_of(std::string_view body) {
  char text[48];
  const int size = std::snprintf(text, sizeof text, "\"%zx-%zx\"", body.size(),
                                 std::hash<std::string_view>{}(body));
  return {text, static_cast<std::size_t>(size)};
}

bool names_tag(std::string_view list, std::string_view tag, bool weak) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    std::string_view one = trimmed(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
    if (weak && one.starts_with("W/")) one.remove_prefix(2);
    if (one == "*" || one == tag) return true;
  }
  return false;
}

}  // namespace gatehouse::http
