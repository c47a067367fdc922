// Data protected from end to end: what the reader gets is what the writer wrote, there and then.
#include "ae-apps/sdk/esdata.h"

#include <gmock/gmock.h>

#include "tests/bindings/security/test_certificates.h"

namespace gatehouse::sdk {
namespace {

using testing::HasSubstr;

constexpr const char* kContainer = "/id-in/cse-in/lamp/temp";

class EsData : public testing::Test {
 protected:
  ProtectedData made_by(const DataProtection& how, const char* container = kContainer) const {
    auto made = protect("21.5", "text/plain", container, how, now_);
    EXPECT_TRUE(made) << made.error().detail;
    return *std::move(made);
  }
  std::string why_not(const ProtectedData& data, const DataTrust& trust) const {
    const auto opened = open(data.con, data.cnf, kContainer, trust, now_);
    return opened ? "good: " + opened->content : opened.error().detail;
  }

  Timestamp now_ = *parse_timestamp("20270101T000000");
  testing_support::TemporaryFolder folder_;
  testing_support::TestAuthority authority_{folder_.path()};
  const TlsSettings lamp_ = authority_.issue({.name = "lamp", .alternative_names = "DNS:lamp"}),
                    evil_ = authority_.issue({.name = "evil", .alternative_names = "DNS:evil"});
  const jose::EcKey signing_ = *jose::EcKey::load_private("lamp", lamp_.key_file);
  const jose::EcKey signer_ = *jose::EcKey::load_public("lamp", lamp_.certificate_file);
  const jose::EcKey forger_ = *jose::EcKey::load_private("lamp", evil_.key_file);
  const jose::SharedKey shared_{"shared", std::string(32, 'k')};
};

// TS-0003 clause 8.5.2
TEST_F(EsData, OfEachClassIsOpenedAgain) {
  const ProtectedData both = made_by({signing_, shared_, {}});
  EXPECT_EQ(both.cnf, "text/plain:0:1");
  EXPECT_EQ(both.con.find("21.5"), std::string::npos);

  EXPECT_EQ(why_not(made_by({signing_, {}, {}}), {signer_, {}}), "good: 21.5");
  EXPECT_EQ(why_not(made_by({{}, shared_, {}}), {{}, shared_}), "good: 21.5");
  EXPECT_EQ(why_not(both, {signer_, shared_}), "good: 21.5");
}

// TS-0004, m2m:contentSecurity 1 to 3
TEST_F(EsData, OfEachFormIsOpenedAgain) {
  for (const DataForm form : {DataForm::kCompact, DataForm::kJson, DataForm::kJsonBase64}) {
    const ProtectedData data = made_by({signing_, shared_, {}, form});
    EXPECT_EQ(data.cnf, "text/plain:0:" + std::to_string(static_cast<int>(form)));
    EXPECT_EQ(why_not(data, {signer_, shared_}), "good: 21.5");
    EXPECT_EQ(why_not(made_by({signing_, {}, {}, form}), {signer_, {}}), "good: 21.5");
    ProtectedData as_another = data;
    as_another.cnf = form == DataForm::kJson ? "text/plain:0:3" : "text/plain:0:2";
    EXPECT_THAT(why_not(as_another, {signer_, shared_}), HasSubstr("JOSE"));
  }
  EXPECT_THAT(why_not({"<x/>", "text/plain:0:4"}, {signer_, {}}), HasSubstr("not protected"));
}

TEST_F(EsData, ThatIsLessProtectedThanWantedIsRefused) {
  EXPECT_THAT(why_not(made_by({{}, shared_, {}}), {signer_, shared_}), HasSubstr("not signed"));
  EXPECT_THAT(why_not(made_by({signing_, {}, {}}), {signer_, shared_}), HasSubstr("ESData"));
  EXPECT_THAT(why_not(made_by({{}, shared_, {}}), {signer_, {}}), HasSubstr("another form"));
  EXPECT_THAT(why_not({"21.5", "text/plain:0"}, {signer_, {}}), HasSubstr("not protected"));
  EXPECT_THAT(why_not(made_by({signing_, shared_, {}}), {}), HasSubstr("no key"));
  EXPECT_FALSE(protect("21.5", "text/plain", kContainer, {}, now_));
}

TEST_F(EsData, OfAnotherSignerOrKeyIsRefused) {
  EXPECT_THAT(why_not(made_by({forger_, {}, {}}), {signer_, {}}), HasSubstr("signature"));
  EXPECT_THAT(why_not(made_by({forger_, shared_, {}}), {signer_, shared_}), HasSubstr("signature"));
  const jose::SharedKey other{"shared", std::string(32, 'x')};
  EXPECT_THAT(why_not(made_by({{}, other, {}}), {{}, shared_}), HasSubstr("tag"));
}

TEST_F(EsData, ThatWasChangedIsRefused) {
  for (const DataProtection& how : {DataProtection{signing_, {}, {}}, {signing_, shared_, {}}}) {
    const ProtectedData good = made_by(how);
    for (std::size_t at = 1; at + 1 < good.con.size(); at += 7) {
      ProtectedData bad = good;
      bad.con[at] = bad.con[at] == 'Q' ? 'g' : 'Q';
      if (bad.con == good.con || good.con[at + 1] == '.') continue;
      EXPECT_THAT(why_not(bad, {signer_, how.encryption}), HasSubstr("ESData")) << at;
    }
    ProtectedData relabelled = good;
    relabelled.cnf = "application/json:0:1";
    EXPECT_THAT(why_not(relabelled, {signer_, how.encryption}), HasSubstr("cnf"));
  }
}

TEST_F(EsData, OfAnotherContainerIsRefused) {
  EXPECT_THAT(why_not(made_by({signing_, {}, {}}, "/id-in/cse-in/lamp/other"), {signer_, {}}),
              HasSubstr("another container"));
}

TEST_F(EsData, Expires) {
  const ProtectedData data = made_by({signing_, shared_, std::chrono::hours(1)});
  now_ = now_ + std::chrono::minutes(59);
  EXPECT_EQ(why_not(data, {signer_, shared_}), "good: 21.5");
  now_ = now_ + std::chrono::minutes(1);
  EXPECT_THAT(why_not(data, {signer_, shared_}), HasSubstr("expired"));
}

TEST_F(EsData, ThatIsGivenAgainIsOld) {
  const ProtectedData first = made_by({signing_, {}, {}});
  now_ = now_ + std::chrono::seconds(1);
  const ProtectedData second = made_by({signing_, {}, {}});
  FreshData fresh;
  const auto check = [&](const ProtectedData& data) {
    return fresh.check(*open(data.con, data.cnf, kContainer, {signer_, {}}, now_)).has_value();
  };

  EXPECT_TRUE(check(first));
  EXPECT_TRUE(check(second));
  EXPECT_FALSE(check(first));
  EXPECT_FALSE(check(second));
}

}  // namespace
}  // namespace gatehouse::sdk
