// The lane on a real thread: many submit, one runs, each is answered once.
#include "cse/core/write_lane.h"

#include <future>
#include <stdexcept>
#include <thread>

#include "cse/codec/json.h"
#include "tests/cse/core/test_cse.h"

namespace gatehouse {
namespace {

constexpr std::chrono::seconds kPatience{20};

/// A lane over a memory store that holds one <CSEBase>.
class Lane : public testing::Test {
 protected:
  Lane() { add_standard_types(schemas); }
  void SetUp() override {
    WriteLane setup(WriteLane::Manual{}, store, cache, schemas, ids, clock);
    ASSERT_TRUE(setup.submit(create("cse", "")));
    ASSERT_EQ(setup.run_pending(), 1u);
  }
  void start(std::size_t max_batch = 256, std::size_t max_queued = 20'000) {
    lane.emplace(store, cache, schemas, ids, clock, max_batch, max_queued);
  }
  /// A container of that name below `parent`.
  std::shared_ptr<WriteJob> create(std::string name, std::string parent = "cse",
                                   std::function<void(Response&&)> done = {}) {
    auto work = [this, name, parent](WorkingSet& resources) {
      Record record;
      record.id.text = name;
      record.parent.text = parent;
      record.name = name;
      record.type = parent.empty() ? type_number::kCseBase : type_number::kContainer;
      record.order = resources.ids().next_order();
      record.expires = Timestamp{INT64_MAX};
      auto above =
          parent.empty() ? Result<ResourcePtr>(ResourcePtr{}) : resources.find(ResourceId{parent});
      if (!above) return error_response(Request{}, above.error());
      auto made = resources.create(record, *schemas.find(record.type), above->get(),
                                   Value::object({{"rn", name}}));
      if (!made) return error_response(Request{}, made.error());
      Response created;
      created.rsc = Rsc::kCreated;
      return created;
    };
    return make_job(std::move(work), [done](Response response, std::vector<Change>) {
      if (done) done(std::move(response));
    });
  }
  /// Holds the lane until `release` is set.
  std::shared_ptr<WriteJob> barrier(std::promise<void>& reached, std::shared_future<void> release) {
    auto work = [&reached, release](WorkingSet&) {
      reached.set_value();
      release.wait();
      return Response{};
    };
    return make_job(std::move(work), [](Response, std::vector<Change>) {});
  }
  std::int64_t stored() { return *store.count(); }

  MemoryStore store;
  ResourceCache cache{1000};
  Schemas schemas;
  SimulatedScheduler clock;
  IdGenerator ids{clock, 1};
  std::optional<WriteLane> lane;
};

TEST_F(Lane, AnswersEveryJobOfManyThreadsOnceAndInTheOrderOfItsThread) {
  constexpr int kThreads = 4, kJobs = 500;
  start(64);
  std::vector<std::vector<int>> answered(kThreads);  // filled on the lane's thread only
  std::atomic<int> created{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kJobs; ++i) {
          const std::string name = "t" + std::to_string(t) + "-" + std::to_string(i);
          EXPECT_TRUE(lane->submit(create(name, "cse", [&, t, i](Response response) {
            answered[t].push_back(i);
            created += response.rsc == Rsc::kCreated;
          })));
        }
      });
    }
  }
  lane.reset();  // runs what is queued

  EXPECT_EQ(created, kThreads * kJobs);
  EXPECT_EQ(stored(), 1 + kThreads * kJobs);
  for (const auto& mine : answered) {
    EXPECT_EQ(mine.size(), static_cast<std::size_t>(kJobs));
    EXPECT_TRUE(std::is_sorted(mine.begin(), mine.end()));
  }
}

TEST_F(Lane, OfManyThatWantOneNameOneGetsIt) {
  constexpr int kThreads = 4, kNames = 100;
  start(16);
  std::atomic<int> created{0}, refused{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < kNames; ++i)
          EXPECT_TRUE(lane->submit(create("n" + std::to_string(i), "cse", [&](Response response) {
            created += response.rsc == Rsc::kCreated;
            refused += response.rsc == Rsc::kConflict;
          })));
      });
    }
  }
  lane.reset();

  EXPECT_EQ(created, kNames);
  EXPECT_EQ(refused, (kThreads - 1) * kNames);
  EXPECT_EQ(stored(), 1 + kNames);
}

TEST_F(Lane, RefusesWhatDoesNotFitItsQueueAndGoesOnAfterwards) {
  start(256, 3);
  std::promise<void> reached, release;
  ASSERT_TRUE(lane->submit(barrier(reached, release.get_future().share())));
  ASSERT_EQ(reached.get_future().wait_for(kPatience), std::future_status::ready);
  std::atomic<int> answered{0};
  const auto count = [&answered](Response) { ++answered; };

  EXPECT_TRUE(lane->submit(create("a", "cse", count)));
  EXPECT_TRUE(lane->submit(create("b", "cse", count)));
  EXPECT_TRUE(lane->submit(create("c", "cse", count)));
  EXPECT_FALSE(lane->submit(create("d", "cse", count)));
  release.set_value();
  lane.reset();

  EXPECT_EQ(answered, 3) << "the refused one is not answered by the lane";
  EXPECT_EQ(stored(), 4);
}

struct HeavyJob final : WriteJob {
  Response work(WorkingSet&) override { return {}; }
  std::size_t bytes() const override { return 600; }
  void done(std::shared_ptr<WriteJob>, Response&&, std::vector<Change>&&) override {}
};

TEST_F(Lane, RefusesMoreBytesThanItsQueueMayHold) {
  lane.emplace(store, cache, schemas, ids, clock, 1, 100, 1'000);
  std::promise<void> reached, release;
  ASSERT_TRUE(lane->submit(barrier(reached, release.get_future().share())));
  reached.get_future().wait();

  EXPECT_TRUE(lane->submit(std::make_shared<HeavyJob>()));
  EXPECT_FALSE(lane->submit(std::make_shared<HeavyJob>()));
  release.set_value();
  lane->stop();
}

TEST_F(Lane, AnExceptionInOneJobRefusesThatJobOnlyAndUndoesIt) {
  start();
  std::promise<void> reached, release;  // so that all three share one batch
  ASSERT_TRUE(lane->submit(barrier(reached, release.get_future().share())));
  ASSERT_EQ(reached.get_future().wait_for(kPatience), std::future_status::ready);
  std::vector<Rsc> answers;
  const auto note = [&answers](Response response) { answers.push_back(response.rsc); };
  const auto create_then_throw = [inner = create("b")](WorkingSet& resources) -> Response {
    (void)inner->work(resources);
    throw std::runtime_error("a bug");
  };
  const auto noted = [&note](Response response, std::vector<Change>) { note(std::move(response)); };

  lane->submit(create("a", "cse", note));
  lane->submit(make_job(create_then_throw, noted));
  lane->submit(create("c", "cse", note));
  release.set_value();
  lane.reset();

  EXPECT_EQ(answers, (std::vector<Rsc>{Rsc::kCreated, Rsc::kInternalServerError, Rsc::kCreated}));
  EXPECT_EQ(stored(), 3);
  EXPECT_FALSE(cache.find({"b"}));
  EXPECT_TRUE(cache.find({"c"}));
}

TEST_F(Lane, AnswersAfterTheCommitAndAfterReadersSeeIt) {
  start();
  std::promise<bool> seen;
  lane->submit(create("a", "cse", [&](Response) {
    auto snapshot = store.read();
    auto record = (*snapshot)->find(ResourceId{"a"});
    seen.set_value(record && *record && cache.find({"a"}) != nullptr);
  }));

  auto outcome = seen.get_future();
  ASSERT_EQ(outcome.wait_for(kPatience), std::future_status::ready);
  EXPECT_TRUE(outcome.get());
}

// What can never be committed must not take the others of its batch along.
TEST_F(Lane, AJobThatTheStoreRefusesForEverFailsAlone) {
  std::promise<void> reached, release;
  start();
  ASSERT_TRUE(lane->submit(barrier(reached, release.get_future().share())));
  ASSERT_EQ(reached.get_future().wait_for(kPatience), std::future_status::ready);
  std::vector<Rsc> answers;
  const auto note = [&answers](Response response) { answers.push_back(response.rsc); };
  const auto noted = [&note](Response response, std::vector<Change>) { note(std::move(response)); };
  const auto clash = [this](WorkingSet& resources) {
    Record record;
    record.id.text = "cse";  // is there, and create_with_internal() does not look
    record.name = "cse";
    record.type = type_number::kCseBase;
    record.order = resources.ids().next_order();
    record.expires = Timestamp{INT64_MAX};
    (void)resources.create_with_internal(record, *schemas.find(record.type), nullptr,
                                         Value::object(), Value());
    return Response{};
  };

  lane->submit(create("a", "cse", note));
  lane->submit(make_job(clash, noted));
  lane->submit(create("c", "cse", note));
  release.set_value();
  lane.reset();

  EXPECT_EQ(answers, (std::vector<Rsc>{Rsc::kCreated, Rsc::kInternalServerError, Rsc::kCreated}));
  EXPECT_EQ(stored(), 3);
}

// A successor that shares its predecessor's attributes must be told apart from it in every way.
TEST_F(Lane, ChangesOfSomeAttributesAddUpAndReachTheStore) {
  start();
  const auto set = [this](const char* name, int value, bool fails) {
    return make_job(
        [=](WorkingSet& resources) {
          const ResourcePtr before = *resources.find(ResourceId{"a"});
          const ResourcePtr after = resources.update_some(before, {{name, value}});
          EXPECT_EQ(after->attribute(name)->as_integer(), value);
          EXPECT_EQ(after->attribute("rn")->as_string(), before->attribute("rn")->as_string());
          EXPECT_EQ(after->attributes().integer_at(name), value);
          return fails ? error_response(Request{}, {Rsc::kBadRequest, "undo"}) : Response{};
        },
        [](Response, std::vector<Change>) {});
  };
  std::promise<void> reached, release;  // so that all share one batch
  ASSERT_TRUE(lane->submit(barrier(reached, release.get_future().share())));
  ASSERT_EQ(reached.get_future().wait_for(kPatience), std::future_status::ready);
  const auto touch = make_job(
      [](WorkingSet& resources) {
        resources.update_some(*resources.find(ResourceId{"a"}), {{"lt", resources.now_text()}});
        return Response{};
      },
      [](Response, std::vector<Change>) {});
  for (const auto& job : {create("a"), touch, set("x", 1, false), set("y", 7, false),
                          set("y", 9, true), set("x", 2, false)}) {
    ASSERT_TRUE(lane->submit(job));
  }
  release.set_value();
  lane.reset();

  const ResourcePtr cached = cache.find({"a"});
  ASSERT_TRUE(cached);
  EXPECT_EQ(parse_json(cached->json())->find("m2m:cnt")->string_at("lt"), to_text(clock.now()));
  EXPECT_EQ(cached->attributes(),
            Value::object({{"rn", "a"}, {"lt", to_text(clock.now())}, {"x", 2}, {"y", 7}}));
  EXPECT_EQ(cached->attributes().integer_at("x"), 2);
  auto record = (*store.read())->find(ResourceId{"a"});
  ASSERT_TRUE(record && *record);
  EXPECT_EQ((*record)->body, cached->json());
  EXPECT_EQ((*record)->version, cached->version());
  EXPECT_GT((*record)->modified, Timestamp{0});  // discovery finds it by its last change
}

TEST_F(Lane, GivesUpOnANeighbourThatIsAlwaysFaster) {
  int faults = 0;
  store.set_commit_fault([&faults]() -> std::optional<Transaction::CommitFailure> {
    ++faults;
    return Transaction::CommitFailure{Transaction::CommitError::kStale, "faster", {}};
  });
  start();
  std::promise<Response> answer;
  lane->submit(create("a", "cse", [&](Response response) { answer.set_value(response); }));

  auto outcome = answer.get_future();
  ASSERT_EQ(outcome.wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(outcome.get().rsc, Rsc::kInternalServerError);
  EXPECT_GT(faults, 1);
  lane.reset();
  EXPECT_EQ(stored(), 1);
}

// The whole core: a full queue is answered, not waited for.
TEST(BusyCse, AnswersAWriteThatDoesNotFit) {
  CseSettings settings;
  settings.max_queued_writes = 2;
  Schemas schemas;
  add_standard_types(schemas);
  Behaviours behaviours;
  MemoryStore store;
  SimulatedScheduler clock;
  Cse cse(settings, schemas, behaviours, store, clock, 1);
  ASSERT_TRUE(cse.start());
  std::promise<void> reached, release;
  auto released = release.get_future().share();
  cse.submit([&](OperationContext&) {
    reached.set_value();
    released.wait();
    return Response{};
  });
  ASSERT_EQ(reached.get_future().wait_for(kPatience), std::future_status::ready);

  std::atomic<int> made{0};
  std::vector<std::string> refusals;
  for (int i = 0; i < 5; ++i) {
    Request create;
    create.operation = Operation::kCreate;
    create.to = "cse-in";
    create.from = "CAdmin";
    create.request_identifier = std::to_string(i);
    create.release_version = "3";
    create.resource_type = 3;
    create.content = Value::object({{"m2m:cnt", Value::object()}});
    cse.handle(std::move(create), [&](Response response) {
      if (response.rsc == Rsc::kCreated) {
        ++made;
      } else {
        refusals.push_back(response.content.tree()->string_at("m2m:dbg"));
      }
    });
  }
  EXPECT_EQ(refusals.size(), 3u);
  release.set_value();
  cse.stop();

  EXPECT_EQ(made, 2);
  for (const std::string& text : refusals)
    EXPECT_NE(text.find("too many writes"), std::string::npos) << text;
}

}  // namespace
}  // namespace gatehouse
