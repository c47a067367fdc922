#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "cse/primitive/result.h"
#include "cse/primitive/value.h"

struct evp_pkey_st;

namespace gatehouse::jose {

/// A key that two entities share. 16 or 32 bytes encrypt (A128GCM, A256GCM); 32 and more sign
/// (HS256).
struct SharedKey {
  std::string id;  ///< `kid`
  std::string bytes;
};

/// A P-256 key that signs, or verifies (ES256).
class EcKey {
 public:
  /// A PEM file without a pass phrase, which only its owner, and maybe its group, can read. Errors:
  /// kInternalServerError naming the file.
  static Result<EcKey> load_private(const std::string& id, const std::string& file);
  /// A PEM file with a public key or a certificate. Errors: kInternalServerError naming the file.
  static Result<EcKey> load_public(const std::string& id, const std::string& file);

  const std::string& id() const { return id_; }
  evp_pkey_st* get() const { return key_.get(); }

 private:
  EcKey(std::string id, std::shared_ptr<evp_pkey_st> key)
      : id_(std::move(id)), key_(std::move(key)) {}
  std::string id_;
  std::shared_ptr<evp_pkey_st> key_;
};

/// What was protected, and the protected header with it.
struct Opened {
  std::string payload;
  Value header;
};

/// JWE in compact form: alg `dir`, enc by the length of the key, `kid`, and the members of
/// `header`. Source: RFC 7516 clause 7.1, RFC 7518 clause 4.5. Errors: kInternalServerError: a key
/// of another length.
Result<std::string> encrypt(std::string_view payload, const SharedKey& key, Value header);
/// Errors: kOriginatorHasNoPrivilege and what is wrong: of another form, algorithm or key, or
/// changed on its way.
Result<Opened> decrypt(std::string_view jwe, const SharedKey& key);

/// JWS in compact form by HS256 or ES256. Source: RFC 7515 clause 7.1. Errors:
/// kInternalServerError: a key that does not sign so.
Result<std::string> sign(std::string_view payload, const SharedKey& key, Value header);
Result<std::string> sign(std::string_view payload, const EcKey& key, Value header);
/// The algorithm is that of the key, whatever the header says. Errors: kOriginatorHasNoPrivilege
/// and what is wrong.
Result<Opened> verify(std::string_view jws, const SharedKey& key);
Result<Opened> verify(std::string_view jws, const EcKey& key);

/// The protected header as it stands there: to find the key; not to be believed before. Errors:
/// kOriginatorHasNoPrivilege.
Result<Value> header_of(std::string_view compact);
/// How many parts the compact form has: 3 is a JWS, 5 a JWE.
std::size_t parts_of(std::string_view compact);

/// The flattened JSON form of a JWE or JWS in compact form. Source: RFC 7515 clause 7.2.2, RFC 7516
/// clause 7.2.2. Errors: kOriginatorHasNoPrivilege: of another form.
Result<std::string> to_json_form(std::string_view compact);
/// The compact form of one in JSON form, flattened or general with a single signature or recipient.
/// Errors: kOriginatorHasNoPrivilege: of another form, or with a header that nothing protects.
Result<std::string> to_compact(std::string_view json);

/// RFC 4648 clause 4, with padding.
std::string to_base64(std::string_view bytes);
/// Errors: kOriginatorHasNoPrivilege: no such text.
Result<std::string> from_base64(std::string_view text);

/// HMAC-SHA256, 32 bytes.
std::string hmac_sha256(std::string_view key, std::string_view text);
/// Base64url of that many random bytes. Throws std::runtime_error if there are none.
std::string random_text(std::size_t bytes);

}  // namespace gatehouse::jose
