// The authority as an OCSP responder; that clients believe its responses is shown in
// tests/bindings/security/ocsp_test.cpp.
#include <openssl/ocsp.h>

#include "tests/certs/pki_fixture.h"

namespace gatehouse::pki {
namespace {

class OcspTest : public PkiTest {
 protected:
  /// The status in a response that the authority has signed; -1: it says nothing of this serial
  /// number.
  int status_in(const std::string& der, X509* leaf) const {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    const std::unique_ptr<OCSP_RESPONSE, decltype(&OCSP_RESPONSE_free)> response(
        d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(der.size())), &OCSP_RESPONSE_free);
    EXPECT_TRUE(response);
    const std::unique_ptr<OCSP_BASICRESP, decltype(&OCSP_BASICRESP_free)> basic(
        OCSP_response_get1_basic(response.get()), &OCSP_BASICRESP_free);
    if (!basic) return -1;
    const auto authority = certificate("ca");
    X509_STORE* trust = X509_STORE_new();
    X509_STORE_add_cert(trust, authority.get());
    STACK_OF(X509)* known = sk_X509_new_null();
    sk_X509_push(known, authority.get());
    EXPECT_EQ(OCSP_basic_verify(basic.get(), known, trust, OCSP_NOVERIFY), 1);
    sk_X509_free(known);
    X509_STORE_free(trust);
    OCSP_CERTID* id = OCSP_cert_to_id(EVP_sha1(), leaf, authority.get());
    int status = -1;
    OCSP_resp_find_status(basic.get(), id, &status, nullptr, nullptr, nullptr, nullptr);
    OCSP_CERTID_free(id);
    return status;
  }
  std::string request_for(X509* leaf, X509* issuer, const EVP_MD* digest = EVP_sha1()) const {
    OCSP_REQUEST* request = OCSP_REQUEST_new();
    OCSP_request_add0_id(request, OCSP_cert_to_id(digest, leaf, issuer));
    unsigned char* bytes = nullptr;
    const int size = i2d_OCSP_REQUEST(request, &bytes);
    std::string der(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size));
    OPENSSL_free(bytes);
    OCSP_REQUEST_free(request);
    return der;
  }
};

TEST_F(OcspTest, WritesWhatAHolderStaples) {
  const Authority authority = make_authority();
  ASSERT_TRUE(authority.issue(gateway()));
  const auto leaf = certificate("gateway");

  ASSERT_TRUE(authority.write_ocsp("gateway"));
  const int before = status_in(content("gateway.ocsp"), leaf.get());
  ASSERT_TRUE(authority.revoke("gateway"));
  ASSERT_TRUE(authority.write_ocsp("gateway"));

  EXPECT_EQ(before, V_OCSP_CERTSTATUS_GOOD);
  EXPECT_EQ(status_in(content("gateway.ocsp"), leaf.get()), V_OCSP_CERTSTATUS_REVOKED);
  EXPECT_FALSE(authority.write_ocsp("nobody"));
  EXPECT_FALSE(authority.write_ocsp("../gateway"));
}

// RFC 6960 clause 2.2
TEST_F(OcspTest, AnswersARequestAboutWhatItIssued) {
  const Authority authority = make_authority();
  ASSERT_TRUE(authority.issue(gateway()));
  const auto leaf = certificate("gateway"), ca = certificate("ca");

  const auto good = authority.answer_ocsp(request_for(leaf.get(), ca.get()));
  const auto of_itself = authority.answer_ocsp(request_for(ca.get(), ca.get()));
  const auto of_another_issuer = authority.answer_ocsp(request_for(leaf.get(), leaf.get()));
  const auto nonsense = authority.answer_ocsp("nonsense");

  ASSERT_TRUE(good && of_itself && of_another_issuer && nonsense);
  EXPECT_EQ(status_in(*good, leaf.get()), V_OCSP_CERTSTATUS_GOOD);
  EXPECT_EQ(status_in(*of_itself, ca.get()), V_OCSP_CERTSTATUS_UNKNOWN) << "no leaf of its";
  EXPECT_EQ(status_in(*of_another_issuer, leaf.get()), -1) << "nothing is said under our name";
  const auto* at = reinterpret_cast<const unsigned char*>(nonsense->data());
  OCSP_RESPONSE* refusal = d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(nonsense->size()));
  EXPECT_EQ(OCSP_response_status(refusal), OCSP_RESPONSE_STATUS_MALFORMEDREQUEST);
  OCSP_RESPONSE_free(refusal);
}

TEST_F(OcspTest, PutsTheRespondersAddressIntoTheCertificate) {
  const Authority authority = make_authority();
  Request request = gateway();
  request.ocsp_url = "http://ocsp.example:8080/pki";
  ASSERT_TRUE(authority.issue(request));

  STACK_OF(OPENSSL_STRING)* urls = X509_get1_ocsp(certificate("gateway").get());
  ASSERT_EQ(sk_OPENSSL_STRING_num(urls), 1);
  EXPECT_STREQ(sk_OPENSSL_STRING_value(urls, 0), "http://ocsp.example:8080/pki");
  X509_email_free(urls);
  for (const char* bad : {"https://ocsp.example/", "http://", "http:///x", "ocsp.example",
                          "http://a;URI:http://b/", "http://a b/", "http://a,DNS:b"}) {
    request.name = "other";
    request.ocsp_url = bad;
    EXPECT_FALSE(authority.issue(request)) << bad;
  }
}

}  // namespace
}  // namespace gatehouse::pki
