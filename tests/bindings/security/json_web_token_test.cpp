// Tokens signed by their issuers. Source: TS-0003 clause 7.3.2.6, RFC 7515, RFC 7518 clause 3.4.
#include "bindings/security/json_web_token.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "tests/bindings/security/token_file.h"

namespace gatehouse {
namespace {

std::string base64url(std::string_view bytes) {
  constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  unsigned bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = (bits << 8 | static_cast<unsigned char>(c)) & 0xFFFFFFu;
    for (count += 8; count >= 6;) text += kAlphabet[bits >> (count -= 6) & 63];
  }
  if (count > 0) text += kAlphabet[bits << (6 - count) & 63];
  return text;
}

/// A key pair of an issuer.
class Signer {
 public:
  explicit Signer(const char* curve = "P-256")
      : key_(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve), EVP_PKEY_free) {}

  void write_public_key(const std::string& path) const {
    BIO* file = BIO_new_file(path.c_str(), "w");
    PEM_write_bio_PUBKEY(file, key_.get());
    BIO_free(file);
  }
  /// r || s over the text.
  std::string sign(const std::string& text) const {
    std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    std::string der(256, '\0');
    std::size_t size = der.size();
    EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get());
    EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(der.data()), &size,
                   reinterpret_cast<const unsigned char*>(text.data()), text.size());
    const auto* begin = reinterpret_cast<const unsigned char*>(der.data());
    ECDSA_SIG* signature = d2i_ECDSA_SIG(nullptr, &begin, static_cast<long>(size));
    std::string raw(64, '\0');
    auto* out = reinterpret_cast<unsigned char*>(raw.data());
    BN_bn2binpad(ECDSA_SIG_get0_r(signature), out, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(signature), out + 32, 32);
    ECDSA_SIG_free(signature);
    return raw;
  }
  std::string token(const std::string& header, const std::string& claims) const {
    const std::string text = base64url(header) + "." + base64url(claims);
    return text + "." + base64url(sign(text));
  }

 private:
  std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key_;
};

const std::string kHeader = R"({"alg":"ES256","typ":"JWT"})";
const std::string kClaims = R"({"iss":"Cdas","jti":"t1","azp":"//sp/id-in/CAE1","nbf":1,"exp":2})";

class Tokens : public testing::Test {
 protected:
  Tokens() {
    signer.write_public_key(file.path());
    EXPECT_TRUE(issuers.add("Cdas", file.path()));
  }
  std::string refusal(const std::string& token) const {
    const auto verified = issuers.verify(token);
    if (verified) return "";
    EXPECT_EQ(verified.error().rsc, Rsc::kOriginatorHasNoPrivilege);
    return verified.error().detail;
  }
  const Signer signer;
  const test::TokenFile file;
  TokenIssuers issuers;
};

TEST_F(Tokens, OfAKnownIssuerGiveTheirClaims) {
  const auto claims = issuers.verify(signer.token(kHeader, kClaims));

  ASSERT_TRUE(claims) << claims.error().detail;
  EXPECT_EQ(claims->string_at("jti"), "t1");
  EXPECT_EQ(claims->string_at("azp"), "//sp/id-in/CAE1");
}

TEST_F(Tokens, ThatAreNotWhatTheyShouldBeAreRefused) {
  const Signer other;
  const std::string good = signer.token(kHeader, kClaims);
  const std::string text = good.substr(0, good.rfind('.'));
  const std::string none = base64url(R"({"alg":"none","typ":"JWT"})") + "." + base64url(kClaims);

  EXPECT_EQ(refusal(other.token(kHeader, kClaims)),
            "token: its signature is not that of its issuer");
  EXPECT_EQ(refusal(base64url(kHeader) + "." + base64url(R"({"iss":"Cdas","jti":"t2"})") +
                    good.substr(good.rfind('.'))),
            "token: its signature is not that of its issuer");
  EXPECT_EQ(refusal(text + "."), "token: its signature is not that of its issuer");
  EXPECT_EQ(refusal(text + "." + base64url(std::string(64, '\0'))),
            "token: its signature is not that of its issuer");
  EXPECT_EQ(refusal(text + "." + base64url(std::string(65, 'x'))),
            "token: its signature is not that of its issuer");
  EXPECT_EQ(refusal(signer.token(kHeader, R"({"iss":"Cother"})")),
            "token: its issuer is not known here");
  EXPECT_EQ(refusal(signer.token(kHeader, "{}")), "token: its issuer is not known here");
  EXPECT_EQ(refusal(none + "."), "token: alg must be ES256");
  EXPECT_EQ(refusal(signer.token(R"({"alg":"HS256","typ":"JWT"})", kClaims)),
            "token: alg must be ES256");
  EXPECT_EQ(refusal(signer.token(R"({"alg":"ES256"})", kClaims)), "token: typ must be JWT");
  EXPECT_EQ(refusal(signer.token(R"({"alg":"ES256","typ":"JWT","crit":["b64"]})", kClaims)),
            "token: crit and cty are not taken");
  EXPECT_EQ(refusal(signer.token("[]", kClaims)), "token: the header is no JSON object");
  EXPECT_EQ(refusal(signer.token(kHeader, "x")), "token: the claim set is no JSON object");
  EXPECT_EQ(refusal("a.b"), "token: is no JWS in compact form");
  EXPECT_EQ(refusal("a.b.c.d.e"), "token: is no JWS in compact form");
  EXPECT_EQ(refusal("=.b.c"), "token: the header is no base64url");
  EXPECT_EQ(refusal(std::string(20'000, 'a')), "token: is longer than 16 KiB");
  EXPECT_EQ(refusal(""), "token: is no JWS in compact form");
}

TEST_F(Tokens, OfAKeyOnAnotherCurveAreNotTaken) {
  const Signer longer("P-384");
  const test::TokenFile other;
  longer.write_public_key(other.path());

  const auto added = issuers.add("Cother", other.path());

  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().detail, other.path() + ": holds no public key on P-256");
  EXPECT_FALSE(issuers.add("Cother", "/nonexistent/key.pem"));
}

TEST(Base64Url, HasOneTextForOneMeaning) {
  EXPECT_EQ(decode_base64url(""), "");
  EXPECT_EQ(decode_base64url("YQ"), "a");
  EXPECT_EQ(decode_base64url("YWI"), "ab");
  EXPECT_EQ(decode_base64url("YWJj"), "abc");
  EXPECT_EQ(decode_base64url("_-8"), "\xff\xef");
  for (const char* bad : {"Y", "YR", "YQ==", "Y Q", "YW+j", "YW/j", "YWJjZ"}) {
    EXPECT_FALSE(decode_base64url(bad)) << bad;
  }
}

}  // namespace
}  // namespace gatehouse
