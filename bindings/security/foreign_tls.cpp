#include "bindings/security/foreign_tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "bindings/security/ocsp.h"
#include "bindings/security/renewal.h"

namespace gatehouse {
namespace {

// ECDHE_ECDSA with CCM_8 is the one that TS-0003 clause 10.2.2 makes mandatory for DTLS.
constexpr const char* kCertificateSuites =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:"
    "ECDHE-ECDSA-AES128-CCM:ECDHE-ECDSA-AES128-CCM8:ECDHE-ECDSA-AES128-SHA256";
constexpr const char* kPskSuites =
    "ECDHE-PSK-CHACHA20-POLY1305:PSK-AES128-GCM-SHA256:PSK-AES128-CCM:PSK-AES128-CCM8:"
    "ECDHE-PSK-AES128-CBC-SHA256:PSK-AES128-CBC-SHA256";
constexpr int kMaxChainDepth = 4;

tl::unexpected<Error> refused(const char* what) {
  const char* reason = ERR_reason_error_string(ERR_get_error());
  ERR_clear_error();
  return fail(Rsc::kInternalServerError,
              std::string("TLS: ") + what + ": " + (reason ? reason : "unknown reason"));
}

using SecurityCallback = int (*)(const SSL*, const SSL_CTX*, int, int, int, void*, void*);

/// The default rules, but for the 8-byte tag of CCM_8, which OpenSSL counts as 64 bits.
int admit_short_tags(const SSL* connection, const SSL_CTX* context, int operation, int bits, int id,
                     void* other, void* extra) {
  const bool is_suite = operation == SSL_SECOP_CIPHER_SUPPORTED ||
                        operation == SSL_SECOP_CIPHER_SHARED || operation == SSL_SECOP_CIPHER_CHECK;
  if (is_suite && bits == 64) return 1;
  const auto usual = reinterpret_cast<SecurityCallback>(extra);
  return usual ? usual(connection, context, operation, bits, id, other, nullptr) : 1;
}

Result<void> set_suites(SSL* connection, const char* suites) {
  SSL_set0_security_ex_data(
      connection,
      reinterpret_cast<void*>(SSL_CTX_get_security_callback(SSL_get_SSL_CTX(connection))));
  SSL_set_security_callback(connection, admit_short_tags);
  SSL_set_options(connection, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                  SSL_OP_CIPHER_SERVER_PREFERENCE);
  if (SSL_set_cipher_list(connection, suites) != 1) return refused("the suites");
  return {};
}

struct Owned {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  ~Owned() {
    EVP_PKEY_free(key);
    X509_free(certificate);
  }
};

std::string text_of(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace

Result<void> secure_connection(SSL* connection, const TlsContext& context, TlsRole role) {
  Renewal* const renewal = Renewal::of(context.get());
  const TlsContext newest = renewal ? renewal->newest() : nullptr;
  if (auto done = adopt_credentials(connection, newest ? newest.get() : context.get()); !done) {
    return done;
  }
  const bool server = role == TlsRole::kServer;
  SSL_set_verify(connection, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_set_verify_depth(connection, kMaxChainDepth);
  SSL_set_purpose(connection, server ? X509_PURPOSE_SSL_CLIENT : X509_PURPOSE_SSL_SERVER);
  if (server && renewal && renewal->settings().ocsp_file) {
    give_staples(SSL_get_SSL_CTX(connection), context.get());
  }
  if (!server && renewal && renewal->settings().ocsp != OcspPolicy::kOff) {
    demand_staples(SSL_get_SSL_CTX(connection), renewal->settings().ocsp);
    SSL_set_tlsext_status_type(connection, TLSEXT_STATUSTYPE_ocsp);
  }
  return set_suites(connection, kCertificateSuites);
}

Result<void> secure_client_context(SSL_CTX* foreign, const TlsContext& context) {
  SSL_CTX* const ours = context.get();
  X509* certificate = SSL_CTX_get0_certificate(ours);
  STACK_OF(X509)* chain = nullptr;
  SSL_CTX_get0_chain_certs(ours, &chain);
  if (certificate && SSL_CTX_use_cert_and_key(foreign, certificate, SSL_CTX_get0_privatekey(ours),
                                              chain, 1) != 1) {
    return refused("the certificate");
  }
  SSL_CTX_set1_cert_store(foreign, SSL_CTX_get_cert_store(ours));
  if (SSL_CTX_set_min_proto_version(foreign,
                                    static_cast<int>(SSL_CTX_get_min_proto_version(ours))) != 1 ||
      SSL_CTX_set_cipher_list(foreign, kCertificateSuites) != 1) {
    return refused("the profile");
  }
  SSL_CTX_set_options(foreign, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_verify_depth(foreign, kMaxChainDepth);
  SSL_CTX_set_purpose(foreign, X509_PURPOSE_SSL_SERVER);
  if (const Renewal* renewal = Renewal::of(ours)) demand_staples(foreign, renewal->settings().ocsp);
  return {};
}

Result<void> secure_psk_connection(SSL* connection) { return set_suites(connection, kPskSuites); }

bool is_unfinished(const ssl_st* connection, int returned) {
  const int error = ::SSL_get_error(connection, returned);
  return error == SSL_ERROR_WANT_WRITE || error == SSL_ERROR_WANT_READ;
}

bool has_certificate(const SSL* connection) { return SSL_get_privatekey(connection) != nullptr; }

Result<PemPair> make_placeholder_certificate() {
  const Owned made;
  X509* c = made.certificate;
  if (!made.key || !c) return refused("a placeholder");
  ASN1_INTEGER_set(X509_get_serialNumber(c), 1);
  X509_gmtime_adj(X509_getm_notBefore(c), 0);
  X509_gmtime_adj(X509_getm_notAfter(c), 1);
  X509_set_pubkey(c, made.key);
  if (X509_sign(c, made.key, EVP_sha256()) <= 0) return refused("a placeholder");
  PemPair pair;
  BIO* memory = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(memory, c);
  pair.certificate = text_of(memory);
  (void)BIO_reset(memory);
  PEM_write_bio_PrivateKey(memory, made.key, nullptr, nullptr, 0, nullptr, nullptr);
  pair.key = text_of(memory);
  BIO_free(memory);
  return pair;
}

}  // namespace gatehouse
