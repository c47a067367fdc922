#include "cse/codec/cbor.h"

#include <gtest/gtest.h>

#include "cse/codec/json.h"
#include "cse/codec/primitive_codec.h"
#include "tests/cse/codec/random_values.h"

namespace gatehouse {
namespace {

std::string bytes_of(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

std::string hex_of(std::string_view bytes) {
  std::string hex;
  for (const char byte : bytes) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", static_cast<unsigned char>(byte));
    hex += two;
  }
  return hex;
}

struct Example {
  const char* hex;
  const char* json;
  bool is_ours;  ///< we write it just so
};

// RFC 8949 appendix A, as far as JSON can say it
constexpr Example kExamples[] = {
    {"00", "0", true},
    {"17", "23", true},
    {"1818", "24", true},
    {"1903e8", "1000", true},
    {"1a000f4240", "1000000", true},
    {"1b000000e8d4a51000", "1000000000000", true},
    {"1b7fffffffffffffff", "9223372036854775807", true},
    {"3b7fffffffffffffff", "-9223372036854775808", true},
    {"20", "-1", true},
    {"3903e7", "-1000", true},
    {"f90000", "0.0", false},
    {"f93c00", "1.0", false},
    {"f97bff", "65504.0", false},
    {"f90001", "5.960464477539063e-08", false},
    {"f9c400", "-4.0", false},
    {"fa47c35000", "1e+05", true},
    {"fa7f7fffff", "3.4028234663852886e+38", true},
    {"fb3ff199999999999a", "1.1", true},
    {"fb7e37e43c8800759c", "1e+300", true},
    {"f4", "false", true},
    {"f5", "true", true},
    {"f6", "null", true},
    {"c074323031332d30332d32315432303a30343a30305a", "\"2013-03-21T20:04:00Z\"", false},
    {"c11a514b67b0", "1363896240", false},
    {"d9d9f7820102", "[1,2]", false},
    {"60", "\"\"", true},
    {"6449455446", "\"IETF\"", true},
    {"62c3bc", "\"\xC3\xBC\"", true},
    {"64f0908591", "\"\xF0\x90\x85\x91\"", true},
    {"4449455446", "\"IETF\"", false},
    {"80", "[]", true},
    {"8301820203820405", "[1,[2,3],[4,5]]", true},
    {"98190102030405060708090a0b0c0d0e0f101112131415161718181819",
     "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25]", true},
    {"a0", "{}", true},
    {"a26161016162820203", "{\"a\":1,\"b\":[2,3]}", true},
    {"826161a161626163", "[\"a\",{\"b\":\"c\"}]", true},
    {"7f657374726561646d696e67ff", "\"streaming\"", false},
    {"5f42c3bc4161ff",
     "\"\xC3\xBC"
     "a\"",
     false},
    {"9fff", "[]", false},
    {"9f018202039f0405ffff", "[1,[2,3],[4,5]]", false},
    {"83018202039f0405ff", "[1,[2,3],[4,5]]", false},
    {"bf61610161629f0203ffff", "{\"a\":1,\"b\":[2,3]}", false},
    {"826161bf61626163ff", "[\"a\",{\"b\":\"c\"}]", false},
};

TEST(Cbor, ReadsTheExamplesOfTheRfc) {
  for (const Example& example : kExamples) {
    const Result<Value> value = parse_cbor(bytes_of(example.hex));

    ASSERT_TRUE(value) << example.hex << ": " << value.error().detail;
    EXPECT_EQ(to_json(*value), example.json) << example.hex;
  }
}

TEST(Cbor, WritesTheExamplesOfTheRfcByteByByte) {
  for (const Example& example : kExamples) {
    if (!example.is_ours) continue;
    EXPECT_EQ(hex_of(to_cbor(*parse_json(example.json))), example.hex);
  }
}

struct Refusal {
  const char* hex;
  const char* reason;
};

constexpr Refusal kRefusals[] = {
    {"", "at byte 0: the bytes end within a value"},
    {"19", "the bytes end within a value"},
    {"6261", "the bytes end within a value"},
    {"7bffffffffffffffff", "the bytes end within a value"},
    {"9bffffffffffffffff01", "the bytes end within a value"},
    {"bb8000000000000000", "the bytes end within a value"},
    {"82", "the bytes end within a value"},
    {"8201", "the bytes end within a value"},
    {"9f01", "the bytes end within a value"},
    {"7f6161", "the bytes end within a value"},
    {"c0", "the bytes end within a value"},
    {"0000", "at byte 1: more bytes behind the value"},
    {"1c", "a reserved initial byte"},
    {"1f", "an integer of indefinite length"},
    {"3f", "an integer of indefinite length"},
    {"df", "a tag of indefinite length"},
    {"ff", "an end without its beginning"},
    {"81ff", "an end without its beginning"},
    {"9fc0ff", "a tag without its value"},
    {"bf6161ff", "a member name without its value"},
    {"7f01ff", "a text of indefinite length has a chunk that is no text"},
    {"7f4161ff", "a text of indefinite length has a chunk that is no text"},
    {"7f7f6161ffff", "a text of indefinite length has a chunk that is no text"},
    {"1b8000000000000000", "an integer beyond 64 bits"},
    {"3b8000000000000000", "an integer beyond 64 bits"},
    {"c249010000000000000000", "a number that needs a tag"},
    {"c48221196ab3", "a number that needs a tag"},
    {"f7", "a simple value other than true, false and null"},
    {"f0", "a simple value other than true, false and null"},
    {"f8ff", "a simple value other than true, false and null"},
    {"f97e00", "a number that is not finite"},
    {"fa7f800000", "a number that is not finite"},
    {"fbfff0000000000000", "a number that is not finite"},
    {"61ff", "text that is not UTF-8"},
    {"63eda080", "text that is not UTF-8"},
    {"7f61c361bcff", "text that is not UTF-8"},
    {"41ff", "text that is not UTF-8"},
    {"a10102", "a member name that is no text"},
    {"a1f601", "a member name that is no text"},
    {"a2616101616102", "the member name \"a\" stands twice in one object"},
    {"a2616101416102", "the member name \"a\" stands twice in one object"},
    {"bf616101616102ff", "the member name \"a\" stands twice in one object"},
};

TEST(Cbor, RefusesWhatJsonCannotSayAndWhatIsBroken) {
  for (const Refusal& refusal : kRefusals) {
    const Result<Value> value = parse_cbor(bytes_of(refusal.hex));

    ASSERT_FALSE(value) << refusal.hex;
    EXPECT_EQ(value.error().rsc, Rsc::kBadRequest);
    EXPECT_TRUE(value.error().detail.ends_with(refusal.reason))
        << refusal.hex << ": " << value.error().detail;
  }
}

TEST(Cbor, KeepsItsLimits) {
  const DecodeLimits limits{.max_bytes = 30'000, .max_depth = 64, .max_values = 100};

  EXPECT_EQ(parse_cbor(std::string(10'000, '\x81') + '\0', limits).error().detail,
            "CBOR, at byte 65: nested deeper than 64 levels");
  EXPECT_EQ(parse_cbor(std::string(10'000, '\x9F'), limits).error().detail,
            "CBOR, at byte 65: nested deeper than 64 levels");
  EXPECT_TRUE(parse_cbor(std::string(64, '\x81') + '\0', limits));
  EXPECT_TRUE(parse_cbor(std::string(10'000, '\xC0') + '\0', limits));  // tags nest nothing
  EXPECT_TRUE(parse_cbor(bytes_of("9863") + std::string(99, '\0'), limits));
  EXPECT_EQ(parse_cbor(bytes_of("9864") + std::string(100, '\0'), limits).error().detail,
            "CBOR, at byte 102: more than 100 values");
  EXPECT_EQ(parse_cbor(std::string(30'001, '\0'), limits).error().detail,
            "CBOR: longer than 30000 bytes");
}

TEST(Cbor, GivesBackEveryValueAndTheSameBytes) {
  test::RandomValues random(20261122);
  for (int round = 0; round < 3000; ++round) {
    const Value value = random.value();
    const std::string bytes = to_cbor(value);

    const Result<Value> back = parse_cbor(bytes);

    ASSERT_TRUE(back) << "round " << round << ": " << back.error().detail;
    ASSERT_EQ(*back, value) << "round " << round << ": " << to_json(value);
    ASSERT_EQ(to_cbor(*back), bytes) << "round " << round;
  }
}

TEST(Cbor, RefusesEveryPrefix) {
  test::RandomValues random(11);
  for (int round = 0; round < 30; ++round) {
    const std::string bytes = to_cbor(Value::object({{"a", random.value()}}));
    for (std::size_t length = 0; length < bytes.size() && length < 2000; ++length) {
      ASSERT_FALSE(parse_cbor(std::string_view(bytes).substr(0, length))) << round;
    }
  }
}

TEST(Cbor, WritesNullAndTheReplacementForWhatItHasNoWordFor) {
  EXPECT_EQ(hex_of(to_cbor(Value(INFINITY))), "f6");
  EXPECT_EQ(hex_of(to_cbor(Value("a\xFFz"))), "6561efbfbd7a");
}

// TS-0004 clause 8.5.1
TEST(CborCodec, CarriesAWholeRequestAndAResponseWithReadyMadeText) {
  const CborCodec codec;
  const std::string request_bytes = bytes_of(  // the first name as a byte string
      "a5426f70016274790363727169613762746f646261736562"
      "7063a1676d326d3a636e74a1636d6e690a");
  Response response;
  response.rsc = Rsc::kCreated;
  response.request_identifier = "7";
  response.content =
      Content::from_json(std::make_shared<const std::string>(R"({"m2m:cnt":{"rn":"t","mni":10}})"));

  const Result<Value> decoded = codec.decode(request_bytes, {});
  ASSERT_TRUE(decoded) << decoded.error().detail;
  const Result<Request> request = request_from_value(*decoded);

  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_EQ(request->content->find("m2m:cnt")->integer_at("mni"), 10);
  EXPECT_EQ(hex_of(encode_response(response, codec)),
            "a3637273631907d1637271696137627063a1676d326d3a636e74a262726e6174636d6e690a");
}

}  // namespace
}  // namespace gatehouse
