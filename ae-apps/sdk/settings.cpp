#include "ae-apps/sdk/settings.h"

#include <charconv>
#include <cstdlib>
#include <string_view>

namespace gatehouse::sdk {
namespace {

constexpr std::string_view kPrefix = "GATEHOUSE_";

/// The variable, or nothing if it is not set or empty.
std::optional<std::string> variable(std::string_view name) {
  const char* text = std::getenv((std::string(kPrefix) + std::string(name)).c_str());
  if (!text || !*text) return std::nullopt;
  return std::string(text);
}

void take(std::string_view name, std::string& target) {
  if (auto text = variable(name)) target = *std::move(text);
}

template <class Number>
bool read_number(std::string_view text, Number& target) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), target);
  return error == std::errc{} && end == text.data() + text.size();
}

tl::unexpected<Error> wrong(std::string_view name, std::string_view rule) {
  return fail(Rsc::kBadRequest,
              std::string(kPrefix) + std::string(name) + ": " + std::string(rule));
}

/// "127.0.0.1:8081", "[::1]:0"
Result<void> take_listener(AeSettings& settings) {
  const auto text = variable("LISTEN");
  if (!text) return {};
  const std::size_t colon = text->rfind(':');
  std::uint16_t port = 0;
  if (colon == std::string::npos || colon == 0 ||
      !read_number(std::string_view(*text).substr(colon + 1), port)) {
    return wrong("LISTEN", "must be address:port, such as 127.0.0.1:0");
  }
  std::string address = text->substr(0, colon);
  if (address.size() > 2 && address.front() == '[' && address.back() == ']') {
    address = address.substr(1, address.size() - 2);
  }
  if (!settings.listener) settings.listener.emplace();
  settings.listener->address = address;
  settings.listener->port = port;
  return {};
}

void take_tls(AeSettings& settings) {
  TlsSettings tls = settings.tls.value_or(TlsSettings{});
  take("TLS_CERTIFICATE", tls.certificate_file);
  take("TLS_KEY", tls.key_file);
  take("TLS_CA", tls.ca_file);
  if (auto crl = variable("TLS_CRL")) tls.crl_file = *crl;
  if (settings.tls || !tls.ca_file.empty()) settings.tls = tls;
}

}  // namespace

Result<AeSettings> AeSettings::from_env(AeSettings settings) {
  take("CSE_URL", settings.cse_url);
  take("CSE_ID", settings.cse_id);
  take("CSEBASE", settings.csebase);
  take("AE_ID", settings.ae_id);
  take("AE_NAME", settings.name);
  take("APP_ID", settings.app_id);
  take("BROKER", settings.broker);
  if (const auto trust = variable("TRUST_BROKER_ACL")) {
    if (*trust != "true" && *trust != "false") {
      return wrong("TRUST_BROKER_ACL", "must be true or false");
    }
    settings.trust_broker_acl = *trust == "true";
  }
  take_tls(settings);
  if (const auto taken = take_listener(settings); !taken) return fail(taken.error());
  if (const auto file = variable("PSK_FILE")) {
    const auto keys = PskTable::load(*file);
    if (!keys) return wrong("PSK_FILE", keys.error().detail);
    settings.psk = keys->first();
  }
  if (const auto text = variable("REQUEST_TIMEOUT_MS")) {
    std::uint32_t milliseconds = 0;
    if (!read_number(*text, milliseconds) || milliseconds == 0) {
      return wrong("REQUEST_TIMEOUT_MS", "must be a positive number of milliseconds");
    }
    settings.request_timeout = std::chrono::milliseconds(milliseconds);
  }
  return settings;
}

}  // namespace gatehouse::sdk
