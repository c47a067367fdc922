#include <iostream>
#include <random>

#include "tests/ae-apps/ota/isotp/world.h"

namespace gatehouse::isotp {
namespace {

struct Way {
  std::string name;
  Address here, there;
  Settings settings;
};
void PrintTo(const Way& way, std::ostream* out) { *out << way.name; }

class EveryWay : public testing::TestWithParam<Way> {};

// ISO 15765-2: segmentation at each boundary of a frame, in both directions
TEST_P(EveryWay, CarriesMessagesOfAnyLength) {
  World world;
  Node& one = world.add(GetParam().here, GetParam().settings);
  Node& two = world.add(GetParam().there, GetParam().settings);
  std::vector<Bytes> all;
  for (const std::size_t size : {1,   5,   6,   7,   8,    11,   12,   61,   62,     63,     64,
                                 124, 125, 126, 300, 4094, 4095, 4096, 4097, 20'000, 131'072}) {
    all.push_back(message_of(size, static_cast<std::uint32_t>(size)));
    ASSERT_TRUE(one.channel.send(all.back(), false, world.now));
    // Both at once, unless the more urgent one would keep the other off the bus for N_As.
    if (size > 20'000) world.run();
    ASSERT_TRUE(two.channel.send(all.back(), false, world.now));
    world.run();
  }

  EXPECT_TRUE(two.messages == all);
  EXPECT_TRUE(one.messages == all);
  EXPECT_EQ(one.sent_messages, static_cast<int>(all.size()));
  EXPECT_TRUE(one.send_failures.empty() && two.receive_failures.empty());
  EXPECT_EQ(world.refused, 0);
}

Settings with_blocks(Settings settings, std::uint8_t block_size, std::uint8_t st_min) {
  settings.block_size = block_size;
  settings.st_min = st_min;
  return settings;
}
Settings unpadded() {
  Settings out;
  out.shape.padding.reset();
  return out;
}
Settings eager() {
  Settings out = fd();
  out.in_flight = 8;
  out.block_size = 5;
  return out;
}

INSTANTIATE_TEST_SUITE_P(
    All, EveryWay,
    testing::Values(Way{"normal", tester(), ecu(), classic()},
                    Way{"unpadded", tester(), ecu(), unpadded()},
                    Way{"blocks_of_one", tester(), ecu(), with_blocks(classic(), 1, 0)},
                    Way{"blocks_with_pauses", tester(), ecu(), with_blocks(classic(), 8, 0xF5)},
                    Way{"normal_fixed", normal_fixed(0xF1, 0x10, true),
                        normal_fixed(0x10, 0xF1, false), classic()},
                    Way{"extended", extended(0x7E0, 0x7E8, 0x10, 0xF1),
                        extended(0x7E8, 0x7E0, 0xF1, 0x10), classic()},
                    Way{"mixed", mixed(0x7E0, 0x7E8, 0x55), mixed(0x7E8, 0x7E0, 0x55), classic()},
                    Way{"mixed_fixed_fd", mixed_fixed(0xF1, 0x10, 0x55),
                        mixed_fixed(0x10, 0xF1, 0x55), fd()},
                    Way{"fd", tester(), ecu(), fd()}, Way{"fd_of_12", tester(), ecu(), fd(12)},
                    Way{"fd_of_8", tester(), ecu(), fd(8)},
                    Way{"fd_extended_blocks", extended(1, 2, 3, 4), extended(2, 1, 4, 3),
                        with_blocks(fd(48), 15, 1)},
                    Way{"several_in_flight", tester(), ecu(), eager()}),
    [](const auto& param) { return param.param.name; });

class Pair : public testing::Test {
 protected:
  void make(Settings of_two = {}, Settings of_one = {}, can::BusSettings bus = {}) {
    world.emplace(bus);
    one = &world->add(tester(), of_one);
    two = &world->add(ecu(), of_two);
  }
  void say(std::size_t size) {
    ASSERT_TRUE(one->channel.send(message_of(size), false, world->now));
  }
  can::Frame flow(std::uint8_t status, std::uint8_t block = 0, std::uint8_t st_min = 0) {
    return can::make_frame(kResponseId, false, false,
                           Bytes{static_cast<std::uint8_t>(0x30 | status), block, st_min});
  }
  void drop_kind(unsigned kind, int count) {
    world->drop = [kind, left = count](int, const can::Frame& frame) mutable {
      return frame.data[0] >> 4u == kind && left-- > 0;
    };
  }
  std::optional<World> world;
  Node* one = nullptr;
  Node* two = nullptr;
};

TEST_F(Pair, WaitsBetweenFramesAsTheReceiverAsks) {
  make(with_blocks({}, 0, 10));
  say(62);  // 6 + 8 x 7
  world->run();
  EXPECT_GE(world->now, milliseconds(7 * 10)) << "between 8 consecutive frames";
  EXPECT_EQ(two->messages.size(), 1u);
}

TEST_F(Pair, AsksForBlocks) {
  make(with_blocks({}, 3, 0));
  say(6 + 7 * 7);
  world->run();
  EXPECT_EQ(world->count_of(3), 3u) << "before frames 1, 4 and 7";
}

TEST_F(Pair, ReachesAllAtOnceWithASingleFrame) {
  make();
  Node& three = world->add(normal(0x7E9, 0x7E1), {});
  ASSERT_TRUE(one->channel.send({0x3E, 0x80}, true, world->now));
  world->run();

  EXPECT_EQ(two->functional_messages, (std::vector<Bytes>{{0x3E, 0x80}}));
  EXPECT_TRUE(three.functional_messages.empty()) << "it has no functional identifier";
  EXPECT_EQ(one->channel.send(message_of(8), true, world->now).error().rsc, Rsc::kBadRequest);
  EXPECT_EQ(three.channel.send({1}, true, world->now).error().rsc, Rsc::kBadRequest);
}

TEST_F(Pair, GivesUpWithoutFlowControl) {
  make();
  drop_kind(3, 1);
  say(100);
  world->run();
  EXPECT_EQ(one->send_failures, std::vector{Failure::kTimeoutBs});
  EXPECT_EQ(two->receive_failures, std::vector{Failure::kTimeoutCr});
}

TEST_F(Pair, NoticesAMissingConsecutiveFrame) {
  make();
  drop_kind(2, 1);
  say(100);
  world->run();
  EXPECT_EQ(two->receive_failures, std::vector{Failure::kWrongSequence});
  EXPECT_TRUE(two->messages.empty());
}

TEST_F(Pair, NoticesThatTheLastFrameIsMissing) {
  make();
  drop_kind(2, 1);
  say(13);  // first and one consecutive
  world->run();
  EXPECT_EQ(two->receive_failures, std::vector{Failure::kTimeoutCr});
}

TEST_F(Pair, GivesUpWhenTheBusTakesNothing) {
  make();
  world->bus.detach(1);
  say(5);
  world->run();
  EXPECT_EQ(one->send_failures, std::vector{Failure::kTimeoutA});
}

TEST_F(Pair, RefusesWhatItHasNoRoomFor) {
  Settings small;
  small.max_message_bytes = 1000;
  make(small);
  say(1001);
  world->run();
  EXPECT_EQ(one->send_failures, std::vector{Failure::kTooLong});
  say(1000);
  world->run();
  EXPECT_EQ(two->messages.size(), 1u);
}

TEST_F(Pair, WaitsWhileTheReceiverHoldsIt) {
  make();
  two->channel.hold(true, world->now);
  say(100);
  world->run(milliseconds(2500));
  EXPECT_TRUE(two->messages.empty());
  EXPECT_EQ(world->count_of(3), 7u) << "WAIT at 0, 400, … 2400 ms";

  two->channel.hold(false, world->now);
  world->run();

  EXPECT_EQ(two->messages.size(), 1u);
  EXPECT_TRUE(one->send_failures.empty());
}

TEST_F(Pair, WaitsNotForEver) {
  Settings patient;
  patient.max_waits = 50;
  make(patient);
  two->channel.hold(true, world->now);
  say(100);
  world->run();
  EXPECT_EQ(one->send_failures, std::vector{Failure::kTooManyWaits});
  EXPECT_EQ(two->receive_failures, std::vector{Failure::kTooManyWaits});
}

TEST_F(Pair, TakesANewMessageInPlaceOfAnUnfinishedOne) {
  make();
  say(100);
  world->run(microseconds(300));  // the first frame is there
  const can::Frame single = can::make_frame(kRequestId, false, false, Bytes{2, 0x3E, 0});
  two->channel.heard(single, world->now);
  EXPECT_EQ(two->receive_failures, std::vector{Failure::kUnexpected});
  EXPECT_EQ(two->messages, (std::vector<Bytes>{{0x3E, 0}}));
}

TEST_F(Pair, TellsAnInvalidFlowControl) {
  make();
  drop_kind(3, 1);
  say(100);
  world->run(milliseconds(5));
  one->channel.heard(flow(3), world->now);
  EXPECT_EQ(one->send_failures, std::vector{Failure::kInvalidFlow});
}

TEST_F(Pair, TakesOverflowOnlyAsTheFirstAnswer) {
  make(with_blocks({}, 2, 0));
  say(100);
  world->drop = [this, seen = 0](int to, const can::Frame& frame) mutable {
    if (to != 0 || frame.data[0] >> 4u != 3 || ++seen != 2) return false;
    one->channel.heard(flow(2), world->now);
    return true;
  };
  world->run();
  EXPECT_EQ(one->send_failures, std::vector{Failure::kInvalidFlow});
}

TEST_F(Pair, KeepsTheParametersOfTheFirstFlowControl) {
  make();
  drop_kind(3, 3);
  say(6 + 7 * 4);
  world->run(milliseconds(1));
  one->channel.heard(flow(0, 2, 0), world->now);
  world->run(milliseconds(5));
  EXPECT_EQ(world->count_of(2), 2u);
  one->channel.heard(flow(0, 1, 127), world->now);
  world->run(milliseconds(5));
  EXPECT_EQ(world->count_of(2), 4u);
}

TEST_F(Pair, LosesEverythingWhenItsControllerIsBusOff) {
  can::BusSettings bus;
  bus.recovers = true;
  make({}, {}, bus);
  say(500);
  world->run(milliseconds(3));
  world->bus.break_next(0, 40);
  world->run(milliseconds(30));
  EXPECT_EQ(one->send_failures, std::vector{Failure::kBusLost});

  world->bus.break_next(0, 0);
  world->run(milliseconds(100));
  say(500);
  world->run();

  EXPECT_EQ(two->messages.size(), 1u) << "after the recovery";
}

TEST_F(Pair, IgnoresFramesThatMeanNothing) {
  make();
  for (const char* text : {"", "00", "2101020304050607", "300000", "f0", "1007010203040506"}) {
    two->channel.heard(can::make_frame(kRequestId, false, false, from_hex(text).value()),
                       world->now);
  }
  EXPECT_EQ(two->channel.counters().ignored, 6u);
  two->channel.heard(can::make_frame(0x123, false, false, Bytes{2, 1, 1}), world->now);
  two->channel.heard(can::make_frame(kRequestId, true, false, Bytes{2, 1, 1}), world->now);
  two->channel.heard(can::make_frame(kFunctionalId, false, false, Bytes(8, 0x11)), world->now);
  EXPECT_TRUE(two->messages.empty());
  EXPECT_EQ(two->channel.counters().ignored, 7u) << "frames of others do not count";
}

TEST_F(Pair, BoundsWhatWaits) {
  make();
  for (int i = 0; i < 8; ++i) say(100);
  EXPECT_FALSE(one->channel.send({1}, false, world->now));
  EXPECT_FALSE(one->channel.send({}, false, world->now)) << "nothing is no message";
  world->run();
  EXPECT_EQ(two->messages.size(), 8u);
}

/// Frames get lost, come twice or in another order: what arrives is what was said, or nothing.
class Turmoil : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Turmoil, NeverDeliversAnythingThatWasNotSaid) {
  std::mt19937_64 random(GetParam());
  can::BusSettings bus;
  bus.faults = {.lost = 3'000, .bit_errors = 20'000, .seed = GetParam()};
  World world(bus);
  const Settings settings =
      with_blocks(random() % 2 == 0 ? classic() : fd(), static_cast<std::uint8_t>(random() % 20),
                  random() % 3 == 0 ? 0xF1 : 0);
  Node& one = world.add(tester(), settings);
  Node& two = world.add(ecu(), settings);
  std::optional<std::pair<int, can::Frame>> late;
  world.drop = [&](int to, const can::Frame& frame) {
    const auto dice = random() % 200;
    if (late && late->first == to) {
      const can::Frame held = late->second;
      late.reset();
      world.nodes[static_cast<std::size_t>(to)]->channel.heard(frame, world.now);
      world.nodes[static_cast<std::size_t>(to)]->channel.heard(held, world.now);
      return true;
    }
    if (dice == 0) late = {to, frame};  // changes places with the next one
    if (dice == 1) world.nodes[static_cast<std::size_t>(to)]->channel.heard(frame, world.now);
    return dice == 0;
  };
  std::vector<Bytes> said;
  for (std::uint32_t i = 0; i < 60; ++i) {
    late.reset();  // no frame is seconds late
    said.push_back(message_of(1 + random() % 1500, i + 7));
    ASSERT_TRUE(one.channel.send(said.back(), false, world.now));
    world.run(std::chrono::seconds(5));
    EXPECT_FALSE(one.channel.sending()) << "each one ends, well or not";
  }

  for (const Bytes& message : two.messages) {
    EXPECT_NE(std::find(said.begin(), said.end(), message), said.end());
  }
  EXPECT_GT(two.messages.size(), 5u);
  EXPECT_GE(one.sent_messages + static_cast<int>(one.send_failures.size()), 60);
}
INSTANTIATE_TEST_SUITE_P(Seeds, Turmoil, testing::Range<std::uint64_t>(1, 41));

/// The bus's limit: the same payload in full consecutive frames without a gap.
struct Load {
  std::string name;
  Settings settings;
  std::size_t message_bytes;
};
void PrintTo(const Load& load, std::ostream* out) { *out << load.name; }
class Share : public testing::TestWithParam<Load> {};

TEST_P(Share, OfTheComputedLimitIsAtLeast95Percent) {
  const Load& load = GetParam();
  World world;
  Node& one = world.add(tester(), load.settings);
  Node& two = world.add(ecu(), load.settings);
  constexpr int kMessages = 8;
  for (int i = 0; i < kMessages; ++i) {
    ASSERT_TRUE(one.channel.send(message_of(load.message_bytes), false, world.now));
  }
  world.run();
  ASSERT_EQ(two.messages.size(), static_cast<std::size_t>(kMessages));
  Time full{0};
  const std::size_t room = load.settings.shape.frame_bytes - 1;
  const Bytes message = message_of(load.message_bytes);
  for (std::size_t at = 0; at < message.size(); at += room) {
    const auto part = ByteView(message).subspan(at, std::min(room, message.size() - at));
    full += can::duration_of(
        frame_of(kRequestId, false, {}, encode_consecutive(1, part), load.settings.shape), {});
  }
  Time used{0};  // the clock goes on to its limit after the last frame
  for (const can::Frame& frame : world.frames) used += can::duration_of(frame, {});

  const double share = static_cast<double>((full * kMessages).count()) /
                       static_cast<double>(world.last_sent.count());
  const double seconds = std::chrono::duration<double>(world.last_sent).count();
  std::cout << load.name << ": " << share * 100 << " % of the limit, "
            << static_cast<double>(load.message_bytes) * kMessages / seconds / 1000 << " kB/s\n";

  EXPECT_GE(share, 0.95);
  EXPECT_EQ(used, world.last_sent) << "no gap between any two frames";
}
INSTANTIATE_TEST_SUITE_P(
    All, Share,
    testing::Values(Load{"can_4095", classic(), 4095}, Load{"can_16k", classic(), 16'384},
                    Load{"can_blocks_of_32", with_blocks(classic(), 32, 0), 16'384},
                    Load{"fd_16k", fd(), 16'384}, Load{"fd_64k", fd(), 65'536}),
    [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace gatehouse::isotp
