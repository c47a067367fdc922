#define OPENSSL_SUPPRESS_DEPRECATED  // Debian 12 has a PKCS#11 engine and no provider
#include "ae-apps/ota/crypto/pkcs11.h"

#include <openssl/engine.h>
#include <openssl/err.h>
#include <openssl/ui.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <optional>
#include <string_view>

#include "ae-apps/ota/crypto/bytes.h"

namespace gatehouse::crypto {
namespace {

constexpr const char* kSoftHsmModule = "/usr/lib/softhsm/libsofthsm2.so";

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

/// Where in the URI the value of a query attribute begins and ends.
std::optional<std::string_view> raw_query_attribute(std::string_view uri, std::string_view name) {
  const std::size_t question = uri.find('?');
  if (question == std::string_view::npos) return std::nullopt;
  std::string_view rest = uri.substr(question + 1);
  while (!rest.empty()) {
    const std::string_view item = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(item.size() + 1, rest.size()));
    if (item.size() > name.size() && item.substr(0, name.size()) == name &&
        item[name.size()] == '=') {
      return item.substr(name.size() + 1);
    }
  }
  return std::nullopt;
}

thread_local const std::string* pin_at_hand = nullptr;

int answer_with_pin(UI* ui, UI_STRING* question) {
  const bool known = pin_at_hand != nullptr && !pin_at_hand->empty();
  return known && UI_set_result(ui, question, pin_at_hand->c_str()) == 0 ? 1 : 0;
}

/// Answers instead of a person at the terminal, whom the engine would ask otherwise.
UI_METHOD* pin_interface() {
  static UI_METHOD* const method = [] {
    UI_METHOD* made = UI_create_method("the PIN at hand");
    if (made != nullptr) UI_method_set_reader(made, answer_with_pin);
    return made;
  }();
  return method;
}

/// The PIN that the URI gives or names, or that of the environment; empty if there is none.
Result<std::string> pin_of(const std::string& uri) {
  std::string source = query_attribute(uri, "pin-source");
  if (source.empty()) {
    const std::string value = query_attribute(uri, "pin-value");
    return value.empty() ? environment("GATEHOUSE_PKCS11_PIN") : value;
  }
  constexpr std::size_t kMaxPin = 255;
  if (source.starts_with("file:")) source.erase(0, 5);
  std::ifstream in(source);
  std::string line(kMaxPin + 1, '\0');
  in.read(line.data(), static_cast<std::streamsize>(line.size()));
  line.resize(static_cast<std::size_t>(in.gcount()));
  line.resize(std::min(line.size(), line.find_first_of("\r\n")));
  if (line.empty() || line.size() > kMaxPin) {
    return fail(Rsc::kNotFound, "PKCS#11 key: the file of pin-source holds no PIN");
  }
  return line;
}

/// The engine, ready for use; nullptr if the package is not installed or the module does not load.
ENGINE* ready_engine(const std::string& module) {
  ENGINE_load_builtin_engines();
  // Keeps the engine's library loaded: each time it is unloaded it loses its key methods.
  static ENGINE* const resident = ENGINE_by_id("pkcs11");
  if (resident == nullptr) return nullptr;
  ENGINE* engine = ENGINE_by_id("pkcs11");
  if (engine == nullptr) return nullptr;
  ENGINE_ctrl_cmd_string(engine, "MODULE_PATH", module.c_str(), 0);
  ENGINE_ctrl_cmd_string(engine, "QUIET", nullptr, 0);
  ENGINE_ctrl(engine, ENGINE_CTRL_SET_USER_INTERFACE, 0, pin_interface(), nullptr);
  if (ENGINE_init(engine) != 1) {
    ENGINE_free(engine);
    return nullptr;
  }
  return engine;
}

/// What the stack of OpenSSL says, less its file names; it never holds the PIN.
std::string last_reason() {
  std::string text;
  while (const unsigned long code = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(code);
    if (reason != nullptr) text = reason;
  }
  return text.empty() ? "no such token or key" : text;
}

bool means_wrong_pin(const std::string& reason) {
  std::string lower;
  for (const char c : reason) lower += static_cast<char>(std::tolower(c));
  return lower.find("pin") != std::string::npos || lower.find("login") != std::string::npos;
}

}  // namespace

std::string query_attribute(std::string_view uri, std::string_view name) {
  const auto raw = raw_query_attribute(uri, name);
  if (!raw) return {};
  std::string value;
  for (std::size_t i = 0; i < raw->size(); ++i) {
    if ((*raw)[i] == '%' && i + 2 < raw->size()) {
      if (const auto byte = from_hex(raw->substr(i + 1, 2))) {
        value += static_cast<char>(byte->front());
        i += 2;
        continue;
      }
    }
    value += (*raw)[i];
  }
  return value;
}

std::string with_query_attribute(std::string uri, std::string_view name, std::string_view value) {
  if (raw_query_attribute(uri, name)) return uri;
  uri += uri.find('?') == std::string::npos ? '?' : '&';
  uri.append(name).append("=");
  for (const char c : value) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (std::isalnum(byte) != 0) {
      uri += c;
    } else {
      uri += '%' + to_hex({&byte, 1});
    }
  }
  return uri;
}

PinAtHand::PinAtHand(const std::string& pin) { pin_at_hand = &pin; }
PinAtHand::~PinAtHand() { pin_at_hand = nullptr; }

Result<TokenKey> open_pkcs11_key(const std::string& uri) {
  static std::mutex one_at_a_time;  // the engine's search for slots is not safe between threads
  const std::lock_guard lock(one_at_a_time);
  std::string module = query_attribute(uri, "module-path");
  if (module.empty()) module = environment("PKCS11_MODULE_PATH");
  if (module.empty()) module = kSoftHsmModule;
  const auto pin = pin_of(uri);
  if (!pin) return fail(pin.error());
  ENGINE* engine = ready_engine(module);
  if (engine == nullptr) {
    last_reason();
    return fail(Rsc::kNotFound, "the OpenSSL engine pkcs11 with the module " + module +
                                    " does not start (package libengine-pkcs11-openssl)");
  }
  // The engine refuses a URI with attributes that it does not know, module-path among them.
  std::string complete = uri.substr(0, uri.find('?'));
  if (!pin->empty()) complete = with_query_attribute(complete, "pin-value", *pin);
  ERR_clear_error();
  auto* silent = const_cast<UI_METHOD*>(UI_null());  // asks nobody
  EVP_PKEY* key = ENGINE_load_private_key(engine, complete.c_str(), silent, nullptr);
  ENGINE_finish(engine);  // the key holds a reference of its own
  ENGINE_free(engine);
  if (key != nullptr) return TokenKey{key, *pin};
  const std::string reason = last_reason();
  return fail(means_wrong_pin(reason) ? Rsc::kOriginatorHasNoPrivilege : Rsc::kNotFound,
              "PKCS#11 key: " + reason);
}

}  // namespace gatehouse::crypto
