#include "cse/core/expiration.h"

namespace gatehouse {
namespace {

Response remove(const std::vector<IndexEntry>& entries, OperationContext& context) {
  for (const IndexEntry& entry : entries) {
    auto resource = context.resources.find_stored(entry.id);
    if (!resource) return error_response(context.request, resource.error());
    // It may have gone with its parent, or have been given more time meanwhile.
    if (auto removed = remove_expired(*resource, context); !removed)
      return error_response(context.request, removed.error());
  }
  return {};
}

}  // namespace

void Expiration::look_again(std::shared_ptr<State> state, std::chrono::milliseconds delay) {
  state->cse.scheduler().after(delay, [state] {
    if (!state->stopped) look(state);
  });
}

void Expiration::look(const std::shared_ptr<State>& state) {
  auto snapshot = state->cse.store().read();
  auto expired =
      snapshot ? (*snapshot)->by_expiration({}, state->cse.scheduler().now(), state->settings.batch)
               : Result<std::vector<IndexEntry>>(fail(snapshot.error()));
  if (!expired || expired->empty())
    return look_again(state, state->cse.pace().expiration_interval.load());
  const bool more = expired->size() >= state->settings.batch;
  state->cse.submit(
      [entries = *expired](OperationContext& context) { return remove(entries, context); },
      [state, more](Response response) {
        const bool at_once = more && is_success(response.rsc);
        look_again(state, at_once ? std::chrono::milliseconds(0)
                                  : state->cse.pace().expiration_interval.load());
      });
}

}  // namespace gatehouse
