#pragma once
#include <string>

#include "bindings/security/tls_context.h"

/// For a library that makes its TLS and DTLS connections itself (libcoap): our rules on each.
namespace gatehouse {

enum class TlsRole : std::uint8_t { kServer, kClient };

/// Puts certificate, key, trust anchors and revocation lists of `context` (made by
/// make_server_context() or make_client_context()) on one connection, demands a certificate of the
/// other side made for its role, and admits the suites of the profile for DTLS, CCM_8 included.
/// Before the other side's certificate is looked at. Errors: kInternalServerError.
/// Source: TS-0003 clause 10.2.2 (profile of DTLS).
Result<void> secure_connection(ssl_st* connection, const TlsContext& context, TlsRole role);

/// The same for the context of such a library, clients only, before it makes a connection of it:
/// certificate, key, trust anchors, revocation lists, versions, suites, OCSP. Errors:
/// kInternalServerError.
Result<void> secure_client_context(ssl_ctx_st* foreign, const TlsContext& context);

/// Admits the suites with pre-shared keys, only. Source: TS-0003 clause 10.2.1.
Result<void> secure_psk_connection(ssl_st* connection);

/// True if the library has given this connection a key of its own, that is, if it found
/// certificates to be wanted rather than a pre-shared key.
bool has_certificate(const ssl_st* connection);

/// True if what OpenSSL just returned for this connection means: once more, when the socket is
/// ready.
bool is_unfinished(const ssl_st* connection, int returned);

/// A certificate that nobody trusts, and its key, as PEM: for a library that wants one before it
/// lets us set ours.
struct PemPair {
  std::string certificate, key;
};
Result<PemPair> make_placeholder_certificate();

}  // namespace gatehouse
