#include "cse/core/expiration.h"

namespace gatehouse {
namespace {

/// What one transaction takes out, so that no request waits long behind it.
constexpr std::size_t kMaxChanges = 1'000;

/// `unfinished` is set when there is more to do at once.
Response remove(const std::vector<IndexEntry>& entries, OperationContext& context,
                bool& unfinished) {
  unfinished = false;
  for (const IndexEntry& entry : entries) {
    const std::size_t done = context.resources.job_changes().size();
    if (done >= kMaxChanges) {
      unfinished = true;
      break;
    }
    auto resource = context.resources.find_stored(entry.id);
    if (!resource) return error_response(context.request, resource.error());
    if (*resource && is_moved_aside(**resource)) {
      std::size_t budget = kMaxChanges - done;
      auto gone = sweep(*resource, context, budget);
      if (!gone) return error_response(context.request, gone.error());
      unfinished = unfinished || !*gone;
      continue;
    }
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
  auto unfinished = std::make_shared<bool>(false);
  state->cse.submit(
      [entries = *expired, unfinished](OperationContext& context) {
        return remove(entries, context, *unfinished);
      },
      [state, more, unfinished](Response response) {
        const bool at_once = (more || *unfinished) && is_success(response.rsc);
        look_again(state, at_once ? std::chrono::milliseconds(0)
                                  : state->cse.pace().expiration_interval.load());
      });
}

}  // namespace gatehouse
