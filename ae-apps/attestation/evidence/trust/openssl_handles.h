#pragma once
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ts.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ae-apps/ota/crypto/bytes.h"

namespace gatehouse::evidence {

/// Private to this folder.
struct Freer {
  void operator()(BIO* p) const { BIO_free_all(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(X509_STORE* p) const { X509_STORE_free(p); }
  void operator()(X509_STORE_CTX* p) const { X509_STORE_CTX_free(p); }
  void operator()(X509_EXTENSION* p) const { X509_EXTENSION_free(p); }
  void operator()(TS_REQ* p) const { TS_REQ_free(p); }
  void operator()(TS_RESP* p) const { TS_RESP_free(p); }
  void operator()(TS_RESP_CTX* p) const { TS_RESP_CTX_free(p); }
  void operator()(TS_VERIFY_CTX* p) const { TS_VERIFY_CTX_free(p); }
  void operator()(TS_MSG_IMPRINT* p) const { TS_MSG_IMPRINT_free(p); }
  void operator()(X509_ALGOR* p) const { X509_ALGOR_free(p); }
  void operator()(ASN1_OBJECT* p) const { ASN1_OBJECT_free(p); }
  void operator()(ASN1_INTEGER* p) const { ASN1_INTEGER_free(p); }
  void operator()(BIGNUM* p) const { BN_free(p); }
  void operator()(STACK_OF(X509) * p) const { sk_X509_pop_free(p, X509_free); }
};
template <class T>
using Handle = std::unique_ptr<T, Freer>;

Handle<BIO> bio_of(ByteView bytes);
std::string text_in(BIO* bio);
/// All certificates of a PEM text, in their order; other blocks are passed over.
std::vector<Handle<X509>> certificates_in(std::string_view pem);
/// A store that trusts exactly these, and looks at chains as of that time.
Handle<X509_STORE> store_of(std::string_view anchors_pem, std::int64_t time_s);
std::string common_name_of(const X509* certificate);
/// The reason of OpenSSL's last error; the queue is empty afterwards.
std::string last_reason();

}  // namespace gatehouse::evidence
