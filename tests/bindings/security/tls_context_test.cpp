#include "bindings/security/tls_context.h"

#include <gmock/gmock.h>
#include <openssl/ssl.h>

#include <fstream>

#include "tests/bindings/security/handshake.h"
#include "tests/bindings/security/test_certificates.h"

namespace gatehouse {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing_support::CertificateWish;
using testing_support::Handshake;
using testing_support::TemporaryFolder;
using testing_support::TestAuthority;

// TS-0003 clause 10.1.1.5
TEST(IdentitiesOfUri, ReadsCseAndAeIdentifiers) {
  EXPECT_THAT(identities_of_uri("m2m://sp.example/id-mn"),
              ElementsAre("/id-mn", "//sp.example/id-mn"));
  EXPECT_THAT(identities_of_uri("m2m://sp.example/id-mn/CAE1"), ElementsAre("CAE1", "/id-mn/CAE1"));
  EXPECT_THAT(identities_of_uri("m2m://sp.example/SAE1"), ElementsAre("SAE1"));
  EXPECT_THAT(identities_of_uri("//sp.example/id-mn/CAE1"), ElementsAre("CAE1", "/id-mn/CAE1"));
}

TEST(IdentitiesOfUri, IsEmptyForAnythingElse) {
  for (const char* uri : {"", "m2m://", "m2m://sp.example", "m2m://sp.example/", "m2m:///id-mn",
                          "https://sp.example/id-mn", "m2m://sp.example/id-mn/", "/id-mn",
                          "m2m://sp.example/id-mn/CAE1/x", "m2m://sp.example/id-mn/xyz",
                          "m2m://sp.example/id-mn/C", "m2m://sp.example/id mn"}) {
    EXPECT_THAT(identities_of_uri(uri), IsEmpty()) << uri;
  }
}

class TlsContextTest : public testing::Test {
 protected:
  /// Whether the two sides come together, with the server named "localhost".
  bool agree(const TlsSettings& server, const TlsSettings& client,
             const std::string& host = "localhost") {
    const auto server_context = make_server_context(server);
    const auto client_context = make_client_context(client);
    EXPECT_TRUE(server_context.has_value() && client_context.has_value());
    Handshake handshake(server_context->get(), client_context->get(), host);
    seen_ = identities_of(handshake.server());
    version_ = SSL_get_version(handshake.client());
    cipher_ = SSL_get_cipher_name(handshake.client());
    return handshake.done();
  }
  CertificateWish server_wish() const {
    return {"server", "DNS:localhost,IP:127.0.0.1,URI:m2m://sp.example/id-in",
            "serverAuth,clientAuth"};
  }

  TemporaryFolder folder_;
  TestAuthority authority_{folder_.path()};
  TlsSettings server_ = authority_.issue(server_wish());
  TlsSettings client_ = authority_.issue({"client", "URI:m2m://sp.example/id-mn/CAE1"});
  std::vector<std::string> seen_;
  std::string version_, cipher_;
};

TEST_F(TlsContextTest, ConnectsAndTellsTheServerWhoCalls) {
  EXPECT_TRUE(agree(server_, client_));
  EXPECT_THAT(seen_, ElementsAre("CAE1", "/id-mn/CAE1"));
  EXPECT_EQ(version_, "TLSv1.3");
}

TEST_F(TlsContextTest, SpeaksTls12WithEcdheEcdsa) {
  const auto server = make_server_context(server_);
  const auto client = make_client_context(client_);
  ASSERT_TRUE(server && client);
  SSL_CTX_set_max_proto_version(client->get(), TLS1_2_VERSION);
  Handshake handshake(server->get(), client->get(), "localhost");
  EXPECT_TRUE(handshake.done());
  EXPECT_STREQ(SSL_get_version(handshake.client()), "TLSv1.2");
  EXPECT_THAT(SSL_get_cipher_name(handshake.client()), HasSubstr("ECDHE-ECDSA"));
}

TEST_F(TlsContextTest, RefusesTls12WhenTold) {
  server_.min_version = TlsVersion::k1_3;
  const auto server = make_server_context(server_);
  const auto client = make_client_context(client_);
  ASSERT_TRUE(server && client);
  SSL_CTX_set_max_proto_version(client->get(), TLS1_2_VERSION);
  EXPECT_FALSE(Handshake(server->get(), client->get(), "localhost").done());
}

TEST_F(TlsContextTest, RefusesAClientWithoutCertificate) {
  TlsSettings nobody;
  nobody.ca_file = client_.ca_file;
  EXPECT_FALSE(agree(server_, nobody));
  server_.require_peer_certificate = false;
  EXPECT_TRUE(agree(server_, nobody));
  EXPECT_THAT(seen_, IsEmpty());
}

TEST_F(TlsContextTest, RefusesAClientOfAnotherAuthority) {
  const TestAuthority foreign(folder_.path(), "foreign");
  TlsSettings stranger = foreign.issue({"stranger", "URI:m2m://sp.example/id-mn"});
  stranger.ca_file = client_.ca_file;
  EXPECT_FALSE(agree(server_, stranger));
}

TEST_F(TlsContextTest, RefusesAnExpiredClient) {
  CertificateWish old{"old", "URI:m2m://sp.example/id-mn"};
  old.valid_from_seconds = -7200;
  old.valid_until_seconds = -3600;
  EXPECT_FALSE(agree(server_, authority_.issue(old)));
}

TEST_F(TlsContextTest, RefusesACertificateOfAnotherPurpose) {
  EXPECT_FALSE(agree(server_, authority_.issue({"s", "URI:m2m://sp.example/id-mn", "serverAuth"})));
  CertificateWish wish = server_wish();
  wish.purposes = "clientAuth";
  EXPECT_FALSE(agree(authority_.issue(wish), client_));
}

TEST_F(TlsContextTest, RefusesARevokedClient) {
  server_.crl_file = authority_.revoke(client_.certificate_file);
  EXPECT_FALSE(agree(server_, client_));
  EXPECT_TRUE(agree(server_, authority_.issue({"other", "URI:m2m://sp.example/id-mn"})));
}

TEST_F(TlsContextTest, ChecksTheServersName) {
  EXPECT_TRUE(agree(server_, client_, "127.0.0.1"));
  EXPECT_FALSE(agree(server_, client_, "127.0.0.2"));
  EXPECT_FALSE(agree(server_, client_, "elsewhere.example"));
}

TEST_F(TlsContextTest, NamesTheFileThatCannotBeUsed) {
  TlsSettings broken = server_;
  broken.key_file = client_.key_file;
  const auto mismatch = make_server_context(broken);
  ASSERT_FALSE(mismatch.has_value());
  EXPECT_THAT(mismatch.error().detail, HasSubstr("client.key"));
  broken = server_;
  broken.ca_file = (folder_.path() / "absent.pem").string();
  const auto absent = make_server_context(broken);
  ASSERT_FALSE(absent.has_value());
  EXPECT_THAT(absent.error().detail, HasSubstr("absent.pem"));
  std::ofstream(folder_.path() / "noise.pem") << "noise";
  broken = server_;
  broken.certificate_file = (folder_.path() / "noise.pem").string();
  EXPECT_FALSE(make_server_context(broken).has_value());
}

TEST_F(TlsContextTest, NeverShowsThePinOfATokenKey) {
  TlsSettings token = server_;
  token.key_file = "pkcs11:token=absent;object=key?pin-value=1234";
  const auto refused = make_server_context(token);
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().detail, testing::Not(HasSubstr("1234")));
}

// Early data (0-RTT) could be said again by whoever recorded it. Source: RFC 8446 clause 8.
TEST_F(TlsContextTest, TakesNothingThatCouldBeReplayed) {
  const auto context = make_server_context(server_);
  ASSERT_TRUE(context.has_value());
  EXPECT_EQ(SSL_CTX_get_max_early_data(context->get()), 0u);
}

}  // namespace
}  // namespace gatehouse
