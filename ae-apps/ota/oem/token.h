#pragma once
#include <string>

#include "cse/primitive/result.h"

namespace gatehouse::oem {

/// What `gatehouse-oem token init` makes: a software token for desks without a hardware one, and
/// for tests.
struct TokenRequest {
  std::string folder;              ///< made with mode 0700; must not exist
  std::string label = "oem";       ///< of the token, 1..32 of [A-Za-z0-9._-]
  std::string object = "release";  ///< of the key pair, likewise
};

struct Token {
  std::string configuration_file;  ///< for the environment variable SOFTHSM2_CONF
  std::string key_uri;             ///< RFC 7512, with the file of the PIN
};

/// A SoftHSM2 token with a new key pair EC P-256 that cannot leave it, in the folder:
///   softhsm2.conf tokens/ pin (0600) so-pin (0600)
/// The PINs are random. They reach pkcs11-tool by its environment, so that no list of processes
/// shows them. Sets SOFTHSM2_CONF of this process too. Errors: kAlreadyExists, kBadRequest (a
/// name), kInternalServerError (pkcs11-tool or the SoftHSM2 module missing: packages opensc,
/// softhsm2).
Result<Token> create_token(const TokenRequest& request);

}  // namespace gatehouse::oem
