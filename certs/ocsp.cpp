#include "certs/ocsp.h"

#include <openssl/ocsp.h>

#include <algorithm>

namespace gatehouse::pki {
namespace {

constexpr int kMaxQuestions = 32;

struct FreeOcsp {
  void operator()(OCSP_RESPONSE* p) const { OCSP_RESPONSE_free(p); }
  void operator()(OCSP_BASICRESP* p) const { OCSP_BASICRESP_free(p); }
  void operator()(OCSP_CERTID* p) const { OCSP_CERTID_free(p); }
  void operator()(OCSP_REQUEST* p) const { OCSP_REQUEST_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, FreeOcsp>;

std::string to_der(OCSP_RESPONSE* response) {
  unsigned char* bytes = nullptr;
  const int size = i2d_OCSP_RESPONSE(response, &bytes);
  std::string der(reinterpret_cast<const char*>(bytes),
                  static_cast<std::size_t>(std::max(size, 0)));
  OPENSSL_free(bytes);
  return der;
}

std::string text_of(ASN1_INTEGER* serial) {
  const Handle<BIGNUM> number(ASN1_INTEGER_to_BN(serial, nullptr));
  char* digits = number ? BN_bn2hex(number.get()) : nullptr;
  std::string text = digits != nullptr ? digits : "";
  OPENSSL_free(digits);
  return text;
}

/// Adds what the index says of the certificate that `id` names.
bool add_statement(OCSP_BASICRESP* basic, OCSP_CERTID* id, const Index& index, X509* authority,
                   Time now) {
  ASN1_INTEGER* serial = nullptr;
  ASN1_OBJECT* digest = nullptr;
  OCSP_id_get0_info(nullptr, &digest, nullptr, &serial, id);
  const EVP_MD* method = EVP_get_digestbyobj(digest);
  const Owned<OCSP_CERTID> of_ours(
      method ? OCSP_cert_id_new(method, X509_get_subject_name(authority),
                                X509_get0_pubkey_bitstr(authority), serial)
             : nullptr);
  const bool ours = of_ours && OCSP_id_issuer_cmp(of_ours.get(), id) == 0;
  const std::string number = text_of(serial);
  const auto entry = std::find_if(index.entries.begin(), index.entries.end(),
                                  [&number](const Entry& each) { return each.serial == number; });
  int status = V_OCSP_CERTSTATUS_UNKNOWN;
  Handle<ASN1_STRING> when;
  if (ours && entry != index.entries.end()) {
    status = entry->revoked ? V_OCSP_CERTSTATUS_REVOKED : V_OCSP_CERTSTATUS_GOOD;
    if (entry->revoked) when = asn1_time(*entry->revoked);
  }
  const auto from = asn1_time(now - kClockTolerance);
  const auto until = asn1_time(now + kOcspLifetime);
  return from && until &&
         OCSP_basic_add1_status(basic, id, status, OCSP_REVOKED_STATUS_UNSPECIFIED, when.get(),
                                from.get(), until.get()) != nullptr;
}

Result<std::string> sign(OCSP_BASICRESP* basic, X509* authority, EVP_PKEY* key) {
  if (OCSP_basic_sign(basic, authority, key, digest_for(key), nullptr, OCSP_NOCERTS) != 1) {
    return openssl_failure("the OCSP response");
  }
  const Owned<OCSP_RESPONSE> response(OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic));
  if (!response) return openssl_failure("the OCSP response");
  return to_der(response.get());
}

}  // namespace

Result<std::string> make_ocsp_response(const std::string& serial, const Index& index,
                                       X509* authority, EVP_PKEY* authority_key, Time now) {
  const auto number = serial_from_text(serial);
  if (!number) return fail(number.error());
  const Owned<OCSP_CERTID> id(OCSP_cert_id_new(EVP_sha1(), X509_get_subject_name(authority),
                                               X509_get0_pubkey_bitstr(authority), number->get()));
  const Owned<OCSP_BASICRESP> basic(OCSP_BASICRESP_new());
  if (!id || !basic || !add_statement(basic.get(), id.get(), index, authority, now)) {
    return openssl_failure("the OCSP response");
  }
  return sign(basic.get(), authority, authority_key);
}

Result<std::string> answer_ocsp_request(std::string_view request, const Index& index,
                                        X509* authority, EVP_PKEY* authority_key, Time now) {
  const auto* at = reinterpret_cast<const unsigned char*>(request.data());
  const Owned<OCSP_REQUEST> asked(
      d2i_OCSP_REQUEST(nullptr, &at, static_cast<long>(request.size())));
  const int count = asked ? OCSP_request_onereq_count(asked.get()) : 0;
  if (count < 1 || count > kMaxQuestions) {
    const Owned<OCSP_RESPONSE> refusal(
        OCSP_response_create(OCSP_RESPONSE_STATUS_MALFORMEDREQUEST, nullptr));
    return to_der(refusal.get());
  }
  const Owned<OCSP_BASICRESP> basic(OCSP_BASICRESP_new());
  for (int i = 0; i < count; ++i) {
    OCSP_CERTID* id = OCSP_onereq_get0_id(OCSP_request_onereq_get0(asked.get(), i));
    if (!add_statement(basic.get(), id, index, authority, now)) {
      return openssl_failure("the OCSP response");
    }
  }
  OCSP_copy_nonce(basic.get(), asked.get());
  return sign(basic.get(), authority, authority_key);
}

}  // namespace gatehouse::pki
