#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cse/primitive/result.h"
#include "cse/primitive/value.h"

struct evp_pkey_st;

namespace gatehouse {

/// Whose tokens are believed: the key of each issuer, and the check of a oneM2M JWT signed by it.
/// Signature-only tokens with ES256 (RFC 7518 clause 3.4) in JWS compact form; unsecured, encrypted
/// and other ones are refused. Source: TS-0003 clause 7.3.2.6, RFC 7515 clause 5.2, RFC 7519
/// clause 7.2. Threading: verify() from any thread.
class TokenIssuers {
 public:
  /// `pem_file`: the issuer's P-256 public key, or a certificate with it. Errors:
  /// kInternalServerError naming the file.
  Result<void> add(const std::string& issuer, const std::string& pem_file);
  bool empty() const { return keys_.empty(); }

  /// The claims of a token whose signature is that of its issuer (`iss`). Errors:
  /// kOriginatorHasNoPrivilege and what is wrong; times, holder and audience are not looked at.
  Result<Value> verify(std::string_view token) const;

 private:
  std::map<std::string, std::shared_ptr<evp_pkey_st>> keys_;
};

/// RFC 4648 clause 5 without padding; nullopt: not of that form.
std::optional<std::string> decode_base64url(std::string_view text);

}  // namespace gatehouse
