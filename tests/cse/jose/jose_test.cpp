// What is encrypted or signed comes out again; what was changed, or made otherwise, does not.
#include "cse/jose/jose.h"

#include <gmock/gmock.h>

#include <fstream>

#include "cse/codec/json.h"
#include "tests/bindings/security/test_certificates.h"

namespace gatehouse::jose {
namespace {

using testing::HasSubstr;

class Encryption : public testing::TestWithParam<std::size_t> {
 protected:
  const SharedKey key_{"k1", std::string(GetParam(), 'k')};
};

TEST_P(Encryption, KeepsThePayloadAndTheHeader) {
  const auto jwe = encrypt("21.5 °C", key_, Value::object({{"cty", "text/plain"}}));
  ASSERT_TRUE(jwe) << jwe.error().detail;

  const auto opened = decrypt(*jwe, key_);

  ASSERT_TRUE(opened) << opened.error().detail;
  EXPECT_EQ(opened->payload, "21.5 °C");
  EXPECT_EQ(opened->header.string_at("cty"), "text/plain");
  EXPECT_EQ(opened->header.string_at("enc"), GetParam() == 16 ? "A128GCM" : "A256GCM");
  EXPECT_EQ(parts_of(*jwe), 5u);
  EXPECT_NE(*encrypt("21.5 °C", key_, Value::object()), *encrypt("21.5 °C", key_, Value::object()));
}

TEST_P(Encryption, NoticesEveryChange) {
  const std::string good = *encrypt("21.5", key_, Value::object());
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = bad[at] == 'Q' ? 'g' : 'Q';
    // The last character of a part may hold bits that say nothing.
    if (bad == good || at + 1 == good.size() || good[at + 1] == '.') continue;
    EXPECT_FALSE(decrypt(bad, key_)) << at;
  }
}

TEST_P(Encryption, NeedsTheSameKey) {
  const std::string jwe = *encrypt("21.5", key_, Value::object());

  EXPECT_FALSE(decrypt(jwe, {"k1", std::string(GetParam(), 'x')}));
  EXPECT_FALSE(decrypt(jwe, {"k2", key_.bytes}));
  EXPECT_FALSE(decrypt(jwe, {"k1", std::string(GetParam() == 16 ? 32 : 16, 'k')}));
}
INSTANTIATE_TEST_SUITE_P(Lengths, Encryption, testing::Values(16, 32));

TEST(EncryptionRefuses, KeysOfOtherLengthsAndOtherForms) {
  EXPECT_FALSE(encrypt("x", {"k", "short"}, Value::object()));
  const SharedKey key{"k1", std::string(16, 'k')};
  const std::string good = *encrypt("21.5", key, Value::object());
  // A shorter tag is easier to guess.
  EXPECT_FALSE(decrypt(good.substr(0, good.size() - 11), key));
  for (const char* text : {"", ".", "....", "a.b.c", "e30....", "e30.e30.e30.e30.e30.e30"}) {
    EXPECT_FALSE(decrypt(text, key)) << text;
  }
}

// cjose ends the program by an assertion for some of them, so it must not see them.
TEST(HostileTexts, AreRefusedBeforeTheLibrarySeesThem) {
  const SharedKey key{"k1", std::string(32, 'k')};
  const std::string jwe = *encrypt("21.5", key, Value::object());
  const std::string jws = *sign("21.5", key, Value::object());
  for (const std::string& good : {jwe, jws}) {
    for (const std::string& bad : {std::string(1, '\0'), std::string("="), std::string("+"),
                                   std::string("\xff"), std::string(" "), std::string(4, '\0')}) {
      for (std::size_t at = 0; at <= good.size(); at += 5) {
        const std::string text = good.substr(0, at) + bad + good.substr(at);
        EXPECT_FALSE(decrypt(text, key)) << at;
        EXPECT_FALSE(verify(text, key)) << at;
        if (at < good.find('.')) EXPECT_FALSE(header_of(text)) << at;
      }
    }
  }
}

struct JsonForm {
  const char* name;
  const char* json;
  const char* outcome;  ///< the compact form, or a part of the refusal
};
class JsonForms : public testing::TestWithParam<JsonForm> {};

// RFC 7515 clause 7.2, RFC 7516 clause 7.2
TEST_P(JsonForms, AreReadWhereAllOfThemIsProtected) {
  const auto compact = to_compact(GetParam().json);

  EXPECT_THAT(compact ? *compact : compact.error().detail, HasSubstr(GetParam().outcome));
}
INSTANTIATE_TEST_SUITE_P(
    Rows, JsonForms,
    testing::Values(
        JsonForm{"jws", R"({"payload":"p","signature":"s","protected":"h"})", "h.p.s"},
        JsonForm{"jwe", R"({"protected":"h","iv":"i","ciphertext":"c","tag":"t"})", "h..i.c.t"},
        JsonForm{"one_signature",
                 R"({"payload":"p","signatures":[{"protected":"h","signature":"s"}]})", "h.p.s"},
        JsonForm{"two_signatures", R"({"payload":"p","signatures":[{},{}]})", "signatures"},
        JsonForm{"one_recipient",
                 R"({"protected":"h","recipients":[{}],"iv":"i","ciphertext":"c","tag":"t"})",
                 "h..i.c.t"},
        JsonForm{"unprotected", R"({"payload":"p","signature":"s","header":{"alg":"none"}})",
                 "header"},
        JsonForm{"dot", R"({"payload":"p.q","signature":"s","protected":"h"})", "payload"},
        JsonForm{"number", R"({"payload":1,"signature":"s","protected":"h"})", "payload"},
        JsonForm{"list", "[]", "no JSON object"}, JsonForm{"nothing", "", "no JSON object"}),
    [](const auto& row) { return row.param.name; });

TEST(Base64, HasOneTextForOneMeaning) {
  for (const char* bytes : {"", "a", "ab", "abc", "abcd"}) {
    EXPECT_EQ(*from_base64(to_base64(bytes)), bytes);
  }
  for (const char* bad : {"YQ", "YQ=", "YR==", " YQ==", "Y Q=", "YQ==\n", "YQ==YQ==", "===="}) {
    EXPECT_FALSE(from_base64(bad)) << bad;
  }
}

class Signature : public testing::Test {
 protected:
  testing_support::TemporaryFolder folder_;
  testing_support::TestAuthority authority_{folder_.path()};
  const TlsSettings ours_ = authority_.issue({.name = "lamp", .alternative_names = "DNS:lamp"}),
                    theirs_ = authority_.issue({.name = "other", .alternative_names = "DNS:other"});
  const EcKey private_ = *EcKey::load_private("lamp", ours_.key_file);
  const EcKey public_ = *EcKey::load_public("lamp", ours_.certificate_file);
  const SharedKey shared_{"lamp", std::string(32, 'k')};
};

TEST_F(Signature, OfACertificatesKeyIsVerifiedByTheCertificate) {
  const auto jws = sign("21.5", private_, Value::object({{"cty", "text/plain"}}));
  ASSERT_TRUE(jws) << jws.error().detail;

  const auto opened = verify(*jws, public_);

  ASSERT_TRUE(opened) << opened.error().detail;
  EXPECT_EQ(opened->payload, "21.5");
  EXPECT_EQ(opened->header.string_at("alg"), "ES256");
  EXPECT_FALSE(verify(*jws, *EcKey::load_public("lamp", theirs_.certificate_file)));
  EXPECT_FALSE(verify(*jws, *EcKey::load_public("other", ours_.certificate_file)));
}

TEST_F(Signature, OfASharedKeyIsVerifiedByIt) {
  const auto jws = sign("21.5", shared_, Value::object());
  ASSERT_TRUE(jws) << jws.error().detail;

  EXPECT_EQ(verify(*jws, shared_)->payload, "21.5");
  EXPECT_FALSE(verify(*jws, SharedKey{"lamp", std::string(32, 'x')}));
}

TEST_F(Signature, NoticesEveryChange) {
  for (const std::string& good :
       {*sign("21.5", private_, Value::object()), *sign("21.5", shared_, Value::object())}) {
    for (std::size_t at = 0; at < good.size(); ++at) {
      std::string bad = good;
      bad[at] = bad[at] == 'Q' ? 'g' : 'Q';
      if (bad == good || at + 1 == good.size() || good[at + 1] == '.') continue;
      EXPECT_FALSE(verify(bad, public_)) << at;
      EXPECT_FALSE(verify(bad, shared_)) << at;
    }
  }
}

// RFC 8725 clause 2.1
TEST_F(Signature, TheKeyDecidesTheAlgorithmNotTheMessage) {
  const std::string by_ec = *sign("21.5", private_, Value::object());
  const std::string by_shared = *sign("21.5", shared_, Value::object());
  const std::string unsecured = "eyJhbGciOiJub25lIiwia2lkIjoibGFtcCJ9.MjEuNQ.";  // alg none

  EXPECT_FALSE(verify(by_shared, public_));
  EXPECT_FALSE(verify(by_ec, shared_));
  EXPECT_FALSE(verify(unsecured, public_));
  EXPECT_FALSE(verify(unsecured, shared_));
}

TEST_F(Signature, KeysComeFromGuardedFiles) {
  std::filesystem::permissions(ours_.key_file, std::filesystem::perms(0644));
  const auto open_to_all = EcKey::load_private("lamp", ours_.key_file);
  ASSERT_FALSE(open_to_all);
  EXPECT_THAT(open_to_all.error().detail, HasSubstr("chmod 600"));
  EXPECT_FALSE(EcKey::load_private("lamp", "/nonexistent"));
  EXPECT_FALSE(EcKey::load_public("lamp", ours_.key_file + "x"));
  EXPECT_FALSE(sign("x", SharedKey{"lamp", std::string(16, 'k')}, Value::object()));
}

// RFC 4231 clause 4.3 (test case 2)
TEST(Hmac, IsThatOfTheStandard) {
  const std::string mac = hmac_sha256("Jefe", "what do ya want for nothing?");
  EXPECT_EQ(static_cast<unsigned char>(mac[0]), 0x5b);
  EXPECT_EQ(static_cast<unsigned char>(mac[31]), 0x43);
}

}  // namespace
}  // namespace gatehouse::jose
