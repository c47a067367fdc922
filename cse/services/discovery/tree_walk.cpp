#include "cse/services/discovery/tree_walk.h"

#include <charconv>
#include <utility>

namespace gatehouse {

TreeWalk::TreeWalk(const SearchScope& scope, const Judge& judge, Places& places,
                   const TypeGraph& graph, OrderRange orders, std::string position)
    : scope_(scope), judge_(judge), places_(places), graph_(graph), orders_(orders) {
  // "id order id order …" from the top down; identifiers hold no spaces.
  for (std::string_view rest = position; !rest.empty();) {
    const std::size_t space = std::min(rest.find(' '), rest.size());
    const std::string id(rest.substr(0, space));
    rest.remove_prefix(std::min(space + 1, rest.size()));
    const std::size_t end = std::min(rest.find(' '), rest.size());
    std::int64_t order = INT64_MIN;
    std::from_chars(rest.data(), rest.data() + end, order);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    enter(ResourceId{id}, order);
  }
  if (levels_.empty()) enter(scope_.top->id(), INT64_MIN);
}

void TreeWalk::enter(const ResourceId& parent, std::int64_t after) {
  levels_.emplace_back(parent, judge_.filter().needs(), graph_, orders_, after);
}

void TreeWalk::begin_behind(std::int64_t order, std::int64_t count) {
  levels_.clear();
  enter(scope_.top->id(), order);
  direct_children_ = count;
  direct_child_ = order;
}

std::string TreeWalk::position() const {
  std::string text;
  for (const ChildStream& level : levels_) {
    if (!text.empty()) text += ' ';
    text += level.parent().text + ' ' + std::to_string(level.after());
  }
  return text;
}

Result<void> TreeWalk::pass_over(std::int64_t count, ResourceReader& resources, Work& work) {
  for (; count > 0; --count) {
    auto entry = levels_.front().next(resources, work);
    if (!entry) return fail(entry.error());
    if (!*entry) return {};
    ++direct_children_;
    before_direct_child_ = std::exchange(direct_child_, (*entry)->order);
  }
  return {};
}

Result<Walk::Stopped> TreeWalk::go_on(ResourceReader& resources, Work& work,
                                      const Visitor& visitor) {
  while (!levels_.empty()) {
    if (work.used_up()) return Stopped::kByWork;
    const ResourceId parent = levels_.back().parent();
    auto entry = levels_.back().next(resources, work);
    if (!entry) return fail(entry.error());
    if (!*entry) {
      levels_.pop_back();
      continue;
    }
    if (levels_.size() == 1) {
      ++direct_children_;
      before_direct_child_ = std::exchange(direct_child_, (*entry)->order);
    }
    auto place = places_.of(parent, resources, work);
    if (!place) return fail(place.error());
    auto found = judge_.look_at((*entry)->id, (*entry)->type, **place, resources, work);
    if (!found) return fail(found.error());
    // Before it is shown: whoever stops here goes on with what is below it.
    if (auto below = descend(**entry, resources, work); !below) return fail(below.error());
    if (*found && !visitor(*found)) return Stopped::kByVisitor;
  }
  return Stopped::kAtEnd;
}

Result<void> TreeWalk::descend(const ChildEntry& entry, ResourceReader& resources, Work& work) {
  if (static_cast<std::int64_t>(levels_.size()) >= scope_.deepest) return {};
  if (!graph_.reaches(entry.type, judge_.filter().needs().types)) return {};
  if (scope_.discovery && entry.type == type_number::kAe) {
    work.spend(Work::kRead);
    auto ae = resources.find(entry.id);
    if (!ae) return fail(ae.error());
    if (!*ae || is_inactive_ae(**ae)) return {};
  }
  enter(entry.id, INT64_MIN);
  return {};
}

}  // namespace gatehouse
