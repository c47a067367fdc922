// Stapled OCSP responses, made by the authority of certs/.
#include "bindings/security/ocsp.h"

#include <gmock/gmock.h>
#include <openssl/ssl.h>

#include <fstream>

#include "certs/authority.h"
#include "tests/bindings/security/handshake.h"
#include "tests/bindings/security/ocsp_responder.h"
#include "tests/bindings/security/test_certificates.h"

namespace gatehouse {
namespace {

using testing::HasSubstr;
using testing_support::Handshake;
using testing_support::TemporaryFolder;

/// An authority whose clock stands where a test puts it.
class OcspTest : public testing::Test {
 protected:
  pki::Authority make(const std::string& name) {
    auto made =
        pki::Authority::create(folder_.path() / name, "gatehouse.example", pki::kAuthorityLifetime,
                               [this] { return std::chrono::system_clock::now() + offset_; });
    EXPECT_TRUE(made) << made.error().detail;
    return *std::move(made);
  }
  TlsSettings issue(const pki::Authority& authority, const std::string& name,
                    const std::string& responder = {}) {
    pki::Request request;
    request.kind = pki::Kind::kCse;
    request.name = name;
    request.identities = {"/id-" + name};
    request.hosts = {"localhost"};
    request.ocsp_url = responder;
    const auto issued = authority.issue(request);
    EXPECT_TRUE(issued) << issued.error().detail;
    TlsSettings settings;
    settings.certificate_file = issued->certificate.string();
    settings.key_file = issued->key.string();
    settings.ca_file = (issued->certificate.parent_path() / "ca.crt").string();
    settings.ocsp_file = (issued->certificate.parent_path() / (name + ".ocsp")).string();
    return settings;
  }
  static bool agree(const TlsSettings& server, TlsSettings client, OcspPolicy policy) {
    client.ocsp = policy;
    client.ocsp_file.reset();
    const auto from = make_server_context(server);
    const auto to = make_client_context(client);
    EXPECT_TRUE(from && to);
    return Handshake(from->get(), to->get(), "localhost").done();
  }

  TemporaryFolder folder_;
  std::chrono::hours offset_{0};
  pki::Authority authority_ = make("pki");
  TlsSettings server_ = issue(authority_, "in"), client_ = issue(authority_, "mn");
};

TEST_F(OcspTest, AGoodResponseIsStapledAndBelieved) {
  ASSERT_TRUE(authority_.write_ocsp("in"));

  EXPECT_TRUE(agree(server_, client_, OcspPolicy::kRequired));
  EXPECT_TRUE(agree(server_, client_, OcspPolicy::kIfStapled));
}

TEST_F(OcspTest, NoResponseIsRefusedOnlyWhereOneIsRequired) {
  EXPECT_FALSE(agree(server_, client_, OcspPolicy::kRequired));
  EXPECT_TRUE(agree(server_, client_, OcspPolicy::kIfStapled));
  EXPECT_TRUE(agree(server_, client_, OcspPolicy::kOff));
}

TEST_F(OcspTest, RevokedIsRefused) {
  ASSERT_TRUE(authority_.revoke("in"));
  ASSERT_TRUE(authority_.write_ocsp("in"));

  EXPECT_FALSE(agree(server_, client_, OcspPolicy::kIfStapled));
  EXPECT_FALSE(agree(server_, client_, OcspPolicy::kRequired));
  EXPECT_TRUE(agree(server_, client_, OcspPolicy::kOff)) << "it is the response that is refused";
}

TEST_F(OcspTest, AResponseOfAnotherCertificateIsNotStapled) {
  ASSERT_TRUE(authority_.write_ocsp("mn"));
  server_.ocsp_file = client_.ocsp_file;

  EXPECT_TRUE(agree(server_, client_, OcspPolicy::kIfStapled));
  EXPECT_FALSE(agree(server_, client_, OcspPolicy::kRequired));
}

TEST_F(OcspTest, AForgedResponseIsRefused) {
  ASSERT_TRUE(authority_.write_ocsp("in"));
  std::fstream file(*server_.ocsp_file, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(-5, std::ios::end);
  const char last = static_cast<char>(file.peek() ^ 1);
  file.seekp(-5, std::ios::end);
  file.put(last);
  file.close();

  EXPECT_FALSE(agree(server_, client_, OcspPolicy::kIfStapled));
}

TEST_F(OcspTest, WhatIsOutOfTimeIsNotStapled) {
  offset_ = -std::chrono::hours(24 * 9);
  ASSERT_TRUE(authority_.write_ocsp("in"));

  EXPECT_TRUE(agree(server_, client_, OcspPolicy::kIfStapled));
  EXPECT_FALSE(agree(server_, client_, OcspPolicy::kRequired));
}

TEST_F(OcspTest, AFreshResponseIsStapledWithoutARestart) {
  const auto server = make_server_context(server_);
  client_.ocsp = OcspPolicy::kRequired;
  const auto client = make_client_context(client_);
  ASSERT_TRUE(server && client);
  const bool before = Handshake(server->get(), client->get(), "localhost").done();

  ASSERT_TRUE(authority_.write_ocsp("in"));

  EXPECT_FALSE(before);
  EXPECT_TRUE(Handshake(server->get(), client->get(), "localhost").done());
}

/// One response, as DER, and what is said of it.
std::string said_of(const std::string& response, const TlsSettings& of) {
  const auto read = [](const std::string& file) {
    BIO* in = BIO_new_file(file.c_str(), "r");
    X509* certificate = PEM_read_bio_X509(in, nullptr, nullptr, nullptr);
    BIO_free(in);
    return std::unique_ptr<X509, decltype(&X509_free)>(certificate, &X509_free);
  };
  const auto certificate = read(of.certificate_file), issuer = read(of.ca_file);
  const std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)> trust(X509_STORE_new(),
                                                                      &X509_STORE_free);
  X509_STORE_add_cert(trust.get(), issuer.get());
  const auto good = check_ocsp_response(response, certificate.get(), issuer.get(), trust.get());
  return good ? "good" : good.error().detail;
}

std::string content_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST_F(OcspTest, SaysWhatIsWrongWithAResponse) {
  offset_ = -std::chrono::hours(24 * 9);
  ASSERT_TRUE(authority_.write_ocsp("in"));
  const std::string old = content_of(*server_.ocsp_file);
  offset_ = std::chrono::hours(24);
  ASSERT_TRUE(authority_.write_ocsp("in"));
  const std::string early = content_of(*server_.ocsp_file);
  offset_ = std::chrono::hours(0);
  ASSERT_TRUE(authority_.write_ocsp("in"));
  const std::string good = content_of(*server_.ocsp_file);
  std::string forged = good;
  forged[forged.size() - 5] = static_cast<char>(forged[forged.size() - 5] ^ 1);

  EXPECT_EQ(said_of(good, server_), "good");
  EXPECT_THAT(said_of(old, server_), HasSubstr("out of time"));
  EXPECT_THAT(said_of(early, server_), HasSubstr("out of time"));
  EXPECT_THAT(said_of(forged, server_), HasSubstr("not signed"));
  EXPECT_THAT(said_of(good, client_), HasSubstr("another certificate"));
  const pki::Authority other = make("other");
  const TlsSettings namesake = issue(other, "in");
  ASSERT_TRUE(other.write_ocsp("in"));
  EXPECT_THAT(said_of(content_of(*namesake.ocsp_file), server_), HasSubstr("not signed"));
  EXPECT_THAT(said_of("nonsense", server_), HasSubstr("no successful response"));
  EXPECT_THAT(said_of("", server_), HasSubstr("no successful response"));
}

TEST_F(OcspTest, IsFetchedFromTheResponderThatTheCertificateNames) {
  const testing_support::OcspResponder responder(
      [this](const std::string& request) { return *authority_.answer_ocsp(request); });
  const TlsSettings named = issue(authority_, "asked", responder.url());

  const auto holds = fetch_ocsp_response(named, std::chrono::seconds(10));

  ASSERT_TRUE(holds) << holds.error().detail;
  EXPECT_GT(*holds, std::chrono::hours(24 * 6));
  EXPECT_TRUE(agree(named, client_, OcspPolicy::kRequired));
  ASSERT_TRUE(authority_.revoke("asked"));
  const auto revoked = fetch_ocsp_response(named, std::chrono::seconds(10));
  ASSERT_FALSE(revoked);
  EXPECT_THAT(revoked.error().detail, HasSubstr("revoked"));
}

TEST_F(OcspTest, AResponderThatLiesOrIsGoneLeavesTheFileAsItWas) {
  const testing_support::OcspResponder liar([](const std::string&) { return "nonsense"; });
  const TlsSettings lied_to = issue(authority_, "lied-to", liar.url());
  const TlsSettings alone = issue(authority_, "alone", "http://127.0.0.1:1/");
  std::ofstream(*lied_to.ocsp_file) << "as it was";

  EXPECT_FALSE(fetch_ocsp_response(lied_to, std::chrono::seconds(10)));
  EXPECT_FALSE(fetch_ocsp_response(alone, std::chrono::seconds(1)));
  EXPECT_EQ(content_of(*lied_to.ocsp_file), "as it was");
  const auto unnamed = fetch_ocsp_response(server_, std::chrono::seconds(10));
  ASSERT_FALSE(unnamed);
  EXPECT_THAT(unnamed.error().detail, HasSubstr("names no responder"));
}

}  // namespace
}  // namespace gatehouse
