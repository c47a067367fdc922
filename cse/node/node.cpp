#include "cse/node/node.h"

#include <unistd.h>

#include <fstream>

#include "bindings/http/client.h"
#include "bindings/http/server.h"
#include "bindings/mqtt/client.h"
#include "bindings/mqtt/server.h"
#include "bindings/security/json_web_token.h"
#include "cse/codec/xml/xml.h"
#include "cse/core/expiration.h"
#include "cse/core/rate_limit.h"
#include "cse/core/sender_list.h"
#include "cse/node/coap_binding.h"
#include "cse/node/credentials.h"
#include "cse/node/dialect_wiring.h"
#include "cse/node/esprim_wiring.h"
#include "cse/node/flex_files.h"
#include "cse/node/log.h"
#include "cse/node/pages.h"
#include "cse/node/psk_keys.h"
#include "cse/node/request_log.h"
#include "cse/node/services.h"
#include "cse/node/system_scheduler.h"
#include "cse/node/upper_tester_page.h"
#include "cse/node/websocket_binding.h"
#include "cse/services/profile/primitive_profiles.h"
#include "cse/store/memory/memory_store.h"
#include "cse/store/sqlite/sqlite_store.h"
#include "mgmt-objects/management_behaviour.h"
#include "mgmt-objects/management_objects.h"

namespace gatehouse::node {
namespace {

Result<std::unique_ptr<Store>> open_store(const StoreSettings& settings) {
  if (settings.backend == "memory") return std::unique_ptr<Store>(std::make_unique<MemoryStore>());
  SqliteSettings sqlite;
  sqlite.path = settings.path;
  return open_sqlite_store(sqlite);
}

/// The listeners are where others reach us, unless the configuration says otherwise.
void complete_points_of_access(NodeSettings& settings) {
  auto& poa = settings.cse.point_of_access;
  if (!poa.empty()) return;
  const auto url = [](const char* scheme, const HttpListener& at) {
    return std::string(scheme) + "://" + at.address + ":" + std::to_string(at.port);
  };
  if (settings.https.enabled && settings.https.port != 0)
    poa.push_back(url("https", settings.https));
  if (settings.http.enabled && settings.http.port != 0) poa.push_back(url("http", settings.http));
  if (!settings.mqtt.broker.empty()) poa.push_back(settings.mqtt.broker);
  const auto coap_url = [&poa](const char* scheme, const CoapListener& at) {
    if (!at.enabled || at.port == 0) return;
    poa.push_back(std::string(scheme) + "://" + at.address + ":" + std::to_string(at.port));
  };
  coap_url("coaps", settings.coap.secured);
  coap_url("coap", settings.coap.plain);
  for (std::string& ws_url : websocket_points_of_access(settings)) poa.push_back(std::move(ws_url));
}

http::ServerSettings server_settings(const HttpListener& listener, const LimitSettings& limits) {
  http::ServerSettings server;
  server.max_connections = static_cast<std::size_t>(limits.connections);
  server.header_timeout = std::chrono::seconds(limits.handshake_seconds);
  server.body_timeout = std::chrono::seconds(limits.message_seconds);
  server.address = listener.address;
  server.port = static_cast<std::uint16_t>(listener.port);
  server.threads = static_cast<unsigned>(listener.threads);
  server.cors = {!listener.cors_origins.empty(), listener.cors_origins};
  return server;
}

std::uint16_t process_part() {
  return static_cast<std::uint16_t>(std::chrono::steady_clock::now().time_since_epoch().count() /
                                    1000);
}

}  // namespace

struct Node::Impl {
  explicit Impl(NodeSettings given) : settings(std::move(given)), codecs(standard_codecs()) {
    complete_points_of_access(settings);
    add_standard_types(schemas);
    add_management_objects(schemas);
    add_announced_variants(schemas, owned_schemas, owned_rules);
    codecs.add(std::make_unique<XmlCodec>(schemas));
    settings.cse.serializations = codecs.media_types();
    apply_switches(settings);
    behaviours.add(type_number::kMgmtObj, management_object_behaviour());
  }

  Result<void> open();
  Result<void> open_psk_sources();
  std::shared_ptr<PskSource> maf_keys(MafKeys::Usage usage);
  void open_senders();
  void open_upper_tester();
  http::PageHandler all_pages();
  std::vector<WireFigures> wire_figures() const;
  Result<void> listen();
  std::vector<std::pair<std::string, int>> websocket_ports() const;
  void write_ready_file() const;

  NodeSettings settings;
  Codecs codecs;
  Schemas schemas;
  std::vector<std::unique_ptr<TypeSchema>> owned_schemas;
  std::vector<std::unique_ptr<std::vector<AttributeRule>>> owned_rules;
  Behaviours behaviours;
  SystemScheduler scheduler;
  std::unique_ptr<Store> store;
  std::unique_ptr<Cse> cse;
  std::unique_ptr<Dialects> dialects;
  std::unique_ptr<PrimitiveProfiles> profiles;
  std::unique_ptr<EsPrimGate> esprim;  ///< null: nobody shares a key for it
  std::unique_ptr<RateLimit> limit;    ///< null: none is configured
  std::unique_ptr<RequestLog> front;
  std::shared_ptr<BearerTokens> tokens;  ///< null: none are configured
  TokenIssuers issuers;
  std::unique_ptr<http::Client> maf_client;  ///< null: there is no MAF
  SenderList senders;
  std::unique_ptr<DialectSender> translator;  ///< null: no receiver has a dialect
  std::unique_ptr<http::Client> http_client;
  std::unique_ptr<mqtt::Server> mqtt_server;
  std::unique_ptr<mqtt::Client> mqtt_client;
  std::unique_ptr<SendLog> sent_by_http, sent_by_mqtt;
  std::unique_ptr<CoapBinding> coap;
  std::unique_ptr<websocket::Endpoint> websocket;
  std::unique_ptr<SendLog> sent_by_websocket;
  std::unique_ptr<Services> services;
  std::unique_ptr<Expiration> expiration;
  std::unique_ptr<UpperTester> upper_tester;
  std::unique_ptr<OcspRefresher> ocsp;  ///< null: the file is somebody else's to keep
  std::unique_ptr<http::Server> http_server, https_server;
  std::atomic<bool> ready{false};
};

Result<void> Node::Impl::open() {
  if (auto usable = check_credentials(settings.credentials); !usable) return usable;
  if (auto known = open_psk_sources(); !known) return known;
  if (settings.credentials.ocsp_fetch) {
    ocsp = std::make_unique<OcspRefresher>(settings.credentials.to_tls());
  }
  if (!settings.flexcontainers.empty()) {
    auto read = read_flex_files(settings.flexcontainers);
    if (!read) return fail(read.error());
    schemas.set_specialisations(*std::move(read));
  }
  auto opened = open_store(settings.store);
  if (!opened)
    return fail(opened.error().rsc,
                "store \"" + settings.store.path + "\": " + opened.error().detail);
  store = *std::move(opened);
  cse = std::make_unique<Cse>(settings.cse, schemas, behaviours, *store, scheduler, process_part());
  dialects = std::make_unique<Dialects>(switches_of(settings),
                                        dialect_facts(settings, schemas, *cse), *cse);
  profiles = std::make_unique<PrimitiveProfiles>(*cse, *dialects);
  PrimitiveHandler* next = profiles.get();
  if (!settings.esprim_keys.empty() || maf_client) {
    std::shared_ptr<PskSource> maf;
    if (maf_client) maf = maf_keys(MafKeys::Usage::kEsPrim);
    auto gate = open_esprim(settings, *next, scheduler, std::move(maf));
    if (!gate) return fail(gate.error());
    esprim = *std::move(gate);
    advertise_esprim(*cse, !settings.esprim_keys.empty(), maf_client != nullptr);
    next = esprim.get();
  }
  const LimitSettings& l = settings.limits;
  if (l.peer_rate > 0 || l.originator_rate > 0) {
    const auto rate = [](int per_second, int burst) {
      return Rate{static_cast<double>(per_second), static_cast<double>(burst)};
    };
    limit = std::make_unique<RateLimit>(
        RateLimit::Settings{rate(l.peer_rate, l.peer_burst),
                            rate(l.originator_rate, l.originator_burst)},
        *next, scheduler);
    next = limit.get();
  }
  front = std::make_unique<RequestLog>(*next, scheduler);
  open_senders();
  for (const std::string& entry : settings.credentials.token_issuers) {
    const std::size_t space = entry.find(' ');
    const std::string file = entry.substr(entry.find_first_not_of(' ', space));
    if (auto added = issuers.add(entry.substr(0, space), file); !added) return added;
  }
  PrimitiveSender* out = &senders;
  if (sends_in_dialect(*dialects)) {
    translator =
        std::make_unique<DialectSender>(senders, *dialects, settings.cse.cse_id, is_ae_of(*cse));
    out = translator.get();
  }
  services = std::make_unique<Services>(
      *cse, *out, settings, [this](std::string_view token) { return issuers.verify(token); });
  services->set_connections(*websocket);
  open_upper_tester();
  return cse->start();
}

Result<void> Node::Impl::open_psk_sources() {
  auto sources = std::make_shared<PskSources>();
  if (!settings.credentials.psk_file.empty()) {
    auto table = PskTable::load(settings.credentials.psk_file);
    if (!table) return fail(table.error().rsc, "credentials.psk_file: " + table.error().detail);
    sources->add(std::make_shared<FixedPskSource>(*std::move(table)));
  }
  if (!settings.maf.url.empty()) {
    http::ClientSettings client;
    client.tls = settings.credentials.to_tls();
    maf_client = std::make_unique<http::Client>(client, codecs);
    sources->add(maf_keys(MafKeys::Usage::kAssociation));
  }
  if (!sources->empty()) settings.credentials.psk_source = std::move(sources);
  return {};
}

std::shared_ptr<PskSource> Node::Impl::maf_keys(MafKeys::Usage usage) {
  return std::make_shared<MafKeys>(
      settings.maf, settings.cse.cse_id, *maf_client, [this] { return scheduler.now(); }, usage);
}

void Node::Impl::open_senders() {
  http::ClientSettings client;
  if (settings.credentials.given()) client.tls = settings.credentials.to_tls();
  http_client = std::make_unique<http::Client>(client, codecs);
  sent_by_http = std::make_unique<SendLog>(*http_client, scheduler);
  senders.add(*sent_by_http);
  coap = std::make_unique<CoapBinding>(settings, *front, codecs, scheduler, senders);
  websocket = std::make_unique<websocket::Endpoint>(websocket_settings(settings), *front, codecs);
  sent_by_websocket = std::make_unique<SendLog>(*websocket, scheduler);
  senders.add(*sent_by_websocket);
  if (settings.mqtt.broker.empty()) return;
  mqtt::EndpointSettings endpoint;
  endpoint.broker = settings.mqtt.broker;
  endpoint.id = settings.cse.cse_id;
  endpoint.client_id = settings.mqtt.client_id;
  endpoint.trust_broker_acl = settings.mqtt.trust_broker_acl;
  endpoint.coerce_scalars = dialects->is_on(Dialect::kCoerceScalars);
  endpoint.mqtt_5 = settings.mqtt.version == 5;
  endpoint.shared = settings.mqtt.shared;
  if (endpoint.shared && endpoint.client_id.empty()) {
    endpoint.client_id = "C::" + endpoint.id.substr(1) + "~" + std::to_string(::getpid()) + "-" +
                         std::to_string(process_part());
  }
  if (settings.credentials.given()) endpoint.tls = settings.credentials.to_tls();
  mqtt_server = std::make_unique<mqtt::Server>(endpoint, *front, codecs);
  mqtt_client = std::make_unique<mqtt::Client>(mqtt::ClientSettings{endpoint}, codecs,
                                               &mqtt_server->endpoint());
  sent_by_mqtt = std::make_unique<SendLog>(*mqtt_client, scheduler);
  senders.add(*sent_by_mqtt);
}

void Node::Impl::open_upper_tester() {
  if (!settings.upper_tester.enabled) return;
  log_info("upper tester is on: whoever reaches /__ut__ may remove everything");
  upper_tester = std::make_unique<UpperTester>(
      *cse, [this](const std::string& key) { return told_configuration(settings, key); },
      [](const std::string& line) { log_info("upper tester " + log_value(line)); });
}

http::PageHandler Node::Impl::all_pages() {
  return [people = pages(settings, *cse, *front, dialects->counters(), ready, codecs,
                         [this] { return wire_figures(); }),
          tester = upper_tester_page(upper_tester.get(), settings.upper_tester)](
             const http::PageRequest& request) {
    auto page = tester(request);
    return page ? std::move(page) : people(request);
  };
}

std::vector<WireFigures> Node::Impl::wire_figures() const {
  std::vector<WireFigures> all;
  if (!ready) return all;  // the first listener may be asked while the others are being made
  const auto add_http = [&all](const char* name, const std::unique_ptr<http::Server>& server) {
    if (!server) return;
    const http::ServerCounters c = server->counters();
    all.push_back({name, c.connections_open, c.connections_accepted, c.connections_refused,
                   c.handshake_failures, c.requests});
  };
  add_http("http", http_server);
  add_http("https", https_server);
  coap->add_figures(all);
  const websocket::EndpointCounters ws = websocket->counters();
  all.push_back({"websocket", ws.connections_open, ws.connections_accepted, ws.connections_refused,
                 ws.handshake_failures, ws.requests_received});
  if (mqtt_server) {
    const mqtt::EndpointCounters c = mqtt_server->endpoint().counters();
    all.push_back({"mqtt", mqtt_server->endpoint().connected() ? 1U : 0U, c.connects, 0,
                   c.connects_failed, c.requests_received, c.duplicates});
  }
  return all;
}

Result<void> Node::Impl::listen() {
  const auto add = [this](std::unique_ptr<http::Server>& server, http::ServerSettings how,
                          const char* name) -> Result<void> {
    how.tokens = tokens;
    server = std::make_unique<http::Server>(std::move(how), *front, codecs);
    server->set_pages(all_pages());
    if (auto started = server->start(); !started)
      return fail(started.error().rsc, std::string(name) + ": " + started.error().detail);
    log_info(std::string("listening on ") + name + " port=" + std::to_string(server->port()));
    return {};
  };
  if (!settings.credentials.tokens_file.empty()) {
    tokens = std::make_shared<BearerTokens>(settings.credentials.tokens_file);
    if (auto loaded = tokens->load(); !loaded) return loaded;
  }
  if (settings.http.enabled) {
    if (auto added = add(http_server, server_settings(settings.http, settings.limits), "http");
        !added)
      return added;
  }
  if (settings.https.enabled) {
    http::ServerSettings how = server_settings(settings.https, settings.limits);
    how.tls = settings.credentials.to_tls();
    how.tls->require_peer_certificate = !tokens;  // a person has a token instead
    how.require_proof = true;
    if (auto added = add(https_server, std::move(how), "https"); !added) return added;
  }
  if (auto listening = coap->listen(); !listening) return listening;
  if (auto listening = websocket->start(); !listening) return listening;
  for (const auto& [name, port] : websocket_ports()) {
    log_info("listening on " + name + " port=" + std::to_string(port));
  }
  if (mqtt_server) mqtt_server->start();
  return {};
}

std::vector<std::pair<std::string, int>> Node::Impl::websocket_ports() const {
  std::vector<std::pair<std::string, int>> ports;
  if (settings.ws.enabled) ports.emplace_back("ws", websocket->port(0));
  if (settings.wss.enabled) ports.emplace_back("wss", websocket->port(ports.size()));
  return ports;
}

void Node::Impl::write_ready_file() const {
  if (settings.ready_file.empty()) return;
  std::ofstream file(settings.ready_file, std::ios::trunc);
  if (http_server) file << "http " << http_server->port() << "\n";
  if (https_server) file << "https " << https_server->port() << "\n";
  for (const auto& [name, port] : websocket_ports()) file << name << " " << port << "\n";
  if (coap->port()) file << "coap " << coap->port() << "\n";
  if (coap->secured_port()) file << "coaps " << coap->secured_port() << "\n";
}

Node::Node(NodeSettings settings) : impl_(std::make_unique<Impl>(std::move(settings))) {}
Node::~Node() { stop(); }

Result<void> Node::start() {
  if (auto opened = impl_->open(); !opened) return opened;
  if (auto listening = impl_->listen(); !listening) return listening;
  impl_->services->start();
  impl_->expiration = std::make_unique<Expiration>(*impl_->cse, Expiration::Settings{});
  impl_->expiration->start();
  impl_->ready = true;
  if (impl_->upper_tester) impl_->upper_tester->set_running();
  impl_->write_ready_file();
  log_info("ready cse_id=" + impl_->settings.cse.cse_id +
           " csebase=" + impl_->settings.cse.csebase_name);
  return {};
}

void Node::stop() {
  Impl& node = *impl_;
  node.ready = false;
  node.ocsp.reset();
  if (node.http_server) node.http_server->stop();
  if (node.https_server) node.https_server->stop();
  if (node.coap) node.coap->stop_servers();
  if (node.websocket) node.websocket->stop();
  if (node.expiration) node.expiration->stop();
  if (node.services) node.services->stop();
  node.scheduler.stop();  // its tasks use the lane and the clients
  if (node.coap) node.coap->stop_client();
  if (node.mqtt_client) node.mqtt_client->stop();
  if (node.mqtt_server) node.mqtt_server->stop();
  if (node.http_client) node.http_client->stop();
  if (node.maf_client) node.maf_client->stop();
  if (node.cse) node.cse->stop();
}

int Node::http_port() const { return impl_->http_server ? impl_->http_server->port() : 0; }
int Node::coap_port() const { return impl_->coap ? impl_->coap->port() : 0; }
int Node::coaps_port() const { return impl_->coap ? impl_->coap->secured_port() : 0; }
int Node::https_port() const { return impl_->https_server ? impl_->https_server->port() : 0; }

}  // namespace gatehouse::node
