#include "ae-apps/ota/crypto/certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "ae-apps/ota/crypto/files.h"

namespace gatehouse::crypto {
namespace {

constexpr std::size_t kMaxPemBytes = 256 * 1024;
constexpr int kMaxDepth = 4;

struct Freer {
  void operator()(X509* p) const { X509_free(p); }
  void operator()(X509_CRL* p) const { X509_CRL_free(p); }
  void operator()(X509_STORE* p) const { X509_STORE_free(p); }
  void operator()(X509_STORE_CTX* p) const { X509_STORE_CTX_free(p); }
  void operator()(BIO* p) const { BIO_free_all(p); }
  void operator()(ASN1_OBJECT* p) const { ASN1_OBJECT_free(p); }
  void operator()(EXTENDED_KEY_USAGE* p) const { sk_ASN1_OBJECT_pop_free(p, ASN1_OBJECT_free); }
};
template <class T>
using Handle = std::unique_ptr<T, Freer>;

Result<Handle<BIO>> open_pem(const std::string& file) {
  const Result<Bytes> bytes = read_file(file, kMaxPemBytes);
  if (!bytes) return fail(bytes.error());
  Handle<BIO> memory(BIO_new(BIO_s_mem()));
  if (!memory || BIO_write(memory.get(), bytes->data(), static_cast<int>(bytes->size())) !=
                     static_cast<int>(bytes->size())) {
    return fail(Rsc::kInternalServerError, "no memory");
  }
  return memory;
}

CertificateFault fault_of(int error) {
  switch (error) {
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CRL_NOT_YET_VALID:
    case X509_V_ERR_CRL_HAS_EXPIRED:
      return CertificateFault::kTime;
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return CertificateFault::kSignature;
    case X509_V_ERR_CERT_REVOKED:
      return CertificateFault::kRevoked;
    default:
      return CertificateFault::kChain;
  }
}

bool has_usage(X509* certificate, const char* usage) {
  const Handle<EXTENDED_KEY_USAGE> usages(static_cast<EXTENDED_KEY_USAGE*>(
      X509_get_ext_d2i(certificate, NID_ext_key_usage, nullptr, nullptr)));
  const Handle<ASN1_OBJECT> wanted(OBJ_txt2obj(usage, 1));
  if (!usages || !wanted) return false;
  for (int i = 0; i < sk_ASN1_OBJECT_num(usages.get()); ++i) {
    if (OBJ_cmp(sk_ASN1_OBJECT_value(usages.get(), i), wanted.get()) == 0) return true;
  }
  return false;
}

std::string common_name_of(X509* certificate) {
  char text[256] = {};
  const int length = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                               text, sizeof text);
  return length > 0 ? std::string(text, static_cast<std::size_t>(length)) : std::string();
}

}  // namespace

std::string_view text_of(CertificateFault fault) {
  switch (fault) {
    case CertificateFault::kFormat:
      return "no certificate that can be used";
    case CertificateFault::kTime:
      return "the certificate is not valid now";
    case CertificateFault::kSignature:
      return "the certificate's signature is wrong";
    case CertificateFault::kChain:
      return "nobody who is trusted made the certificate";
    case CertificateFault::kUsage:
      return "the certificate was not made for this use";
    case CertificateFault::kRevoked:
      break;
  }
  return "the certificate was revoked";
}

struct TrustAnchors::State {
  Handle<X509_STORE> store{X509_STORE_new()};
  bool with_crl = false;
};

Result<TrustAnchors> TrustAnchors::load(const std::string& file, const std::string& crl_file) {
  auto state = std::make_shared<State>();
  const Result<Handle<BIO>> pem = open_pem(file);
  if (!pem) return fail(pem.error());
  int count = 0;
  while (const Handle<X509> certificate{PEM_read_bio_X509(pem->get(), nullptr, nullptr, nullptr)}) {
    if (X509_STORE_add_cert(state->store.get(), certificate.get()) == 1) ++count;
  }
  ERR_clear_error();  // the end of the file counts as an error
  if (count == 0) return fail(Rsc::kBadRequest, file + ": no certificate in PEM");
  if (!crl_file.empty()) {
    const Result<Handle<BIO>> list = open_pem(crl_file);
    if (!list) return fail(list.error());
    const Handle<X509_CRL> crl(PEM_read_bio_X509_CRL(list->get(), nullptr, nullptr, nullptr));
    if (!crl || X509_STORE_add_crl(state->store.get(), crl.get()) != 1) {
      ERR_clear_error();
      return fail(Rsc::kBadRequest, crl_file + ": no revocation list in PEM");
    }
    state->with_crl = true;
  }
  return TrustAnchors(std::move(state));
}

tl::expected<Holder, CertificateFault> TrustAnchors::verify(ByteView der, std::int64_t unix_time,
                                                            const char* usage) const {
  const unsigned char* data = der.data();
  const Handle<X509> certificate(d2i_X509(nullptr, &data, static_cast<long>(der.size())));
  if (!certificate || data != der.data() + der.size()) {
    ERR_clear_error();
    return tl::make_unexpected(CertificateFault::kFormat);
  }
  const Handle<X509_STORE_CTX> context(X509_STORE_CTX_new());
  if (!context ||
      X509_STORE_CTX_init(context.get(), state_->store.get(), certificate.get(), nullptr) != 1) {
    return tl::make_unexpected(CertificateFault::kChain);
  }
  X509_VERIFY_PARAM* how = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(how, static_cast<time_t>(unix_time));
  X509_VERIFY_PARAM_set_depth(how, kMaxDepth);
  if (state_->with_crl) X509_VERIFY_PARAM_set_flags(how, X509_V_FLAG_CRL_CHECK);
  const int good = X509_verify_cert(context.get());
  ERR_clear_error();
  if (good != 1) return tl::make_unexpected(fault_of(X509_STORE_CTX_get_error(context.get())));
  if (!has_usage(certificate.get(), usage)) return tl::make_unexpected(CertificateFault::kUsage);
  Result<PublicKey> key = PublicKey::from_der(der);
  if (!key) return tl::make_unexpected(CertificateFault::kFormat);
  return Holder{common_name_of(certificate.get()), *std::move(key)};
}

Result<Bytes> load_certificate(const std::string& file) {
  const Result<Handle<BIO>> pem = open_pem(file);
  if (!pem) return fail(pem.error());
  const Handle<X509> certificate(PEM_read_bio_X509(pem->get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (!certificate) return fail(Rsc::kBadRequest, file + ": no certificate in PEM");
  unsigned char* der = nullptr;
  const int length = i2d_X509(certificate.get(), &der);
  Bytes out;
  if (length > 0) out.assign(der, der + length);
  OPENSSL_free(der);
  return out;
}

}  // namespace gatehouse::crypto
