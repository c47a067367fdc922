// Every length field of a good dialogue, made wrong: refused with its reason, on its layer.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/ae-apps/attestation/tnc/length_fields.h"

namespace gatehouse::tnc {
namespace {

/// What a side said last, as a peer sees it.
enum class Closing : std::uint8_t { kNothing, kPtError, kPbError, kPaError };

Closing closing_of(ByteView said) {
  Closing out = Closing::kNothing;
  for (const PtMessage& message : messages_in(said)) {
    if (message.type == static_cast<std::uint32_t>(PtType::kError)) return Closing::kPtError;
    const auto batch = parse_batch(message.value);
    for (const PbMessage& each : batch ? batch->messages : std::vector<PbMessage>()) {
      if (each.type == static_cast<std::uint32_t>(PbType::kError)) out = Closing::kPbError;
    }
  }
  if (find(attributes_in(said), kIetf, kPaError) != nullptr) out = Closing::kPaError;
  return out;
}

/// Whoever is told by PT-TLS cannot know what the bytes behind a wrong length were meant as.
bool fits(Closing closing, Layer layer) {
  switch (layer) {
    case Layer::kPt:
      return closing == Closing::kPtError || closing == Closing::kPbError;
    case Layer::kPb:
      return closing == Closing::kPbError;
    case Layer::kPa:
      return closing == Closing::kPaError;
  }
  return false;
}

class LengthFields : public testing::TestWithParam<Words> {
 protected:
  LengthFields() { good_.talk(); }
  /// PTS' words are many.
  static bool in_pts() { return GetParam() == Words::kPts; }
  TwoSides good_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Words, LengthFields, testing::Values(Words::kPts, Words::kOwn),
                         [](const auto& row) { return row.param == Words::kPts ? "pts" : "own"; });

TEST_P(LengthFields, AreFoundInAllMessagesOfADialogue) {
  ASSERT_EQ(good_.judged.size(), 1u);
  ASSERT_EQ(good_.by_client.size(), in_pts() ? 5u : 4u);
  ASSERT_EQ(good_.by_server.size(), in_pts() ? 4u : 3u);
  std::size_t count = 0;
  for (const auto* side : {&good_.by_client, &good_.by_server}) {
    for (const Bytes& piece : *side) count += length_fields(piece).size();
  }
  EXPECT_GT(count, in_pts() ? 65u : 25u);
}

TEST_P(LengthFields, OfAClientAreRefusedByTheServerEachWithItsReason) {
  std::size_t mutants = 0;
  for (std::size_t turn = 0; turn < good_.by_client.size(); ++turn) {
    for (const LengthField& field : length_fields(good_.by_client[turn])) {
      for (const std::uint64_t wrong : wrong_values(field)) {
        TwoSides fresh(GetParam());
        Bytes said;
        for (std::size_t i = 0; i < good_.by_client.size() && !fresh.server.finished(); ++i) {
          const Bytes answer = fresh.server.feed(i == turn ? with(good_.by_client[i], field, wrong)
                                                           : good_.by_client[i]);
          if (!answer.empty()) said = answer;
        }
        const std::string name = "turn " + std::to_string(turn) + ": " + field.name + " = " +
                                 std::to_string(wrong) + ", " + fresh.server.fault();
        const bool at_the_end = turn + 1 == good_.by_client.size();
        EXPECT_EQ(fresh.judged.size(), at_the_end ? 1u : 0u) << name;
        ++mutants;
        // A length that promises more than comes is waited for; its time is limited.
        if (!fresh.server.finished()) {
          EXPECT_TRUE(at_the_end && field.layer == Layer::kPt && wrong > field.value) << name;
          continue;
        }
        EXPECT_FALSE(fresh.server.fault().empty()) << name;
        EXPECT_TRUE(fits(closing_of(said), field.layer)) << name;
        if (!at_the_end) {
          const auto& outcome = fresh.server.outcome();
          EXPECT_TRUE(!outcome || outcome->access == Access::kDenied) << name;
        }
      }
    }
  }
  EXPECT_GT(mutants, in_pts() ? 170u : 45u);
}

TEST_P(LengthFields, OfAServerAreRefusedByTheClient) {
  std::size_t mutants = 0;
  for (std::size_t turn = 0; turn < good_.by_server.size(); ++turn) {
    for (const LengthField& field : length_fields(good_.by_server[turn])) {
      for (const std::uint64_t wrong : wrong_values(field)) {
        TwoSides fresh(GetParam());
        static_cast<void>(fresh.client.start());
        Bytes said;
        for (std::size_t i = 0; i < good_.by_server.size() && !fresh.client.finished(); ++i) {
          const Bytes answer = fresh.client.feed(i == turn ? with(good_.by_server[i], field, wrong)
                                                           : good_.by_server[i]);
          if (!answer.empty()) said = answer;
          if (closing_of(said) == Closing::kPaError) break;  // the server has the last word
        }
        const std::string name = "turn " + std::to_string(turn) + ": " + field.name + " = " +
                                 std::to_string(wrong) + ", " + fresh.client.fault();
        ++mutants;
        EXPECT_FALSE(fresh.client.outcome()) << name;
        if (!fresh.client.finished() && field.layer == Layer::kPt) continue;  // it waits
        EXPECT_TRUE(fits(closing_of(said), field.layer)) << name;
      }
    }
  }
  EXPECT_GT(mutants, in_pts() ? 80u : 40u);
}

// Whatever a client says, a piece at a time or not at all, ends in a bounded answer.
TEST_P(LengthFields, CutOffAnywhereNothingIsJudged) {
  Bytes all;
  for (std::size_t i = 0; i + 1 < good_.by_client.size(); ++i) append(all, good_.by_client[i]);
  for (std::size_t size = 0; size + 1 < all.size(); size += 7) {
    TwoSides fresh(GetParam());
    static_cast<void>(fresh.server.feed(ByteView(all).first(size)));
    EXPECT_TRUE(fresh.judged.empty()) << size;
    EXPECT_FALSE(fresh.server.finished()) << size;
  }
}

}  // namespace
}  // namespace gatehouse::tnc
