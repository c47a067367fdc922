#include "ae-apps/ota/isotp/pdu.h"

#include <gtest/gtest.h>

namespace gatehouse::isotp {
namespace {

Shape fd_shape() { return {true, 64, 0xCC}; }

// ISO 15765-2: coding of STmin
TEST(Separation, IsCodedInMillisecondsAndHundredsOfMicroseconds) {
  using std::chrono::microseconds;
  using std::chrono::milliseconds;
  EXPECT_EQ(separation_of(0), Time(0));
  EXPECT_EQ(separation_of(0x7F), milliseconds(127));
  EXPECT_EQ(separation_of(0xF1), microseconds(100));
  EXPECT_EQ(separation_of(0xF9), microseconds(900));
  for (const std::uint8_t reserved : {0x80, 0xF0, 0xFA, 0xFF}) {
    EXPECT_EQ(separation_of(reserved), milliseconds(127)) << int{reserved};
  }
}

TEST(Encoding, FillsFramesUp) {
  const Bytes pdu = encode_single(Bytes{0x3E, 0x00}, {}, 0);

  EXPECT_EQ(to_hex(frame_of(1, false, {}, pdu, {}).payload()), "023e00cccccccccc");
  EXPECT_EQ(to_hex(frame_of(1, false, {}, pdu, {false, 8, std::nullopt}).payload()), "023e00");
  EXPECT_EQ(to_hex(frame_of(1, false, {}, pdu, {false, 8, 0xAA}).payload()), "023e00aaaaaaaaaa");
  EXPECT_EQ(to_hex(frame_of(1, false, 0x10, pdu, {}).payload()), "10023e00cccccccc");
}

TEST(Encoding, FillsCanFdUpToALengthThatExists) {
  const Bytes pdu = encode_single(Bytes(8, 7), fd_shape(), 0);

  const can::Frame frame = frame_of(1, false, {}, pdu, fd_shape());

  EXPECT_EQ(to_hex(frame.payload()), "00080707070707070707cccc");
  EXPECT_TRUE(frame.fd);
}

TEST(Encoding, ChoosesTheLengthOfTheFirstFrame) {
  EXPECT_EQ(to_hex(encode_first(Bytes(4095, 1), {}, 0)), "1fff010101010101");
  EXPECT_EQ(to_hex(encode_first(Bytes(4096, 1), {}, 0)), "1000000010000101");
  EXPECT_EQ(encode_first(Bytes(4096, 1), fd_shape(), 1).size(), 63u);
}

struct Ignored {
  const char* name;
  const char* frame;
  std::size_t prefix = 0;
};
class IgnoredFrame : public testing::TestWithParam<Ignored> {};

// ISO 15765-2: N_PCI that is not valid is ignored
TEST_P(IgnoredFrame, IsNoPdu) {
  EXPECT_FALSE(decode(from_hex(GetParam().frame).value(), GetParam().prefix));
}
INSTANTIATE_TEST_SUITE_P(
    All, IgnoredFrame,
    testing::Values(Ignored{"empty", ""}, Ignored{"one_byte", "01"},
                    Ignored{"single_of_nothing", "0000000000000000"},
                    Ignored{"single_longer_than_its_frame", "0501020304"},
                    Ignored{"single_of_eight", "0801020304050607"},
                    Ignored{"single_too_long_behind_a_prefix", "1007010203040506", 1},
                    Ignored{"fd_single_with_the_short_header", "0701020304050607080910ab"},
                    Ignored{"fd_single_of_nothing", "000001020304050607080910"},
                    Ignored{"fd_single_longer_than_its_frame", "000b01020304050607080910"},
                    Ignored{"first_in_a_short_frame", "10140102030405"},
                    Ignored{"first_that_fits_into_a_single", "1007010203040506"},
                    Ignored{"first_with_a_needless_escape", "100000000fff0102"},
                    Ignored{"fd_first_that_fits_into_a_single", "100a01020304050607080910"},
                    Ignored{"flow_without_stmin", "3000"},
                    Ignored{"reserved_kind", "4001020304050607"},
                    Ignored{"only_a_prefix", "1001", 1}),
    [](const auto& param) { return param.param.name; });

TEST(Decoding, TakesTheSmallestAndTheLargest) {
  const auto single = decode(from_hex("0101").value(), 0);
  ASSERT_TRUE(single);
  EXPECT_EQ(std::get<SingleFrame>(*single).data.size(), 1u);
  const auto first = decode(from_hex("1008010203040506").value(), 0);
  ASSERT_TRUE(first);
  EXPECT_EQ(std::get<FirstFrame>(*first).message_bytes, 8u);
  const auto large = decode(from_hex("1000ffffffff0102").value(), 0);
  ASSERT_TRUE(large);
  EXPECT_EQ(std::get<FirstFrame>(*large).message_bytes, 0xFFFFFFFFu);
}

}  // namespace
}  // namespace gatehouse::isotp
