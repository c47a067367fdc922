#include "cse/services/discovery/index_walk.h"

#include <algorithm>
#include <charconv>

#include "cse/core/access_control.h"
#include "cse/core/id_generator.h"

namespace gatehouse {

Result<OrderRange> orders_of(const FilterNeeds& needs, ResourceReader& resources) {
  OrderRange range;
  // A transaction takes its time first and its orders later; a minute is more than it lasts.
  constexpr std::chrono::microseconds kSlack = std::chrono::minutes(1);
  if (needs.created_after)
    range.after = IdGenerator::first_order_at(*needs.created_after - kSlack) - 1;
  if (needs.created_before) {
    auto store = resources.indexes();
    if (!store) return fail(store.error());
    auto step = (*store)->setting(kClockStepSetting);
    if (!step) return fail(step.error());
    std::int64_t microseconds = 0;
    if (*step) {
      const std::string& text = **step;
      std::from_chars(text.data(), text.data() + text.size(), microseconds);
    }
    range.last = IdGenerator::first_order_at(*needs.created_before + kSlack +
                                             std::chrono::microseconds(microseconds));
  }
  return range;
}

namespace {

constexpr std::size_t kPage = 128;

/// What is common to all: pages of candidates, each shown to the judge.
class IndexWalk : public Walk {
 public:
  IndexWalk(const SearchScope& scope, const Judge& judge, Places& places, OrderRange orders)
      : scope_(scope), judge_(judge), places_(places), orders_(orders) {}

  Result<Stopped> go_on(ResourceReader& resources, Work& work, const Visitor& visitor) final {
    for (;;) {
      if (work.used_up()) return Stopped::kByWork;
      if (next_ >= page_.size()) {
        if (at_end_) return Stopped::kAtEnd;
        auto store = resources.indexes();
        if (!store) return fail(store.error());
        page_.clear();
        next_ = 0;
        work.spend(1);
        if (auto read = read_page(**store, resources, work); !read) return fail(read.error());
        continue;
      }
      const IndexEntry& entry = page_[next_++];
      passed(entry);
      auto place = places_.of(entry.parent, resources, work);
      if (!place) return fail(place.error());
      auto found = judge_.look_at(entry.id, entry.type, **place, resources, work);
      if (!found) return fail(found.error());
      if (*found && !repeated(**found) && !visitor(*found)) return Stopped::kByVisitor;
    }
  }

 protected:
  /// Appends to page_, or sets at_end_, or moves on so that the next call does.
  virtual Result<void> read_page(Snapshot& store, ResourceReader& resources, Work& work) = 0;
  /// The position is behind this entry from now on.
  virtual void passed(const IndexEntry& entry) = 0;
  /// Has another part of the walk shown it, or will it?
  virtual bool repeated(const Resource& /*resource*/) const { return false; }

  const FilterNeeds& needs() const { return judge_.filter().needs(); }

  const SearchScope& scope_;
  const Judge& judge_;
  Places& places_;
  const OrderRange orders_;
  std::vector<IndexEntry> page_;
  std::size_t next_ = 0;
  bool at_end_ = false;
};

/// All resources created in a span of time, or since the top was: nothing below it is older.
class CreationWalk final : public IndexWalk {
 public:
  CreationWalk(const SearchScope& scope, const Judge& judge, Places& places, OrderRange orders,
               const std::string& position)
      : IndexWalk(scope, judge, places, orders),
        after_(position.empty() ? std::max(orders.after, scope.top->order())
                                : std::strtoll(position.c_str(), nullptr, 10)) {}
  std::string position() const override { return std::to_string(after_); }

 private:
  Result<void> read_page(Snapshot& store, ResourceReader&, Work&) override {
    auto entries = store.all(after_, kPage);
    if (!entries) return fail(entries.error());
    at_end_ = entries->size() < kPage;
    for (IndexEntry& entry : *entries) {
      if (entry.order > orders_.last) {
        at_end_ = true;
        break;
      }
      page_.push_back(std::move(entry));
    }
    return {};
  }
  void passed(const IndexEntry& entry) override { after_ = entry.order; }

  std::int64_t after_;
};

/// One type after the other, each by order.
class TypeWalk final : public IndexWalk {
 public:
  TypeWalk(const SearchScope& scope, const Judge& judge, Places& places, OrderRange orders,
           const std::string& position)
      : IndexWalk(scope, judge, places, orders), after_(std::max(orders.after, INT64_MIN)) {
    char* rest = nullptr;
    if (position.empty()) return;
    type_ = static_cast<int>(std::strtoll(position.c_str(), &rest, 10));
    after_ = std::strtoll(rest, nullptr, 10);
  }
  std::string position() const override {
    return std::to_string(type_) + ' ' + std::to_string(after_);
  }

 private:
  Result<void> read_page(Snapshot& store, ResourceReader& resources, Work& work) override {
    const auto type = needs().types.lower_bound(type_);
    if (type == needs().types.end()) {
      at_end_ = true;
      return {};
    }
    if (*type != type_) {
      type_ = *type;
      after_ = orders_.after;
    }
    constexpr std::size_t kSmallPage = 24;  // each entry costs a look-up here
    auto entries = store.all_of_type(type_, Page{after_, kSmallPage, false});
    if (!entries) return fail(entries.error());
    for (const ChildEntry& entry : *entries) {
      if (entry.order > orders_.last) break;
      work.spend(Work::kRead);
      auto resource = resources.find(entry.id);
      if (!resource) return fail(resource.error());
      page_.push_back(
          {entry.id, *resource ? (*resource)->parent() : ResourceId{}, type_, entry.order, {0}});
    }
    if (page_.empty()) {
      ++type_;
      after_ = orders_.after;
    }
    return {};
  }
  void passed(const IndexEntry& entry) override { after_ = entry.order; }

  int type_ = INT32_MIN;
  std::int64_t after_;
};

/// By expirationTime, earliest first.
class ExpirationWalk final : public IndexWalk {
 public:
  ExpirationWalk(const SearchScope& scope, const Judge& judge, Places& places, OrderRange orders,
                 const std::string& position)
      : IndexWalk(scope, judge, places, orders) {
    // What has expired is not shown.
    after_ = {scope.now, INT64_MAX};
    if (position.empty()) return;
    char* rest = nullptr;
    after_.time = {std::strtoll(position.c_str(), &rest, 10)};
    after_.order = std::strtoll(rest, nullptr, 10);
  }
  std::string position() const override {
    return std::to_string(after_.time.microseconds) + ' ' + std::to_string(after_.order);
  }

 private:
  Result<void> read_page(Snapshot& store, ResourceReader&, Work&) override {
    auto entries = store.by_expiration(after_, *needs().expires_before, kPage);
    if (!entries) return fail(entries.error());
    at_end_ = entries->size() < kPage;
    page_ = *std::move(entries);
    return {};
  }
  void passed(const IndexEntry& entry) override { after_ = {entry.time, entry.order}; }

  TimePosition after_;
};

/// What was changed since a time, and then what was created since.
class ModificationWalk final : public IndexWalk {
 public:
  ModificationWalk(const SearchScope& scope, const Judge& judge, Places& places, OrderRange orders,
                   const std::string& position)
      : IndexWalk(scope, judge, places, orders) {
    constexpr std::chrono::microseconds kStep = std::chrono::minutes(2);  // see Record::modified
    first_created_ = IdGenerator::first_order_at(*needs().modified_since - kStep);
    after_ = {*needs().modified_since - kStep, INT64_MIN};
    if (position.empty()) return;
    char* rest = nullptr;
    created_ = std::strtoll(position.c_str(), &rest, 10) != 0;
    after_.time = {std::strtoll(rest, &rest, 10)};
    after_.order = std::strtoll(rest, nullptr, 10);
  }
  std::string position() const override {
    return std::string(created_ ? "1 " : "0 ") + std::to_string(after_.time.microseconds) + ' ' +
           std::to_string(after_.order);
  }

 private:
  Result<void> read_page(Snapshot& store, ResourceReader&, Work&) override {
    auto entries = created_ ? store.all(after_.order, kPage) : store.by_modification(after_, kPage);
    if (!entries) return fail(entries.error());
    page_ = *std::move(entries);
    if (page_.size() == kPage) return {};
    if (created_) at_end_ = true;
    turn_ = !created_;
    if (page_.empty()) turn();
    return {};
  }
  void passed(const IndexEntry& entry) override {
    after_ = {entry.time, entry.order};
    if (next_ >= page_.size()) turn();
  }
  void turn() {
    if (!turn_) return;
    turn_ = false;
    created_ = true;
    after_ = {{0}, first_created_ - 1};
  }
  /// What is new and was changed is among the new ones.
  bool repeated(const Resource& resource) const override {
    return showing_changed() && resource.order() >= first_created_;
  }
  bool showing_changed() const { return !page_.empty() && page_.front().time.microseconds != 0; }

  bool created_ = false, turn_ = false;
  std::int64_t first_created_ = 0;
  TimePosition after_;
};

/// Label by label, each by parent and order.
class LabelWalk final : public IndexWalk {
 public:
  LabelWalk(const SearchScope& scope, const Judge& judge, Places& places, OrderRange orders,
            const std::string& position)
      : IndexWalk(scope, judge, places, orders) {
    if (position.empty()) return;
    // "order parent label": a label may hold anything.
    const std::size_t first = position.find(' '), second = position.find(' ', first + 1);
    after_ = std::strtoll(position.c_str(), nullptr, 10);
    parent_ = {position.substr(first + 1, second - first - 1)};
    label_ = position.substr(second + 1);
  }
  std::string position() const override {
    return std::to_string(after_) + ' ' + parent_.text + ' ' + label_.value_or("");
  }

 private:
  Result<void> read_page(Snapshot& store, ResourceReader& resources, Work& work) override {
    if (!label_) return next_label(store, "");
    if (parent_.empty()) return next_parent(store);
    auto place = places_.of(parent_, resources, work);
    if (!place) return fail(place.error());
    if ((*place)->level < 0) return next_parent(store);
    auto entries = store.labelled_children(*label_, parent_, Page{after_, kPage, false});
    if (!entries) return fail(entries.error());
    for (ChildEntry& entry : *entries) {
      if (entry.order > orders_.last) break;
      page_.push_back({std::move(entry.id), parent_, entry.type, entry.order, {0}});
    }
    return page_.empty() ? next_parent(store) : Result<void>();
  }
  void passed(const IndexEntry& entry) override { after_ = entry.order; }

  /// The next label at or above `from` that one of the patterns matches.
  Result<void> next_label(Snapshot& store, std::string from) {
    std::optional<std::string> least;
    for (const std::string& pattern : needs().labels) {
      auto label = next_match(store, pattern, from);
      if (!label) return fail(label.error());
      if (*label && (!least || **label < *least)) least = *std::move(label);
    }
    at_end_ = !least;
    label_ = std::move(least);
    parent_ = {};
    after_ = orders_.after;
    return {};
  }
  static Result<std::optional<std::string>> next_match(Snapshot& store, const std::string& pattern,
                                                       std::string from) {
    const std::string prefix = pattern.substr(0, pattern.find('*'));
    const bool exact = prefix.size() == pattern.size();
    if (exact) return from <= pattern ? std::optional(pattern) : std::nullopt;
    from = std::max(from, prefix);
    for (;;) {
      auto label = store.next_label(from);
      if (!label || !*label) return label;
      if (!(*label)->starts_with(prefix)) return std::optional<std::string>{};
      if (matches_wildcard(pattern, **label)) return label;
      from = **label + '\0';
    }
  }
  /// The next parent below the top that has children with the label; else the next label.
  Result<void> next_parent(Snapshot& store) {
    auto parent = store.next_labelled_parent(*label_, parent_);
    if (!parent) return fail(parent.error());
    if (!*parent) return next_label(store, *label_ + '\0');
    parent_ = **std::move(parent);
    after_ = orders_.after;
    return {};
  }
  /// A resource with two of the labels is shown for the first of them.
  bool repeated(const Resource& resource) const override {
    for (const std::string& label : resource.attributes().strings_at("lbl")) {
      if (label >= *label_) continue;
      for (const std::string& pattern : needs().labels) {
        if (matches_wildcard(pattern, label)) return true;
      }
    }
    return false;
  }

  std::optional<std::string> label_;
  ResourceId parent_;
  std::int64_t after_ = INT64_MIN;
};

}  // namespace

std::unique_ptr<Walk> index_walk(const SearchScope& scope, const Judge& judge, Places& places,
                                 OrderRange orders, const std::string& position) {
  const FilterNeeds& needs = judge.filter().needs();
  if (!needs.labels.empty())
    return std::make_unique<LabelWalk>(scope, judge, places, orders, position);
  if (needs.created_after)
    return std::make_unique<CreationWalk>(scope, judge, places, orders, position);
  if (needs.modified_since)
    return std::make_unique<ModificationWalk>(scope, judge, places, orders, position);
  if (needs.expires_before)
    return std::make_unique<ExpirationWalk>(scope, judge, places, orders, position);
  constexpr std::size_t kFewTypes = 8;  // many are most of the tree
  if (!needs.types.empty() && needs.types.size() <= kFewTypes)
    return std::make_unique<TypeWalk>(scope, judge, places, orders, position);
  if (needs.created_before)
    return std::make_unique<CreationWalk>(scope, judge, places, orders, position);
  return nullptr;
}

}  // namespace gatehouse
