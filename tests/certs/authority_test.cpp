#include "tests/certs/pki_fixture.h"

namespace gatehouse::pki {
namespace {

std::string common_name(X509* certificate) {
  char text[128] = {};
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, text, sizeof text);
  return text;
}

std::vector<std::string> uris(X509* certificate) {
  std::vector<std::string> out;
  const Handle<GENERAL_NAMES> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    const ASN1_STRING* uri = name->d.uniformResourceIdentifier;
    out.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri)),
                     static_cast<std::size_t>(ASN1_STRING_length(uri)));
  }
  return out;
}

class AuthorityTest : public PkiTest {};

// TS-0003 clause 10.1.1
TEST_F(AuthorityTest, IssuesACertificateThatVerifiesForBothSidesOfTls) {
  const Authority authority = make_authority();

  const auto issued = authority.issue(gateway());

  ASSERT_TRUE(issued) << issued.error().detail;
  const auto leaf = certificate("gateway");
  EXPECT_EQ(verify(leaf.get(), X509_PURPOSE_SSL_CLIENT), X509_V_OK);
  EXPECT_EQ(verify(leaf.get(), X509_PURPOSE_SSL_SERVER), X509_V_OK);
  EXPECT_EQ(X509_check_private_key(leaf.get(), private_key_from_pem(content("gateway.key"))->get()),
            1);
}

TEST_F(AuthorityTest, StatesTheIdentityAsUriAndAsTopicLevel) {
  const Authority authority = make_authority();

  ASSERT_TRUE(authority.issue(gateway()));

  const auto leaf = certificate("gateway");
  EXPECT_EQ(uris(leaf.get()), std::vector<std::string>{"m2m://gatehouse.example/id-mn/Cgw"});
  EXPECT_EQ(common_name(leaf.get()), "id-mn:Cgw");
}

// The Node-ID is in the provider's domain, so that the authority's name constraint holds for it.
TEST_F(AuthorityTest, StatesANodesIdAndKeepsItWhenRenewed) {
  Authority authority = make_authority();
  Request request;
  request.kind = Kind::kNode;
  request.name = "lamp";
  request.identities = {"urn:dev:1"};
  ASSERT_TRUE(authority.issue(request));

  const auto renewed = authority.renew("lamp");

  ASSERT_TRUE(renewed) << renewed.error().detail;
  EXPECT_EQ(verify(certificate("lamp").get()), X509_V_OK);
  EXPECT_EQ(request_of(certificate("lamp").get(), "gatehouse.example").identities,
            std::vector<std::string>{"urn:dev:1"});
  request.name = "evil";
  for (const char* bad : {"", "urn:dev/1", "a b", "x\n"}) {
    request.identities = {bad};
    EXPECT_FALSE(authority.issue(request)) << bad;
  }
}

TEST_F(AuthorityTest, StatesHostsAndAddresses) {
  const Authority authority = make_authority();
  Request request;
  request.kind = Kind::kCse;
  request.name = "in";
  request.identities = {"/id-in"};
  request.hosts = {"localhost"};
  request.addresses = {"127.0.0.1", "::1"};

  ASSERT_TRUE(authority.issue(request));

  const auto leaf = certificate("in");
  EXPECT_EQ(X509_check_host(leaf.get(), "localhost", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(leaf.get(), "elsewhere", 0, 0, nullptr), 0);
  EXPECT_EQ(X509_check_ip_asc(leaf.get(), "127.0.0.1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(leaf.get(), "::1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(leaf.get(), "127.0.0.2", 0), 0);
}

TEST_F(AuthorityTest, LetsAServerCertificateBeNoClient) {
  const Authority authority = make_authority();
  Request request;
  request.kind = Kind::kServer;
  request.name = "broker";
  request.hosts = {"localhost"};

  ASSERT_TRUE(authority.issue(request));

  const auto leaf = certificate("broker");
  EXPECT_EQ(verify(leaf.get(), X509_PURPOSE_SSL_SERVER), X509_V_OK);
  EXPECT_EQ(verify(leaf.get(), X509_PURPOSE_SSL_CLIENT), X509_V_ERR_INVALID_PURPOSE);
}

TEST_F(AuthorityTest, KeepsKeysToTheirOwner) {
  const Authority authority = make_authority();

  const auto issued = authority.issue(gateway());

  ASSERT_TRUE(issued);
  EXPECT_EQ(mode(folder_), 0700u);
  EXPECT_EQ(mode(folder_ / "ca.key"), 0600u);
  EXPECT_EQ(mode(issued->key), 0600u);
}

TEST_F(AuthorityTest, IsNotOpenedWhenOthersCanReadItsKey) {
  make_authority();
  std::filesystem::permissions(folder_ / "ca.key", std::filesystem::perms{0640});

  const auto authority = Authority::open(folder_, clock());

  ASSERT_FALSE(authority);
  EXPECT_EQ(authority.error().rsc, Rsc::kOriginatorHasNoPrivilege);
}

TEST_F(AuthorityTest, WorksOnAfterItWasOpenedAgain) {
  ASSERT_TRUE(make_authority().issue(gateway()));

  const auto again = Authority::open(folder_, clock());

  ASSERT_TRUE(again) << again.error().detail;
  EXPECT_EQ(again->service_provider(), "gatehouse.example");
  ASSERT_EQ(again->index()->entries.size(), 1u);
  EXPECT_EQ(again->index()->entries[0].identity, "/id-mn/Cgw");
}

TEST_F(AuthorityTest, DoesNotTakeOverAFolderThatHoldsSomething) {
  std::filesystem::create_directory(folder_);
  std::ofstream(folder_ / "precious") << "x";

  const auto authority = Authority::create(folder_, "gatehouse.example");

  ASSERT_FALSE(authority);
  EXPECT_EQ(authority.error().rsc, Rsc::kAlreadyExists);
}

TEST_F(AuthorityTest, ListsWhatItRevoked) {
  const Authority authority = make_authority();
  ASSERT_TRUE(authority.issue(gateway()));
  Request other = gateway();
  other.name = "other";
  ASSERT_TRUE(authority.issue(other));

  ASSERT_TRUE(authority.revoke("gateway"));

  EXPECT_EQ(verify(certificate("gateway").get()), X509_V_ERR_CERT_REVOKED);
  EXPECT_EQ(verify(certificate("other").get()), X509_V_OK);
  EXPECT_EQ(authority.revoke("gateway").error().rsc, Rsc::kConflict);
  EXPECT_EQ(authority.revoke("nobody").error().rsc, Rsc::kNotFound);
}

// RFC 5280 clause 5.2.3: the number rises with each list.
TEST_F(AuthorityTest, NumbersItsLists) {
  const Authority authority = make_authority();
  const long first = crl_number(crl_from_pem(content("crl.pem"))->get());

  ASSERT_TRUE(authority.publish_crl());

  EXPECT_EQ(crl_number(crl_from_pem(content("crl.pem"))->get()), first + 1);
}

TEST_F(AuthorityTest, IssuesANameOnceUnlessToldToReplace) {
  const Authority authority = make_authority();
  ASSERT_TRUE(authority.issue(gateway()));
  const auto first = certificate("gateway");

  EXPECT_EQ(authority.issue(gateway()).error().rsc, Rsc::kConflict);
  Request renewal = gateway();
  renewal.replace = true;
  ASSERT_TRUE(authority.issue(renewal));

  EXPECT_EQ(verify(first.get()), X509_V_ERR_CERT_REVOKED);
  EXPECT_EQ(verify(certificate("gateway").get()), X509_V_OK);
}

TEST_F(AuthorityTest, LetsNoCertificateOutliveIt) {
  const auto authority = Authority::create(folder_, "gatehouse.example", Days{30}, clock());
  ASSERT_TRUE(authority);

  ASSERT_TRUE(authority->issue(gateway()));

  EXPECT_EQ(time_of(X509_get0_notAfter(certificate("gateway").get())), now_ + Days{30});
}

TEST_F(AuthorityTest, CertificatesEnd) {
  const Authority authority = make_authority();
  ASSERT_TRUE(authority.issue(gateway()));

  now_ += kLeafLifetime + Days{1};
  ASSERT_TRUE(authority.publish_crl());

  EXPECT_EQ(verify(certificate("gateway").get()), X509_V_ERR_CERT_HAS_EXPIRED);
}

TEST_F(AuthorityTest, CertifiesAKeyThatStaysWithItsOwner) {
  const Authority authority = make_authority();
  const auto key = generate_key();
  const Handle<BIO> out(BIO_new(BIO_s_mem()));
  ASSERT_EQ(PEM_write_bio_PUBKEY(out.get(), key->get()), 1);
  char* pem = nullptr;
  const long size = BIO_get_mem_data(out.get(), &pem);
  Request request;
  request.kind = Kind::kEcu;
  request.name = "brake";
  request.public_key_pem.assign(pem, static_cast<std::size_t>(size));

  const auto issued = authority.issue(request);

  ASSERT_TRUE(issued) << issued.error().detail;
  EXPECT_TRUE(issued->key.empty());
  EXPECT_FALSE(std::filesystem::exists(folder_ / "brake.key"));
  EXPECT_EQ(EVP_PKEY_eq(X509_get0_pubkey(certificate("brake").get()), key->get()), 1);
}

// RFC 5280 clause 4.2.1.10: whoever steals the key of one service provider's authority speaks for
// no other.
TEST_F(AuthorityTest, MayNotSpeakForAnotherServiceProvider) {
  make_authority();
  const auto authority_key = private_key_from_pem(content("ca.key"));
  const auto key = generate_key();

  const auto foreign = make_leaf_certificate(gateway(), "other.example", key->get(),
                                             certificate("ca").get(), authority_key->get(), now_);

  ASSERT_TRUE(foreign);
  EXPECT_EQ(verify(foreign->get()), X509_V_ERR_PERMITTED_VIOLATION);
}

TEST_F(AuthorityTest, SaysWhichLineOfItsIndexIsDamaged) {
  const Authority authority = make_authority();
  ASSERT_TRUE(authority.issue(gateway()));
  std::ofstream(folder_ / "index.tsv", std::ios::app) << "damaged\n";

  const auto outcome = authority.revoke("gateway");

  ASSERT_FALSE(outcome);
  EXPECT_NE(outcome.error().detail.find("line 2"), std::string::npos) << outcome.error().detail;
}

// What a holder has to do once a year.
TEST_F(AuthorityTest, RenewsWithTheSameNamesAndANewKey) {
  const Authority authority = make_authority();
  Request request = gateway();
  request.identities.push_back("/id-mn/Csecond");
  request.hosts = {"gw.example"};
  request.addresses = {"127.0.0.1", "::1"};
  request.ocsp_url = "http://ocsp.example/";
  ASSERT_TRUE(authority.issue(request));
  const auto before = certificate("gateway");
  const std::string key = content("gateway.key");

  const auto renewed = authority.renew("gateway");

  ASSERT_TRUE(renewed) << renewed.error().detail;
  const auto after = certificate("gateway");
  const pki::Request said = request_of(after.get(), "gatehouse.example");
  EXPECT_EQ(said.identities, request.identities);
  EXPECT_EQ(said.hosts, request.hosts);
  EXPECT_EQ(said.addresses, request.addresses);
  EXPECT_EQ(said.ocsp_url, request.ocsp_url);
  EXPECT_NE(serial_text(after.get()), serial_text(before.get()));
  EXPECT_NE(content("gateway.key"), key);
  EXPECT_EQ(verify(after.get()), X509_V_OK);
  EXPECT_EQ(verify(before.get()), X509_V_ERR_CERT_REVOKED);
}

TEST_F(AuthorityTest, RenewsAKeyThatStaysWithItsOwner) {
  const Authority authority = make_authority();
  const auto own = generate_key();
  ASSERT_TRUE(own);
  const Handle<BIO> out(BIO_new(BIO_s_mem()));
  PEM_write_bio_PUBKEY(out.get(), own->get());
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  Request request = gateway();
  request.identities = {"Sgw"};
  request.public_key_pem.assign(data, static_cast<std::size_t>(size));
  ASSERT_TRUE(authority.issue(request));

  const auto renewed = authority.renew("gateway");

  ASSERT_TRUE(renewed) << renewed.error().detail;
  EXPECT_TRUE(renewed->key.empty());
  const auto after = certificate("gateway");
  EXPECT_EQ(EVP_PKEY_eq(X509_get0_pubkey(after.get()), own->get()), 1);
  EXPECT_EQ(request_of(after.get(), "gatehouse.example").identities, request.identities);
}

TEST_F(AuthorityTest, DoesNotRenewWhatItRevokedOrNeverIssued) {
  const Authority authority = make_authority();
  ASSERT_TRUE(authority.issue(gateway()));
  ASSERT_TRUE(authority.revoke("gateway"));

  EXPECT_EQ(authority.renew("gateway").error().rsc, Rsc::kConflict);
  EXPECT_EQ(authority.renew("nobody").error().rsc, Rsc::kNotFound);
}

}  // namespace
}  // namespace gatehouse::pki
