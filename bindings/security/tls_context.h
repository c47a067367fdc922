#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/security/tls_settings.h"
#include "cse/primitive/result.h"

// OpenSSL's own names, declared here so that its headers stay in our .cpp files.
struct ssl_ctx_st;
struct ssl_st;
struct x509_st;

namespace gatehouse {

/// Shared ownership of an OpenSSL context (SSL_CTX). Thread-safe to use by many connections.
using TlsContext = std::shared_ptr<ssl_ctx_st>;

/// A context for the accepting side: TLS 1.2 and 1.3 with ECDHE_ECDSA and AEAD, tickets on, session
/// id context set, the client's certificate verified for the purpose of client authentication (and
/// required if the settings say so). Errors: kInternalServerError whose text names the file that
/// cannot be used and why.
Result<TlsContext> make_server_context(const TlsSettings& settings);

/// A context for the calling side: the server's chain is verified for the purpose of server
/// authentication. The name is verified per connection: see expect_server_name().
Result<TlsContext> make_client_context(const TlsSettings& settings);

/// Before the handshake of a client of a context of ours: takes what is in force of its files,
/// sends the name (SNI; not for an IP address) and demands that the server's certificate carries it
/// in its subjectAltName (dNSName or iPAddress). Errors: kInternalServerError.
Result<void> expect_server_name(ssl_st* connection, std::string_view host);

/// The peer's certificate, or its pre-shared key, of a finished handshake as Peer::identities;
/// empty if there was none, it did not verify, or it is no longer good.
std::vector<std::string> identities_of(const ssl_st* connection);
/// What the credential of a finished handshake is called, where that is no oneM2M identity:
/// "42-urn:dev:1" (a certificate for associations, m2m:suid) of a URI
/// m2m-node://sp.example/urn%3Adev%3A1, which names the M2M-Node-ID of a node. Empty: nothing of
/// the kind. Source: TS-0003 clause 10.1.1 (Node-ID certificates), its Credential-ID. DEVIATION:
/// the form of TS-0003 for a Node-ID was not at hand; ours has the provider's domain, so that the
/// authority's name constraint holds for it. A Node-ID keeps its colons in a Credential-ID.
std::string credential_of(const ssl_st* connection);
/// Whether there was one.
bool is_authenticated(const ssl_st* connection);

/// Looks at the files of a context of ours; the number changes with what is in force, so whoever
/// keeps connections knows when to look at them again.
std::uint32_t trust_generation(const TlsContext& context);
/// Whether the certificate of the other end would be believed if the handshake were now: not
/// revoked, not expired, of an authority that we still know. True where there is no certificate: a
/// key's holder is asked for with each request. `context`: where it is not the connection's own.
bool is_still_trusted(const ssl_st* connection, ssl_ctx_st* context = nullptr);

/// The oneM2M identities in the subjectAltName of a certificate, each in every form in which `from`
/// may state it:
///   URI m2m://sp.example/id-mn          -> "/id-mn"
///   URI m2m://sp.example/id-mn/CAE1     -> "CAE1", "/id-mn/CAE1"
///   URI m2m://sp.example/SAE1           -> "SAE1"
/// Also without the scheme, "//sp.example/…": the plain Absolute AE-ID.
/// Source: TS-0003 clause 8.1.2.5 (a URI that exactly matches the Absolute AE-ID), 10.1.1.5 ("full
/// URI representation of the AE-ID"). DEVIATION: TS-0003 clause 10.1.1.7 puts a CSE-ID as a public
/// domain name into a dNSName. We take it from a URI of the same form as an AE-ID instead, because
/// a dNSName is also the host name of a server: a certificate for the host "gw.example" must not
/// become the CSE "/gw".
std::vector<std::string> identities_of(const x509_st* certificate);

/// One URI of the forms above; empty if it is none of them.
std::vector<std::string> identities_of_uri(std::string_view uri);

}  // namespace gatehouse
