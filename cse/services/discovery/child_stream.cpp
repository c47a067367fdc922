#include "cse/services/discovery/child_stream.h"

#include <algorithm>

namespace gatehouse {
namespace {

constexpr std::size_t kFirstPage = 16, kNextPage = 256;

}  // namespace

Result<void> ChildStream::open(ResourceReader& resources, Work& work) {
  open_ = true;
  auto store = resources.indexes();
  if (!store) return fail(store.error());
  const auto types = (*store)->child_types(parent_);
  if (!types) return fail(types.error());
  work.spend(1 + static_cast<std::int64_t>(types->size()));
  const bool by_label =
      !needs_.labels.empty() &&
      std::none_of(needs_.labels.begin(), needs_.labels.end(),
                   [](const std::string& l) { return l.empty() || l.find('*') != l.npos; });
  bool plain_wanted = false;
  const auto add = [&](Source source, bool bounded) {
    source.page.after = bounded ? std::max(after_, orders_.after) : after_;
    source.page.limit = kFirstPage;
    if (bounded) source.last = orders_.last;
    sources_.push_back(std::move(source));
  };
  for (const int type : *types) {
    if (graph_.reaches(type, needs_.types)) {
      add({{}, type, {}, INT64_MAX, {}, false}, false);
    } else if (needs_.allows(type)) {
      plain_wanted = true;
      if (!by_label) add({{}, type, {}, INT64_MAX, {}, false}, true);
    }
  }
  if (!by_label || !plain_wanted) return {};
  for (const std::string& label : needs_.labels) add({label, 0, {}, INT64_MAX, {}, false}, true);
  return {};
}

Result<void> ChildStream::fill(Source& source, ResourceReader& resources, Work& work) {
  if (!source.read.empty() || source.at_end) return {};
  auto store = resources.indexes();
  if (!store) return fail(store.error());
  auto entries = source.label.empty()
                     ? (*store)->children_of_type(parent_, source.type, source.page)
                     : (*store)->labelled_children(source.label, parent_, source.page);
  if (!entries) return fail(entries.error());
  work.spend(1);
  source.at_end = entries->size() < source.page.limit;
  source.page.limit = kNextPage;
  if (!entries->empty()) source.page.after = entries->back().order;
  for (ChildEntry& entry : *entries) {
    if (entry.order > source.last) {
      source.at_end = true;
      break;
    }
    source.read.push_back(std::move(entry));
  }
  return {};
}

Result<std::optional<ChildEntry>> ChildStream::next(ResourceReader& resources, Work& work) {
  if (!open_) {
    if (auto opened = open(resources, work); !opened) return fail(opened.error());
  }
  Source* first = nullptr;
  for (Source& source : sources_) {
    // What another source has given already: a resource with two labels.
    while (!source.read.empty() && source.read.front().order <= after_) source.read.pop_front();
    if (auto filled = fill(source, resources, work); !filled) return fail(filled.error());
    if (source.read.empty()) continue;
    if (!first || source.read.front().order < first->read.front().order) first = &source;
  }
  if (!first) return std::optional<ChildEntry>{};
  ChildEntry entry = std::move(first->read.front());
  first->read.pop_front();
  after_ = entry.order;
  return std::optional(std::move(entry));
}

}  // namespace gatehouse
