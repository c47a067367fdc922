#include "ae-apps/ota/gateway/configuration.h"

#include <arpa/inet.h>

#include <algorithm>
#include <filesystem>

#include "ae-apps/ota/crypto/certificate.h"
#include "ae-apps/ota/crypto/files.h"
#include "ae-apps/ota/program/member_reader.h"
#include "cse/codec/json.h"

namespace gatehouse::gateway {
namespace {

constexpr std::size_t kMaxConfigurationBytes = 256 * 1024;
constexpr std::size_t kMaxEcus = 64;

struct Folder {
  std::string path;
  /// A path of the configuration; URIs and absolute paths stay.
  std::string locate(const std::string& name) const {
    if (name.empty() || name.starts_with("pkcs11:")) return name;
    return (std::filesystem::path(path) / name).lexically_normal().string();
  }
};

Result<TlsSettings> read_tls(const Value& object, const std::string& prefix, const Folder& folder) {
  ota::MemberReader in(object, prefix);
  TlsSettings tls;
  tls.certificate_file = folder.locate(in.text("certificate", true));
  tls.key_file = folder.locate(in.text("key", true));
  tls.ca_file = folder.locate(in.text("ca", true));
  if (in.has("crl")) tls.crl_file = folder.locate(in.text("crl", true));
  if (const auto done = in.finish(); !done) return fail(done.error());
  return tls;
}

void read_keys_of(ota::MemberReader& in, EcuEntry& ecu, const Folder& folder, bool in_tpm) {
  const auto secret = [&](std::string_view name, Bytes& out) {
    const std::string file = in.text(name, true);
    if (!in.good()) return;
    Result<Bytes> key = crypto::load_secret(folder.locate(file));
    if (!key) return in.fault(name, key.error());
    out = *std::move(key);
  };
  if (!ecu.node) secret("access_key_file", ecu.access_key);
  if (in.has("image_key")) {
    Result<crypto::PublicKey> key =
        crypto::PublicKey::load(folder.locate(in.text("image_key", true)));
    if (!key) return in.fault("image_key", key.error());
    if (key->algorithm() != crypto::Algorithm::kEcdsaP256) {
      return in.fault("image_key", "must be on P-256");
    }
    ecu.image_key = *std::move(key);
  }
  if (ecu.level == EcuLevel::kConstrained) {
    if (!in_tpm) return secret("shared_key_file", ecu.shared_key);
    ecu.shared_key_file = folder.locate(in.text("shared_key_file", true));
    return;
  }
  if (!in.has("public_key")) return;
  Result<crypto::PublicKey> key =
      crypto::PublicKey::load(folder.locate(in.text("public_key", true)));
  if (!key) return in.fault("public_key", key.error());
  ecu.public_key = *std::move(key);
}

/// A serial number becomes part of resource and file names.
bool is_plain_name(std::string_view text) {
  return !text.empty() && text.size() <= 48 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
         });
}

/// "0x7E0", or a number.
std::uint32_t read_identifier(ota::MemberReader& in, const Value& object, std::string_view name,
                              std::uint32_t fallback) {
  const Value* value = object.find(name);
  if (value == nullptr || !value->is_string()) {
    return static_cast<std::uint32_t>(in.whole(name, 0, can::kMaxExtendedId, fallback));
  }
  const auto out = isotp::identifier_in(in.text(name, true));
  if (!out) in.fault(name, "must be a CAN identifier: 0x7E0");
  return out.value_or(fallback);
}

Result<isotp::EcuOnBus> read_bus(const Value& object, const std::string& prefix) {
  ota::MemberReader in(object, prefix);
  isotp::EcuOnBus out;
  out.bus = in.text("bus", true);
  if (!can::names_a_bus(out.bus)) in.fault("bus", "must be virtual:PATH or socketcan:INTERFACE");
  out.request_id = read_identifier(in, object, "request_id", out.request_id);
  out.response_id = read_identifier(in, object, "response_id", out.response_id);
  if (out.request_id == out.response_id) in.fault("response_id", "must not be the request_id");
  out.fd = in.truth("fd", false);
  if (const auto done = in.finish(); !done) return fail(done.error());
  return out;
}

Result<EcuEntry> read_ecu(const Value& object, const std::string& prefix, const Folder& folder,
                          bool keys_in_tpm) {
  ota::MemberReader in(object, prefix);
  EcuEntry ecu;
  ecu.serial = in.text("serial", true);
  if (!is_plain_name(ecu.serial)) {
    in.fault("serial", "must be 1 to 48 letters, digits, '-', '_' or '.'");
  }
  ecu.hardware_id = in.text("hardware_id", true);
  ecu.host = in.text("host", false, ecu.host);
  in_addr address{};
  if (inet_pton(AF_INET, ecu.host.c_str(), &address) != 1) {
    in.fault("host", "must be an IPv4 address");
  }
  ecu.port = static_cast<std::uint16_t>(in.whole("port", 1, 65535, ecu.port));
  ecu.logical_address =
      static_cast<std::uint16_t>(in.whole("logical_address", 1, 0xFFFF, ecu.logical_address));
  if (const Value* bus = in.object("can")) {
    Result<isotp::EcuOnBus> can = read_bus(*bus, prefix + "can.");
    if (!can) {
      in.adopt(can.error());
    } else {
      ecu.can = *std::move(can);
    }
  }
  if (const Value* node = in.object("node")) {
    ota::MemberReader at(*node, prefix + "node.");
    ecu.node = NodeEntry{at.text("at", true), at.text("ae", true)};
    if (!ecu.node->at.starts_with('/')) at.fault("at", "must be SP-relative: /id-asn/cse-asn/…");
    if (!ecu.node->ae.starts_with('/')) at.fault("ae", "must be SP-relative: /id-asn/C…");
    if (const auto done = at.finish(); !done) in.adopt(done.error());
  }
  const std::string level = in.text("level", false, "full");
  if (level != "full" && level != "constrained") in.fault("level", "must be full or constrained");
  ecu.level = level == "full" ? EcuLevel::kFull : EcuLevel::kConstrained;
  if (ecu.node && ecu.level != EcuLevel::kFull) {
    in.fault("level", "must be full: a field node signs by itself");
  }
  ecu.verifies = in.truth("verifies", false);
  if (ecu.verifies && ecu.level != EcuLevel::kFull) {
    in.fault("verifies", "is for full ECUs; a constrained one trusts the gateway");
  }
  read_keys_of(in, ecu, folder, keys_in_tpm);
  if (const auto done = in.finish(); !done) return fail(done.error());
  return ecu;
}

/// Of the vehicle's file, in place of "ecus".
void read_vehicle(ota::MemberReader& in, GatewaySettings& out, const Folder& folder) {
  if (in.has("ecus")) return in.fault("ecus", "must not be there with a vehicle_file");
  const Result<vehicle::Vehicle> vehicle =
      vehicle::load_vehicle(folder.locate(in.text("vehicle_file", true)));
  if (!vehicle) return in.adopt(vehicle.error());
  for (const std::string& serial : vehicle->update_order()) {
    Result<EcuEntry> ecu = entry_of(*vehicle->find(serial), !out.tpm.empty());
    if (!ecu) return in.adopt(ecu.error());
    if (ecu->level == EcuLevel::kConstrained && !out.report_key) {
      in.fault("report_key", "is missing; the gateway signs for its constrained ECUs with it");
    }
    out.ecus.push_back(*std::move(ecu));
  }
}

void read_ecus(ota::MemberReader& in, GatewaySettings& out, const Folder& folder) {
  if (in.has("vehicle_file")) return read_vehicle(in, out, folder);
  const Value::Array* items = in.list("ecus", true);
  if (items == nullptr) return;
  if (items->size() > kMaxEcus) in.fault("ecus", "must hold at most 64 ECUs");
  for (std::size_t i = 0; i < items->size() && in.good(); ++i) {
    const std::string name = "ecus[" + std::to_string(i) + "]";
    Result<EcuEntry> ecu = read_ecu((*items)[i], name + ".", folder, !out.tpm.empty());
    if (!ecu) return in.adopt(ecu.error());
    const auto same = [&](const EcuEntry& other) { return other.serial == ecu->serial; };
    if (std::any_of(out.ecus.begin(), out.ecus.end(), same)) {
      in.fault(name + ".serial", "is the serial number of another ECU, too");
    }
    out.ecus.push_back(*std::move(ecu));
  }
}

void read_signing(ota::MemberReader& in, GatewaySettings& out, const Folder& folder) {
  for (const std::string& file : in.texts("oem_keys")) {
    Result<crypto::PublicKey> key = crypto::PublicKey::load(folder.locate(file));
    if (!key) return in.fault("oem_keys", key.error());
    out.oem_keys.push_back(*std::move(key));
  }
  if (out.oem_keys.empty()) in.fault("oem_keys", "must hold at least one item");
  const std::string report_key = in.text("report_key", true);
  if (!in.good()) return;
  Result<crypto::SigningKey> key = crypto::SigningKey::load(folder.locate(report_key));
  if (!key) return in.fault("report_key", key.error());
  out.report_key = *std::move(key);
}

void read_connection(ota::MemberReader& in, GatewaySettings& out, const Folder& folder) {
  sdk::AeSettings& ae = out.ae;
  ae.cse_url = in.text("cse_url", true);
  ae.cse_id = in.text("cse_id", false, "/id-mn");
  ae.csebase = in.text("csebase", false, "cse-mn");
  ae.ae_id = in.text("ae_id", false, "CotaGateway");
  ae.name = "ota-gateway";
  ae.app_id = "Ngatehouse.ota-gateway";
  ae.broker = in.text("broker", true);
  ae.trust_broker_acl = in.truth("trust_broker_acl", false);
  if (const Value* tls = in.object("tls")) {
    Result<TlsSettings> read = read_tls(*tls, "tls.", folder);
    if (!read) return in.adopt(read.error());
    ae.tls = *std::move(read);
  }
  sdk::ListenerSettings display;
  display.notifications = false;
  if (const Value* object = in.object("display")) {
    ota::MemberReader at(*object, "display.");
    display.address = at.text("address", false, display.address);
    display.port = static_cast<std::uint16_t>(at.whole("port", 0, 65535, 0));
    if (const auto done = at.finish(); !done) in.adopt(done.error());
  }
  ae.listener = display;
}

void read_server(ota::MemberReader& in, GatewaySettings& out) {
  out.server_ae = in.text("server_ae", false, "/id-in/CotaServer");
  out.reports = in.text("reports", false, "/id-in/cse-in/ota-server/reports");
  out.measurer = in.text("measurer", false);
  out.measurements = in.text("measurements", !out.measurer.empty());
  if (!out.server_ae.starts_with('/')) in.fault("server_ae", "must be SP-relative: /id-in/C…");
  if (!out.reports.starts_with('/')) in.fault("reports", "must be SP-relative: /id-in/…");
  out.images_url = in.text("images_url", true);
  const bool https = out.images_url.starts_with("https://");
  if ((!https && !out.images_url.starts_with("http://")) || !out.images_url.ends_with('/')) {
    in.fault("images_url", "must be an http or https URL that ends with '/'");
  }
  if (out.ae.tls && !https) in.fault("images_url", "must be https, since tls is configured");
  out.readers = in.texts("readers");
  if (in.has("announce_to")) out.announce_to = in.texts("announce_to");
  out.vehicle = in.text("vehicle", false, out.ae.cse_id);
}

std::string read_root(ota::MemberReader& in, std::string_view name, const Folder& folder) {
  const std::string file = folder.locate(in.text(name, true));
  if (!in.good()) return {};
  const Result<Bytes> bytes = crypto::read_file(file, kMaxConfigurationBytes);
  if (!bytes) in.fault(name, bytes.error());
  return bytes ? std::string(text_of(*bytes)) : std::string();
}

void read_uptane(ota::MemberReader& in, GatewaySettings& out, const Folder& folder) {
  const Value* object = in.object("uptane");
  if (object == nullptr) return in.fault("uptane", "is missing; no other orders are taken");
  ota::MemberReader at(*object, "uptane.");
  UptaneEntry entry;
  for (const auto& [name, url] : {std::pair{"director_url", &entry.director_url},
                                  std::pair{"images_url", &entry.images_url}}) {
    *url = at.text(name, true);
    const bool https = url->starts_with("https://");
    if ((!https && !url->starts_with("http://")) || !url->ends_with('/')) {
      at.fault(name, "must be an http or https URL that ends with '/'");
    }
    if (out.ae.tls && !https) at.fault(name, "must be https, since tls is configured");
  }
  entry.director_root = read_root(at, "director_root", folder);
  entry.images_root = read_root(at, "images_root", folder);
  if (const auto done = at.finish(); !done) return in.adopt(done.error());
  out.uptane = std::move(entry);
}

void read_time(ota::MemberReader& in, GatewaySettings& out, const Folder& folder) {
  const Value* object = in.object("time");
  if (object == nullptr) return;
  ota::MemberReader at(*object, "time.");
  TimeEntry entry;
  const char* name = at.has("urls") ? "urls" : "url";
  if (at.has("urls") && at.has("url")) at.fault("url", "cannot be beside urls");
  entry.urls = at.has("urls") ? at.texts("urls") : std::vector{at.text("url", true)};
  for (const std::string& url : entry.urls) {
    const bool web = url.starts_with("https://") || url.starts_with("http://");
    if (!web || !url.ends_with('/')) {
      at.fault(name, "must be an http or https URL that ends with '/'");
    }
    if (std::count(entry.urls.begin(), entry.urls.end(), url) > 1) {
      at.fault(name, "must be different ones");
    }
  }
  if (entry.urls.size() > ota::kMaxTimeServers) at.fault(name, "must be at most 16");
  for (const std::string& file : at.texts("keys")) {
    Result<crypto::PublicKey> key = crypto::PublicKey::load(folder.locate(file));
    if (!key) {
      at.fault("keys", key.error());
      break;
    }
    entry.keys.keys.push_back(*std::move(key));
  }
  entry.keys.threshold = static_cast<std::uint64_t>(at.whole("threshold", 1, 16, 1));
  entry.keys.tolerance = std::chrono::seconds(at.whole("tolerance_s", 1, 3600, 60));
  if (ota::distinct_keys(entry.keys) < entry.keys.threshold) {
    at.fault("keys", "are fewer different ones than threshold");
  }
  if (entry.urls.size() < entry.keys.threshold) {
    at.fault("threshold", "is more than there are URLs: a server signs with one key");
  }
  if (const auto done = at.finish(); !done) return in.adopt(done.error());
  out.time = std::move(entry);
}

/// As which tester we come to ECUs that want certificates, and how long they may take.
void read_diagnostics(ota::MemberReader& in, GatewaySettings& out, const Folder& folder) {
  const Value* object = in.object("diagnostics");
  if (object == nullptr) return;
  ota::MemberReader at(*object, "diagnostics.");
  out.uds.p2 = std::chrono::milliseconds(at.whole("p2_ms", 10, 60'000, out.uds.p2.count()));
  out.uds.p2_star =
      std::chrono::milliseconds(at.whole("p2_star_ms", 10, 600'000, out.uds.p2_star.count()));
  if (at.has("certificate")) {
    const std::string certificate = folder.locate(at.text("certificate", true));
    const std::string key = folder.locate(at.text("key", true));
    Result<Bytes> der = crypto::load_certificate(certificate);
    if (!der) at.fault("certificate", der.error());
    Result<crypto::SigningKey> signing = crypto::SigningKey::load(key);
    if (!signing) at.fault("key", signing.error());
    if (der && signing) out.credential = uds::TesterCredential{*std::move(der), *signing};
    if (at.has("ca")) {
      auto tls = crypto::TlsCredentials::load(certificate, key, folder.locate(at.text("ca", true)));
      if (!tls) {
        at.fault("ca", tls.error());
      } else {
        out.doip_tls = *std::move(tls);
      }
    }
  }
  if (const auto done = at.finish(); !done) in.adopt(done.error());
}

void check_credentials(ota::MemberReader& in, const GatewaySettings& settings) {
  for (const EcuEntry& ecu : settings.ecus) {
    if (ecu.by_certificate && !settings.credential) {
      in.fault("diagnostics",
               "must have a certificate and a key: ECU " + ecu.serial + " wants one");
    }
    if (ecu.tls && !settings.doip_tls) {
      in.fault("diagnostics",
               "must have certificate, key and ca: ECU " + ecu.serial + " speaks TLS");
    }
  }
}

void read_preconditions(ota::MemberReader& in, GatewaySettings& out, const Folder& folder) {
  const Value* object = in.object("preconditions");
  if (object == nullptr) return;
  ota::MemberReader at(*object, "preconditions.");
  Preconditions& rules = out.preconditions;
  rules.status_file = folder.locate(at.text("status_file", true));
  rules.parked = at.truth("parked", true);
  if (at.has("ignition")) rules.ignition = at.truth("ignition", true);
  rules.least_battery_percent = at.whole("battery_percent", 0, 100, 0);
  rules.least_celsius = at.whole("least_celsius", -60, 150, rules.least_celsius);
  rules.most_celsius = at.whole("most_celsius", -60, 150, rules.most_celsius);
  rules.patience = std::chrono::seconds(at.whole("wait_s", 0, 90 * 86400, 86400));
  if (const auto done = at.finish(); !done) in.adopt(done.error());
}

void read_window(ota::MemberReader& in, GatewaySettings& out) {
  static constexpr std::string_view kDays[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
  const Value* object = in.object("maintenance_window");
  if (object == nullptr) return;
  ota::MemberReader at(*object, "maintenance_window.");
  MaintenanceWindow window;
  for (const auto& [name, time] :
       {std::pair{"from", &window.opens}, std::pair{"to", &window.closes}}) {
    const auto read = parse_clock(at.text(name, true));
    if (!read) at.fault(name, "must be a time such as 22:00");
    *time = read.value_or(std::chrono::minutes(0));
  }
  window.utc_offset = std::chrono::minutes(at.whole("utc_offset_minutes", -14 * 60, 14 * 60, 0));
  if (at.has("time_zone")) {
    out.time_zone = at.text("time_zone", true);
    window.local = true;
    if (!is_time_zone(out.time_zone)) {
      at.fault("time_zone", "must be a zone of IANA's that tzdata knows, such as Europe/Berlin");
    }
    if (at.has("utc_offset_minutes")) at.fault("time_zone", "cannot be beside utc_offset_minutes");
  }
  if (at.has("weekdays")) {
    window.weekdays.fill(false);
    for (const std::string& day : at.texts("weekdays")) {
      const auto* found = std::find(std::begin(kDays), std::end(kDays), day);
      if (found == std::end(kDays)) {
        at.fault("weekdays", "must be of sun, mon, tue, wed, thu, fri, sat");
      } else {
        window.weekdays[static_cast<std::size_t>(found - std::begin(kDays))] = true;
      }
    }
  }
  if (const auto done = at.finish(); !done) return in.adopt(done.error());
  out.window = window;
}

void read_behaviour(ota::MemberReader& in, GatewaySettings& out, const Folder& folder) {
  out.state_dir = folder.locate(in.text("state_dir", true));
  out.tpm = in.text("tpm", false);
  out.bundles = folder.locate(in.text("bundles", false));
  const auto bytes = [&](std::string_view name, std::uint64_t fallback) {
    return static_cast<std::uint64_t>(
        in.whole(name, 0, std::int64_t{1} << 50, static_cast<std::int64_t>(fallback)));
  };
  out.min_free_bytes = bytes("min_free_bytes", out.min_free_bytes);
  out.max_image_bytes = bytes("max_image_bytes", out.max_image_bytes);
  out.download.most_bytes_per_second = bytes("download_bytes_per_second", 0);
  out.download.least.least_bytes_per_second =
      bytes("least_bytes_per_second", out.download.least.least_bytes_per_second);
  out.auto_consent = in.truth("yes", false);
  out.consent_timeout = std::chrono::seconds(in.whole("consent_timeout_s", 1, 90 * 86400, 86400));
  out.node_silence = std::chrono::seconds(in.whole("node_silence_s", 1, 3600, 30));
  out.reset_limit = std::chrono::seconds(in.whole("reset_limit_s", 1, 3600, 60));
  out.gather_limit = std::chrono::seconds(in.whole("gather_timeout_s", 1, 86400, 600));
  out.server_wait = std::chrono::seconds(in.whole("server_wait_s", 1, 90 * 86400, 600));
  if (in.has("cut_download_after")) out.cut_download_after = bytes("cut_download_after", 0);
}

}  // namespace

Result<GatewaySettings> parse_configuration(std::string_view json, const std::string& folder_path,
                                            const Value& overrides) {
  Result<Value> tree =
      parse_json(json, {.max_bytes = kMaxConfigurationBytes, .max_depth = 8, .max_values = 4096});
  if (!tree) return fail(Rsc::kBadRequest, "configuration: " + tree.error().detail);
  if (const Value::Object* members = overrides.as_object(); members && tree->is_object()) {
    for (const Member& member : *members) tree->set(member.name, member.value);
  }
  const Folder folder{folder_path};
  GatewaySettings out;
  ota::MemberReader in(*tree, "");
  read_connection(in, out, folder);
  read_server(in, out);
  read_behaviour(in, out, folder);
  read_signing(in, out, folder);
  read_uptane(in, out, folder);
  read_time(in, out, folder);
  read_diagnostics(in, out, folder);
  read_preconditions(in, out, folder);
  read_window(in, out);
  read_ecus(in, out, folder);
  check_credentials(in, out);
  if (const auto done = in.finish(); !done) return fail(done.error());
  return out;
}

Result<GatewaySettings> load_configuration(const std::string& file, const Value& overrides) {
  const Result<Bytes> bytes = crypto::read_file(file, kMaxConfigurationBytes);
  if (!bytes) return fail(Rsc::kBadRequest, "--config " + file + ": " + bytes.error().detail);
  const std::filesystem::path folder = std::filesystem::absolute(file).parent_path();
  return parse_configuration(text_of(*bytes), folder.string(), overrides);
}

}  // namespace gatehouse::gateway
