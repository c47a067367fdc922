// Frames as another implementation sent them, and what is wrong with others.
#include <gtest/gtest.h>

#include "ae-apps/attestation/tnc/pa_tnc.h"
#include "ae-apps/attestation/tnc/pb_tnc.h"
#include "ae-apps/attestation/tnc/pt_tls.h"

namespace gatehouse::tnc {
namespace {

Bytes hex(std::string_view text) { return *from_hex(text); }

// Captured from a client and a server that others wrote.
constexpr std::string_view kClientData =
    "020000010000005800000000000000060000001f4163636570742d4c616e67756167653a20656e8000000000000001"
    "000000310000902a000000010001ffff0100000066f942e18000902a0000000100000011616c6c6f77";
constexpr std::string_view kResult =
    "02800003000000588000000000000001000000308000902a0000000100010001010000001f1f0d0700000000000000"
    "0900000010000000008000000000000002000000100000000000000000000000030000001000000001";

TEST(PbBatch, OfOthersComesOutAsItWentIn) {
  const auto data = parse_batch(hex(kClientData));
  ASSERT_TRUE(data) << data.error().text;
  EXPECT_EQ(encode(*data), hex(kClientData));
  EXPECT_EQ(data->type, PbBatchType::kClientData);
  EXPECT_FALSE(data->from_server);
  ASSERT_EQ(data->messages.size(), 2u);
  EXPECT_EQ(text_of(data->messages[0].value), "Accept-Language: en");
  const auto pa = parse_pa(data->messages[1].value);
  ASSERT_TRUE(pa);
  EXPECT_EQ(pa->vendor, 0x902Au);
  EXPECT_EQ(encode(*pa), data->messages[1]);
  const auto message = parse_pa_message(pa->message);
  ASSERT_TRUE(message) << message.error().detail;
  EXPECT_EQ(message->id, 0x66F942E1u);
  EXPECT_EQ(text_of(message->attributes.at(0).value), std::string_view("allow"));
  EXPECT_EQ(encode(*message), pa->message);

  const auto result = parse_batch(hex(kResult));
  ASSERT_TRUE(result) << result.error().text;
  EXPECT_TRUE(result->from_server);
  EXPECT_EQ(result->messages.at(1), assessment_result(0));
  EXPECT_EQ(result->messages.at(2), access_recommendation(1));
}

TEST(PbBatch, OfAnotherVersionIsClosedAsOthersDo) {
  Bytes batch = hex(kClientData);
  batch[0] = 3;
  const auto parsed = parse_batch(batch);
  ASSERT_FALSE(parsed);
  const auto closed = parse_batch(close_for(parsed.error(), true));
  ASSERT_TRUE(closed);
  EXPECT_EQ(closed->type, PbBatchType::kClose);
  EXPECT_EQ(to_hex(closed->messages.at(0).value), "800000000004000003020200");
}

struct Malformed {
  std::string name;
  std::string batch;
  PbErrorCode code;
  std::uint32_t parameter;
};
class PbFaults : public testing::TestWithParam<Malformed> {};

TEST_P(PbFaults, AreNamedWithTheirPlace) {
  const auto batch = parse_batch(hex(GetParam().batch));
  ASSERT_FALSE(batch);
  EXPECT_EQ(batch.error().code, GetParam().code) << batch.error().text;
  EXPECT_EQ(batch.error().parameter, GetParam().parameter) << batch.error().text;
}

constexpr auto kInvalid = PbErrorCode::kInvalidParameter;
INSTANTIATE_TEST_SUITE_P(
    Table, PbFaults,
    testing::Values(
        Malformed{"empty", "", kInvalid, 0}, Malformed{"header_cut", "02000001", kInvalid, 0},
        Malformed{"length_less", "0200000100000007", kInvalid, 4},
        Malformed{"length_more", "0200000100000009", kInvalid, 4},
        Malformed{"type_zero", "0200000000000008", kInvalid, 3},
        Malformed{"type_seven", "0200000700000008", kInvalid, 3},
        Malformed{"message_cut", "020000010000000c00000000", kInvalid, 8},
        Malformed{"message_shorter_than_its_header", "020000010000001400000000000000060000000b",
                  kInvalid, 16},
        Malformed{"message_longer_than_the_batch", "020000010000001400000000000000060000000d",
                  kInvalid, 16},
        Malformed{"message_huge", "02000001000000140000000000000006ffffffff", kInvalid, 16},
        Malformed{"unknown_no_skip", "020000010000001480000000000000630000000c",
                  PbErrorCode::kUnsupportedMandatory, 8},
        Malformed{"reserved_vendor", "020000010000001400ffffff000000010000000c", kInvalid, 8},
        Malformed{"pa_without_no_skip",
                  "0200000100000020000000000000000100000018000000000000000100010001", kInvalid, 8},
        Malformed{"result_in_client_data",
                  "0200000100000018800000000000000200000010"
                  "00000000",
                  kInvalid, 8},
        Malformed{"result_without_assessment", "0280000300000008", kInvalid, 8},
        Malformed{"assessment_of_three_bytes", "028000030000001780000000000000020000000f000000",
                  kInvalid, 16}),
    [](const auto& row) { return row.param.name; });

TEST(PbBatch, KeepsWhatMayBeSkipped) {
  const auto batch = parse_batch(hex("020000010000001400000000000000630000000c"));
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->messages.at(0).type, 0x63u);
}

struct Turn {
  PbState from;
  PbBatchType type;
  bool server;
  std::optional<PbState> to;
};

// RFC 5793 clause 3.2: all pairs of state, type and side; those not named are out of turn.
TEST(PbState, AllowsTheTurnsOfTheRfcAndNoOther) {
  using S = PbState;
  using B = PbBatchType;
  const std::vector<Turn> allowed = {{S::kInit, B::kClientData, false, S::kServerWorking},
                                     {S::kInit, B::kServerData, true, S::kClientWorking},
                                     {S::kServerWorking, B::kServerData, true, S::kClientWorking},
                                     {S::kServerWorking, B::kResult, true, S::kDecided},
                                     {S::kClientWorking, B::kClientData, false, S::kServerWorking},
                                     {S::kDecided, B::kClientRetry, false, S::kServerWorking},
                                     {S::kDecided, B::kServerRetry, true, S::kClientWorking}};
  std::size_t found = 0;
  for (int state = 0; state < 5; ++state) {
    for (int type = 1; type <= 6; ++type) {
      for (const bool server : {false, true}) {
        const Turn turn{static_cast<S>(state), static_cast<B>(type), server, std::nullopt};
        const auto to = after(turn.from, turn.type, server);
        if (turn.type == B::kClose) {
          EXPECT_EQ(to.has_value(), turn.from != S::kEnd);
          continue;
        }
        std::optional<S> wanted;
        for (const Turn& row : allowed) {
          if (row.from == turn.from && row.type == turn.type && row.server == server)
            wanted = row.to;
        }
        EXPECT_EQ(to, wanted) << state << ' ' << type << ' ' << server;
        found += wanted.has_value() ? 1 : 0;
      }
    }
  }
  EXPECT_EQ(found, allowed.size());
}

TEST(PaMessage, IsRefusedCutAtAnyPlaceThatIsNoEnd) {
  const Bytes good = encode(PaMessage{7, {{true, kTcg, 0x03000000, Bytes(5)}}});
  ASSERT_TRUE(parse_pa_message(good));
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(parse_pa_message(ByteView(good).first(size)).has_value(), size == 8) << size;
  }
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_FALSE(parse_pa_message(longer));
  Bytes other_version = good;
  other_version[0] = 2;
  EXPECT_FALSE(parse_pa_message(other_version));
}

// --- PT-TLS
// ---------------------------------------------------------------------------------------

TEST(PtReader, CutsAStreamWhereverItIsCut) {
  Bytes stream;
  std::vector<PtMessage> sent;
  for (std::uint32_t id = 0; id < 4; ++id) {
    sent.push_back({kIetf, static_cast<std::uint32_t>(PtType::kPbBatch), id, Bytes(id * 3, 1)});
    append(stream, encode(sent.back()));
  }
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    PtReader reader;
    std::vector<PtMessage> got;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      reader.feed(ByteView(stream).subspan(at, std::min(piece, stream.size() - at)));
      for (;;) {
        const auto message = reader.next();
        ASSERT_TRUE(message) << message.error().detail;
        if (!*message) break;
        got.push_back(**message);
      }
    }
    EXPECT_EQ(got, sent) << piece;
  }
}

struct BadHeader {
  std::string name, bytes;
};
class PtHeader : public testing::TestWithParam<BadHeader> {};

TEST_P(PtHeader, BreaksTheStream) {
  PtReader reader(1000);
  reader.feed(hex(GetParam().bytes));
  EXPECT_FALSE(reader.next());
  reader.feed(encode(PtMessage{}));
  EXPECT_FALSE(reader.next()) << "nothing comes out behind an error";
}

INSTANTIATE_TEST_SUITE_P(
    Table, PtHeader,
    testing::Values(BadHeader{"reserved_byte", "01000000000000010000001000000000"},
                    BadHeader{"length_15", "00000000000000010000000f00000000"},
                    BadHeader{"length_zero", "00000000000000010000000000000000"},
                    BadHeader{"length_over_the_limit", "0000000000000001000003e900000000"},
                    BadHeader{"length_huge", "0000000000000001ffffffff00000000"},
                    BadHeader{"first_id_one", "00000000000000010000001000000001"},
                    BadHeader{"reserved_vendor", "00ffffff000000010000001000000000"},
                    BadHeader{"reserved_type", "00000000ffffffff0000001000000000"}),
    [](const auto& row) { return row.param.name; });

TEST(PtBodies, AreThoseThatWereCaptured) {
  EXPECT_EQ(to_hex(encode(VersionRequest{})), "00010101");
  EXPECT_EQ(to_hex(version_response(1)), "00000001");
  EXPECT_EQ(parse_version_request(hex("00010101"))->preferred, 1);
  EXPECT_FALSE(parse_version_request(hex("00020101")));
  EXPECT_FALSE(parse_version_request(hex("000101")));
  EXPECT_FALSE(parse_version_response(hex("0000000101")));
  const Bytes long_message(5000, 9);
  const auto error = parse_error_body(error_body(PtErrorCode::kType, long_message));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->first, 3u);
  EXPECT_EQ(error->second.size(), 1024u);
}

}  // namespace
}  // namespace gatehouse::tnc
