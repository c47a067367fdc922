#include "ae-apps/ota/can/bus.h"

#include <gtest/gtest.h>

namespace gatehouse::can {
namespace {

/// Remembers what the nodes of a bus learn.
class Listener final : public Bus::Output {
 public:
  struct Heard {
    Bus::NodeId node;
    std::uint32_t id;
    Time at;
  };
  void received(Bus::NodeId to, const Frame& frame, Time at) override {
    heard.push_back({to, frame.id, at});
  }
  void sent(Bus::NodeId from, const Frame& frame, Time at) override {
    said.push_back({from, frame.id, at});
  }
  void state_changed(Bus::NodeId node, NodeState state, Time) override {
    states.emplace_back(node, state);
  }
  std::vector<std::uint32_t> ids_at(Bus::NodeId node) const {
    std::vector<std::uint32_t> out;
    for (const Heard& item : heard) {
      if (item.node == node) out.push_back(item.id);
    }
    return out;
  }
  std::vector<Heard> heard, said;
  std::vector<std::pair<Bus::NodeId, NodeState>> states;
};

constexpr Time kLong = std::chrono::seconds(10);

Frame frame_with(std::uint32_t id, std::size_t size = 8) {
  return make_frame(id, false, false, Bytes(size, 0x55));
}

class BusTest : public testing::Test {
 protected:
  void make(Faults faults = {}, bool recovers = true) {
    BusSettings settings;
    settings.faults = faults;
    settings.recovers = recovers;
    bus.emplace(settings, listener);
    for (const int node : {1, 2, 3}) bus->attach(node);
  }
  Listener listener;
  std::optional<Bus> bus;
};

TEST_F(BusTest, GivesEachFrameToAllOthersAfterItsTime) {
  make();
  ASSERT_TRUE(bus->queue(1, frame_with(0x123), Time(1000)));
  EXPECT_EQ(bus->next(), Time(1000));

  bus->advance(Time(1000));
  const Time end = Time(1000) + duration_of(frame_with(0x123), {});
  EXPECT_EQ(bus->next(), end);
  bus->advance(end - Time(1));
  EXPECT_TRUE(listener.heard.empty());
  bus->advance(end);

  ASSERT_EQ(listener.heard.size(), 2u);
  EXPECT_EQ(listener.heard[0].node, 2);
  EXPECT_EQ(listener.heard[1].node, 3);
  EXPECT_EQ(listener.heard[0].at, end);
  ASSERT_EQ(listener.said.size(), 1u);
  EXPECT_EQ(bus->next(), std::nullopt);
}

TEST_F(BusTest, LetsTheMostUrgentOfTheWaitingGoFirst) {
  make();
  ASSERT_TRUE(bus->queue(1, frame_with(0x300), Time(0)));
  ASSERT_TRUE(bus->queue(2, frame_with(0x200), Time(10)));  // while the first is on the wire
  ASSERT_TRUE(bus->queue(3, frame_with(0x100), Time(20)));

  bus->advance(kLong);

  EXPECT_EQ(listener.ids_at(1), (std::vector<std::uint32_t>{0x100, 0x200}));
  EXPECT_EQ(listener.said.size(), 3u);
  EXPECT_EQ(listener.said[0].id, 0x300u) << "it was alone when it began";
  EXPECT_EQ(listener.said[1].id, 0x100u);
}

TEST_F(BusTest, IsFilledWithoutGapsByAQueue) {
  make();
  Time sum{0};
  for (std::uint32_t i = 0; i < 40; ++i) {
    ASSERT_TRUE(bus->queue(1, frame_with(0x100 + i, i % 9), Time(0)));
    sum += duration_of(frame_with(0x100 + i, i % 9), {});
  }

  bus->advance(kLong);

  EXPECT_EQ(listener.said.back().at, sum);
  EXPECT_EQ(bus->counters().frames, 40u);
}

TEST_F(BusTest, SendsAgainWhatABitErrorDestroyed) {
  make();
  bus->break_next(1, 2);
  ASSERT_TRUE(bus->queue(1, frame_with(0x100), Time(0)));

  bus->advance(kLong);

  EXPECT_EQ(listener.ids_at(2), (std::vector<std::uint32_t>{0x100})) << "once";
  EXPECT_EQ(bus->counters().bit_errors, 2u);
  EXPECT_GT(listener.said[0].at, duration_of(frame_with(0x100), {}));
}

TEST_F(BusTest, PutsABrokenNodeOffAndTakesItBack) {
  make();
  bus->break_next(1, 1000);
  ASSERT_TRUE(bus->queue(1, frame_with(0x100), Time(0)));

  bus->advance(std::chrono::milliseconds(6));
  EXPECT_EQ(bus->state_of(1), NodeState::kBusOff);
  EXPECT_FALSE(bus->queue(1, frame_with(0x101), std::chrono::milliseconds(6)));
  EXPECT_EQ(bus->counters().bit_errors, 32u) << "8 for each, off at 256";
  bus->break_next(1, 0);
  bus->advance(kLong);

  EXPECT_EQ(bus->state_of(1), NodeState::kErrorActive);
  EXPECT_TRUE(bus->queue(1, frame_with(0x102), kLong));
  bus->advance(kLong * 2);
  EXPECT_EQ(listener.ids_at(2), (std::vector<std::uint32_t>{0x102})) << "the old one is lost";
  const std::vector<std::pair<Bus::NodeId, NodeState>> states = {
      {1, NodeState::kErrorPassive}, {1, NodeState::kBusOff}, {1, NodeState::kErrorActive}};
  EXPECT_EQ(listener.states, states);
}

TEST_F(BusTest, KeepsABrokenNodeOffIfToldSo) {
  make({}, false);
  bus->break_next(1, 1000);
  ASSERT_TRUE(bus->queue(1, frame_with(0x100), Time(0)));

  bus->advance(kLong);

  EXPECT_EQ(bus->state_of(1), NodeState::kBusOff);
  EXPECT_EQ(bus->next(), std::nullopt);
}

TEST_F(BusTest, LosesAFrameThatTheSenderSawAcknowledged) {
  make({.lost = 1'000'000});
  ASSERT_TRUE(bus->queue(1, frame_with(0x100), Time(0)));

  bus->advance(kLong);

  EXPECT_EQ(listener.said.size(), 1u);
  EXPECT_TRUE(listener.heard.empty());
  EXPECT_EQ(bus->counters().lost, 2u);
}

TEST_F(BusTest, KeepsAFrameUntilSomebodyIsThereToAcknowledgeIt) {
  make();
  bus->detach(2);
  bus->detach(3);
  ASSERT_TRUE(bus->queue(1, frame_with(0x100), Time(0)));
  bus->advance(kLong);
  EXPECT_TRUE(listener.said.empty());

  bus->attach(4);
  bus->advance(kLong * 2);

  EXPECT_EQ(listener.ids_at(4), (std::vector<std::uint32_t>{0x100}));
}

TEST_F(BusTest, DropsTheFrameOfANodeThatLeaves) {
  make();
  ASSERT_TRUE(bus->queue(1, frame_with(0x100), Time(0)));
  ASSERT_TRUE(bus->queue(2, frame_with(0x200), Time(0)));
  bus->advance(Time(10));
  bus->detach(1);

  bus->advance(kLong);

  EXPECT_EQ(listener.ids_at(3), (std::vector<std::uint32_t>{0x200}));
}

TEST_F(BusTest, BoundsItsQueues) {
  make();
  for (int i = 0; i < 64; ++i) ASSERT_TRUE(bus->queue(1, frame_with(0x100), Time(0)));
  EXPECT_FALSE(bus->queue(1, frame_with(0x100), Time(0)));
  EXPECT_FALSE(bus->queue(9, frame_with(0x100), Time(0))) << "no such node";
  EXPECT_FALSE(bus->queue(2, make_frame(0x800, false, false, {}), Time(0))) << "no such frame";
}

/// Whatever is destroyed on the way, every frame arrives once, in the order of its node.
class NoisyBus : public BusTest, public testing::WithParamInterface<std::uint64_t> {};

TEST_P(NoisyBus, DeliversEveryFrameOnceAndInOrder) {
  make({.bit_errors = 100'000, .seed = GetParam()});
  std::vector<std::uint32_t> from_one, from_two;
  Time now{0};
  for (std::uint32_t i = 0; i < 50; ++i, now += std::chrono::milliseconds(1)) {
    ASSERT_TRUE(bus->queue(1, frame_with(0x100 + i), now));
    ASSERT_TRUE(bus->queue(2, frame_with(0x080 + i), now));
    from_one.push_back(0x100 + i);
    from_two.push_back(0x080 + i);
    bus->advance(now);
  }

  bus->advance(kLong);

  EXPECT_EQ(listener.ids_at(2), from_one);
  EXPECT_EQ(listener.ids_at(1), from_two);
  EXPECT_GT(bus->counters().bit_errors, 0u);
}
INSTANTIATE_TEST_SUITE_P(Seeds, NoisyBus, testing::Range<std::uint64_t>(1, 11));

}  // namespace
}  // namespace gatehouse::can
