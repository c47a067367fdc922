// Keys in files, tokens and TPMs: what serves, and what is said when it does not.
#include <gmock/gmock.h>
#include <openssl/ssl.h>

#include <filesystem>

#include "bindings/security/private_key.h"
#include "bindings/security/tls_context.h"
#include "tests/bindings/security/key_stores.h"

namespace gatehouse {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing_support::TemporaryFolder;
using testing_support::TestAuthority;
using testing_support::TokenStore;
using testing_support::TpmStore;

/// Puts `part` in place of `of` in a URI.
std::string with(std::string uri, const std::string& of, const std::string& part) {
  return uri.replace(uri.find(of), of.size(), part);
}

std::string why_not(const std::string& where) {
  const auto key = load_private_key(where);
  EXPECT_FALSE(key) << where;
  return key ? "" : key.error().detail;
}

class TokenKey : public testing::Test {
 protected:
  TemporaryFolder folder_;
  TestAuthority authority_{folder_.path()};
  TlsSettings settings_ = authority_.issue({"server", "DNS:localhost"});
  TokenStore store_;
  const std::string uri_ = store_.take(settings_.key_file);
};

TEST_F(TokenKey, ServesAsTheKeyOfACertificate) {
  settings_.key_file = uri_;

  const auto context = make_server_context(settings_);

  ASSERT_TRUE(context.has_value()) << context.error().detail;
  EXPECT_EQ(SSL_CTX_check_private_key(context->get()), 1);
}

TEST_F(TokenKey, SaysWhatIsWrongAndNeverThePin) {
  const std::string query = uri_.substr(uri_.find('?'));

  EXPECT_THAT(why_not(with(uri_, query, "?pin-value=9876")),
              AllOf(HasSubstr("object=key"), HasSubstr("PIN"), Not(HasSubstr("9876"))));
  EXPECT_THAT(why_not(with(uri_, store_.label(), "elsewhere")), HasSubstr("no such token"));
  EXPECT_THAT(why_not(with(uri_, "object=key", "object=nokey")), HasSubstr("object=nokey"));
  EXPECT_THAT(why_not(with(uri_, store_.pin_file(), "/nonexistent")), HasSubstr("/nonexistent"));
  std::filesystem::permissions(store_.pin_file(), std::filesystem::perms(0644));
  EXPECT_THAT(why_not(uri_), HasSubstr("chmod 600"));
}

class TpmKeyTest : public testing::Test {
 protected:
  TemporaryFolder folder_;
  TestAuthority authority_{folder_.path()};
  TlsSettings settings_ = authority_.issue({"server", "DNS:localhost"});
  TpmStore store_;
  const std::string uri_ = store_.take(settings_.key_file);
};

TEST_F(TpmKeyTest, ServesAsTheKeyOfACertificate) {
  settings_.key_file = uri_;

  const auto context = make_server_context(settings_);

  ASSERT_TRUE(context.has_value()) << context.error().detail;
  EXPECT_EQ(SSL_CTX_check_private_key(context->get()), 1);
}

TEST_F(TpmKeyTest, SaysWhatIsWrong) {
  const std::string secret = "auth-source=file:" + store_.auth_file();

  EXPECT_THAT(why_not(with(uri_, secret, "auth-value=wrong")),
              AllOf(HasSubstr("auth-source"), Not(HasSubstr("=wrong"))));
  EXPECT_THAT(why_not(with(uri_, "0x81000001", "0x81000002")), HasSubstr("no such key"));
  EXPECT_THAT(why_not(with(uri_, "0x81000001", "0x80000001")), HasSubstr("persistent handle"));
  EXPECT_THAT(why_not(with(uri_, store_.tcti(), "swtpm:path=/nonexistent")),
              HasSubstr("/nonexistent"));
  EXPECT_THAT(why_not(with(uri_, "auth-source", "pin-source")), HasSubstr("\"pin-source\""));
  EXPECT_THAT(why_not("tpm2:tcti=none"), HasSubstr("handle is missing"));
}

TEST(FileKey, ThatOthersMayReadIsRefused) {
  const TemporaryFolder folder;
  const TestAuthority authority(folder.path());
  const TlsSettings settings = authority.issue({"server", "DNS:localhost"});
  ASSERT_TRUE(load_private_key("file:" + settings.key_file));

  std::filesystem::permissions(settings.key_file, std::filesystem::perms(0644));

  EXPECT_THAT(why_not(settings.key_file), AllOf(HasSubstr("server.key"), HasSubstr("chmod 600")));
  std::filesystem::permissions(settings.key_file, std::filesystem::perms(0640));
  EXPECT_TRUE(load_private_key(settings.key_file)) << "a group of its own may have it";
}

}  // namespace
}  // namespace gatehouse
