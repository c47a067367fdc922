#include "ae-apps/attestation/evidence/trust/certified_key.h"

#include "ae-apps/attestation/evidence/trust/openssl_handles.h"

namespace gatehouse::evidence {
namespace {

/// True if its extended key usage names that purpose.
bool may_be_used_for(X509* certificate, const char* usage) {
  const Handle<ASN1_OBJECT> wanted(OBJ_txt2obj(usage, 1));
  auto* usages = static_cast<EXTENDED_KEY_USAGE*>(
      X509_get_ext_d2i(certificate, NID_ext_key_usage, nullptr, nullptr));
  bool found = false;
  for (int i = 0; wanted && usages != nullptr && i < sk_ASN1_OBJECT_num(usages); ++i) {
    found = found || OBJ_cmp(sk_ASN1_OBJECT_value(usages, i), wanted.get()) == 0;
  }
  EXTENDED_KEY_USAGE_free(usages);
  return found;
}

}  // namespace

Result<CertifiedKey> verify_certificate(std::string_view chain_pem, std::string_view anchors_pem,
                                        std::int64_t time_s, const char* usage) {
  std::vector<Handle<X509>> chain = certificates_in(chain_pem);
  if (chain.empty()) return fail(Rsc::kBadRequest, "there is no certificate");
  const Handle<X509_STORE> store = store_of(anchors_pem, time_s);
  const Handle<STACK_OF(X509)> others(sk_X509_new_null());
  for (std::size_t i = 1; i < chain.size(); ++i) {
    X509_up_ref(chain[i].get());
    sk_X509_push(others.get(), chain[i].get());
  }
  const Handle<X509_STORE_CTX> context(X509_STORE_CTX_new());
  if (X509_STORE_CTX_init(context.get(), store.get(), chain[0].get(), others.get()) != 1) {
    return fail(Rsc::kInternalServerError, last_reason());
  }
  if (X509_verify_cert(context.get()) != 1) {
    const int code = X509_STORE_CTX_get_error(context.get());
    last_reason();
    return fail(Rsc::kNotAcceptable,
                "the certificate of " + common_name_of(chain[0].get()) +
                    " does not lead to an anchor: " + X509_verify_cert_error_string(code));
  }
  if (usage != nullptr && !may_be_used_for(chain[0].get(), usage)) {
    return fail(Rsc::kNotAcceptable, "the certificate of " + common_name_of(chain[0].get()) +
                                         " is not for the usage " + usage);
  }
  unsigned char* der = nullptr;
  const int length = i2d_X509(chain[0].get(), &der);
  if (length <= 0) return fail(Rsc::kInternalServerError, last_reason());
  auto key = crypto::PublicKey::from_der({der, static_cast<std::size_t>(length)});
  OPENSSL_free(der);
  if (!key) return fail(key.error());
  return CertifiedKey{*std::move(key), common_name_of(chain[0].get())};
}

}  // namespace gatehouse::evidence
