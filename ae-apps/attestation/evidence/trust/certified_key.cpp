#include "ae-apps/attestation/evidence/trust/certified_key.h"

#include "ae-apps/attestation/evidence/trust/openssl_handles.h"

namespace gatehouse::evidence {

Result<CertifiedKey> verify_certificate(std::string_view chain_pem, std::string_view anchors_pem,
                                        std::int64_t time_s) {
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
  unsigned char* der = nullptr;
  const int length = i2d_X509(chain[0].get(), &der);
  if (length <= 0) return fail(Rsc::kInternalServerError, last_reason());
  auto key = crypto::PublicKey::from_der({der, static_cast<std::size_t>(length)});
  OPENSSL_free(der);
  if (!key) return fail(key.error());
  return CertifiedKey{*std::move(key), common_name_of(chain[0].get())};
}

}  // namespace gatehouse::evidence
