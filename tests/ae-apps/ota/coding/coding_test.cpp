#include <gtest/gtest.h>

#include <algorithm>

#include "ae-apps/ota/coding/decoder.h"
#include "ae-apps/ota/coding/encoder.h"
#include "ae-apps/ota/coding/form.h"
#include "ae-apps/ota/crypto/random.h"
#include "cse/codec/json.h"

namespace gatehouse::coding {
namespace {

Bytes noise(std::uint64_t seed, std::size_t count) {
  return crypto::SeededRandom(seed).bytes(count);
}

/// Like machine code: it has some redundancy, but not much.
Bytes program(std::size_t count) {
  Bytes out = noise(1, count);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] &= 0x3F;
  return out;
}

const crypto::SigningKey& ecu_key() {
  static const auto key = crypto::SigningKey::generate(crypto::Algorithm::kEcdsaP256).value();
  return key;
}

Base base_of(const Bytes& image) {
  return {{image.size(), to_hex(crypto::sha256(image))},
          [&image](std::uint64_t offset, std::size_t length) -> Result<Bytes> {
            const auto first = image.begin() + static_cast<std::ptrdiff_t>(offset);
            return Bytes(first, first + static_cast<std::ptrdiff_t>(length));
          }};
}

/// The image, or the reason for which there is none; and how much waited at most.
struct Decoded {
  Result<Bytes> image = Bytes();
  std::size_t most_held = 0;
};

Decoded decode(ByteView coded, DecoderSettings settings, std::size_t step = 1000) {
  Decoded out;
  Decoder decoder(std::move(settings), [&](ByteView plain) -> Result<void> {
    append(*out.image, plain);
    return {};
  });
  Result<void> done;
  while (done && !coded.empty()) {
    const ByteView part = coded.first(std::min(step, coded.size()));
    coded = coded.subspan(part.size());
    done = decoder.feed(part);
    out.most_held = std::max(out.most_held, decoder.held_bytes());
  }
  if (done) done = decoder.finish();
  if (!done) out.image = fail(done.error());
  return out;
}

std::string refusal(ByteView coded, DecoderSettings settings = {}) {
  const auto out = decode(coded, std::move(settings));
  return out.image ? "accepted" : out.image.error().detail;
}

// --- round trips -------------------------------------------------------------------------------

struct RoundTrip {
  std::string name;
  std::size_t bytes = 0;
  std::size_t step = 1000;  ///< the decoder is fed by so many bytes
};
class CodedImage : public testing::TestWithParam<RoundTrip> {};

TEST_P(CodedImage, ComesBackAsItWasInEveryForm) {
  const Bytes image = program(GetParam().bytes);
  const Bytes base = noise(2, 300'000);
  for (const bool delta : {false, true}) {
    for (const bool sealed : {false, true}) {
      EncodeRequest request{image};
      request.level = 1;
      if (delta) request.base = base;
      if (sealed) request.recipients = {ecu_key().public_key()};
      if (sealed) request.clear_bytes = std::min<std::size_t>(100, image.size());
      const Bytes coded = encode(request).value();
      DecoderSettings settings;
      settings.key = &ecu_key();
      settings.base = base_of(base);

      const Decoded out = decode(coded, settings, GetParam().step);

      ASSERT_TRUE(out.image) << out.image.error().detail;
      EXPECT_TRUE(*out.image == image) << "delta " << delta << ", sealed " << sealed;
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Sizes, CodedImage,
                         testing::Values(RoundTrip{"empty", 0}, RoundTrip{"one_byte", 1, 1},
                                         RoundTrip{"byte_by_byte", 5'000, 1},
                                         RoundTrip{"one_block", kBlockBytes},
                                         RoundTrip{"one_byte_over_a_block", kBlockBytes + 1, 4096},
                                         RoundTrip{"many_blocks", 900'001, 70'001},
                                         RoundTrip{"at_once", 700'000, 10'000'000}),
                         [](const auto& each) { return each.param.name; });

TEST(CodedImageSize, IsAtMostFifteenPercentForASmallChangeAndWhatHasMoved) {
  const Bytes old = noise(3, 1'500'000);
  Bytes image = old;
  const Bytes fresh = noise(4, 20'000);
  image.insert(image.begin() + 100'000, fresh.begin(), fresh.end());  // all behind it has moved
  for (std::size_t at = 0; at < image.size(); at += 50'000) image[at] ^= 0xFF;
  const Bytes moved(old.begin() + 700'000, old.begin() + 1'000'000);
  image.insert(image.end(), moved.begin(), moved.end());  // far from where it was

  const Bytes coded = encode({image, old}).value();

  EXPECT_LT(coded.size(), image.size() * 15 / 100);
  EXPECT_LT(coded.size(), image.size() * 5 / 100);
  DecoderSettings settings;
  settings.base = base_of(old);
  EXPECT_TRUE(decode(coded, settings).image.value() == image);
}

TEST(CodedImageSize, ShrinksWhatCanBeCompressed) {
  const Bytes image(1'000'000, 'x');

  EXPECT_LT(encode({image}).value().size(), 2'000U);
}

TEST(CodedImageMemory, IsBoundedWhateverTheImage) {
  const Bytes image = noise(5, 5'000'000);
  EncodeRequest request{image};
  request.level = 1;
  request.recipients = {ecu_key().public_key()};
  const Bytes coded = encode(request).value();
  DecoderSettings settings;
  settings.key = &ecu_key();

  const Decoded out = decode(coded, settings, 1'000);

  ASSERT_TRUE(out.image);
  EXPECT_LT(out.most_held, 2 * kBlockBytes);
}

// --- what is refused ---------------------------------------------------------------------------

TEST(CodedImageRefusals, EveryCutIsNoticed) {
  const Bytes image = program(3'000);
  EncodeRequest request{image};
  request.recipients = {ecu_key().public_key()};
  DecoderSettings settings;
  settings.key = &ecu_key();
  const Bytes sealed = encode(request).value();
  const Bytes plain = encode({image}).value();

  for (std::size_t size = 0; size < sealed.size(); size += 7) {
    EXPECT_NE(refusal(ByteView(sealed).first(size), settings), "accepted") << size;
  }
  for (std::size_t size = 0; size < plain.size(); size += 7) {
    EXPECT_NE(refusal(ByteView(plain).first(size)), "accepted") << size;
  }
}

TEST(CodedImageRefusals, EveryAlteredByteIsNoticed) {
  const Bytes image = program(2'000);
  EncodeRequest request{image};
  request.recipients = {ecu_key().public_key()};
  request.clear_bytes = 50;
  DecoderSettings settings;
  settings.key = &ecu_key();
  Bytes sealed = encode(request).value();

  for (std::size_t at = 0; at < sealed.size(); at += 11) {
    sealed[at] ^= 1;
    EXPECT_NE(refusal(sealed, settings), "accepted") << at;
    sealed[at] ^= 1;
  }
  EXPECT_EQ(refusal(sealed, settings), "accepted");
}

TEST(CodedImageRefusals, PiecesInAnotherOrderAreNoticed) {
  EncodeRequest request{noise(6, 200'000)};
  const Bytes image = noise(6, 200'000);
  request.image = image;
  request.recipients = {ecu_key().public_key()};
  Bytes sealed = encode(request).value();
  const std::size_t piece = kPieceBytes + crypto::kTagBytes;
  const auto body =
      static_cast<std::ptrdiff_t>(parse_coded_header(sealed).value().value().header_bytes);
  std::swap_ranges(sealed.begin() + body,
                   sealed.begin() + body + static_cast<std::ptrdiff_t>(piece),
                   sealed.begin() + body + static_cast<std::ptrdiff_t>(piece));
  DecoderSettings settings;
  settings.key = &ecu_key();

  EXPECT_EQ(refusal(sealed, settings), "what was encrypted is altered, or for another key");
}

TEST(CodedImageRefusals, AnotherEcuCannotReadIt) {
  const Bytes image = bytes_of(std::string(5'000, 's'));
  EncodeRequest request{image};
  request.recipients = {ecu_key().public_key()};
  const Bytes sealed = encode(request).value();
  const auto other = crypto::SigningKey::generate(crypto::Algorithm::kEcdsaP256).value();
  DecoderSettings settings;

  EXPECT_EQ(refusal(sealed, settings), "the image is encrypted for others");
  settings.key = &other;
  EXPECT_EQ(refusal(sealed, settings), "the image is encrypted for others");
  EXPECT_EQ(text_of(sealed).find("ssssssss"), std::string_view::npos);
}

TEST(CodedImageRefusals, AKeyWrappedForOneEcuDoesNotOpenForAnotherThatTakesItsName) {
  const Bytes image = program(1'000);
  EncodeRequest request{image};
  request.recipients = {ecu_key().public_key()};
  const Bytes sealed = encode(request).value();
  const auto thief = crypto::SigningKey::generate(crypto::Algorithm::kEcdsaP256).value();
  CodedHeader header = parse_coded_header(sealed).value().value();
  header.recipients.front().key_id = to_hex(thief.public_key().key_id());
  Bytes forged = encode_coded_header(header);
  append(forged, ByteView(sealed).subspan(header.header_bytes));
  DecoderSettings settings;
  settings.key = &thief;

  EXPECT_EQ(refusal(forged, settings), "what was encrypted is altered, or for another key");
}

TEST(CodedImageRefusals, AnEd25519KeyCannotBeARecipient) {
  const auto key = crypto::SigningKey::generate(crypto::Algorithm::kEd25519).value();
  EncodeRequest request{};
  request.recipients = {key.public_key()};

  EXPECT_EQ(encode(request).error().detail, "images are encrypted for keys on P-256 only");
}

TEST(CodedImageRefusals, ADeltaNeedsItsOwnBase) {
  const Bytes base = program(10'000);
  const Bytes other = program(10'001);
  const Bytes coded = encode({program(12'000), base}).value();
  DecoderSettings settings;

  EXPECT_NE(refusal(coded, settings).find("the delta is for another image"), std::string::npos);
  settings.base = base_of(other);
  EXPECT_NE(refusal(coded, settings).find("the delta is for another image"), std::string::npos);
}

TEST(CodedImageRefusals, WhatIsTooLargeIsRefusedBeforeItIsUnpacked) {
  const Bytes coded = encode({Bytes(10'000'000, 0)}).value();
  DecoderSettings settings;
  settings.max_bytes = 9'999'999;

  EXPECT_LT(coded.size(), 10'000U);
  EXPECT_EQ(refusal(coded, settings), "the image would be larger than 9999999 bytes");
}

/// A coded image of one block, whose head and bytes are as given.
Bytes one_block(std::uint64_t length, std::size_t raw, ByteView coded,
                std::uint64_t base_offset = 0, std::size_t base_length = 0) {
  CodedHeader header;
  header.length = length;
  header.sha256 = to_hex(crypto::sha256(ByteView()));
  Bytes out = encode_coded_header(header);
  put_number(out, raw, 4);
  put_number(out, coded.size(), 4);
  put_number(out, base_offset, 8);
  put_number(out, base_length, 4);
  append(out, coded);
  return out;
}

TEST(CodedImageRefusals, BombsAndLiesOfBlocks) {
  // The one block of an image that unpacks to much more than a block may have.
  const Bytes big = encode({Bytes(kBlockBytes, 0)}).value();
  const std::size_t begin = parse_coded_header(big).value().value().header_bytes + kBlockHeadBytes;
  const ByteView frame = ByteView(big).subspan(begin);
  const std::string other_length =
      "the coded image is malformed: a block unpacks to another length than it says";

  EXPECT_EQ(refusal(one_block(10, 10, frame)), other_length);
  EXPECT_EQ(refusal(one_block(1U << 20, kBlockBytes + 1, frame)),
            "the coded image is malformed: a block is longer than announced");
  EXPECT_EQ(refusal(one_block(10, 11, frame)),
            "the coded image is malformed: a block is longer than announced");
  EXPECT_EQ(refusal(one_block(10, 0, frame)),
            "the coded image is malformed: a block is longer than announced");
  EXPECT_EQ(refusal(one_block(10, 10, Bytes(2 * kBlockBytes))),
            "the coded image is malformed: a block has too many coded bytes");
  EXPECT_EQ(refusal(one_block(10, 10, Bytes(0))),
            "the coded image is malformed: a block has too many coded bytes");
  EXPECT_EQ(refusal(one_block(10, 10, noise(8, 40))), other_length);
  EXPECT_EQ(refusal(one_block(10, 10, frame, 0, 1)),
            "the coded image is malformed: a block refers to what its base does not have");
  EXPECT_EQ(refusal(one_block(10, 10, frame, ~0ULL, 2)),
            "the coded image is malformed: a block refers to what its base does not have");
}

TEST(CodedImageRefusals, AnotherContentThanAnnounced) {
  const Bytes coded = encode({Bytes(kBlockBytes, 0)}).value();
  const auto header = parse_coded_header(coded).value().value();

  const Bytes lie = one_block(kBlockBytes, kBlockBytes,
                              ByteView(coded).subspan(header.header_bytes + kBlockHeadBytes));
  EXPECT_EQ(refusal(lie), "the decoded image is not the one announced");
  Bytes more = coded;
  more.push_back(0);
  EXPECT_EQ(refusal(more), "the coded image is malformed: there is more than the image");
}

TEST(CodedImageRefusals, HeadersThatAreWrong) {
  const auto with_header = [](const std::string& text) {
    Bytes out = bytes_of("GHCX\x01");
    put_number(out, text.size(), 2);
    append(out, view_of(text));
    return out;
  };
  const std::string digest(64, 'a');
  const std::string start = "the coded image is malformed: ";

  EXPECT_EQ(refusal(bytes_of("GHFW....")), start + "it does not begin with GHCX");
  EXPECT_EQ(refusal(bytes_of("GHCX\x02....")), "the coded image is of an unknown version");
  EXPECT_EQ(refusal(with_header("[]")), start + "its header is no JSON object");
  EXPECT_EQ(refusal(with_header("{\"length\":-1}")), start + "length");
  EXPECT_EQ(refusal(with_header("{\"length\":1,\"sha256\":\"x\"}")), start + "sha256");
  EXPECT_EQ(refusal(with_header("{\"length\":1,\"sha256\":\"" + digest + "\",\"clear\":2}")),
            start + "clear");
  EXPECT_EQ(refusal(with_header("{\"length\":1,\"sha256\":\"" + digest + "\",\"base\":7}")),
            start + "base.length");
  EXPECT_EQ(refusal(with_header("{\"length\":1,\"sha256\":\"" + digest + "\",\"recipients\":[]}")),
            start + "recipients");
  Bytes longest = bytes_of("GHCX\x01");
  put_number(longest, kMaxHeaderBytes + 1, 2);
  EXPECT_EQ(refusal(longest), start + "its header is too long");
}

TEST(CodedImageRefusals, AFailureOfTheSinkEndsIt) {
  const Bytes coded = encode({program(100)}).value();
  Decoder decoder({}, [](ByteView) -> Result<void> {
    return fail(Rsc::kInternalServerError, "the disk is full");
  });

  EXPECT_EQ(decoder.feed(coded).error().detail, "the disk is full");
  EXPECT_EQ(decoder.finish().error().detail, "the disk is full");
}

// --- forms -------------------------------------------------------------------------------------

Form form(char digit, std::uint64_t length, std::string base = {},
          std::vector<std::string> keys = {}) {
  Form out;
  out.length = length;
  out.sha256 = std::string(64, digit);
  out.base_sha256 = std::move(base);
  out.key_ids = std::move(keys);
  return out;
}

TEST(Forms, AreWrittenAndReadAgain) {
  const std::string base(64, 'b');
  const std::string key(64, 'c');
  const Value custom =
      Value::object({{"forms", value_of({form('1', 10), form('2', 5, base),
                                         form('3', 12, {}, {key}), form('4', 6, base, {key})})}});

  const auto forms = forms_of(custom).value();

  ASSERT_EQ(forms.size(), 4U);
  EXPECT_EQ(forms[0].name(), "compressed");
  EXPECT_EQ(forms[1].name(), "delta");
  EXPECT_EQ(forms[2].name(), "sealed");
  EXPECT_EQ(forms[3].name(), "sealed-delta");
  EXPECT_EQ(forms[3].base_sha256, base);
  EXPECT_TRUE(forms_of(Value::object()).value().empty());
}

TEST(Forms, TheSmallestThatCanBeUndoneIsTaken) {
  const std::string base(64, 'b');
  const std::string key(64, 'c');
  const std::vector<Form> all = {form('1', 50), form('2', 5, base), form('3', 200, {}, {key}),
                                 form('4', 120, base, {key})};

  EXPECT_EQ(choose(all, {}, 100)->sha256[0], '1');
  EXPECT_EQ(choose(all, {base, {}}, 100)->sha256[0], '2');
  EXPECT_EQ(choose(all, {{}, key}, 100)->sha256[0], '3') << "secret rather than small";
  EXPECT_EQ(choose(all, {base, key}, 100)->sha256[0], '4');
  EXPECT_FALSE(choose({form('1', 100)}, {}, 100)) << "not smaller than the whole";
  EXPECT_FALSE(choose({}, {base, key}, 100));
}

TEST(Forms, WrongOnesAreRefused) {
  for (const char* text :
       {R"({"forms":1})", R"({"forms":[{"length":0,"sha256":"aa"}]})", R"({"forms":["x"]})",
        R"({"forms":[{"length":7,"sha256":"../../etc"}]})"}) {
    EXPECT_FALSE(forms_of(parse_json(text).value())) << text;
  }
  Value list = value_of({form('1', 1)});
  list.as_array()->front().set("for", Value::array());
  EXPECT_FALSE(forms_of(Value::object({{"forms", list}}))) << "encrypted for nobody";
}

TEST(BillOfMaterials, IsReadAndRefused) {
  const auto sbom = parse_sbom(R"({"bomFormat":"CycloneDX","specVersion":"1.5","components":[
      {"name":"zlib","version":"1.3","licenses":[{"license":{"id":"Zlib"}}]},
      {"name":"own","licenses":[{"expression":"MIT OR BSD-3-Clause"}]}]})")
                        .value();

  EXPECT_EQ(sbom.spec_version, "1.5");
  EXPECT_EQ(sbom.total, 2U);
  EXPECT_EQ(sbom.components[0].licence, "Zlib");
  EXPECT_EQ(sbom.components[1].licence, "MIT OR BSD-3-Clause");
  EXPECT_FALSE(parse_sbom("{\"bomFormat\":\"SPDX\"}"));
  EXPECT_FALSE(parse_sbom("not JSON"));
}

}  // namespace
}  // namespace gatehouse::coding
