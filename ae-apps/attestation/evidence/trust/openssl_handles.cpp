#include "ae-apps/attestation/evidence/trust/openssl_handles.h"

#include <openssl/err.h>

namespace gatehouse::evidence {
namespace {
constexpr std::size_t kMaxCertificates = 64;
}

Handle<BIO> bio_of(ByteView bytes) {
  return Handle<BIO>(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

std::string text_in(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

std::vector<Handle<X509>> certificates_in(std::string_view pem) {
  std::vector<Handle<X509>> found;
  const Handle<BIO> bio = bio_of(view_of(pem));
  while (found.size() < kMaxCertificates) {
    Handle<X509> one(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (!one) break;
    found.push_back(std::move(one));
  }
  ERR_clear_error();
  return found;
}

Handle<X509_STORE> store_of(std::string_view anchors_pem, std::int64_t time_s) {
  Handle<X509_STORE> store(X509_STORE_new());
  for (const Handle<X509>& anchor : certificates_in(anchors_pem)) {
    X509_STORE_add_cert(store.get(), anchor.get());
  }
  X509_VERIFY_PARAM* param = X509_STORE_get0_param(store.get());
  X509_VERIFY_PARAM_set_time(param, static_cast<time_t>(time_s));
  X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
  return store;
}

std::string common_name_of(const X509* certificate) {
  char name[256] = {};
  const int length = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                               name, sizeof name);
  return length > 0 ? std::string(name, static_cast<std::size_t>(length)) : std::string();
}

std::string last_reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  std::string text = reason == nullptr ? "it is not well formed" : reason;
  ERR_clear_error();
  return text;
}

}  // namespace gatehouse::evidence
