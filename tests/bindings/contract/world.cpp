#include "tests/bindings/contract/world.h"

#include <fstream>
#include <stdexcept>

#include "cse/codec/cbor.h"
#include "cse/codec/json.h"
#include "cse/codec/xml/xml.h"
#include "cse/node/configuration.h"
#include "cse/node/log.h"
#include "mgmt-objects/management_objects.h"
#include "tests/bindings/security/key_stores.h"

namespace gatehouse::contract {
namespace {

namespace fs = std::filesystem;

constexpr const char* kKey = "00112233445566778899aabbccddeeff";

void write_private(const fs::path& file, const std::string& text) {
  std::ofstream(file) << text;
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
}

std::vector<std::string> settings_of(const Credentials* credentials, const std::string& broker,
                                     const std::string& ready_file) {
  std::vector<std::string> all = {"store.backend=memory", "log.level=error",
                                  "log.ready_file=" + ready_file, "mqtt.broker=" + broker};
  const auto add = [&all](std::initializer_list<const char*> keys) {
    all.insert(all.end(), keys.begin(), keys.end());
  };
  if (!credentials) {
    add({"http.port=0", "coap.enabled=true", "coap.port=0", "ws.enabled=true", "ws.port=0"});
    return all;
  }
  const TlsSettings tls = credentials->cse();
  all.push_back("credentials.certificate=" + tls.certificate_file);
  all.push_back("credentials.key=" + tls.key_file);
  all.push_back("credentials.ca=" + tls.ca_file);
  all.push_back("coaps.psk_file=" + credentials->key_file());
  add({"https.port=0", "coaps.enabled=true", "coaps.port=0", "wss.enabled=true", "wss.port=0",
       "mqtt.trust_broker_acl=true"});
  return all;
}

}  // namespace

AllCodecs::AllCodecs(const std::string& only) {
  add_standard_types(schemas_);
  add_management_objects(schemas_);
  add_announced_variants(schemas_, owned_, owned_rules_);
  const auto wanted = [&only](const char* name) { return only.empty() || only == name; };
  if (wanted("json")) codecs_.add(std::make_unique<JsonCodec>());
  if (wanted("cbor")) codecs_.add(std::make_unique<CborCodec>());
  if (wanted("xml")) codecs_.add(std::make_unique<XmlCodec>(schemas_));
}

Credentials::Credentials() : authority_(folder_.path()) {
  cse_ = authority_.issue(
      {.name = "id-in",
       .alternative_names = "URI:m2m://gatehouse.example/id-in,IP:127.0.0.1,DNS:localhost"});
  ae_ = authority_.issue(
      {.name = "id-in:CContract",
       .alternative_names =
           "URI:m2m://gatehouse.example/id-in/CContract,IP:127.0.0.1,DNS:localhost"});
  write_private(key_file(), std::string("contract@gatehouse.example ") + kKey + " CContract\n");
  fs::create_directories(broker_folder());
  const TlsSettings broker =
      authority_.issue({.name = "broker", .alternative_names = "IP:127.0.0.1,DNS:localhost"});
  fs::copy_file(broker.certificate_file, broker_folder() / "broker.pem");
  fs::copy_file(broker.key_file, broker_folder() / "broker.key");
  fs::copy_file(authority_.ca_file(), broker_folder() / "ca.pem");
}

void Credentials::keep_keys_in(testing_support::KeyStore& store) {
  for (TlsSettings* tls : {&cse_, &ae_}) tls->key_file = store.take(tls->key_file);
}

std::string Credentials::key_file() const { return (folder_.path() / "keys").string(); }

PskEntry Credentials::psk() const { return PskTable::load(key_file())->first(); }

World::World(const Credentials* credentials, const std::vector<std::string>& more)
    : credentials_(credentials),
      broker_(credentials ? mqtt::TestBroker::shipped(credentials->broker_folder())
                          : mqtt::TestBroker::plain()) {
  node::set_log_level("error");
  const std::string ready_file = (folder_.path() / "ready").string();
  std::vector<std::string> wanted =
      settings_of(credentials, url(secured() ? "mqtts" : "mqtt"), ready_file);
  wanted.insert(wanted.end(), more.begin(), more.end());
  auto read = node::read_configuration("", wanted, {});
  if (!read.errors.empty()) throw std::runtime_error(read.errors.front().text);
  node_ = std::make_unique<node::Node>(read.configuration.settings);
  if (const auto started = node_->start(); !started) {
    throw std::runtime_error(started.error().detail);
  }
  std::ifstream ready(ready_file);
  std::string scheme;
  for (int port = 0; ready >> scheme >> port;) ports_[scheme] = static_cast<std::uint16_t>(port);
}

std::string World::url(const std::string& scheme) const {
  if (scheme.starts_with("mqtt")) {
    return scheme + "://127.0.0.1:" + std::to_string(broker_.port());
  }
  return scheme + "://127.0.0.1:" + std::to_string(port(scheme.substr(0, scheme.find('+'))));
}

World& World::plain() {
  static World world(nullptr);
  return world;
}

World& World::with_credentials() {
  static const Credentials credentials;
  static World world(&credentials);
  return world;
}

}  // namespace gatehouse::contract
