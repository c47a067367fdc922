#include "ae-apps/ota/can/frame.h"

#include <gtest/gtest.h>

#include "ae-apps/ota/can/virtual_wire.h"

namespace gatehouse::can {
namespace {

// ISO 11898-1: the data length codes of CAN FD
TEST(Frame, KnowsTheLengthsThatCanFdCanSay) {
  const std::pair<std::size_t, std::size_t> cases[] = {{0, 0},   {8, 8},   {9, 12},  {12, 12},
                                                       {13, 16}, {21, 24}, {25, 32}, {33, 48},
                                                       {48, 48}, {49, 64}, {64, 64}};
  for (const auto& [bytes, length] : cases) EXPECT_EQ(fd_length_for(bytes), length) << bytes;
  EXPECT_EQ(fd_length_for(65), std::nullopt);
}

TEST(Frame, RefusesWhatNoControllerCouldSend) {
  Frame frame = make_frame(0x800, false, false, {});
  EXPECT_TRUE(fault_of(frame));
  frame.extended = true;
  EXPECT_FALSE(fault_of(frame));
  EXPECT_TRUE(fault_of(make_frame(1, false, false, Bytes(9, 0))));
  EXPECT_TRUE(fault_of(make_frame(1, false, true, Bytes(9, 0))));
  EXPECT_FALSE(fault_of(make_frame(1, false, true, Bytes(12, 0))));
  frame = make_frame(1, false, false, Bytes(8, 0));
  frame.bit_rate_switch = true;
  EXPECT_TRUE(fault_of(frame));
}

// ISO 11898-1: arbitration, a standard identifier before an extended one with the same beginning
TEST(Frame, IsMoreUrgentWithASmallerIdentifier) {
  const Frame low = make_frame(0x100, false, false, {});
  const Frame extended = make_frame(0x100u << 18, true, false, {});
  const Frame high = make_frame(0x101, false, false, {});

  EXPECT_LT(priority_of(low), priority_of(extended));
  EXPECT_LT(priority_of(extended), priority_of(high));
}

// By hand: 34 zeros with a stuff bit after each 5, and 13 bits behind them.
TEST(Frame, CountsItsBitsOnTheWire) {
  const WireBits zeros = wire_bits(make_frame(0, false, false, {}));
  EXPECT_EQ(zeros.nominal, 34u + 6 + 13);
  EXPECT_EQ(zeros.data, 0u);
  EXPECT_EQ(duration_of(zeros, {}), std::chrono::microseconds(106));

  const WireBits fd = wire_bits(make_frame(0, false, true, {}));
  EXPECT_EQ(fd.nominal, 17u + 2 + 12);
  EXPECT_EQ(fd.data, 5u + 1 + 21 + 6 + 1);
}

TEST(Frame, TakesBetweenTheShortestAndTheLongestTime) {
  for (const std::uint8_t fill : {0x00, 0x55, 0xCC, 0xFF}) {
    const WireBits bits = wire_bits(make_frame(0x7E0, false, false, Bytes(8, fill)));
    EXPECT_GE(bits.nominal, 111u) << int{fill};
    EXPECT_LE(bits.nominal, 111u + 24) << int{fill};
  }
  EXPECT_LT(duration_of(make_frame(1, false, true, Bytes(64, 0x55)), {}),
            duration_of(make_frame(1, false, false, Bytes(8, 0x55)), {}) * 2);
}

TEST(VirtualWire, CarriesEveryEvent) {
  for (const Event::Kind kind : {Event::Kind::kFrame, Event::Kind::kSent, Event::Kind::kBusOff}) {
    const Event event{kind, make_frame(0x18DA10F1, true, true, Bytes(48, 7))};

    const auto back = decode_event(encode_event(event));

    ASSERT_TRUE(back);
    EXPECT_EQ(back->kind, kind);
    EXPECT_EQ(back->frame, event.frame);
  }
}

TEST(VirtualWire, TakesNothingElse) {
  const Bytes good = encode_event({Event::Kind::kFrame, make_frame(1, false, false, Bytes(8, 1))});
  for (std::size_t length = 0; length < 6; ++length) {
    EXPECT_FALSE(decode_event(ByteView(good).first(length))) << length;
  }
  Bytes bad = good;
  bad[0] = 4;
  EXPECT_FALSE(decode_event(bad)) << "kind";
  bad = good;
  bad[1] = 8;
  EXPECT_FALSE(decode_event(bad)) << "flags";
  bad = good;
  bad[4] = 0xFF;
  EXPECT_FALSE(decode_event(bad)) << "identifier";
  bad = good;
  bad.push_back(0);
  EXPECT_FALSE(decode_event(bad)) << "length";
}

}  // namespace
}  // namespace gatehouse::can
