#pragma once
#include <string>

#include "cse/primitive/result.h"

namespace gatehouse::crypto {

/// Opens a private key in a PKCS#11 token through the OpenSSL engine "pkcs11". Used by
/// SigningKey::load only. Returns an EVP_PKEY* that the caller frees. Errors as SigningKey::load.
/// The module is chosen by the first key that a process loads; it stays until the process ends.
Result<void*> open_pkcs11_key(const std::string& uri);

/// Adds `name=value` to the query part of an RFC 7512 URI, percent-encoded, unless the name is
/// there.
std::string with_query_attribute(std::string uri, std::string_view name, std::string_view value);
/// A query attribute of an RFC 7512 URI, percent-decoded; empty if there is none.
std::string query_attribute(std::string_view uri, std::string_view name);

}  // namespace gatehouse::crypto
