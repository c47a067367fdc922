#include "cse/services/discovery/search.h"

#include "cse/codec/json.h"
#include "cse/codec/primitive_codec.h"

namespace gatehouse {
namespace {

/// Short, so that what an index has at hand does not wait for a long way through the tree.
constexpr std::int64_t kFirstTurn = 400;
constexpr std::chrono::microseconds kBookmarkLife = std::chrono::minutes(5);

/// One of the two walks, and what it has found.
struct Contender {
  std::unique_ptr<Walk> walk;
  bool in_index = false;
  std::int64_t skip = 0;
  std::vector<ResourcePtr> found;
  std::string behind_last;  ///< position after the last resource that is taken
  bool more = false, at_end = false;

  bool done() const { return more || at_end; }
  Result<void> go_on(ResourceReader& resources, Work& work, std::int64_t take) {
    auto stopped = walk->go_on(resources, work, [&](const ResourcePtr& resource) {
      if (skip > 0) {
        --skip;
      } else if (static_cast<std::int64_t>(found.size()) < take) {
        found.push_back(resource);
        behind_last = walk->position();
      } else {
        more = true;
      }
      return !more;
    });
    if (!stopped) return fail(stopped.error());
    at_end = *stopped == Walk::Stopped::kAtEnd;
    return {};
  }
};

SearchPart part_of(Contender& winner, const std::string& name, const SearchWindow& window,
                   Timestamp now, Bookmarks& bookmarks) {
  SearchPart part{std::move(winner.found), winner.more};
  const std::int64_t next = window.skip + static_cast<std::int64_t>(part.found.size());
  if (part.more) bookmarks.keep(name, next, {winner.in_index, winner.behind_last, now});
  return part;
}

std::string key_of(const std::string& search, std::int64_t offset) {
  return std::to_string(offset) + ' ' + search;
}

}  // namespace

void Bookmarks::keep(const std::string& search, std::int64_t offset, Mark mark) {
  if (search.size() + mark.position.size() > kMaxBytes) return;
  const std::string key = key_of(search, offset);
  const std::lock_guard lock(mutex_);
  if (!marks_.contains(key)) {
    if (marks_.size() >= kMaxKept) {
      marks_.erase(oldest_first_.front());
      oldest_first_.pop_front();
    }
    oldest_first_.push_back(key);
  }
  marks_[key] = std::move(mark);
}

std::optional<Bookmarks::Mark> Bookmarks::find(const std::string& search, std::int64_t offset,
                                               Timestamp now) {
  const std::lock_guard lock(mutex_);
  const auto mark = marks_.find(key_of(search, offset));
  if (mark == marks_.end() || now - mark->second.made > kBookmarkLife) return std::nullopt;
  Mark found = mark->second;
  if (offset == 0) mark->second.made = Timestamp{0};  // whoever asks a third time begins anew
  return found;
}

std::string name_of_search(const SearchScope& scope) {
  FilterCriteria filter = scope.request.filter.value_or(FilterCriteria{});
  filter.limit = filter.offset = std::nullopt;
  const std::int64_t rcn = scope.request.result_content.value_or(0);
  return scope.originator + ' ' + scope.top->id().text + ' ' +
         (scope.discovery ? "d" : std::to_string(rcn)) + to_json(to_value(filter));
}

Result<SearchPart> search(const SearchScope& scope, const Filter& filter, const TypeGraph& graph,
                          const SearchWindow& window, ResourceReader& resources,
                          Bookmarks& bookmarks) {
  const Judge judge(scope, filter);
  Places places(scope);
  auto orders = orders_of(filter.needs(), resources);
  if (!orders) return fail(orders.error());
  const std::string name = name_of_search(scope);
  const auto mark = bookmarks.find(name, window.skip, scope.now);
  const std::string from = mark ? mark->position : std::string();
  std::vector<Contender> contenders;
  const auto enter = [&](std::unique_ptr<Walk> walk, bool in_index) {
    if (!walk || (mark && mark->in_index != in_index)) return;
    Contender contender;
    contender.walk = std::move(walk);
    contender.in_index = in_index;
    contender.skip = mark ? 0 : window.skip;
    contenders.push_back(std::move(contender));
  };
  enter(std::make_unique<TreeWalk>(scope, judge, places, graph, *orders,
                                   mark && mark->in_index ? std::string() : from),
        false);
  enter(index_walk(scope, judge, places, *orders, mark && !mark->in_index ? std::string() : from),
        true);
  Contender* winner = nullptr;
  std::int64_t left = window.work;
  for (std::int64_t turn = kFirstTurn; !winner && left > 0; turn *= 2) {
    for (Contender& contender : contenders) {
      const std::int64_t allowance = std::min(turn, left);
      Work work{allowance};
      if (auto gone = contender.go_on(resources, work, window.take); !gone)
        return fail(gone.error());
      left -= allowance - std::max<std::int64_t>(work.left, 0);
      if (contender.done()) winner = &contender;
      if (winner || left <= 0) break;
    }
  }
  if (winner) return part_of(*winner, name, window, scope.now, bookmarks);
  // The work is used up. What the one that came furthest has is a part, and it is known where the
  // next begins.
  for (Contender& contender : contenders) {
    if (!winner || contender.found.size() > winner->found.size()) winner = &contender;
  }
  winner->more = true;
  winner->behind_last = winner->walk->position();
  if (winner->found.empty() && winner->skip == 0)
    bookmarks.keep(name, window.skip, {winner->in_index, winner->behind_last, scope.now});
  if (winner->found.empty()) {
    return fail(Rsc::kBadRequest,
                "fc: looking for what matches takes more than one answer may cost and has found "
                "nothing so far; ask again to go on, or narrow the search by type, label, time, "
                "level or target");
  }
  return part_of(*winner, name, window, scope.now, bookmarks);
}

}  // namespace gatehouse
