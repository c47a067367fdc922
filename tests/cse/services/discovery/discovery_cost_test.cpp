// What a search asks of the store, counted: the same small number however large the tree is.
#include <gmock/gmock.h>

#include <functional>

#include "cse/services/discovery/discovery.h"
#include "tests/cse/core/test_cse.h"
#include "tests/cse/services/discovery/counting_store.h"

namespace gatehouse::test {
namespace {

/// A chain of 100 containers, 400 AEs, 20 containers of 40 subscriptions, and a container of
/// instances, one of which is labelled. The cache holds nearly nothing of it.
class LargeTree : public testing::Test {
 protected:
  LargeTree()
      : store(std::make_shared<CountingStore>(std::make_shared<MemoryStore>())),
        node(small_cache(), store),
        discovery(node.cse()) {
    std::string at = "cse-in";
    for (int i = 0; i < 100; ++i) {
      make(at, 3, Value::object({{"rn", "d"}}));
      node.settle();
      at += "/d";
    }
    for (int i = 0; i < 400; ++i) node.add_ae("CAE" + std::to_string(i));
    for (int i = 0; i < 20; ++i) {
      const std::string name = "s" + std::to_string(i);
      make("cse-in", 3, Value::object({{"rn", name}}));
      node.settle();
      for (int k = 0; k < 40; ++k)
        make("cse-in/" + name, 23, Value::object({{"nu", Value::array({"/id-in/CAE1"})}}));
    }
    make("cse-in", 3, Value::object({{"rn", "big"}, {"mni", 1'000'000}}));
    node.settle();
    grow(1000);
  }
  static CseSettings small_cache() {
    CseSettings settings;
    settings.cache_resources = 64;
    return settings;
  }
  void make(const std::string& parent, int type, Value attributes) {
    node.send(node.create_request("CAdmin", parent, type, std::move(attributes)));
  }
  void grow(int instances) {
    for (int i = 0; i < instances; ++i) {
      Value attributes = Value::object({{"con", "x"}});
      if (++made == 500) attributes.set("lbl", Value::array({"one"}));
      make("cse-in/big", 4, std::move(attributes));
    }
    node.settle();
  }
  /// Asks, expects `count` results, and says what it cost.
  StoreWork cost(const std::function<void(FilterCriteria&)>& set, std::size_t count) {
    Request request = TestCse::request(Operation::kRetrieve, "CAdmin", "cse-in");
    request.filter.emplace();
    request.filter->filter_usage = 1;
    request.filter->limit = 20;
    set(*request.filter);
    const StoreWork before = store->work;
    const Response response = node.ask(request);
    EXPECT_EQ(response.rsc, Rsc::kOk) << TestCse::debug_text(response);
    const auto tree = tree_of(response.content);
    EXPECT_EQ(tree->strings_at("m2m:uril").size(), count);
    return {store->work.records - before.records, store->work.listings - before.listings,
            store->work.rows - before.rows};
  }

  std::shared_ptr<CountingStore> store;
  TestCse node;
  Discovery discovery;
  int made = 0;
};

struct CostCase {
  std::string name;
  std::function<void(FilterCriteria&)> set;
  std::size_t found;
};
class DiscoveryCost : public LargeTree, public testing::WithParamInterface<CostCase> {};

// TS-0001 clause 10.2.6
TEST_P(DiscoveryCost, DoesNotGrowWithTheTree) {
  const StoreWork small = cost(GetParam().set, GetParam().found);
  grow(2000);

  const StoreWork large = cost(GetParam().set, GetParam().found);

  EXPECT_LT(large.records, 300);
  EXPECT_LT(large.listings, 300);
  EXPECT_LT(large.rows, 2000);
  EXPECT_LE(large.all(), small.all() * 5 / 4);
}
constexpr const char* kFarFuture = "20990101T000000";
INSTANTIATE_TEST_SUITE_P(
    Criteria, DiscoveryCost,
    testing::Values(
        CostCase{"label_of_an_instance",
                 [](FilterCriteria& f) {
                   f.resource_types = {4};
                   f.labels = {"one"};
                 },
                 1},
        CostCase{"label_alone", [](FilterCriteria& f) { f.labels = {"one"}; }, 1},
        CostCase{"label_that_nothing_has", [](FilterCriteria& f) { f.labels = {"two"}; }, 0},
        CostCase{"label_by_pattern", [](FilterCriteria& f) { f.labels = {"on*"}; }, 1},
        CostCase{"type_that_is_rare", [](FilterCriteria& f) { f.resource_types = {1}; }, 2},
        CostCase{"type_that_is_absent", [](FilterCriteria& f) { f.resource_types = {9}; }, 0},
        CostCase{"page_of_a_type", [](FilterCriteria& f) { f.resource_types = {4}; }, 20},
        CostCase{"created_after", [](FilterCriteria& f) { f.created_after = kFarFuture; }, 0},
        CostCase{"created_before_the_first",
                 [](FilterCriteria& f) { f.created_before = "20000101T000000"; }, 0},
        CostCase{"modified_since", [](FilterCriteria& f) { f.modified_since = kFarFuture; }, 0},
        CostCase{"expires_before_now",
                 [](FilterCriteria& f) { f.expire_before = "20000101T000000"; }, 0},
        CostCase{"attribute_of_a_type_that_is_absent",
                 [](FilterCriteria& f) {
                   f.attributes = {{"mnm", "5"}};
                 },
                 0}),
    [](const auto& one) { return one.param.name; });

// What no index holds is looked for in the tree, but only where it can be: here among containers
// and instances there is nothing that has a size of members.
TEST_F(LargeTree, AnAttributeNarrowsTheTypesThatAreRead) {
  const StoreWork work = cost([](FilterCriteria& f) { f.attributes = {{"mbs", "77"}}; }, 0);

  EXPECT_LT(work.records, 700);  // containers, and AEs that may hold some; no instance
}

}  // namespace
}  // namespace gatehouse::test
