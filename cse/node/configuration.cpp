#include "cse/node/configuration.h"

#undef TOML_SHARED_LIB
#undef TOML_HEADER_ONLY
#define TOML_HEADER_ONLY 1  // the library in the package has no variant without exceptions
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <sstream>

#include "cse/node/flex_files.h"
#include "cse/node/option.h"

namespace gatehouse::node {
namespace {

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
  if (c.ocsp_fetch && c.ocsp_file.empty())
    error("credentials.ocsp_fetch: needs credentials.ocsp_response, the file to keep");
  if (s.https.enabled && !c.given())
    error("https.enabled: needs [credentials] certificate, key and ca");
  if (!s.registrar.cse_id.empty() && s.registrar.url.empty())
    error("registrar.url: is needed with registrar.cse_id");
  if (s.cse.cse_type == 1 && !s.registrar.cse_id.empty())
    error("registrar.cse_id: an IN-CSE has no registrar");
  if (s.cse.cse_type != 1 && !s.peer_providers.empty())
    error("cse.peer_providers: only an IN-CSE speaks with other service providers");
  if (s.registrar.cse_id == s.cse.cse_id) error("registrar.cse_id: is this CSE itself");
  const auto is_loopback = [](const std::string& at) { return at == "127.0.0.1" || at == "::1"; };
  if (s.mqtt.version == 4) error("mqtt.version: there is no MQTT 4; 3 or 5");
  if (s.wss.enabled && !c.given())
    error("wss.enabled: needs [credentials] certificate, key and ca");
  if (s.ws.enabled && !is_loopback(s.ws.address)) {
    error("ws.address: \"" + s.ws.address +
          "\" is not loopback, and ws proves no identity; use wss there");
  }
  if (s.coap.secured.enabled && !c.given() && s.coap.psk_file.empty() && c.psk_file.empty())
    error("coaps.enabled: needs [credentials], or coaps.psk_file");
  if (!s.maf.url.empty() && (!s.maf.url.starts_with("https://") || s.maf.fqdn.empty()))
    error("maf.url: must be an https URL, and maf.fqdn must be given with it");
  if (!s.maf.url.empty() && !c.given())
    error("maf.url: needs [credentials], which prove this CSE to the MAF");
  if (s.coap.plain.enabled && !is_loopback(s.coap.plain.address)) {
    error("coap.address: \"" + s.coap.plain.address +
          "\" is not loopback, and coap proves no identity; use coaps there");
  }
  if (!s.flexcontainers.empty()) {
    if (auto read = read_flex_files(s.flexcontainers); !read)
      error("cse.flexcontainers: " + read.error().detail);
  }
  const bool loopback = is_loopback(s.http.address);
  if (s.http.enabled && !loopback) {
    error("http.address: \"" + s.http.address +
          "\" is not loopback, and http proves no identity; use https there");
  }
}

}  // namespace

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
