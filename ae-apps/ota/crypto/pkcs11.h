#pragma once
#include <string>

#include "cse/primitive/result.h"

namespace gatehouse::crypto {

struct TokenKey {
  void* evp_pkey;   ///< the caller frees it
  std::string pin;  ///< that it was opened with; empty if with none
};

/// Opens a private key in a PKCS#11 token through the OpenSSL engine "pkcs11". Used by
/// SigningKey::load only. Errors as SigningKey::load. The module is chosen by the first key that a
/// process loads; it stays until the process ends.
Result<TokenKey> open_pkcs11_key(const std::string& uri);

/// The PIN of the key that this thread is signing with, as long as it lives. Some keys want theirs
/// before each signature (CKA_ALWAYS_AUTHENTICATE: the signature key of a card), and the engine
/// does not say which token asks; a PIN of another one would cost this one a try.
class PinAtHand {
 public:
  explicit PinAtHand(const std::string& pin);
  ~PinAtHand();
  PinAtHand(const PinAtHand&) = delete;
  PinAtHand& operator=(const PinAtHand&) = delete;
};

/// Adds `name=value` to the query part of an RFC 7512 URI, percent-encoded, unless the name is
/// there.
std::string with_query_attribute(std::string uri, std::string_view name, std::string_view value);
/// A query attribute of an RFC 7512 URI, percent-decoded; empty if there is none.
std::string query_attribute(std::string_view uri, std::string_view name);

}  // namespace gatehouse::crypto
