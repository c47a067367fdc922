#pragma once
#include <map>
#include <string>
#include <string_view>

#include "certs/index.h"
#include "certs/openssl_handles.h"

namespace gatehouse::pki {

/// An OCSP response (RFC 6960) of the authority itself about one certificate of its, by serial
/// number: "good", "revoked", or "unknown" for a number that the index does not have. It holds for
/// kOcspLifetime. DER.
Result<std::string> make_ocsp_response(const std::string& serial, const Index& index,
                                       X509* authority, EVP_PKEY* authority_key, Time now);

/// The answer to a request as a responder gets it, DER: a statement for each certificate that it
/// names, with its nonce. What is no request, or asks for more than 32, gets the answer
/// "malformedRequest", unsigned. Errors: kInternalServerError.
Result<std::string> answer_ocsp_request(std::string_view request, const Index& index,
                                        X509* authority, EVP_PKEY* authority_key, Time now);

}  // namespace gatehouse::pki
