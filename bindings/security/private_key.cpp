// The engine interface is the only way to a PKCS#11 token on Debian 12: there is no provider
// package.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "bindings/security/private_key.h"

#include <openssl/engine.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ui.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <optional>

#include "bindings/security/tpm_key.h"

namespace gatehouse {
namespace {

PrivateKey own(EVP_PKEY* key) {
  return PrivateKey(key, [](EVP_PKEY* k) { EVP_PKEY_free(k); });
}

/// An empty pass phrase instead of a question at the terminal.
int no_pass_phrase(char*, int, int, void*) { return 0; }

tl::unexpected<Error> unusable(const std::string& name, const std::string& why) {
  return fail(Rsc::kInternalServerError, "TLS: the key '" + name + "' cannot be used: " + why);
}

/// The reasons in OpenSSL's queue, which is then empty; they never hold a PIN.
std::string reasons(const char* otherwise) {
  std::string text;
  while (const unsigned long code = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(code);
    if (!reason || text.find(reason) != text.npos) continue;
    (text += text.empty() ? "" : ", ") += reason;
  }
  return text.empty() ? otherwise : text;
}

// --- files ---------------------------------------------------------------------------------------

Result<PrivateKey> load_from_file(const std::string& name) {
  struct stat status {};
  if (::stat(name.c_str(), &status) != 0) return unusable(name, "there is no such file");
  if ((status.st_mode & (S_IRWXO | S_IWGRP)) != 0) {
    return unusable(name, "everybody on this machine may read or change it; chmod 600");
  }
  BIO* file = BIO_new_file(name.c_str(), "r");
  if (!file) return unusable(name, reasons("it cannot be opened"));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(file, nullptr, no_pass_phrase, nullptr);
  BIO_free(file);
  if (!key) return unusable(name, reasons("it holds no key in PEM"));
  return own(key);
}

// --- tokens --------------------------------------------------------------------------------------

int refuse_question(UI*, UI_STRING*) { return 0; }

/// A key that wants its PIN before each signature makes libp11 ask the person at the terminal, in
/// the middle of a handshake. A node has nobody there: the signature fails instead. Whoever gives
/// the engine an interface of its own, as ae-apps/ota/crypto does, is asked there.
void ask_nobody() {
  UI_METHOD* const method = UI_create_method("nobody");  // stays, as the process does
  if (method == nullptr) return;
  UI_method_set_reader(method, refuse_question);
  UI_set_default_method(method);
}

/// Loaded once and kept: libp11 hands out methods that keys go on using, and does not survive being
/// unloaded.
ENGINE* token_engine(const std::string& module) {
  static ENGINE* const engine = [] {
    ask_nobody();
    ENGINE_load_dynamic();
    ENGINE* const loaded = ENGINE_by_id("pkcs11");
    // Else it writes the whole URI to stderr when a key is not found, the PIN included.
    if (loaded) ENGINE_ctrl_cmd_string(loaded, "QUIET", nullptr, 0);
    return loaded;
  }();
  if (engine && !module.empty()) ENGINE_ctrl_cmd_string(engine, "MODULE_PATH", module.c_str(), 0);
  return engine;
}

/// A query attribute of the URI (RFC 7512 clause 2.4), percent signs undone.
std::optional<std::string> query_attribute(std::string_view uri, std::string_view name) {
  const std::size_t question = uri.find('?');
  if (question == uri.npos) return std::nullopt;
  std::string_view rest = uri.substr(question + 1);
  while (!rest.empty()) {
    const std::string_view item = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(item.size() + 1, rest.size()));
    if (!item.starts_with(name) || item.substr(name.size(), 1) != "=") continue;
    std::string value;
    for (std::size_t i = name.size() + 1; i < item.size(); ++i) {
      const bool escaped = item[i] == '%' && i + 2 < item.size();
      value += escaped ? static_cast<char>(
                             std::strtol(std::string(item.substr(i + 1, 2)).c_str(), nullptr, 16))
                       : item[i];
      if (escaped) i += 2;
    }
    return value;
  }
  return std::nullopt;
}

std::string escaped(const std::string& text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0) {
      out += c;
    } else {
      ((out += '%') += kDigits[byte >> 4]) += kDigits[byte & 15];
    }
  }
  return out;
}

/// What the engine says, in words that say what to do. It tells a wrong PIN from a missing key or
/// token only sometimes: who is not logged in does not see private keys.
std::string explained(const std::string& reason) {
  std::string lower = reason;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto says = [&lower](const char* word) { return lower.find(word) != lower.npos; };
  if (says("pin") || says("login")) {
    return "the token refuses the PIN (" + reason + "); give pin-source or pin-value";
  }
  return "there is no such token or key, or the token refuses the PIN of pin-source or pin-value "
         "(" +
         reason + ")";
}

Result<PrivateKey> load_from_token(const std::string& uri) {
  static std::mutex one_at_a_time;  // the engine's search for slots is not safe between threads
  const std::string shown = uri.substr(0, uri.find('?'));
  std::string complete = shown;
  std::string pin = query_attribute(uri, "pin-value").value_or("");
  if (const auto source = query_attribute(uri, "pin-source")) {
    auto read = read_secret_line(*source);
    if (!read) return unusable(shown, read.error().detail);
    pin = *std::move(read);
  }
  if (!pin.empty()) complete += "?pin-value=" + escaped(pin);
  const std::lock_guard lock(one_at_a_time);
  ERR_clear_error();
  ENGINE* const engine = token_engine(query_attribute(uri, "module-path").value_or(""));
  if (!engine) {
    ERR_clear_error();
    return unusable(shown, "OpenSSL's engine pkcs11 is not installed (libengine-pkcs11-openssl)");
  }
  if (ENGINE_init(engine) != 1) {
    return unusable(shown, reasons("the PKCS#11 module does not start") +
                               "; module-path or PKCS11_MODULE_PATH names it");
  }
  auto* silent = const_cast<UI_METHOD*>(UI_null());  // asks nobody
  EVP_PKEY* key = ENGINE_load_private_key(engine, complete.c_str(), silent, nullptr);
  ENGINE_finish(engine);  // the key holds a reference of its own
  if (!key) return unusable(shown, explained(reasons("no such token or key")));
  return own(key);
}

}  // namespace

Result<std::string> read_secret_line(std::string_view source) {
  if (source.starts_with("file:")) source.remove_prefix(5);
  const std::string name(source);
  const auto refused = [&name](const char* why) {
    return fail(Rsc::kInternalServerError, "the file '" + name + "' " + why);
  };
  struct stat status {};
  std::ifstream file(name);
  if (!file || ::stat(name.c_str(), &status) != 0) return refused("cannot be read");
  if ((status.st_mode & S_IRWXO) != 0) {
    return refused("may be read by everybody on this machine; chmod 600");
  }
  std::string line;
  std::getline(file, line);
  if (line.empty() || line.size() > 256) return refused("has no secret in its first line");
  return line;
}

Result<PrivateKey> load_private_key(const std::string& where) {
  ERR_clear_error();
  if (where.starts_with("pkcs11:")) return load_from_token(where);
  if (where.starts_with("tpm2:")) {
    auto key = load_tpm_key(where);
    return key ? std::move(key) : unusable(where.substr(0, where.find(';')), key.error().detail);
  }
  return load_from_file(where.starts_with("file:") ? where.substr(5) : where);
}

}  // namespace gatehouse
