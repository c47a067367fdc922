// Random filters over a random tree give what a naive reference gives, whatever walk answers them.
// Any failure replays from its seed.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <set>

#include "cse/services/discovery/discovery.h"
#include "cse/store/sqlite/sqlite_store.h"
#include "tests/cse/core/test_cse.h"

namespace gatehouse::test {
namespace {

struct Setup {
  unsigned seed;
  bool sqlite;
  std::int64_t work;  ///< max_discovery_work: how soon an answer is given in parts
};

class FilterProperty : public testing::TestWithParam<Setup> {
 protected:
  FilterProperty()
      : random_(GetParam().seed),
        folder_(std::filesystem::temp_directory_path() /
                ("gatehouse-filter-" + std::to_string(::getpid()) + "-" +
                 std::to_string(GetParam().seed))),
        node_(settings(), store()),
        discovery_(node_.cse()) {
    node_.start();
    containers_ = {"cse-in"};
    for (int i = 0; i < 120; ++i) grow();
  }
  ~FilterProperty() override { std::filesystem::remove_all(folder_); }

  static CseSettings settings() {
    CseSettings settings;
    settings.max_discovery_work = GetParam().work;
    settings.max_discovery_results = 7;
    return settings;
  }
  std::shared_ptr<Store> store() {
    if (!GetParam().sqlite) return std::make_shared<MemoryStore>();
    std::filesystem::create_directories(folder_);
    SqliteSettings settings;
    settings.path = (folder_ / "store.db").string();
    auto opened = open_sqlite_store(settings);
    EXPECT_TRUE(opened);
    return std::shared_ptr<Store>(*std::move(opened));
  }

  std::size_t below(std::size_t end) { return random_() % end; }
  std::string any_of(const std::vector<std::string>& texts) { return texts[below(texts.size())]; }
  Value any_labels() {
    Value labels = Value::array();
    for (std::size_t i = below(3); i > 0; --i)
      labels.push_back(any_of({"room:1", "room:2", "hot", "cold"}));
    return labels;
  }

  void grow() {
    if (below(4) == 0) node_.advance(std::chrono::seconds(20 * below(20)), std::chrono::hours(1));
    const std::string parent = any_of(containers_);
    const std::string name = "r" + std::to_string(++count_);
    Value attributes = Value::object({{"rn", name}});
    const Value labels = any_labels();
    if (labels.size() > 0) attributes.set("lbl", labels);
    if (below(5) == 0) attributes.set("et", to_text(node_.clock().now() + std::chrono::hours(1)));
    if (below(2) || parent == "cse-in") {
      node_.create("CAdmin", parent, 3, attributes);
      containers_.push_back(parent + "/" + name);
    } else {
      attributes.set("con", std::string(below(9), 'x'));
      attributes.set("cnf", any_of({"text/plain:0", "application/json:0"}));
      node_.create("CAdmin", parent, 4, attributes);
    }
    if (below(6) == 0) {
      const std::string changed = any_of(containers_);
      if (changed != "cse-in")
        node_.update("CAdmin", changed, "m2m:cnt", Value::object({{"lbl", any_labels()}}));
    }
  }

  std::string any_time() {
    const Timestamp now = node_.clock().now();
    return to_text(now - std::chrono::seconds(20 * below(200)) + std::chrono::seconds(1800));
  }

  FilterCriteria any_filter() {
    FilterCriteria f;
    f.filter_usage = 1;
    if (below(2)) f.labels = {any_of({"room:1", "room:*", "*ot", "cold", "none", "*"})};
    if (below(4) == 0) f.labels.push_back(any_of({"hot", "room:2"}));
    if (below(3) == 0) f.resource_types = {static_cast<std::int64_t>(3 + below(2))};
    if (below(5) == 0) f.resource_types = {3, 1};
    if (below(5) == 0) f.created_after = any_time();
    if (below(5) == 0) f.created_before = any_time();
    if (below(5) == 0) f.modified_since = any_time();
    if (below(8) == 0) f.unmodified_since = any_time();
    if (below(6) == 0) f.expire_before = any_time();
    if (below(6) == 0) f.size_above = static_cast<std::int64_t>(below(9));
    if (below(6) == 0) f.parent_labels = {"room:1"};
    if (below(6) == 0) f.child_resource_types = {4};
    if (below(6) == 0) f.attributes = {{"rn", "r1*"}};
    if (below(3) == 0) f.filter_operation = static_cast<std::int64_t>(1 + below(3));
    if (below(4) == 0) f.level = static_cast<std::int64_t>(1 + below(4));
    return f;
  }

  // --- the reference: every resource, every condition, nothing clever ---

  bool holds(const FilterCriteria& f, const Resource& r, CommittedView& all) {
    const Value& a = r.attributes();
    const auto labelled = [](const std::vector<std::string>& patterns, const Value& attributes) {
      for (const std::string& pattern : patterns)
        for (const std::string& label : attributes.strings_at("lbl"))
          if (matches_wildcard(pattern, label)) return true;
      return false;
    };
    const auto at = [&](const char* name) { return a.string_at(name); };
    std::vector<bool> verdicts;
    const auto add = [&](bool asked, bool verdict) {
      if (asked) verdicts.push_back(verdict);
    };
    add(!f.labels.empty(), labelled(f.labels, a));
    add(!f.resource_types.empty(),
        std::count(f.resource_types.begin(), f.resource_types.end(), r.type()) > 0);
    if (f.created_after) add(true, at("ct") >= *f.created_after);
    if (f.created_before) add(true, at("ct") < *f.created_before);
    if (f.modified_since) add(true, at("lt") >= *f.modified_since);
    if (f.unmodified_since) add(true, at("lt") < *f.unmodified_since);
    if (f.expire_before) add(true, a.contains("et") && at("et") < *f.expire_before);
    if (f.size_above) add(true, a.contains("cs") && a.integer_at("cs") >= *f.size_above);
    add(!f.parent_labels.empty(), labelled(f.parent_labels, (*all.find(r.parent()))->attributes()));
    if (!f.child_resource_types.empty()) {
      bool found = false;
      const auto children = all.children_of_type(r.id(), 4, Page{});
      for (const ChildEntry& child : *children) found = found || *all.find(child.id);
      add(true, found);
    }
    if (!f.attributes.empty()) add(true, at("rn").starts_with("r1"));
    const auto hits = std::count(verdicts.begin(), verdicts.end(), true);
    if (verdicts.empty()) return true;
    if (f.filter_operation == 2) return hits > 0;
    if (f.filter_operation == 3) return hits % 2 == 1;
    return hits == static_cast<std::int64_t>(verdicts.size());
  }

  void expected_below(const FilterCriteria& f, const ResourcePtr& top, std::int64_t level,
                      CommittedView& all, std::multiset<std::string>& paths) {
    if (f.level && level > *f.level) return;
    const auto children = all.children(top->id(), Page{INT64_MIN, 10'000, false});
    for (const ChildEntry& entry : *children) {
      const ResourcePtr child = *all.find(entry.id);
      if (!child) continue;
      if (holds(f, *child, all)) paths.insert(child->path());
      expected_below(f, child, level + 1, all, paths);
    }
  }

  /// All parts of the answer, each asked for where the one before said.
  std::multiset<std::string> answered(FilterCriteria f, const std::string& where) {
    std::multiset<std::string> paths;
    for (int part = 0; part < 500; ++part) {
      Request request = TestCse::request(Operation::kRetrieve, "CAdmin", where);
      request.filter = f;
      const Response response = node_.ask(request);
      if (response.rsc == Rsc::kBadRequest) continue;  // nothing found yet: ask again to go on
      EXPECT_EQ(response.rsc, Rsc::kOk) << TestCse::debug_text(response);
      const auto tree = tree_of(response.content);
      for (const std::string& path : tree->strings_at("m2m:uril")) paths.insert(path);
      if (response.content_status != 1) return paths;
      f.offset = response.content_offset;
    }
    ADD_FAILURE() << "the answer does not come to an end";
    return paths;
  }

  std::minstd_rand random_;
  const std::filesystem::path folder_;
  TestCse node_;
  Discovery discovery_;
  std::vector<std::string> containers_;
  int count_ = 0;
};

TEST_P(FilterProperty, FindsWhatTheReferenceFinds) {
  std::size_t found = 0;
  for (int i = 0; i < 250 && !HasFailure(); ++i) {
    const FilterCriteria filter = any_filter();
    const std::string where = below(2) ? "cse-in" : any_of(containers_);
    CommittedView all = node_.cse().view();
    std::multiset<std::string> expected;
    const ResourcePtr top = node_.find(where);
    if (!top) continue;  // has expired
    expected_below(filter, top, 1, all, expected);

    EXPECT_EQ(answered(filter, where), expected) << "filter " << i << " below " << where;
    found += expected.size();
  }
  EXPECT_GT(found, 300u) << "the filters must let something through";
}

INSTANTIATE_TEST_SUITE_P(Trees, FilterProperty,
                         testing::Values(Setup{1, false, 200'000}, Setup{2, true, 200'000},
                                         Setup{3, false, 400}, Setup{4, true, 400}),
                         [](const auto& row) {
                           return std::string(row.param.sqlite ? "sqlite" : "memory") +
                                  std::to_string(row.param.seed);
                         });

}  // namespace
}  // namespace gatehouse::test
