#include "cse/core/release_view.h"

#include "cse/codec/json.h"

namespace gatehouse {

Release release_of(const Request& request) {
  if (!request.release_version) return kNewestRelease;
  return parse_release(*request.release_version).value_or(kNewestRelease);
}

void show_as_of(Release asked, const Schemas& schemas, Response& response) {
  if (asked == Release::k1) response.release_version.reset();
  if (asked >= Release::k4 || !is_success(response.rsc) || response.content.empty()) return;
  // Most answers hold nothing later, and those that are kept as text stay as they are.
  const std::string* json = response.content.json();
  if (json && !may_hold_later(*json, asked)) return;
  auto content = tree_of(response.content);
  if (!content || !content->is_object()) return;
  leave_out_later(*content, schemas, asked);
  response.content = Content(*std::move(content));
}

}  // namespace gatehouse
