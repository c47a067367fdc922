#pragma once
#include <chrono>
#include <string>
#include <string_view>

#include "bindings/security/tls_settings.h"
#include "cse/primitive/result.h"

struct ssl_ctx_st;
struct x509_st;
struct x509_store_st;

namespace gatehouse {

/// True for a DER response whose every statement says until when it holds, and that time is not
/// over.
bool is_in_time(std::string_view response);

/// Whether a response says "good" of `certificate`. Errors: kOriginatorNotAuthenticated, with what
/// is wrong: not signed by `issuer` or a responder that it appointed and `trust` believes, of
/// another certificate, revoked, unknown, out of time. Source: RFC 6960 clauses 3.2, 4.2.2.2.
Result<void> check_ocsp_response(std::string_view response, x509_st* certificate, x509_st* issuer,
                                 x509_store_st* trust);

/// Servers' side of a context: staples what is in force (Renewal::staple of `source`, which must
/// outlive `context`). Clients' side: asks for a response, and checks it by the policy.
/// Source: RFC 6066 clause 8.
void give_staples(ssl_ctx_st* context, ssl_ctx_st* source);
void demand_staples(ssl_ctx_st* context, OcspPolicy policy);

/// Asks the responder that the certificate names (authorityInfoAccess, http) about it, checks the
/// answer, and replaces `settings.ocsp_file` by it. Blocks up to `patience`. Gives the time until
/// which the answer holds, in seconds from now. Errors: kInternalServerError for files,
/// kTargetNotReachable for a responder that does not answer, and those of check_ocsp_response().
Result<std::chrono::seconds> fetch_ocsp_response(const TlsSettings& settings,
                                                 std::chrono::seconds patience);

}  // namespace gatehouse
