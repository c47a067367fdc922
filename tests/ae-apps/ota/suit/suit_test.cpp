#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <sstream>

#include "ae-apps/ota/cli/suit_command.h"
#include "ae-apps/ota/oem/suit_make.h"
#include "ae-apps/ota/suit/cbor.h"
#include "ae-apps/ota/suit/maker.h"
#include "ae-apps/ota/suit/memory_device.h"
#include "tests/ae-apps/ota/temporary_folder.h"

namespace gatehouse::suit {
namespace {

// draft-ietf-suit-manifest, appendix B (examples): the key that signs them, and what they name
constexpr const char* kDraftKey =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEhJaBGq4LqqvSYVcYnuzaJr6qi/Eb\n"
    "bz/m4rVlnIXbwK07HypLbAmBMcCjbazR14vTgdzfsJwFLbM5kdtzOLSolg==\n"
    "-----END PUBLIC KEY-----\n";
constexpr const char* kDraftVendor = "fa6b4a53d5ad5fdfbe9de663e4d41ffe";
constexpr const char* kDraftClass = "1492af1425695e48bf429b2d51f2ab45";

std::vector<crypto::PublicKey> draft_keys() {
  return {crypto::PublicKey::from_pem(kDraftKey).value()};
}

Bytes draft_example(int number) {
  std::ifstream file(std::string(GATEHOUSE_SUIT_VECTORS) + "/example" + std::to_string(number) +
                     ".hex");
  std::string text, line;
  while (std::getline(file, line)) text += line;
  return from_hex(text).value();
}

Uuid uuid_of(const char* hex) {
  const Bytes bytes = from_hex(hex).value();
  Uuid out;
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

class DraftExample : public testing::TestWithParam<int> {};

TEST_P(DraftExample, IsBelievedAsItStandsAndNotWithAnyBitTurned) {
  const Bytes good = draft_example(GetParam());

  const auto envelope = verify_envelope(good, draft_keys());

  ASSERT_TRUE(envelope) << envelope.error().detail;
  EXPECT_EQ(envelope->manifest.sequence_number, static_cast<std::uint64_t>(GetParam()));
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes altered = good;
    altered[i] ^= 0x20;
    const auto refused = verify_envelope(altered, draft_keys());
    // Only the tag in front (and the case of letters in it) is outside of what is signed.
    EXPECT_FALSE(refused) << "byte " << i;
  }
}
INSTANTIATE_TEST_SUITE_P(All, DraftExample, testing::Range(0, 6));

/// The device that the examples are for; the digests in them are of no real image.
class DraftDevice final : public Device {
 public:
  bool has(const ComponentId&) const override { return true; }
  Uuid vendor() const override { return uuid_of(kDraftVendor); }
  Uuid device_class() const override { return uuid_of(kDraftClass); }
  Uuid device() const override { return {}; }
  std::uint64_t slot(const ComponentId&) const override { return active_slot; }
  Result<crypto::Sha256Digest> digest(const ComponentId&, std::uint64_t size) override {
    const bool first = size != 76834;
    const Bytes bytes =
        from_hex(first ? "00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210"
                       : "0123456789abcdeffedcba987654321000112233445566778899aabbccddeeff")
            .value();
    crypto::Sha256Digest out;
    std::copy(bytes.begin(), bytes.end(), out.begin());
    return out;
  }
  Result<Bytes> content(const ComponentId&, std::size_t) override { return Bytes{}; }
  Result<void> write(const ComponentId&, ByteView) override { return note("write"); }
  Result<void> fetch(const ComponentId&, const std::string& uri, std::uint64_t) override {
    return note(uri);
  }
  Result<void> copy(const ComponentId&, const ComponentId&) override { return note("copy"); }
  Result<void> swap(const ComponentId&, const ComponentId&) override { return note("swap"); }
  Result<void> invoke(const ComponentId&, ByteView) override { return note("invoke"); }
  Result<void> note(const std::string& what) {
    log += (log.empty() ? "" : " ") + what;
    return {};
  }
  std::uint64_t active_slot = 0;
  std::string log;
};

std::string carried_out(int example, std::uint64_t slot = 0) {
  const auto envelope = verify_envelope(draft_example(example), draft_keys());
  DraftDevice device;
  device.active_slot = slot;
  for (const Procedure procedure : {Procedure::kUpdate, Procedure::kBoot}) {
    const auto done = process(*envelope, procedure, 0, device);
    if (!done) return done.error().detail;
  }
  return device.log;
}

// The templates that each example is made of
TEST(DraftExamples, DoWhatTheirTemplatesSay) {
  EXPECT_EQ(carried_out(0), "invoke") << "secure boot";
  EXPECT_EQ(carried_out(1), "http://example.com/file.bin") << "download";
  EXPECT_EQ(carried_out(2), "http://example.com/very/long/path/to/file/file.bin invoke")
      << "severed installation";
  EXPECT_EQ(carried_out(3, 0), "http://example.com/file1.bin") << "A/B, slot 0";
  EXPECT_EQ(carried_out(3, 1), "http://example.com/file2.bin") << "A/B, slot 1";
  EXPECT_NE(carried_out(3, 2).find("another slot"), std::string::npos);
  EXPECT_EQ(carried_out(4), "http://example.com/file.bin copy copy invoke") << "two stages, load";
  EXPECT_EQ(carried_out(5), "http://example.com/file1.bin http://example.com/file2.bin invoke");
}

TEST(Uuid5, NamesVendorsAndClassesAsTheDraftDoes) {
  EXPECT_EQ(vendor_uuid("arm.com"), uuid_of(kDraftVendor));
}

// --- our own envelopes -------------------------------------------------------------------------

class OwnEnvelope : public testing::TestWithParam<crypto::Algorithm> {
 protected:
  OwnEnvelope() {
    draft.sequence_number = 7;
    draft.vendor = vendor_uuid("car.example");
    draft.device_class = class_uuid(draft.vendor, "seat-1");
    draft.image = Bytes(5000, 0x5A);
    device.vendor_id = draft.vendor;
    device.class_id = draft.device_class;
    device.components[draft.component];
  }
  Result<void> update(std::uint64_t minimum = 0) {
    const auto envelope = verify_envelope(make_envelope(draft, key).value(), {key.public_key()});
    if (!envelope) return fail(envelope.error());
    if (const auto done = process(*envelope, Procedure::kUpdate, minimum, device); !done)
      return done;
    return process(*envelope, Procedure::kBoot, minimum, device);
  }
  std::string refusal(std::uint64_t minimum = 0) {
    const auto done = update(minimum);
    EXPECT_FALSE(done);
    EXPECT_TRUE(device.invoked.empty());
    return done ? "" : done.error().detail;
  }
  EnvelopeDraft draft;
  MemoryDevice device;
  crypto::SigningKey key = crypto::SigningKey::generate(GetParam()).value();
};

TEST_P(OwnEnvelope, InstallsItsPayloadAndStartsIt) {
  draft.description = "Softer cushions";

  const auto done = update();

  ASSERT_TRUE(done) << done.error().detail;
  EXPECT_EQ(device.components.at(draft.component), draft.image);
  EXPECT_EQ(device.invoked, std::vector<ComponentId>{draft.component});
  EXPECT_TRUE(device.fetched.empty()) << "it was in the envelope";
}

TEST_P(OwnEnvelope, FetchesWhatIsElsewhere) {
  draft.uri = "coap://car.example/seat.bin";
  device.source = [this](const std::string&) -> Result<Bytes> { return draft.image; };

  ASSERT_TRUE(update());

  EXPECT_EQ(device.fetched, std::vector<std::string>{draft.uri});
}

TEST_P(OwnEnvelope, IsRefusedWithTheReason) {
  draft.uri = "coap://car.example/seat.bin";
  device.source = [](const std::string&) -> Result<Bytes> { return Bytes(5000, 0x5B); };
  EXPECT_NE(refusal().find("another digest"), std::string::npos);
  device.source = [](const std::string&) -> Result<Bytes> { return Bytes(5001, 0x5A); };
  EXPECT_NE(refusal().find("more came"), std::string::npos);
  EXPECT_NE(refusal(8).find("older"), std::string::npos);
  device.class_id[0] ^= 1;
  EXPECT_NE(refusal().find("class of devices"), std::string::npos);
  device.vendor_id[0] ^= 1;
  EXPECT_NE(refusal().find("vendor"), std::string::npos);
  device.components.clear();
  EXPECT_NE(refusal().find("no such component"), std::string::npos);
}

TEST_P(OwnEnvelope, IsBelievedFromTrustedKeysOnly) {
  const Bytes envelope = make_envelope(draft, key).value();
  const auto stranger = crypto::SigningKey::generate(GetParam()).value();

  const auto refused = verify_envelope(envelope, {stranger.public_key()});

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().rsc, Rsc::kOriginatorNotAuthenticated);
  EXPECT_FALSE(verify_envelope(envelope, {}));
  const auto believed = verify_envelope(envelope, {stranger.public_key(), key.public_key()});
  ASSERT_TRUE(believed);
  EXPECT_EQ(believed->signer, key.public_key().key_id());
}

INSTANTIATE_TEST_SUITE_P(Algorithms, OwnEnvelope,
                         testing::Values(crypto::Algorithm::kEcdsaP256,
                                         crypto::Algorithm::kEd25519),
                         [](const auto& param) { return "number_" + std::to_string(param.index); });

// --- manifests of every kind -------------------------------------------------------------------

/// A signed envelope around a manifest that is given as commands.
class AnyManifest : public testing::Test {
 protected:
  Bytes seal(ByteView manifest) {
    const Bytes whole = CborWriter().bytes(manifest).out();
    const Bytes digest = CborWriter().array(2).number(-16).bytes(crypto::sha256(whole)).out();
    const Bytes block = sign1(digest, key).value();
    const Bytes wrapper = CborWriter().array(2).bytes(digest).bytes(block).out();
    return CborWriter().tag(107).map(2).number(2).bytes(wrapper).number(3).raw(whole).out();
  }
  Bytes manifest_with(ByteView validate, ByteView more = {}, std::uint64_t extra = 0) {
    const Bytes common = CborWriter()
                             .map(1)
                             .number(2)
                             .array(2)
                             .array(1)
                             .bytes(Bytes{0})
                             .array(1)
                             .bytes(Bytes{1})
                             .out();
    return CborWriter()
        .map(4 + extra)
        .number(1)
        .number(1)
        .number(2)
        .number(5)
        .number(3)
        .bytes(common)
        .number(7)
        .bytes(validate)
        .raw(more)
        .out();
  }
  static std::string without_blanks(std::string text) {
    std::erase(text, ' ');
    return text;
  }
  /// Carries out commands, given in hexadecimal; empty: well.
  std::string run(const std::string& hex) {
    const auto envelope = verify_envelope(
        seal(manifest_with(from_hex(without_blanks(hex)).value())), {key.public_key()});
    if (!envelope) return envelope.error().detail;
    device.components[{Bytes{0}}];
    device.components[{Bytes{1}}];
    device.components.at({Bytes{1}}) = {1, 2, 3};
    const auto done = process(*envelope, Procedure::kBoot, 0, device);
    return done ? "" : done.error().detail;
  }
  crypto::SigningKey key = crypto::SigningKey::generate(crypto::Algorithm::kEd25519).value();
  MemoryDevice device;
};

TEST_F(AnyManifest, WritesCopiesSwapsAndComparesContents) {
  // content of component 0 := 07 08; compare it; swap it with component 1; compare that.
  EXPECT_EQ(run("8a14a1124207081202060f14a11601181f02"), "");
  EXPECT_EQ(device.components.at({Bytes{1}}), (Bytes{7, 8}));
  EXPECT_EQ(device.components.at({Bytes{0}}), (Bytes{1, 2, 3}));
  EXPECT_EQ(run("8414a116011602"), "");
  EXPECT_EQ(device.components.at({Bytes{0}}), (Bytes{1, 2, 3}));
  EXPECT_NE(run("8414a11241090600").find("content differs"), std::string::npos);
}

TEST_F(AnyManifest, TriesOneAfterTheOther) {
  // try-each [abort], [write] ; try-each [abort], [abort] ; with null at the end
  EXPECT_EQ(run("820f82 43820e00 43821202"), "");
  EXPECT_NE(run("820f82 43820e00 43820e00").find("gives up"), std::string::npos);
  EXPECT_EQ(run("820f83 43820e00 43820e00 f6"), "");
  EXPECT_NE(run("820f81 43821202").find("fewer than two"), std::string::npos);
}

TEST_F(AnyManifest, EndsASequenceSoftlyIfItIsAskedTo) {
  // run-sequence: soft-failure := true, abort, and behind it an unknown command
  EXPECT_EQ(run("8218204a8614a10df50e00181900"), "");
  EXPECT_NE(run("8218204a8614a10df40e00181900").find("gives up"), std::string::npos);
}

struct BadCommands {
  std::string name, hex, says;
};
class BadManifest : public AnyManifest, public testing::WithParamInterface<BadCommands> {};

TEST_P(BadManifest, IsRefusedWithAReason) {
  const std::string said = run(GetParam().hex);
  EXPECT_NE(said.find(GetParam().says), std::string::npos) << said;
}
INSTANTIATE_TEST_SUITE_P(
    All, BadManifest,
    testing::Values(BadCommands{"empty", "80", "no list of pairs"},
                    BadCommands{"odd", "8103", "no list of pairs"},
                    BadCommands{"more_behind", "82120200", "bytes behind"},
                    BadCommands{"cut", "8203", "malformed"},
                    BadCommands{"unknown_command", "82181900", "unknown command 25"},
                    BadCommands{"no_policy", "820340", "no reporting policy"},
                    BadCommands{"wide_policy", "82031820", "no reporting policy"},
                    BadCommands{"no_digest", "82030f", "no digest"},
                    BadCommands{"no_uri", "821502", "no uri"},
                    BadCommands{"no_source", "821602", "no source"},
                    BadCommands{"own_source", "8414a116001602", "no source"},
                    BadCommands{"foreign_source", "8414a116051602", "no source"},
                    BadCommands{"component_index", "820c02", "names no component"},
                    BadCommands{"component_false", "820cf4", "names no component"},
                    BadCommands{"no_components", "820c80", "names no component"},
                    BadCommands{"unknown_parameter", "8214a1182a00", "unknown parameter 42"},
                    BadCommands{"parameters_twice", "8214a20e010e01", "keys do not rise"},
                    BadCommands{"no_parameters", "8214a0", "no map"},
                    BadCommands{"short_uuid", "8214a10142aabb", "16 bytes"},
                    BadCommands{"not_shortest", "8214a10e1801", "malformed"}),
    [](const auto& param) { return param.param.name; });

TEST_F(AnyManifest, IsBoundedInDepthAndNumber) {
  Bytes deep = CborWriter().array(2).number(3).number(15).out();
  for (int i = 0; i < 10; ++i) deep = CborWriter().array(2).number(32).bytes(deep).out();
  EXPECT_NE(run(to_hex(deep)).find("too deeply"), std::string::npos);
  CborWriter many;
  many.array(2000);
  for (int i = 0; i < 1000; ++i) many.number(18).number(2);
  EXPECT_NE(run(to_hex(many.out())).find("too many commands"), std::string::npos);
}

TEST_F(AnyManifest, MustHaveWhatItNeedsAndNothingUnknown) {
  const Bytes one = CborWriter().array(2).number(18).number(2).out();
  const auto verify = [this](const Bytes& manifest) {
    const auto envelope = verify_envelope(seal(manifest), {key.public_key()});
    return envelope ? std::string() : envelope.error().detail;
  };
  EXPECT_EQ(verify(manifest_with(one)), "");
  EXPECT_NE(verify(manifest_with(one, CborWriter().number(11).number(1).out(), 1))
                .find("unknown member 11"),
            std::string::npos);
  EXPECT_NE(
      verify(manifest_with(one, CborWriter().number(7).bytes(one).out(), 1)).find("do not rise"),
      std::string::npos);
  EXPECT_NE(verify(CborWriter().map(1).number(1).number(1).out()).find("no sequence number"),
            std::string::npos);
  EXPECT_NE(verify(CborWriter().map(1).number(1).number(2).out()).find("version is not 1"),
            std::string::npos);
  EXPECT_FALSE(verify(Bytes{0x80}).empty());
}

TEST(AnyBytes, AreNoEnvelope) {
  std::mt19937 random(1);
  const Bytes good = draft_example(2);
  for (std::size_t length = 0; length < good.size(); ++length) {
    EXPECT_FALSE(verify_envelope(ByteView(good).first(length), draft_keys())) << length;
  }
  for (int i = 0; i < 2000; ++i) {
    Bytes any(random() % 200);
    for (auto& byte : any) byte = static_cast<std::uint8_t>(random());
    EXPECT_FALSE(verify_envelope(any, draft_keys()));
  }
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_FALSE(verify_envelope(longer, draft_keys()));
  EXPECT_FALSE(verify_envelope(good, draft_keys(), {.max_envelope_bytes = 100}));
}

TEST(Ecdsa, SignaturesGoBetweenTheirFormsWithoutLoss) {
  const auto key = crypto::SigningKey::generate(crypto::Algorithm::kEcdsaP256).value();
  for (int i = 0; i < 64; ++i) {
    const Bytes der = key.sign(Bytes(1, static_cast<std::uint8_t>(i))).value();
    const auto raw = raw_of(der);
    ASSERT_TRUE(raw);
    EXPECT_EQ(der_of(*raw), der);
  }
  EXPECT_FALSE(raw_of(Bytes{0x30, 0x02, 0x02, 0x00}));
  EXPECT_FALSE(der_of(Bytes(63, 1)));
}

// --- the tools ---------------------------------------------------------------------------------

class SuitTools : public testing::Test {
 protected:
  SuitTools() {
    const auto key = crypto::SigningKey::generate(crypto::Algorithm::kEcdsaP256).value();
    EXPECT_TRUE(key.save(folder / "oem.pem"));
    std::ofstream(folder / "oem.pub.pem") << key.public_key().to_pem();
    std::ofstream(folder / "seat.bin") << "firmware";
    make.payload_file = folder / "seat.bin";
    make.vendor = "car.example";
    make.device_class = "seat-1";
    make.sequence_number = 7;
    make.key = folder / "oem.pem";
    make.out_file = folder / "seat.suit";
    verify.envelope = folder / "seat.suit";
    verify.keys = {folder / "oem.pub.pem"};
    verify.vendor = "car.example";
    verify.device_class = "seat-1";
  }
  int run() {
    out.str("");
    err.str("");
    return ota::run_suit_verify(verify, out, err);
  }
  const TemporaryFolder folder;
  oem::SuitRequest make;
  ota::SuitOptions verify;
  std::ostringstream out, err;
};

TEST_F(SuitTools, MakeAndVerifyAnEnvelope) {
  ASSERT_TRUE(oem::make_suit(make, out));

  EXPECT_EQ(run(), 0) << out.str();
  EXPECT_NE(out.str().find("\"sequence_number\":7"), std::string::npos) << out.str();
  EXPECT_NE(out.str().find(to_hex(crypto::sha256(view_of("firmware")))), std::string::npos);
  verify.minimum = 8;
  EXPECT_EQ(run(), 1);
  verify.minimum = 0;
  verify.device_class = "seat-2";
  EXPECT_EQ(run(), 1);
  EXPECT_NE(out.str().find("class of devices"), std::string::npos) << out.str();
}

TEST_F(SuitTools, TryOutWhatIsFetched) {
  make.uri = "https://images.example/seat.bin";
  ASSERT_TRUE(oem::make_suit(make, out));
  EXPECT_EQ(run(), 1) << "there is nothing";
  verify.payload = folder / "seat.bin";
  EXPECT_EQ(run(), 0) << out.str();
}

TEST_F(SuitTools, SayWhatIsWrong) {
  EXPECT_EQ(run(), 2) << "no envelope yet";
  EXPECT_FALSE(err.str().empty());
  make.payload_file = folder / "nowhere";
  EXPECT_FALSE(oem::make_suit(make, out));
  verify.vendor.clear();
  EXPECT_EQ(run(), 2);
}

}  // namespace
}  // namespace gatehouse::suit
