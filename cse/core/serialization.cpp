#include "cse/core/serialization.h"

#include <algorithm>
#include <utility>

namespace gatehouse {
namespace {

constexpr std::string_view kNames[] = {"json", "cbor", "xml"};

bool is_name(std::string_view text) {
  return std::find(std::begin(kNames), std::end(kNames), text) != std::end(kNames);
}

}  // namespace

SerializedTarget split_serialization(const std::string& uri) {
  const std::size_t question = uri.find('?');
  if (question == std::string::npos) return {uri, {}};
  SerializedTarget target{uri.substr(0, question), {}};
  std::string_view query = std::string_view(uri).substr(question + 1);
  char separator = '?';
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view item = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (item.starts_with("ct=") && is_name(item.substr(3)) && target.serialization.empty()) {
      target.serialization = item.substr(3);
      continue;
    }
    (target.url += std::exchange(separator, '&')) += item;
  }
  if (target.serialization.empty()) return {uri, {}};
  return target;
}

std::string serialization_of(const std::string& media_type) {
  const std::size_t at = media_type.find_last_of("/+");
  if (!media_type.starts_with("application/")) return {};
  const std::string name = media_type.substr(at + 1);
  return is_name(name) ? name : std::string();
}

std::string serialization_for(const Resource& entity, const std::vector<std::string>& ours) {
  for (const std::string& theirs : entity.attributes().strings_at("csz")) {
    const std::string name = serialization_of(theirs);
    const bool known = std::any_of(ours.begin(), ours.end(), [&name](const std::string& media) {
      return serialization_of(media) == name;
    });
    if (!name.empty() && known) return name;
  }
  return {};
}

}  // namespace gatehouse
