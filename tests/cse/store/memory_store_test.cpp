#include <map>
#include <random>

#include "cse/store/memory/persistent_map.h"
#include "tests/cse/store/store_fixture.h"

namespace gatehouse {
namespace {

TEST(MemoryStore, WritesNothingWhenTheCommitIsMadeToFail) {
  MemoryStore store;
  store.set_commit_fault([] {
    return std::optional(
        Transaction::CommitFailure{Transaction::CommitError::kFailed, "no disk", {}});
  });

  const CommitOutcome outcome = committed(store, {record_of("cb", "", 5, 1)});

  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->reason, Transaction::CommitError::kFailed);
  EXPECT_EQ(outcome->detail, "no disk");
  EXPECT_EQ(found(store, "cb"), std::nullopt);
  store.set_commit_fault({});
  EXPECT_FALSE(committed(store, {record_of("cb", "", 5, 1)}));
}

TEST(MemoryStore, LetsSnapshotsOutliveIt) {
  auto store = std::make_unique<MemoryStore>();
  ASSERT_FALSE(committed(*store, {record_of("cb", "", 5, 1)}));
  const auto snapshot = must(store->read());

  store.reset();

  EXPECT_TRUE(must(snapshot->find({"cb"})));
}

TEST(PersistentMap, EqualsAnOrderedMapAndLeavesItsCopiesAlone) {
  std::minstd_rand random(7);
  std::map<int, int> model, model_before;
  PersistentMap<int, int> map, before;
  for (int i = 0; i < 20'000; ++i) {
    if (i == 10'000) {
      before = map;
      model_before = model;
    }
    const int key = static_cast<int>(random() % 1000);
    if (random() % 3 == 0) {
      map.erase(key);
      model.erase(key);
    } else {
      map.put(key, i);
      model[key] = i;
    }
  }

  const auto content = [](const PersistentMap<int, int>& of) {
    std::map<int, int> all;
    of.ascend([](int) { return false; },
              [&](int key, int value) { return all.emplace(key, value), true; });
    return all;
  };
  EXPECT_EQ(content(map), model);
  EXPECT_EQ(map.size(), model.size());
  EXPECT_EQ(content(before), model_before);
}

TEST(PersistentMap, StaysShallowForRisingKeys) {
  PersistentMap<int, int> map;
  for (int i = 0; i < 200'000; ++i) map.put(i, i);

  int steps = 0;
  map.descend(
      [&](int key) {
        ++steps;
        return key > 1234;
      },
      [](int key, int) {
        EXPECT_EQ(key, 1234);
        return false;
      });

  EXPECT_LT(steps, 100);
}

}  // namespace
}  // namespace gatehouse
