// New files are in force at the next handshake; what does not fit is not.
#include "bindings/security/renewal.h"

#include <gmock/gmock.h>
#include <openssl/ssl.h>

#include <filesystem>
#include <fstream>

#include "tests/bindings/security/handshake.h"
#include "tests/bindings/security/test_certificates.h"

namespace gatehouse {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing_support::Handshake;
using testing_support::TemporaryFolder;
using testing_support::TestAuthority;

class RenewalTest : public testing::Test {
 protected:
  RenewalTest() {
    for (TlsSettings* settings : {&server_, &client_}) {
      settings->on_renewal = [this](const std::string& problem) { told_.push_back(problem); };
    }
  }
  TlsSettings issue(const std::string& name, const std::string& identity) const {
    return authority_.issue(
        {name, "DNS:localhost,URI:m2m://sp.example/" + identity, "serverAuth,clientAuth"});
  }
  static std::vector<std::string> seen_by_server(const TlsContext& server,
                                                 const TlsContext& client) {
    const Handshake handshake(server.get(), client.get(), "localhost");
    return handshake.done() ? identities_of(handshake.server()) : std::vector<std::string>();
  }
  static std::vector<std::string> seen_by_client(const TlsContext& server,
                                                 const TlsContext& client) {
    const Handshake handshake(server.get(), client.get(), "localhost");
    return handshake.done() ? identities_of(handshake.client()) : std::vector<std::string>();
  }

  std::vector<std::string> told_;
  TemporaryFolder folder_;
  TestAuthority authority_{folder_.path()};
  TlsSettings server_ = issue("server", "id-in"), client_ = issue("client", "id-mn");
  TlsContext server_context_, client_context_;

  void SetUp() override {
    auto server = make_server_context(server_);
    auto client = make_client_context(client_);
    ASSERT_TRUE(server && client);
    server_context_ = *std::move(server);
    client_context_ = *std::move(client);
  }
};

TEST_F(RenewalTest, ACertificateAndItsKeyAreInForceAtTheNextHandshake) {
  EXPECT_THAT(seen_by_server(server_context_, client_context_), Contains("/id-mn"));

  issue("client", "id-new");
  issue("server", "id-next");

  EXPECT_THAT(seen_by_server(server_context_, client_context_), Contains("/id-new"));
  EXPECT_THAT(seen_by_client(server_context_, client_context_), Contains("/id-next"));
  EXPECT_THAT(told_, ElementsAre("", ""));
}

TEST_F(RenewalTest, WhatDoesNotFitIsToldAndNotUsed) {
  const TlsSettings other = issue("other", "id-other");
  std::filesystem::copy_file(other.certificate_file, client_.certificate_file,
                             std::filesystem::copy_options::overwrite_existing);

  const auto half = seen_by_server(server_context_, client_context_);
  const auto still = seen_by_server(server_context_, client_context_);
  std::filesystem::copy_file(other.key_file, client_.key_file,
                             std::filesystem::copy_options::overwrite_existing);
  const auto whole = seen_by_server(server_context_, client_context_);

  EXPECT_THAT(half, Contains("/id-mn"));
  EXPECT_THAT(still, Contains("/id-mn"));
  EXPECT_THAT(whole, Contains("/id-other"));
  ASSERT_EQ(told_.size(), 2u) << "once for each change";
  EXPECT_NE(told_[0].find("client.key"), std::string::npos) << told_[0];
  EXPECT_EQ(told_[1], "");
}

TEST_F(RenewalTest, AListThatComesLaterShutsOutWhoIsOnIt) {
  const TlsSettings good = issue("good", "id-good");
  server_.crl_file = authority_.revoke(good.certificate_file);  // of somebody else, for now
  std::filesystem::rename(*server_.crl_file, folder_.path() / "list");
  server_.crl_file = (folder_.path() / "list").string();
  const auto watching = make_server_context(server_);
  ASSERT_TRUE(watching);
  Handshake before(watching->get(), client_context_.get(), "localhost");
  SSL_SESSION* session = before.session();

  std::filesystem::rename(authority_.revoke(client_.certificate_file), *server_.crl_file);

  Handshake after(watching->get(), client_context_.get(), "localhost");
  Handshake resumed(watching->get(), client_context_.get(), "localhost", session);
  EXPECT_TRUE(before.done());
  EXPECT_FALSE(after.done());
  EXPECT_FALSE(resumed.done()) << "a ticket of before the revocation";
  SSL_SESSION_free(session);
}

TEST_F(RenewalTest, ATicketServesWhileNothingChanges) {
  const Handshake first(server_context_.get(), client_context_.get(), "localhost");
  SSL_SESSION* session = first.session();

  const Handshake second(server_context_.get(), client_context_.get(), "localhost", session);

  EXPECT_TRUE(second.done());
  EXPECT_TRUE(second.resumed());
  SSL_SESSION_free(session);
}

}  // namespace
}  // namespace gatehouse
