// What the cache keeps, what it drops, and what it does not believe.
#include "cse/core/resource_cache.h"

#include <gtest/gtest.h>

#include <thread>

#include "cse/schema/standard_types.h"

namespace gatehouse {
namespace {

const Schemas& schemas() {
  static const Schemas all = [] {
    Schemas made;
    add_standard_types(made);
    return made;
  }();
  return all;
}

ResourcePtr resource(const std::string& id, std::int64_t version = 1, std::int64_t order = 1,
                     const std::string& parent = "cse", int type = 3) {
  Record record;
  record.id.text = id;
  record.parent.text = parent;
  record.name = id;
  record.type = type;
  record.order = order;
  record.version = version;
  record.expires = Timestamp{INT64_MAX};
  return std::make_shared<const Resource>(std::move(record), *schemas().find(type), "cse-in/" + id);
}
ResourcePtr instance(const std::string& id, std::int64_t order) {
  return resource(id, 1, order, "cnt", 4);
}
std::int64_t version(const ResourcePtr& found) { return found ? found->version() : 0; }

TEST(Cache, FindsWhatWasPublishedByIdentifierAndPath) {
  ResourceCache cache(1000);
  cache.publish(resource("a"));
  cache.publish(resource("a", 2));

  EXPECT_EQ(version(cache.find({"a"})), 2);
  EXPECT_EQ(version(cache.find_path("cse-in/a")), 2);
  EXPECT_FALSE(cache.find({"b"}));
  EXPECT_FALSE(cache.find_path("cse-in/b"));
}

TEST(Cache, ForgetsWhatIsDropped) {
  ResourceCache cache(1000);
  cache.publish(resource("a"));

  cache.drop({"a"});

  EXPECT_FALSE(cache.find({"a"}));
  EXPECT_FALSE(cache.find_path("cse-in/a"));
}

TEST(Cache, KeepsNoMoreThanItsBoundHoweverMuchComes) {
  constexpr int kBound = 640;
  ResourceCache cache(kBound);
  for (int i = 0; i < 10'000; ++i) cache.publish(resource("r" + std::to_string(i)));

  int kept = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::string id = "r" + std::to_string(i);
    const bool by_id = cache.find({id}) != nullptr;
    EXPECT_EQ(cache.find_path("cse-in/" + id) != nullptr, by_id) << id;
    kept += by_id;
  }

  EXPECT_LE(kept, kBound);
  EXPECT_GT(kept, kBound / 2);
}

TEST(Cache, KeepsWhatIsUsedOverWhatIsNot) {
  ResourceCache cache(320);
  cache.publish(resource("used"));
  for (int i = 0; i < 5'000; ++i) {
    cache.publish(resource("r" + std::to_string(i)));
    ASSERT_TRUE(cache.find({"used"})) << i;
  }
}

TEST(Cache, DroppedPlacesDoNotPileUpOrEvictOthers) {
  ResourceCache cache(640);
  cache.publish(resource("stays"));
  for (int i = 0; i < 20'000; ++i) {
    cache.publish(resource("comes-and-goes"));
    cache.drop({"comes-and-goes"});
    cache.find({"stays"});
  }

  EXPECT_TRUE(cache.find({"stays"}));
}

TEST(Fill, OfWhatChangedMeanwhileIsRefused) {
  ResourceCache cache(1000);
  const std::uint64_t ticket = cache.ticket({"a"});
  const ResourcePtr read_before = resource("a", 1);
  cache.publish(resource("a", 2));

  cache.fill(read_before, ticket);

  EXPECT_EQ(version(cache.find({"a"})), 2);
}

TEST(Fill, OfWhatWasDeletedMeanwhileIsRefused) {
  ResourceCache cache(1000);
  const std::uint64_t ticket = cache.ticket({"a"});
  const ResourcePtr read_before = resource("a", 1);
  cache.drop({"a"});

  cache.fill(read_before, ticket);

  EXPECT_FALSE(cache.find({"a"}));
  EXPECT_FALSE(cache.find_path("cse-in/a"));
}

TEST(Fill, BeforeEverythingWasClearedIsRefused) {
  ResourceCache cache(1000);
  const std::uint64_t ticket = cache.ticket({"a"});
  cache.clear();

  cache.fill(resource("a"), ticket);

  EXPECT_FALSE(cache.find({"a"}));
}

TEST(Fill, OfWhatDidNotChangeIsKept) {
  ResourceCache cache(1000);

  cache.fill(resource("a", 5), cache.ticket({"a"}));

  EXPECT_EQ(version(cache.find({"a"})), 5);
  EXPECT_EQ(version(cache.find_path("cse-in/a")), 5);
}

TEST(Latest, IsTheNewestPublished) {
  ResourceCache cache(1000);
  cache.publish_instance(instance("i2", 2));
  cache.publish_instance(instance("i3", 3));
  cache.publish_instance(instance("i1", 1));

  ASSERT_TRUE(cache.latest({"cnt"}));
  EXPECT_EQ(cache.latest({"cnt"})->id().text, "i3");
  EXPECT_FALSE(cache.latest({"other"}));
}

TEST(Latest, AnOlderFindDoesNotReplaceANewer) {
  ResourceCache cache(1000);
  const std::uint64_t ticket = cache.ticket({"cnt"});
  cache.publish_instance(instance("i2", 2));

  cache.set_latest(instance("i1", 1), ticket);

  EXPECT_EQ(cache.latest({"cnt"})->id().text, "i2");
}

TEST(Latest, IsUnknownAfterADeletion) {
  ResourceCache cache(1000);
  cache.publish_instance(instance("i1", 1));
  const std::uint64_t ticket = cache.ticket({"cnt"});
  cache.drop_latest({"cnt"});

  EXPECT_FALSE(cache.latest({"cnt"}));
  cache.set_latest(instance("i1", 1), ticket);
  EXPECT_FALSE(cache.latest({"cnt"})) << "found before the deletion";
  cache.set_latest(instance("i0", 0), cache.ticket({"cnt"}));
  EXPECT_EQ(cache.latest({"cnt"})->id().text, "i0");
}

TEST(Latest, GoesWithItsParent) {
  ResourceCache cache(1000);
  cache.publish_instance(instance("i1", 1));

  cache.drop({"cnt"});

  EXPECT_FALSE(cache.latest({"cnt"}));
}

// Readers fill while the lane publishes: nobody ever sees an older version than one published.
TEST(Threads, ReadersNeverBringBackWhatIsOld) {
  ResourceCache cache(64);
  std::atomic<std::int64_t> stored{0}, published{0};  // the store has it first
  std::atomic<bool> went_back{false};
  {
    std::vector<std::jthread> readers;
    for (int r = 0; r < 2; ++r) {
      readers.emplace_back([&] {
        while (published < 3'000) {
          const std::uint64_t ticket = cache.ticket({"a"});
          const std::int64_t known = stored;
          if (known > 0) cache.fill(resource("a", known), ticket);
          const std::int64_t least = published;
          const ResourcePtr found = cache.find({"a"});
          if (found && found->version() < least) went_back = true;
        }
      });
    }
    for (int i = 1; i <= 3'000; ++i) {
      stored = i;
      cache.publish(resource("a", i));
      published = i;
    }
  }
  EXPECT_FALSE(went_back);
}

}  // namespace
}  // namespace gatehouse
