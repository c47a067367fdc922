// Bearer tokens on HTTP: who is asking, and the refusals. Source: RFC 6750, TS-0004 clause 7.3.2.1.
#include <gmock/gmock.h>

#include "bindings/http/server.h"
#include "tests/bindings/http/test_support.h"
#include "tests/bindings/security/token_file.h"

namespace gatehouse::http {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using testing_support::ok_response;
using testing_support::RawClient;
using testing_support::RecordingHandler;

struct BearerCase {
  std::string name;
  bool knows_tokens, requires_proof;
  std::string from;
  std::string authorization;  ///< the whole field line, or empty
  int status;
  std::string rsc;  ///< of X-M2M-RSC
  bool authenticated = false;
};

class Bearer : public testing::TestWithParam<BearerCase> {
 protected:
  void start() {
    file_.write("anna " + hash_of_token("secret") + " CAnna user=anna\n");
    ServerSettings settings;
    if (GetParam().knows_tokens) {
      auto tokens = std::make_shared<BearerTokens>(file_.path());
      ASSERT_TRUE(tokens->load());
      settings.tokens = tokens;
    }
    settings.require_proof = GetParam().requires_proof;
    handler_.answer = ok_response;
    server_ = std::make_unique<Server>(settings, handler_, codecs_);
    ASSERT_TRUE(server_->start());
  }
  std::string ask() {
    RawClient client(server_->port());
    client.send(
        "GET /cse-in HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-M2M-RI: 1\r\nX-M2M-RVI: 4\r\n"
        "X-M2M-Origin: " +
        GetParam().from + "\r\n" + GetParam().authorization + "\r\n");
    return client.read_to_end();
  }
  const test::TokenFile file_;
  RecordingHandler handler_;
  const Codecs codecs_ = standard_codecs();
  std::unique_ptr<Server> server_;
};

TEST_P(Bearer, ProvesOrIsRefused) {
  start();

  const std::string answer = ask();

  EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + std::to_string(GetParam().status)));
  EXPECT_THAT(answer, HasSubstr("X-M2M-RSC: " + GetParam().rsc));
  const bool refused = GetParam().status == 401;
  EXPECT_EQ(handler_.count(), refused ? 0u : 1u) << "a refused request reaches nobody";
  if (refused) {
    EXPECT_THAT(answer, HasSubstr("WWW-Authenticate: Bearer"));
    EXPECT_THAT(answer, Not(HasSubstr("secret")));
    return;
  }
  const auto peer = handler_.request(0).peer;
  EXPECT_EQ(peer->authenticated, GetParam().authenticated);
  EXPECT_TRUE(!GetParam().authenticated || !handler_.request(0).other.contains("tkns"));
  EXPECT_EQ(peer->user, GetParam().authenticated ? "anna" : "");
  EXPECT_EQ(peer->identities, GetParam().authenticated ? std::vector<std::string>{"CAnna"}
                                                       : std::vector<std::string>{});
}
const std::string kGood = "Authorization: Bearer secret\r\n", kBad = "Authorization: Bearer x\r\n";
INSTANTIATE_TEST_SUITE_P(
    Requests, Bearer,
    testing::Values(
        BearerCase{"good", true, false, "CAnna", kGood, 200, "2000", true},
        BearerCase{"good_where_proof_is_required", true, true, "CAnna", kGood, 200, "2000", true},
        BearerCase{"unknown", true, false, "CAnna", kBad, 401, "4106"},
        BearerCase{"none", true, false, "CAnna", "", 200, "2000", false},
        BearerCase{"none_where_proof_is_required", true, true, "CAnna", "", 401, "4106"},
        BearerCase{"no_cse_without_association", true, true, "/id-mn", "", 401, "4107"},
        BearerCase{"another_scheme", true, false, "CAnna", "Authorization: Basic secret\r\n", 200,
                   "2000", false},
        BearerCase{"another_scheme_where_proof_is_required", true, true, "CAnna",
                   "Authorization: Basic secret\r\n", 401, "4106"},
        BearerCase{"token_of_onem2m", true, false, "CAnna", "Authorization: Bearer a.b.c\r\n", 200,
                   "2000", false},
        BearerCase{"token_of_onem2m_is_no_proof", true, true, "CAnna",
                   "Authorization: Bearer a.b.c\r\n", 401, "4106"},
        BearerCase{"server_without_tokens", false, false, "CAnna", kBad, 200, "2000", false}),
    [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace gatehouse::http
