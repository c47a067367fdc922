// Every configuration key.
#include "cse/core/access_rule.h"
#include "cse/dialect/switches.h"
#include "cse/node/option.h"
#include "cse/services/registration/providers.h"

namespace gatehouse::node {
namespace {

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

std::optional<std::string> peer_provider(const std::string& text) {
  const auto provider = parse_peer_provider(text);
  return provider ? std::nullopt : std::optional(provider.error().detail);
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

constexpr const char* kOcspPolicies[] = {"off", "if_stapled", "required"};

Option ocsp_policy() {
  Option option;
  option.key = "credentials.ocsp";
  option.description =
      "OCSP responses of servers that we call: off, if_stapled (a bad one is refused) or required "
      "(none is refused, too)";
  option.apply = [](NodeSettings& s, const Scalar& value) -> std::optional<std::string> {
    const std::string* given = std::get_if<std::string>(&value);
    for (int policy = 0; given && policy <= 2; ++policy) {
      if (*given != kOcspPolicies[policy]) continue;
      s.credentials.ocsp = static_cast<OcspPolicy>(policy);
      return std::nullopt;
    }
    return "must be one of off, if_stapled, required";
  };
  option.show = [](const NodeSettings& s) {
    return std::string(kOcspPolicies[static_cast<int>(s.credentials.ocsp)]);
  };
  return option;
}

std::optional<std::string> known_switch(const std::string& name) {
  if (find_switch(name)) return std::nullopt;
  std::vector<std::string> known;
  for (const Switch& row : all_switches()) known.emplace_back(row.name);
  return "is no switch; known are " + join(known);
}

std::vector<std::string> profile_names() {
  std::vector<std::string> names;
  for (const Profile& row : all_profiles()) names.emplace_back(row.name);
  return names;
}

std::optional<std::string> pair_of_originators(const std::string& item) {
  const std::size_t equals = item.find('=');
  if (equals != std::string::npos && equals > 0 && equals + 1 < item.size()) return std::nullopt;
  return "must be what is sent and who that is, such as \"admin:admin=CAdmin\"";
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

void add_dialects(std::vector<Option>& rows) {
  rows.push_back(text("compat.profile",
                      "whose dialect is accepted: strict (the standard alone), om2m, mobius, acme",
                      FIELD(compat.profile), one_of(profile_names())));
  rows.push_back(list("compat.switches",
                      "departures from the standard that are accepted beside those of the profile; "
                      "see below",
                      FIELD(compat.switches), known_switch));
  rows.push_back(list("compat.originators",
                      "for the switch mapped_originator: \"admin:admin=CAdmin\"; empty: that one",
                      FIELD(compat.originators), pair_of_originators));
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

}  // namespace

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
    r.push_back(flag("cse.admit_unregistered", "the same as the switch compat.admit_unregistered",
                     FIELD(cse.admit_unregistered)));
    r.push_back(list("cse.release_versions", "releases served (srv)", FIELD(cse.release_versions)));
    r.push_back(list("cse.point_of_access",
                     "addresses others reach this CSE at (poa); empty: the listeners",
                     FIELD(cse.point_of_access)));
    r.push_back(list("cse.allowed_cses", "CSE-IDs that may register here; empty: any",
                     FIELD(allowed_cses), cse_id));
    r.push_back(list("cse.peer_providers",
                     "IN-CSEs of other service providers (Mcc'), as //sp.example/id-in=URL",
                     FIELD(peer_providers), peer_provider));
    r.push_back(locations());
    r.push_back(
        number("cse.max_batch", "writes that share one commit", 1, 100000, FIELD(cse.max_batch)));
    r.push_back(number("cse.max_queued_writes", "writes that may wait", 1, 10000000,
                       FIELD(cse.max_queued_writes)));
    r.push_back(number("cse.cache_resources", "resources kept in memory", 64, 100000000,
                       FIELD(cse.cache_resources)));
    r.push_back(number("cse.max_discovery_results", "addresses in one discovery answer", 1, 1000000,
                       FIELD(cse.max_discovery_results)));
    r.push_back(number("cse.max_discovery_work",
                       "index entries that one discovery may look at; 20 each resource read", 1000,
                       1000000000, FIELD(cse.max_discovery_work)));
    r.push_back(number("cse.max_answer_bytes",
                       "bytes of nested children in one answer (rcn 4, 8); more is left out", 1024,
                       1000000000, FIELD(cse.max_answer_bytes)));
    r.push_back(number("cse.max_children_depth", "levels of nested children in one answer", 1, 1000,
                       FIELD(cse.max_children_depth)));
    r.push_back(list("cse.flexcontainers",
                     "JSON files that define flexContainers of your own (cse/schema/README.md)",
                     FIELD(flexcontainers)));
    r.push_back(text("store.backend", "sqlite or memory", FIELD(store.backend),
                     one_of({"sqlite", "memory"})));
    r.push_back(text("store.path", "file of the SQLite database", FIELD(store.path)));
    r.push_back(text("credentials.certificate", "PEM file: certificate chain of this CSE",
                     FIELD(credentials.certificate_file)));
    r.push_back(text("credentials.key",
                     "where its key is, for all bindings: a PEM file; "
                     "\"pkcs11:token=…;object=…?pin-source=file:…\" (RFC 7512); "
                     "\"tpm2:handle=0x81000001;auth-source=file:…;tcti=device:/dev/tpmrm0\"",
                     FIELD(credentials.key_file)));
    r.push_back(text("credentials.ca", "PEM file: trust anchors for the other side",
                     FIELD(credentials.ca_file)));
    r.push_back(text("credentials.crl", "PEM file: revocation list", FIELD(credentials.crl_file)));
    r.push_back(text("credentials.ocsp_response",
                     "DER file: OCSP response of our certificate, stapled to what we serve",
                     FIELD(credentials.ocsp_file)));
    r.push_back(flag("credentials.ocsp_fetch",
                     "keep that file fresh by asking the responder that the certificate names",
                     FIELD(credentials.ocsp_fetch)));
    r.push_back(ocsp_policy());
    r.push_back(text("credentials.psk_file",
                     "keys of peers, for https, wss and coaps: lines of identity, key in hex, "
                     "originators",
                     FIELD(credentials.psk_file)));
    r.push_back(text("esprim.keys",
                     "pairwise keys for ESPrim: lines of identity, key in hex of 16 or 32 bytes, "
                     "originators",
                     FIELD(esprim_keys)));
    r.push_back(text("maf.url", "https URL of the MAF that knows further keys; empty: none",
                     FIELD(maf.url)));
    r.push_back(
        text("maf.fqdn", "its domain name, right of the @ in key identifiers", FIELD(maf.fqdn)));
    r.push_back(number("maf.wait_ms",
                       "how long a handshake, or an ESPrim message, waits for the MAF", 1, 10000,
                       FIELD(maf.wait_ms)));
    r.push_back(number("maf.cache_seconds",
                       "how long an answer of the MAF is good; a revocation is seen after it", 1,
                       86400, FIELD(maf.cache_seconds)));
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
    r.push_back(text("registrar.in_cse_id",
                     "CSE-ID of the IN-CSE, which gives AE-IDs that begin with S; empty: the "
                     "registrar is it",
                     FIELD(registrar.in_cse_id), optional_cse_id));
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
    add_dialects(r);
    r.push_back(number("limits.connections",
                       "open connections of each HTTP and WebSocket listener; more are closed", 1,
                       1000000, FIELD(limits.connections)));
    r.push_back(number("limits.coap_peers",
                       "peers of each CoAP listener; each message costs a look at all of them", 1,
                       1000000, FIELD(limits.coap_peers)));
    r.push_back(number("limits.handshake_seconds",
                       "time for TLS, an upgrade, or the header of a request", 1, 600,
                       FIELD(limits.handshake_seconds)));
    r.push_back(number("limits.message_seconds",
                       "time for the rest of a body or message that has begun", 1, 3600,
                       FIELD(limits.message_seconds)));
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

}  // namespace gatehouse::node
