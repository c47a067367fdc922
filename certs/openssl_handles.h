#pragma once
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "certs/profile.h"
#include "cse/primitive/result.h"

namespace gatehouse::pki {

struct Free {
  void operator()(X509* p) const { X509_free(p); }
  void operator()(X509_CRL* p) const { X509_CRL_free(p); }
  void operator()(X509_REVOKED* p) const { X509_REVOKED_free(p); }
  void operator()(X509_EXTENSION* p) const { X509_EXTENSION_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(BIO* p) const { BIO_free_all(p); }
  void operator()(BIGNUM* p) const { BN_clear_free(p); }
  void operator()(ASN1_STRING* p) const { ASN1_STRING_free(p); }
  void operator()(GENERAL_NAMES* p) const { GENERAL_NAMES_free(p); }
  void operator()(GENERAL_NAME* p) const { GENERAL_NAME_free(p); }
};
template <class T>
using Handle = std::unique_ptr<T, Free>;

/// kInternalServerError with what was tried and OpenSSL's own reason; empties its queue of errors.
tl::unexpected<Error> openssl_failure(std::string_view tried);

/// PEM, of any of the four kinds below. A private key has no passphrase: files are guarded by their
/// mode.
Result<Handle<X509>> certificate_from_pem(std::string_view pem);
Result<Handle<EVP_PKEY>> private_key_from_pem(std::string_view pem);
/// Only EC P-256 and Ed25519: the others are not in our profile. Errors: kBadRequest.
Result<Handle<EVP_PKEY>> public_key_from_pem(std::string_view pem);
Result<Handle<X509_CRL>> crl_from_pem(std::string_view pem);
std::string to_pem(X509* certificate);
std::string to_pem(X509_CRL* crl);
std::string to_pem(EVP_PKEY* private_key);

/// A new EC P-256 key.
Result<Handle<EVP_PKEY>> generate_key();

/// The digest that goes with the key: SHA-256, none for Ed25519.
const EVP_MD* digest_for(const EVP_PKEY* key);

/// Upper-case hexadecimal digits.
std::string serial_text(const X509* certificate);
Result<Handle<ASN1_INTEGER>> serial_from_text(const std::string& text);

/// UTC, a whole second; UTCTime until 2049 as RFC 5280 wants.
Handle<ASN1_STRING> asn1_time(Time time);
Time time_of(const ASN1_TIME* time);

}  // namespace gatehouse::pki
