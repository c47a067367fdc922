// Bearer tokens in a file of hashes. Source: RFC 6750 clause 2.1.
#include "bindings/security/bearer_tokens.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/bindings/security/token_file.h"

namespace gatehouse {
namespace {

const Timestamp kNow = *parse_timestamp("20270115T080000");

TEST(BearerHash, IsSha256) {
  EXPECT_EQ(hash_of_token("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(BearerHash, NewTokensAreLongAndDiffer) {
  std::set<std::string> made;
  for (int i = 0; i < 100; ++i) {
    const std::string token = make_token();
    EXPECT_EQ(token.size(), 43u);
    EXPECT_EQ(
        token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
        token.npos);
    made.insert(token);
  }
  EXPECT_EQ(made.size(), 100u);
}

TEST(BearerTokensTest, StandForOriginatorsAndAPerson) {
  const test::TokenFile file;
  file.write("# people\n\n  anna " + hash_of_token("secret") +
             " CAdmin,/id-mn/CAE7 user=anna.a expires=20270116T000000\n");
  BearerTokens tokens(file.path(), [] { return kNow; });
  ASSERT_TRUE(tokens.load());

  const auto identity = tokens.find("secret");

  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->name, "anna");
  EXPECT_EQ(identity->user, "anna.a");
  EXPECT_EQ(identity->originators, (std::vector<std::string>{"CAdmin", "/id-mn/CAE7"}));
  EXPECT_FALSE(tokens.find("Secret"));
  EXPECT_FALSE(tokens.find(""));
  EXPECT_FALSE(tokens.find(hash_of_token("secret"))) << "the hash is no token";
  EXPECT_FALSE(tokens.find(std::string(100'000, 'x')));
}

struct ExpiryCase {
  const char* name;
  const char* option;
  bool found;
};
class Expiry : public testing::TestWithParam<ExpiryCase> {};

TEST_P(Expiry, EndsAToken) {
  const test::TokenFile file;
  file.write("t " + hash_of_token("x") + " CAE1 " + GetParam().option + "\n");
  BearerTokens tokens(file.path(), [] { return kNow; });
  ASSERT_TRUE(tokens.load());

  EXPECT_EQ(tokens.find("x").has_value(), GetParam().found);
}
INSTANTIATE_TEST_SUITE_P(Times, Expiry,
                         testing::Values(ExpiryCase{"never", "", true},
                                         ExpiryCase{"later", "expires=20270115T080001", true},
                                         ExpiryCase{"now", "expires=20270115T080000", false},
                                         ExpiryCase{"before", "expires=20260115T080000", false}),
                         [](const auto& each) { return each.param.name; });

struct BadCase {
  std::string name, text, error;
};
class BadTokenFile : public testing::TestWithParam<BadCase> {};

TEST_P(BadTokenFile, IsRefusedWithItsLine) {
  const test::TokenFile file;
  file.write(GetParam().text);
  BearerTokens tokens(file.path());

  const auto loaded = tokens.load();

  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().detail, file.path() + GetParam().error);
}
const std::string kHash = hash_of_token("x");
INSTANTIATE_TEST_SUITE_P(
    Lines, BadTokenFile,
    testing::Values(BadCase{"short", "a\n", ":1: must be: name, SHA-256, originators"},
                    BadCase{"no_originator", "\na " + kHash + "\n",
                            ":2: must be: name, SHA-256, originators"},
                    BadCase{"plain_token", "a x CAE1\n",
                            ":1: the second word must be a SHA-256 of 64 hexadecimal digits"},
                    BadCase{"wildcard", "a " + kHash + " C*\n",
                            ":1: \"C*\" is no originator: a whole AE-ID or CSE-ID"},
                    BadCase{"stem_alone", "a " + kHash + " C\n",
                            ":1: \"C\" is no originator: a whole AE-ID or CSE-ID"},
                    BadCase{"hole", "a " + kHash + " CAE1,,CAE2\n",
                            ":1: \"\" is no originator: a whole AE-ID or CSE-ID"},
                    BadCase{"option", "a " + kHash + " CAE1 admin=yes\n",
                            ":1: \"admin=yes\" is neither user=NAME nor expires=TIMESTAMP"},
                    BadCase{"time", "a " + kHash + " CAE1 expires=tomorrow\n",
                            ":1: expires must be a timestamp such as 20271231T000000"},
                    BadCase{"twice", "a " + kHash + " CAE1\nb " + kHash + " CAE2\n",
                            ":2: the same token stands in an earlier line"}),
    [](const auto& each) { return each.param.name; });

TEST(BearerTokensTest, AFileThatOthersMayWriteIsRefused) {
  const test::TokenFile file;
  file.write("a " + kHash + " CAE1\n");
  ASSERT_EQ(::chmod(file.path().c_str(), 0622), 0);
  BearerTokens tokens(file.path());

  EXPECT_FALSE(tokens.load());
  EXPECT_FALSE(tokens.find("x"));
}

TEST(BearerTokensTest, AFileThatIsMissingIsRefused) {
  EXPECT_FALSE(BearerTokens("/nonexistent/tokens").load());
}

TEST(BearerTokensTest, AChangedFileIsReadAgainAndABadOneIsNot) {
  const test::TokenFile file;
  file.write("a " + kHash + " CAE1\n");
  BearerTokens tokens(file.path());
  ASSERT_TRUE(tokens.load());

  file.write("a " + hash_of_token("other") + " CAE1,CAE2\n");
  EXPECT_FALSE(tokens.find("x")) << "revoked";
  EXPECT_TRUE(tokens.find("other"));
  file.write("nonsense\n");
  EXPECT_TRUE(tokens.find("other")) << "the old ones stay";
}

struct HeaderCase {
  const char* name;
  std::string field;
  std::optional<std::string_view> token;
};
class AuthorizationField : public testing::TestWithParam<HeaderCase> {};

TEST_P(AuthorizationField, CarriesATokenOrNot) {
  EXPECT_EQ(bearer_token_of(GetParam().field), GetParam().token);
}
INSTANTIATE_TEST_SUITE_P(Fields, AuthorizationField,
                         testing::Values(HeaderCase{"bearer", "Bearer abc", "abc"},
                                         HeaderCase{"any_case", "bEARER abc", "abc"},
                                         HeaderCase{"spaces", "Bearer   abc", "abc"},
                                         HeaderCase{"basic", "Basic abc", std::nullopt},
                                         HeaderCase{"no_token", "Bearer", std::nullopt},
                                         HeaderCase{"blank", "Bearer ", std::nullopt},
                                         HeaderCase{"empty", "", std::nullopt}),
                         [](const auto& each) { return each.param.name; });

TEST(BearerPeer, IsWhatTheTokenStandsForAndNotWhatTheConnectionProved) {
  Peer connection;
  connection.transport = "https";
  connection.address = "10.0.0.1";
  connection.authenticated = true;
  connection.identities = {"CGateway"};

  const auto peer = with_token(connection, {"anna", {"CAE1"}, "anna.a", std::nullopt});

  EXPECT_EQ(peer->address, "10.0.0.1");
  EXPECT_TRUE(peer->authenticated);
  EXPECT_EQ(peer->identities, std::vector<std::string>{"CAE1"});
  EXPECT_EQ(peer->user, "anna.a");
  EXPECT_EQ(peer->credential, "anna");
}

}  // namespace
}  // namespace gatehouse
