#pragma once
#include <memory>
#include <string>

#include "cse/primitive/result.h"

struct evp_pkey_st;

namespace gatehouse {

/// Shared ownership of an OpenSSL key (EVP_PKEY).
using PrivateKey = std::shared_ptr<evp_pkey_st>;

/// Reads a PEM file without a pass phrase, or takes a "pkcs11:" URI to OpenSSL's pkcs11 engine
/// (libp11), which must be installed; a PIN comes from the URI (`pin-value`, `pin-source`) or the
/// engine's configuration. Errors: kInternalServerError naming the file, or the URI without its
/// PIN.
Result<PrivateKey> load_private_key(const std::string& file_or_uri);

}  // namespace gatehouse
