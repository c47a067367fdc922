// The engine interface is the only way to a PKCS#11 token on Debian 12: there is no provider
// package.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "bindings/security/private_key.h"

#include <openssl/engine.h>
#include <openssl/err.h>
#include <openssl/pem.h>

namespace gatehouse {
namespace {

PrivateKey own(EVP_PKEY* key) {
  return PrivateKey(key, [](EVP_PKEY* k) { EVP_PKEY_free(k); });
}

/// An empty pass phrase instead of a question at the terminal.
int no_pass_phrase(char*, int, int, void*) { return 0; }

tl::unexpected<Error> unusable(const std::string& name) {
  const char* reason = ERR_reason_error_string(ERR_get_error());
  ERR_clear_error();
  return fail(Rsc::kInternalServerError, "TLS: the key '" + name + "' cannot be used: " +
                                             (reason ? reason : "it cannot be opened"));
}

/// Loaded once and kept: libp11 hands out methods that keys go on using, and does not survive being
/// unloaded.
ENGINE* token_engine() {
  static ENGINE* const engine = [] {
    ENGINE_load_dynamic();
    ENGINE* const loaded = ENGINE_by_id("pkcs11");
    // Else it writes the whole URI to stderr when a key is not found, the PIN included.
    if (loaded) ENGINE_ctrl_cmd_string(loaded, "QUIET", nullptr, 0);
    return loaded;
  }();
  return engine;
}

Result<PrivateKey> load_from_token(const std::string& uri) {
  const std::string shown = uri.substr(0, uri.find_first_of("?;", 7));
  ENGINE* const engine = token_engine();
  if (!engine || ENGINE_init(engine) != 1) return unusable(shown);
  EVP_PKEY* key = ENGINE_load_private_key(engine, uri.c_str(), nullptr, nullptr);
  ENGINE_finish(engine);  // the key holds a reference of its own
  if (!key) return unusable(shown);
  return own(key);
}

}  // namespace

Result<PrivateKey> load_private_key(const std::string& file_or_uri) {
  ERR_clear_error();
  if (file_or_uri.starts_with("pkcs11:")) return load_from_token(file_or_uri);
  BIO* file = BIO_new_file(file_or_uri.c_str(), "r");
  if (!file) return unusable(file_or_uri);
  EVP_PKEY* key = PEM_read_bio_PrivateKey(file, nullptr, no_pass_phrase, nullptr);
  BIO_free(file);
  if (!key) return unusable(file_or_uri);
  return own(key);
}

}  // namespace gatehouse
