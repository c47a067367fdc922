#pragma once
#include "certs/openssl_handles.h"

namespace gatehouse::pki {

// How certificates and lists are made; which ones, is decided in authority.h.

/// The authority's own certificate, signed by itself: may sign certificates and lists, nothing
/// below may sign more, and identities only of this service provider (name constraint on URIs).
/// Source: RFC 5280 clauses 4.2.1.9, 4.2.1.10.
Result<Handle<X509>> make_authority_certificate(const std::string& sp, EVP_PKEY* key, Time now,
                                                Days lifetime);

/// A certificate for `public_key` with the extensions of its kind. It does not outlive the
/// authority's. Errors: kBadRequest naming the identity, host or address that is none.
Result<Handle<X509>> make_leaf_certificate(const Request& request, const std::string& sp,
                                           EVP_PKEY* public_key, X509* authority,
                                           EVP_PKEY* authority_key, Time now);

/// What was asked for when the certificate was issued: identities, hosts, addresses, responder.
Request request_of(X509* certificate, const std::string& sp);
/// Its key, as Request::public_key_pem.
std::string public_key_pem(X509* certificate);

/// What a list says of one certificate.
struct Revocation {
  std::string serial;
  Time when;
};
/// A version 2 list with its number. Source: RFC 5280 clause 5.
Result<Handle<X509_CRL>> make_crl(const std::vector<Revocation>& revoked, long number,
                                  X509* authority, EVP_PKEY* authority_key, Time now);
/// 0 for a list without a number.
long crl_number(X509_CRL* crl);

}  // namespace gatehouse::pki
