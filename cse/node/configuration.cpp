#include "cse/node/configuration.h"

#undef TOML_SHARED_LIB
#undef TOML_HEADER_ONLY
#define TOML_HEADER_ONLY 1  // the library in the package has no variant without exceptions
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <optional>
#include <sstream>
#include <variant>

#include "cse/core/access_rule.h"
#include "cse/primitive/identifiers.h"

namespace gatehouse::node {
namespace {

/// A value as the file or a command line gives it.
using Scalar = std::variant<std::string, std::int64_t, bool, std::vector<std::string>>;

/// One row per key. `apply` returns what is wrong, or nothing.
struct Option {
  std::string key;
  std::string description;
  std::function<std::optional<std::string>(NodeSettings&, const Scalar&)> apply;
  std::function<std::string(const NodeSettings&)> show;
};

std::string join(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ",") + item;
  return text;
}

template <class Access>
Option text(std::string key, std::string description, Access access,
            std::function<std::optional<std::string>(const std::string&)> check = {}) {
  return {std::move(key), std::move(description),
          [access, check](NodeSettings& s, const Scalar& value) -> std::optional<std::string> {
            const std::string* given = std::get_if<std::string>(&value);
            if (!given) return "must be a text in quotes";
            if (check) {
              if (auto wrong = check(*given)) return wrong;
            }
            access(s) = *given;
            return std::nullopt;
          },
          [access](const NodeSettings& s) { return access(const_cast<NodeSettings&>(s)); }};
}

template <class Access>
Option number(std::string key, std::string description, std::int64_t low, std::int64_t high,
              Access access) {
  return {std::move(key), std::move(description),
          [access, low, high](NodeSettings& s, const Scalar& value) -> std::optional<std::string> {
            const std::int64_t* given = std::get_if<std::int64_t>(&value);
            if (!given || *given < low || *given > high) {
              return "must be an integer from " + std::to_string(low) + " to " +
                     std::to_string(high);
            }
            using Target = std::remove_reference_t<decltype(access(s))>;
            access(s) = static_cast<Target>(*given);
            return std::nullopt;
          },
          [access](const NodeSettings& s) {
            return std::to_string(static_cast<std::int64_t>(access(const_cast<NodeSettings&>(s))));
          }};
}

template <class Access>
Option flag(std::string key, std::string description, Access access) {
  return {std::move(key), std::move(description),
          [access](NodeSettings& s, const Scalar& value) -> std::optional<std::string> {
            const bool* given = std::get_if<bool>(&value);
            if (!given) return "must be true or false";
            access(s) = *given;
            return std::nullopt;
          },
          [access](const NodeSettings& s) {
            return access(const_cast<NodeSettings&>(s)) ? "true" : "false";
          }};
}

template <class Access>
Option list(std::string key, std::string description, Access access,
            std::function<std::optional<std::string>(const std::string&)> check = {}) {
  return {std::move(key), std::move(description),
          [access, check](NodeSettings& s, const Scalar& value) -> std::optional<std::string> {
            const auto* given = std::get_if<std::vector<std::string>>(&value);
            if (!given) return "must be a list of texts";
            for (const std::string& item : *given) {
              if (auto wrong = check ? check(item) : std::nullopt)
                return "\"" + item + "\": " + *wrong;
            }
            access(s) = *given;
            return std::nullopt;
          },
          [access](const NodeSettings& s) { return join(access(const_cast<NodeSettings&>(s))); }};
}

std::optional<std::string> cse_id(const std::string& id) {
  if (is_cse_id(id) && !id.starts_with("//")) return std::nullopt;
  return "must be an SP-relative CSE-ID such as /id-in";
}

std::optional<std::string> optional_cse_id(const std::string& id) {
  return id.empty() ? std::nullopt : cse_id(id);
}

std::function<std::optional<std::string>(const std::string&)> one_of(
    std::vector<std::string> allowed) {
  return [allowed](const std::string& value) -> std::optional<std::string> {
    if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return std::nullopt;
    return "must be one of " + join(allowed);
  };
}

constexpr const char* kCseTypes[] = {"", "in", "mn", "asn"};

Option cse_type() {
  Option option;
  option.key = "cse.type";
  option.description = "in, mn or asn: what kind of CSE this is";
  option.apply = [](NodeSettings& s, const Scalar& value) -> std::optional<std::string> {
    const std::string* given = std::get_if<std::string>(&value);
    for (int type = 1; given && type <= 3; ++type) {
      if (*given != kCseTypes[type]) continue;
      s.cse.cse_type = type;
      return std::nullopt;
    }
    return "must be one of in, mn, asn";
  };
  option.show = [](const NodeSettings& s) { return std::string(kCseTypes[s.cse.cse_type]); };
  return option;
}

Option locations() {
  Option option;
  option.key = "cse.locations";
  option.description =
      "where networks are, for rules that ask for a location region: "
      "\"10.0.0.0/8 DE 52.52 13.41\" is network, country, latitude, longitude";
  option.apply = [](NodeSettings& s, const Scalar& value) -> std::optional<std::string> {
    const auto* given = std::get_if<std::vector<std::string>>(&value);
    if (!given) return "must be a list of texts";
    s.cse.locations.clear();
    for (const std::string& item : *given) {
      const auto location = parse_network_location(item);
      if (!location)
        return "\"" + item +
               "\": must be \"network country\" or \"network country latitude longitude\"";
      s.cse.locations.push_back(*location);
    }
    return std::nullopt;
  };
  option.show = [](const NodeSettings&) { return std::string(); };
  return option;
}

#define FIELD(path) \
  [](NodeSettings & s) -> auto& { return s.path; }

void add_listener(std::vector<Option>& rows, const std::string& group,
                  HttpListener NodeSettings::*where) {
  const auto at = [where](auto member) {
    return [ where, member ](NodeSettings & s) -> auto& { return (s.*where).*member; };
  };
  rows.push_back(flag(group + ".enabled",
                      "listen for " + group +
                          (group == "http" ? "; default: only without credentials"
                                           : "; default: only with credentials"),
                      at(&HttpListener::enabled)));
  rows.push_back(
      text(group + ".address", "IPv4 or IPv6 address to listen at", at(&HttpListener::address)));
  rows.push_back(number(group + ".port", "port to listen at; 0 takes a free one", 0, 65535,
                        at(&HttpListener::port)));
  rows.push_back(number(group + ".threads", "threads that serve connections", 1, 64,
                        at(&HttpListener::threads)));
  rows.push_back(list(group + ".cors_origins", "origins of web pages that may ask; \"*\" is any",
                      at(&HttpListener::cors_origins)));
}

void add_websocket(std::vector<Option>& rows, const std::string& group,
                   WebSocketListener NodeSettings::*where) {
  const auto at = [where](auto member) {
    return [ where, member ](NodeSettings & s) -> auto& { return (s.*where).*member; };
  };
  rows.push_back(flag(group + ".enabled", "listen for " + group, at(&WebSocketListener::enabled)));
  rows.push_back(text(group + ".address", "IPv4 or IPv6 address to listen at",
                      at(&WebSocketListener::address)));
  rows.push_back(number(group + ".port", "port to listen at; 0 takes a free one", 0, 65535,
                        at(&WebSocketListener::port)));
  rows.push_back(list(group + ".origins", "origins of web pages that may connect; \"*\" is any",
                      at(&WebSocketListener::origins)));
}

void add_coap(std::vector<Option>& rows, const std::string& group,
              CoapListener CoapSettings::*where) {
  const auto at = [where](auto member) {
    return [ where, member ](NodeSettings & s) -> auto& { return (s.coap.*where).*member; };
  };
  rows.push_back(flag(group + ".enabled", "listen for " + group, at(&CoapListener::enabled)));
  rows.push_back(
      text(group + ".address", "IPv4 or IPv6 address to listen at", at(&CoapListener::address)));
  rows.push_back(number(group + ".port", "port to listen at, UDP and TCP; 0 takes a free one", 0,
                        65535, at(&CoapListener::port)));
}

const std::vector<Option>& options() {
  static const std::vector<Option> rows = [] {
    std::vector<Option> r;
    r.push_back(cse_type());
    r.push_back(text("cse.id", "CSE-ID, SP-relative", FIELD(cse.cse_id), cse_id));
    r.push_back(text("cse.name", "resource name of the CSEBase", FIELD(cse.csebase_name),
                     [](const std::string& name) -> std::optional<std::string> {
                       if (is_resource_name(name)) return std::nullopt;
                       return "must be a resource name such as cse-in";
                     }));
    r.push_back(text("cse.sp_id", "M2M-SP-ID, such as //gatehouse.example", FIELD(cse.sp_id),
                     [](const std::string& id) -> std::optional<std::string> {
                       if (id.starts_with("//") && id.size() > 2 &&
                           id.find('/', 2) == std::string::npos)
                         return std::nullopt;
                       return "must be an M2M-SP-ID such as //gatehouse.example";
                     }));
    r.push_back(text("cse.administrator", "AE-ID that may do everything; empty: nobody",
                     FIELD(cse.administrator)));
    r.push_back(
        flag("cse.admit_unregistered",
             "originators that are not registered are judged by policies, not refused (4106)",
             FIELD(cse.admit_unregistered)));
    r.push_back(list("cse.release_versions", "releases served (srv)", FIELD(cse.release_versions)));
    r.push_back(list("cse.point_of_access",
                     "addresses others reach this CSE at (poa); empty: the listeners",
                     FIELD(cse.point_of_access)));
    r.push_back(list("cse.allowed_cses", "CSE-IDs that may register here; empty: any",
                     FIELD(allowed_cses), cse_id));
    r.push_back(locations());
    r.push_back(
        number("cse.max_batch", "writes that share one commit", 1, 100000, FIELD(cse.max_batch)));
    r.push_back(number("cse.max_queued_writes", "writes that may wait", 1, 10000000,
                       FIELD(cse.max_queued_writes)));
    r.push_back(number("cse.cache_resources", "resources kept in memory", 64, 100000000,
                       FIELD(cse.cache_resources)));
    r.push_back(number("cse.max_discovery_results", "addresses in one discovery answer", 1, 1000000,
                       FIELD(cse.max_discovery_results)));
    r.push_back(text("store.backend", "sqlite or memory", FIELD(store.backend),
                     one_of({"sqlite", "memory"})));
    r.push_back(text("store.path", "file of the SQLite database", FIELD(store.path)));
    r.push_back(text("credentials.certificate", "PEM file: certificate chain of this CSE",
                     FIELD(credentials.certificate_file)));
    r.push_back(
        text("credentials.key", "PEM file or pkcs11: URI of its key", FIELD(credentials.key_file)));
    r.push_back(text("credentials.ca", "PEM file: trust anchors for the other side",
                     FIELD(credentials.ca_file)));
    r.push_back(text("credentials.crl", "PEM file: revocation list", FIELD(credentials.crl_file)));
    add_listener(r, "http", &NodeSettings::http);
    add_listener(r, "https", &NodeSettings::https);
    r.push_back(text("mqtt.broker", "mqtt:// or mqtts:// URL of the broker; empty: no MQTT",
                     FIELD(mqtt.broker)));
    r.push_back(text("mqtt.client_id", "MQTT client identifier; empty: C::<CSE-ID>",
                     FIELD(mqtt.client_id)));
    r.push_back(flag("mqtt.trust_broker_acl", "the broker binds topics to certificates",
                     FIELD(mqtt.trust_broker_acl)));
    r.push_back(number("mqtt.version", "3 is MQTT 3.1.1, 5 is MQTT 5", 3, 5, FIELD(mqtt.version)));
    r.push_back(flag("mqtt.shared",
                     "several processes are this CSE, and the broker spreads requests over them",
                     FIELD(mqtt.shared)));
    add_websocket(r, "ws", &NodeSettings::ws);
    add_websocket(r, "wss", &NodeSettings::wss);
    add_coap(r, "coap", &CoapSettings::plain);
    add_coap(r, "coaps", &CoapSettings::secured);
    r.push_back(text("coap.option_numbers",
                     "numbers of oneM2M's options in what we send: registered (since 2022) or "
                     "release2; both are understood",
                     FIELD(coap.option_numbers), one_of({"registered", "release2"})));
    r.push_back(text("coaps.psk_file", "keys of peers: lines of identity, key in hex, originators",
                     FIELD(coap.psk_file)));
    r.push_back(text("coaps.client_psk_file",
                     "our own key, for coaps targets where there is no certificate; such a line",
                     FIELD(coap.client_psk_file)));
    r.push_back(text("registrar.cse_id", "CSE-ID of the CSE to register at; empty: none",
                     FIELD(registrar.cse_id), optional_cse_id));
    r.push_back(
        text("registrar.name", "resource name of its CSEBase", FIELD(registrar.csebase_name)));
    r.push_back(text("registrar.url", "its point of access", FIELD(registrar.url)));
    r.push_back(number("registrar.retry_seconds", "pause between attempts", 1, 86400,
                       FIELD(registrar.retry_seconds)));
    r.push_back(number("registrar.expiration_seconds",
                       "life of the registration; refreshed at half of it", 10, 31536000,
                       FIELD(registrar.expiration_seconds)));
    r.push_back(flag("upper_tester.enabled",
                     "end point /__ut__ for test systems; may remove everything",
                     FIELD(upper_tester.enabled)));
    r.push_back(flag("upper_tester.allow_remote", "not for this machine only",
                     FIELD(upper_tester.allow_remote)));
    r.push_back(text("credentials.tokens",
                     "file of bearer tokens for people; https then takes them in place of a client "
                     "certificate (see gatehouse-cse token)",
                     FIELD(credentials.tokens_file)));
    r.push_back(list("credentials.token_issuers",
                     "issuers of oneM2M tokens (JWT, ES256): \"issuer file.pem\" with its key",
                     FIELD(credentials.token_issuers),
                     [](const std::string& item) -> std::optional<std::string> {
                       const std::size_t space = item.find(' ');
                       if (space != 0 && space < item.size() - 1) return std::nullopt;
                       return "must be an issuer and a PEM file, such as \"Cdas /etc/das.pem\"";
                     }));
    r.push_back(number("limits.peer_rate", "requests a second from one address; 0: no limit", 0,
                       10000000, FIELD(limits.peer_rate)));
    r.push_back(number("limits.peer_burst", "requests at once from one address", 1, 10000000,
                       FIELD(limits.peer_burst)));
    r.push_back(number("limits.originator_rate", "requests a second of one originator; 0: no limit",
                       0, 10000000, FIELD(limits.originator_rate)));
    r.push_back(number("limits.originator_burst", "requests at once of one originator", 1, 10000000,
                       FIELD(limits.originator_burst)));
    r.push_back(text("log.level", "error, warning, info or debug", FIELD(log_level),
                     one_of({"error", "warning", "info", "debug"})));
    r.push_back(text("log.ready_file", "file written with the addresses once everything listens",
                     FIELD(ready_file)));
    return r;
  }();
  return rows;
}

const Option* find_option(const std::string& key) {
  const auto& rows = options();
  const auto row =
      std::find_if(rows.begin(), rows.end(), [&key](const Option& o) { return o.key == key; });
  return row == rows.end() ? nullptr : &*row;
}

/// Letters to insert, remove or replace to get from one text to the other.
std::size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  for (std::size_t j = 0; j <= to.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= from.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t replaced = diagonal + (from[i - 1] != to[j - 1]);
      diagonal = std::exchange(row[j], std::min({replaced, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row[to.size()];
}

/// The key that was probably meant: the same name in a table of nearly that name, or in any; or a
/// key with a slip of the pen.
std::string nearest_key(const std::string& key) {
  const std::string tail = key.substr(key.rfind('.') + 1);
  const auto distance = [&key, &tail](const Option& option) {
    const bool same_name = option.key.ends_with("." + tail);
    return edit_distance(key.substr(0, 64), option.key) + (same_name ? 0 : 1'000);
  };
  const Option& best = *std::min_element(
      options().begin(), options().end(),
      [&](const Option& a, const Option& b) { return distance(a) < distance(b); });
  if (distance(best) <= 1'002) return "; did you mean \"" + best.key + "\"?";
  return "; `gatehouse-cse options` lists all keys";
}

/// A text of a command line or environment variable, read as the option wants it.
Scalar scalar_of(const std::string& value, const NodeSettings& defaults, const Option& option) {
  if (value == "true" || value == "false") return value == "true";
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error == std::errc{} && end == value.data() + value.size() && !value.empty()) return number;
  NodeSettings trial = defaults;
  if (!option.apply(
          trial,
          Scalar(std::vector<std::string>{}))) {  // the option is a list: commas part its items
    std::vector<std::string> items;
    std::istringstream parts(value);
    for (std::string item; std::getline(parts, item, ',');) items.push_back(item);
    return items;
  }
  return value;
}

void set_from_text(ReadResult& result, const std::string& key, const std::string& value,
                   const std::string& place) {
  const Option* option = find_option(key);
  if (!option) {
    result.errors.push_back({place + ": unknown key \"" + key + "\"" + nearest_key(key)});
    return;
  }
  NodeSettings& settings = result.configuration.settings;
  Scalar scalar = scalar_of(value, settings, *option);
  auto wrong = option->apply(settings, scalar);
  // A text option may be given a text that looks like a number or a truth value.
  if (wrong && !std::holds_alternative<std::string>(scalar)) {
    if (!option->apply(settings, Scalar(value))) wrong.reset();
    // So may a list of one.
    if (wrong && !option->apply(settings, Scalar(std::vector<std::string>{value}))) wrong.reset();
  }
  if (wrong)
    result.errors.push_back({place + ": " + key + ": " + *wrong + ", not \"" + value + "\""});
  else
    result.configuration.origin[key] = place;
}

std::optional<Scalar> scalar_of(const toml::node& node) {
  if (const auto* value = node.as_string()) return Scalar(value->get());
  if (const auto* value = node.as_integer()) return Scalar(value->get());
  if (const auto* value = node.as_boolean()) return Scalar(value->get());
  const auto* array = node.as_array();
  if (!array) return std::nullopt;
  std::vector<std::string> items;
  for (const toml::node& item : *array) {
    const auto* value = item.as_string();
    if (!value) return std::nullopt;
    items.push_back(value->get());
  }
  return Scalar(std::move(items));
}

void read_table(ReadResult& result, const toml::table& table, const std::string& prefix,
                const std::string& file) {
  for (const auto& [name, node] : table) {
    const std::string key = prefix + std::string(name.str());
    if (const toml::table* inner = node.as_table()) {
      read_table(result, *inner, key + ".", file);
      continue;
    }
    const std::string place = file + ":" + std::to_string(node.source().begin.line);
    const Option* option = find_option(key);
    if (!option) {
      result.errors.push_back({place + ": unknown key \"" + key + "\"" + nearest_key(key)});
      continue;
    }
    const auto scalar = scalar_of(node);
    const auto wrong = scalar ? option->apply(result.configuration.settings, *scalar)
                              : std::optional<std::string>("is of a kind that no option takes");
    if (wrong)
      result.errors.push_back({place + ": " + key + ": " + *wrong});
    else
      result.configuration.origin[key] = place;
  }
}

/// With credentials or tokens the administrator must be proven. With credentials a node proves
/// identities: unless the configuration says otherwise, it listens for https and no longer for
/// http, where anybody on this machine could name himself the administrator.
void follow_credentials(Configuration& configuration) {
  NodeSettings& settings = configuration.settings;
  settings.cse.administrator_needs_proof =
      settings.credentials.given() || !settings.credentials.tokens_file.empty();
  if (!settings.credentials.given()) return;
  if (!configuration.origin.contains("https.enabled")) settings.https.enabled = true;
  if (!configuration.origin.contains("http.enabled")) settings.http.enabled = false;
}

/// What no single key can tell.
void check_together(ReadResult& result) {
  const NodeSettings& s = result.configuration.settings;
  const auto error = [&result](std::string text) { result.errors.push_back({std::move(text)}); };
  const CredentialSettings& c = s.credentials;
  if (c.given() && (c.key_file.empty() || c.ca_file.empty())) {
    error("credentials: certificate, key and ca must be given together");
  }
  if (s.https.enabled && !c.given())
    error("https.enabled: needs [credentials] certificate, key and ca");
  if (!s.registrar.cse_id.empty() && s.registrar.url.empty())
    error("registrar.url: is needed with registrar.cse_id");
  if (s.cse.cse_type == 1 && !s.registrar.cse_id.empty())
    error("registrar.cse_id: an IN-CSE has no registrar");
  if (s.registrar.cse_id == s.cse.cse_id) error("registrar.cse_id: is this CSE itself");
  const auto is_loopback = [](const std::string& at) { return at == "127.0.0.1" || at == "::1"; };
  if (s.mqtt.version == 4) error("mqtt.version: there is no MQTT 4; 3 or 5");
  if (s.wss.enabled && !c.given())
    error("wss.enabled: needs [credentials] certificate, key and ca");
  if (s.ws.enabled && !is_loopback(s.ws.address)) {
    error("ws.address: \"" + s.ws.address +
          "\" is not loopback, and ws proves no identity; use wss there");
  }
  if (s.coap.secured.enabled && !c.given() && s.coap.psk_file.empty())
    error("coaps.enabled: needs [credentials], or coaps.psk_file");
  if (s.coap.plain.enabled && !is_loopback(s.coap.plain.address)) {
    error("coap.address: \"" + s.coap.plain.address +
          "\" is not loopback, and coap proves no identity; use coaps there");
  }
  const bool loopback = is_loopback(s.http.address);
  if (s.http.enabled && !loopback) {
    error("http.address: \"" + s.http.address +
          "\" is not loopback, and http proves no identity; use https there");
  }
}

}  // namespace

TlsSettings CredentialSettings::to_tls() const {
  TlsSettings tls;
  tls.certificate_file = certificate_file;
  tls.key_file = key_file;
  tls.ca_file = ca_file;
  if (!crl_file.empty()) tls.crl_file = crl_file;
  return tls;
}

ReadResult read_configuration(const std::string& file, const std::vector<std::string>& overrides,
                              const std::map<std::string, std::string>& environment) {
  ReadResult result;
  if (!file.empty()) {
    toml::parse_result parsed = toml::parse_file(file);
    if (!parsed) {
      const auto& problem = parsed.error();
      result.errors.push_back({file + ":" + std::to_string(problem.source().begin.line) + ": " +
                               std::string(problem.description())});
      return result;
    }
    read_table(result, parsed.table(), "", file);
  }
  for (const Option& option : options()) {
    std::string name = "GATEHOUSE_" + option.key;
    std::transform(name.begin(), name.end(), name.begin(), [](char c) {
      return c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    });
    const auto set = environment.find(name);
    if (set != environment.end())
      set_from_text(result, option.key, set->second, "environment " + name);
  }
  for (const std::string& entry : overrides) {
    const std::size_t equals = entry.find('=');
    if (equals == std::string::npos) {
      result.errors.push_back({"--set " + entry + ": must be key=value"});
      continue;
    }
    set_from_text(result, entry.substr(0, equals), entry.substr(equals + 1), "--set " + entry);
  }
  follow_credentials(result.configuration);
  if (result.errors.empty()) check_together(result);
  return result;
}

std::optional<std::string> show_option(const NodeSettings& settings, const std::string& key) {
  const Option* option = find_option(key);
  if (!option) return std::nullopt;
  return option->show(settings);
}

std::vector<OptionInfo> all_options() {
  std::vector<OptionInfo> list;
  const NodeSettings defaults;
  for (const Option& option : options())
    list.push_back({option.key, option.description, option.show(defaults)});
  return list;
}

}  // namespace gatehouse::node
