#include "bindings/security/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "bindings/security/ocsp.h"
#include "bindings/security/private_key.h"
#include "bindings/security/renewal.h"
#include "bindings/security/tls_psk.h"

namespace gatehouse {
namespace {

// AEAD suites with ECDHE_ECDSA first; the CBC suite is the one that TS-0003 clause 10.2.2 makes
// mandatory.
constexpr const char* kTls12Ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:"
    "ECDHE-ECDSA-AES128-SHA256";
constexpr const char* kCurves = "P-256:X25519:P-384";
constexpr int kMaxChainDepth = 4;
constexpr unsigned char kSessionContext[] = "gatehouse";

/// The oldest reason in OpenSSL's queue, which is then empty.
std::string openssl_reason() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(code);
  return reason ? reason : "unknown reason";
}

tl::unexpected<Error> unusable(const char* what, const std::string& file) {
  return fail(Rsc::kInternalServerError,
              std::string("TLS: ") + what + " '" + file + "' cannot be used: " + openssl_reason());
}

Result<void> load_own_certificate(SSL_CTX* context, const TlsSettings& settings) {
  if (settings.certificate_file.empty()) return {};
  if (SSL_CTX_use_certificate_chain_file(context, settings.certificate_file.c_str()) != 1) {
    return unusable("certificate file", settings.certificate_file);
  }
  const Result<PrivateKey> key = load_private_key(settings.key_file);
  if (!key) return fail(key.error());
  if (SSL_CTX_use_PrivateKey(context, key->get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    return unusable("key", settings.key_file);
  }
  return {};
}

Result<void> load_trust(SSL_CTX* context, const TlsSettings& settings) {
  if (SSL_CTX_load_verify_locations(context, settings.ca_file.c_str(), nullptr) != 1) {
    return unusable("CA file", settings.ca_file);
  }
  if (!settings.crl_file) return {};
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  X509_LOOKUP* lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
  if (!lookup || X509_load_crl_file(lookup, settings.crl_file->c_str(), X509_FILETYPE_PEM) < 1) {
    return unusable("CRL file", *settings.crl_file);
  }
  X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  return {};
}

Result<void> apply_profile(SSL_CTX* context, const TlsSettings& settings) {
  const int lowest = settings.min_version == TlsVersion::k1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
  const bool done = SSL_CTX_set_min_proto_version(context, lowest) == 1 &&
                    SSL_CTX_set_cipher_list(context, kTls12Ciphers) == 1 &&
                    SSL_CTX_set1_groups_list(context, kCurves) == 1;
  if (!done) return fail(Rsc::kInternalServerError, "TLS: the profile: " + openssl_reason());
  SSL_CTX_set_options(
      context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_verify_depth(context, kMaxChainDepth);
  return {};
}

Result<TlsContext> make_context(const SSL_METHOD* method, const TlsSettings& settings) {
  TlsContext context(SSL_CTX_new(method), [](SSL_CTX* c) { SSL_CTX_free(c); });
  if (!context) return fail(Rsc::kInternalServerError, "TLS: no context: " + openssl_reason());
  if (Result<void> done = apply_profile(context.get(), settings); !done) return fail(done.error());
  if (Result<void> done = load_own_certificate(context.get(), settings); !done) {
    return fail(done.error());
  }
  const bool by_key_only = settings.psk && settings.ca_file.empty();
  if (by_key_only) return context;
  if (Result<void> done = load_trust(context.get(), settings); !done) return fail(done.error());
  return context;
}

/// For the servers' hello callback: what is in force now.
int look_at_files(SSL* connection, int* alert, void*) {
  if (adopt_newest(connection)) return SSL_CLIENT_HELLO_SUCCESS;
  *alert = SSL_AD_INTERNAL_ERROR;
  return SSL_CLIENT_HELLO_ERROR;
}

Result<TlsContext> make_plain_server_context(const TlsSettings& settings) {
  if (settings.certificate_file.empty()) {
    return fail(Rsc::kInternalServerError, "TLS: a server needs a certificate file");
  }
  Result<TlsContext> context = make_context(TLS_server_method(), settings);
  if (!context) return context;
  SSL_CTX* raw = context->get();
  const int require = settings.require_peer_certificate ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
  SSL_CTX_set_verify(raw, SSL_VERIFY_PEER | require, nullptr);
  SSL_CTX_set_purpose(raw, X509_PURPOSE_SSL_CLIENT);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_SERVER);
  // Without it a resumed session with a client certificate fails.
  SSL_CTX_set_session_id_context(raw, kSessionContext, sizeof kSessionContext - 1);
  STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(settings.ca_file.c_str());
  if (names) SSL_CTX_set_client_CA_list(raw, names);
  return context;
}

Result<TlsContext> make_plain_client_context(const TlsSettings& settings) {
  Result<TlsContext> context = make_context(TLS_client_method(), settings);
  if (!context) return context;
  SSL_CTX_set_verify(context->get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_purpose(context->get(), X509_PURPOSE_SSL_SERVER);
  SSL_CTX_set_session_cache_mode(context->get(), SSL_SESS_CACHE_CLIENT);
  return context;
}

}  // namespace

Result<TlsContext> make_server_context(const TlsSettings& settings) {
  auto renewal = std::make_unique<Renewal>(settings, make_plain_server_context);
  Result<TlsContext> context = make_plain_server_context(settings);
  if (!context) return context;
  Renewal::attach(context->get(), std::move(renewal));
  SSL_CTX_set_client_hello_cb(context->get(), look_at_files, nullptr);
  if (settings.psk_source) admit_psk(context->get());
  if (settings.ocsp_file) give_staples(context->get(), context->get());
  return context;
}

Result<TlsContext> make_client_context(const TlsSettings& settings) {
  auto renewal = std::make_unique<Renewal>(settings, make_plain_client_context);
  Result<TlsContext> context = make_plain_client_context(settings);
  if (!context) return context;
  Renewal::attach(context->get(), std::move(renewal));
  if (settings.psk) bring_psk(context->get());
  demand_staples(context->get(), settings.ocsp);
  return context;
}

Result<void> expect_server_name(SSL* connection, std::string_view host) {
  if (Result<void> adopted = adopt_newest(connection); !adopted) return adopted;
  const std::string name(host);
  X509_VERIFY_PARAM* parameters = SSL_get0_param(connection);
  if (X509_VERIFY_PARAM_set1_ip_asc(parameters, name.c_str()) == 1) return {};
  ERR_clear_error();
  SSL_set_hostflags(connection, X509_CHECK_FLAG_NO_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  if (SSL_set1_host(connection, name.c_str()) != 1 ||
      SSL_set_tlsext_host_name(connection, name.c_str()) != 1) {
    return fail(Rsc::kInternalServerError, "TLS: the server's name: " + openssl_reason());
  }
  return {};
}

}  // namespace gatehouse
