#pragma once
#include <string>

#include "bindings/security/private_key.h"

namespace gatehouse {

/// A key that a TPM 2.0 holds, as OpenSSL takes it: each signature is made by the TPM.
///   "tpm2:handle=0x81000001"                    a persistent handle
///   ";auth-source=file:/etc/gatehouse/auth"     its authorisation value, a line; or
///   ";auth-value=…"
///   ";tcti=device:/dev/tpmrm0"                  the default; else as tpm2-tools take it
/// The key must be on P-256 and may sign (not restricted). Its scheme, if it has one, is ECDSA with
/// SHA-256. All keys of one TCTI share a connection; it is opened again when it breaks, since a
/// resource manager may be started anew. Threading: any; one signature at a time.
/// Errors: kInternalServerError with what is wrong, in the TPM's words where it has some.
Result<PrivateKey> load_tpm_key(const std::string& uri);

}  // namespace gatehouse
