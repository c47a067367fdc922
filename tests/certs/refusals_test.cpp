#include <functional>

#include "certs/names.h"
#include "tests/certs/pki_fixture.h"

namespace gatehouse::pki {
namespace {

struct Refusal {
  std::string title;
  std::function<void(Request&)> spoil;
};

class RefusedRequest : public PkiTest, public testing::WithParamInterface<Refusal> {};

TEST_P(RefusedRequest, ChangesNothing) {
  const Authority authority = make_authority();
  Request request = gateway();
  GetParam().spoil(request);

  const auto issued = authority.issue(request);

  ASSERT_FALSE(issued);
  EXPECT_EQ(issued.error().rsc, Rsc::kBadRequest) << issued.error().detail;
  EXPECT_TRUE(authority.index()->entries.empty());
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}),
            4);  // the authority's own
}

INSTANTIATE_TEST_SUITE_P(
    Bad, RefusedRequest,
    testing::Values(Refusal{"no_name", [](Request& r) { r.name.clear(); }},
                    Refusal{"a_path", [](Request& r) { r.name = "../gateway"; }},
                    Refusal{"an_absolute_path", [](Request& r) { r.name = "/etc/gateway"; }},
                    Refusal{"a_dot", [](Request& r) { r.name = "."; }},
                    Refusal{"a_long_name", [](Request& r) { r.name = std::string(49, 'a'); }},
                    Refusal{"a_nul", [](Request& r) { r.name = std::string("a\0b", 3); }},
                    Refusal{"an_option", [](Request& r) { r.name = "-rf"; }},
                    Refusal{"the_authority", [](Request& r) { r.name = "ca"; }},
                    Refusal{"no_identity", [](Request& r) { r.identities.clear(); }},
                    Refusal{"a_cse_as_ae", [](Request& r) { r.identities = {"/id-mn"}; }},
                    Refusal{"an_ae_as_cse", [](Request& r) { r.kind = Kind::kCse; }},
                    Refusal{"an_identity_with_a_second_value",
                            [](Request& r) { r.identities = {"/id-mn/Cgw,URI:m2m://x.y/z"}; }},
                    Refusal{"an_identity_of_another_provider",
                            [](Request& r) { r.identities = {"//other.example/id-mn/Cgw"}; }},
                    Refusal{"a_stem_alone", [](Request& r) { r.identities = {"/id-mn/C"}; }},
                    Refusal{"an_identity_too_long",
                            [](Request& r) { r.identities = {"/id-mn/C" + std::string(60, 'x')}; }},
                    Refusal{"too_many_identities",
                            [](Request& r) { r.identities.assign(33, "/id-mn/Cgw"); }},
                    Refusal{"a_bad_host", [](Request& r) { r.hosts = {"a_b"}; }},
                    Refusal{"a_bad_address", [](Request& r) { r.addresses = {"127.0.0.256"}; }},
                    Refusal{"an_identity_for_an_ecu", [](Request& r) { r.kind = Kind::kEcu; }},
                    Refusal{"a_server_without_host",
                            [](Request& r) { r.kind = Kind::kServer, r.identities.clear(); }},
                    Refusal{"no_lifetime", [](Request& r) { r.lifetime = Days{0}; }},
                    Refusal{"a_lifetime_too_long",
                            [](Request& r) { r.lifetime = kLongestLeafLifetime + Days{1}; }},
                    Refusal{"a_key_that_is_none",
                            [](Request& r) { r.public_key_pem = "-----BEGIN PUBLIC KEY-----\n"; }}),
    [](const auto& refusal) { return refusal.param.title; });

TEST(ServiceProviderName, IsADomainName) {
  EXPECT_TRUE(check_sp_name("gatehouse.example"));
  for (const char* bad :
       {"", "gatehouse", "a..b", ".example", "a.b/c", "a.b,URI:c.d", "a b.c", "-a.b"}) {
    EXPECT_FALSE(check_sp_name(bad)) << bad;
  }
}

// TS-0010: an ID as a level of a topic
TEST(TopicForm, LeavesOutTheFirstSlashAndHasColonsForTheOthers) {
  EXPECT_EQ(topic_form("/id-mn"), "id-mn");
  EXPECT_EQ(topic_form("/id-mn/Cgw"), "id-mn:Cgw");
  EXPECT_EQ(topic_form("Sfoo"), "Sfoo");
}

TEST(IdentityUri, HasTheFormThatTheBindingsRead) {
  EXPECT_EQ(identity_uri("sp.example", "/id-mn").value(), "m2m://sp.example/id-mn");
  EXPECT_EQ(identity_uri("sp.example", "/id-mn/CAE1").value(), "m2m://sp.example/id-mn/CAE1");
  EXPECT_EQ(identity_uri("sp.example", "SAE1").value(), "m2m://sp.example/SAE1");
}

}  // namespace
}  // namespace gatehouse::pki
