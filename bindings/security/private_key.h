#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "cse/primitive/result.h"

struct evp_pkey_st;

namespace gatehouse {

/// Shared ownership of an OpenSSL key (EVP_PKEY).
using PrivateKey = std::shared_ptr<evp_pkey_st>;

/// Takes a key where it lives; one that lives in a token or a TPM stays there.
///   "/etc/gatehouse/node.key", "file:/etc/gatehouse/node.key": PEM without a pass phrase, in a
///   file
///     that only its owner, and maybe its group, can read
///   "pkcs11:token=gatehouse;object=tls?pin-source=file:/etc/gatehouse/pin&module-path=…" (RFC
///   7512):
///     through OpenSSL's pkcs11 engine (libp11), which must be installed. Without `module-path` the
///     environment's PKCS11_MODULE_PATH or the engine's configuration picks the module
///   "tpm2:handle=0x81000001;auth-source=file:/etc/gatehouse/auth;tcti=device:/dev/tpmrm0": a
///     persistent P-256 key of a TPM 2.0 (tpm_key.h)
/// Errors: kInternalServerError naming the file, or the URI without its PIN, and what is wrong.
Result<PrivateKey> load_private_key(const std::string& where);

/// The first line of the file that a `pin-source` or `auth-source` names, with or without "file:".
/// Errors: kInternalServerError naming the file, also if others than its owner may read it.
Result<std::string> read_secret_line(std::string_view source);

}  // namespace gatehouse
