#pragma once
#include <list>
#include <mutex>
#include <unordered_map>

#include "cse/services/discovery/index_walk.h"
#include "cse/services/discovery/tree_walk.h"

namespace gatehouse {

/// Where searches that gave a part of their answer go on: so that the next part costs what it
/// holds, not what is before it. Few, and not for long: whoever comes too late pays for the way
/// again. Threading: any.
class Bookmarks {
 public:
  struct Mark {
    bool in_index = false;
    std::string position;
    Timestamp made{0};
  };
  /// `search`: originator, target and filter; `offset`: of the part that begins there.
  void keep(const std::string& search, std::int64_t offset, Mark mark);
  std::optional<Mark> find(const std::string& search, std::int64_t offset, Timestamp now);

 private:
  static constexpr std::size_t kMaxKept = 512, kMaxBytes = 4096;
  std::mutex mutex_;
  std::unordered_map<std::string, Mark> marks_;
  std::list<std::string> oldest_first_;
};

/// One part of the answer to a discovery.
struct SearchPart {
  std::vector<ResourcePtr> found;
  bool more = false;  ///< or the work was used up before it was known whether there is more
};

/// Which matches are wanted: those behind `skip`, at most `take`; and what it may cost.
struct SearchWindow {
  std::int64_t skip = 0;
  std::int64_t take = 0;
  std::int64_t work = 0;
};

/// Finds descendants that match. The tree and the best index are walked in turns, each twice as far
/// as before, and the first that has the answer gives it: a small subtree is never searched through
/// a big index, nor a rare label in a big tree. The order is that of the walk that won, the same
/// for the same question on the same state.
Result<SearchPart> search(const SearchScope& scope, const Filter& filter, const TypeGraph& graph,
                          const SearchWindow& window, ResourceReader& resources,
                          Bookmarks& bookmarks);

/// Names a search among bookmarks.
std::string name_of_search(const SearchScope& scope);

}  // namespace gatehouse
