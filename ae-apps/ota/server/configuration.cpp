#include "ae-apps/ota/server/configuration.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "ae-apps/ota/crypto/files.h"
#include "ae-apps/ota/program/member_reader.h"
#include "cse/codec/json.h"

namespace gatehouse::ota_server {
namespace {

using ota::MemberReader;

constexpr std::size_t kMaxConfigurationBytes = 1u << 20;
constexpr std::size_t kMaxVehicles = 1'000, kMaxEcusOfVehicle = 64;

struct Folder {
  std::string path;
  /// A path of the configuration; URIs and absolute paths stay.
  std::string locate(const std::string& name) const {
    if (name.empty() || name.starts_with("pkcs11:")) return name;
    return (std::filesystem::path(path) / name).lexically_normal().string();
  }
};

Result<TlsSettings> read_tls(const Value& object, const std::string& prefix, const Folder& folder) {
  MemberReader in(object, prefix);
  TlsSettings tls;
  tls.certificate_file = folder.locate(in.text("certificate", true));
  tls.key_file = folder.locate(in.text("key", true));
  tls.ca_file = folder.locate(in.text("ca", true));
  if (in.has("crl")) tls.crl_file = folder.locate(in.text("crl", true));
  if (const auto done = in.finish(); !done) return fail(done.error());
  return tls;
}

std::optional<TlsSettings> read_tls_of(MemberReader& in, const std::string& prefix,
                                       const Folder& folder) {
  const Value* object = in.object("tls");
  if (object == nullptr) return std::nullopt;
  Result<TlsSettings> tls = read_tls(*object, prefix + "tls.", folder);
  if (tls) return *std::move(tls);
  in.adopt(tls.error());
  return std::nullopt;
}

std::optional<crypto::PublicKey> read_key(MemberReader& in, std::string_view name,
                                          const Folder& folder) {
  const std::string file = in.text(name, true);
  if (!in.good()) return std::nullopt;
  Result<crypto::PublicKey> key = crypto::PublicKey::load(folder.locate(file));
  if (key) return *std::move(key);
  in.fault(name, key.error());
  return std::nullopt;
}

/// Part of resource and file names.
bool is_plain_name(std::string_view text) {
  return !text.empty() && text.size() <= 48 && text.front() != '.' &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return (c < 128 && std::isalnum(c) != 0) || c == '-' || c == '_' || c == '.';
         });
}

std::uint16_t read_port(MemberReader& in) {
  return static_cast<std::uint16_t>(in.whole("port", 0, 65535, 0));
}

void read_connection(MemberReader& in, ServerSettings& out, const Folder& folder) {
  sdk::AeSettings& ae = out.ae;
  ae.cse_url = in.text("cse_url", true);
  ae.cse_id = in.text("cse_id", false, "/id-in");
  ae.csebase = in.text("csebase", false, "cse-in");
  ae.ae_id = in.text("ae_id", false, "CotaServer");
  ae.name = "ota-server";
  ae.app_id = "Ngatehouse.ota-server";
  ae.tls = read_tls_of(in, "", folder);
  if (ae.cse_url.starts_with("https://") && !ae.tls) {
    in.fault("tls", "is missing; an https cse_url needs it");
  }
  ae.broker = in.text("broker", false);
  ae.trust_broker_acl = in.truth("trust_broker_acl", false);
  const Value* object = in.object("listener");
  if (object == nullptr) {
    if (ae.broker.empty()) in.fault("broker", "is missing, and so is listener; one must be there");
    return;
  }
  sdk::ListenerSettings listener;
  MemberReader at(*object, "listener.");
  listener.address = at.text("address", false, listener.address);
  listener.port = read_port(at);
  listener.public_host = at.text("public_host", false);
  listener.tls = read_tls_of(at, "listener.", folder);
  if (const auto done = at.finish(); !done) return in.adopt(done.error());
  ae.listener = listener;
}

/// "Coem" is an AE of our own CSE; the rest is SP-relative already.
std::string sp_relative(const std::string& identity, const std::string& cse_id) {
  return identity.starts_with('C') ? cse_id + "/" + identity : identity;
}

void read_images(MemberReader& in, ServerSettings& out, const Folder& folder) {
  const Value* object = in.object("images");
  if (object == nullptr) return in.fault("images", "is missing");
  MemberReader at(*object, "images.");
  out.images.address = at.text("address", false, out.images.address);
  out.images.port = read_port(at);
  out.rules.images_url = at.text("public_url", true);
  if (!out.rules.images_url.starts_with("https://") || !out.rules.images_url.ends_with('/')) {
    at.fault("public_url", "must be an https URL that ends with '/', as gateways see /images/");
  }
  const auto own = read_tls_of(at, "images.", folder);
  if (!own && !out.ae.tls) at.fault("tls", "is missing here and above; images need it");
  if (own || out.ae.tls) out.images.tls = own ? *own : *out.ae.tls;
  StoreSettings& store = out.store;
  store.max_image_bytes = static_cast<std::uint64_t>(at.whole(
      "max_bytes", 1024, std::int64_t{1} << 30, static_cast<std::int64_t>(store.max_image_bytes)));
  store.max_images = static_cast<std::size_t>(at.whole("max_images", 1, 100'000, 1'000));
  for (const auto& name : at.texts("uploaders")) {
    out.images.uploaders.push_back(sp_relative(name, out.ae.cse_id));
  }
  for (const auto& name : at.texts("downloaders")) {
    out.images.downloaders.push_back(sp_relative(name, out.ae.cse_id));
  }
  if (const auto done = at.finish(); !done) in.adopt(done.error());
}

Result<Ecu> read_ecu(const Value& object, const std::string& prefix, const Folder& folder,
                     const std::optional<crypto::PublicKey>& gateway_key) {
  MemberReader in(object, prefix);
  Ecu ecu;
  ecu.serial = in.text("serial", true);
  if (!is_plain_name(ecu.serial)) {
    in.fault("serial", "must be 1 to 48 letters, digits, '-', '_' or '.'");
  }
  ecu.hardware_id = in.text("hardware_id", true);
  const std::string level = in.text("level", false, "full");
  if (level != "full" && level != "gateway") in.fault("level", "must be full or gateway");
  ecu.level = level == "full" ? Level::kFull : Level::kGateway;
  if (ecu.level == Level::kFull) {
    ecu.report_key = read_key(in, "public_key", folder);
  } else {
    ecu.report_key = gateway_key;
    if (!gateway_key) in.fault("level", "is gateway, but its vehicle has no report_key");
  }
  if (const auto done = in.finish(); !done) return fail(done.error());
  return ecu;
}

Result<Vehicle> read_vehicle(const Value& object, const std::string& prefix, const Folder& folder,
                             std::set<std::string>& serials) {
  MemberReader in(object, prefix);
  Vehicle out;
  out.cse_id = in.text("cse_id", true);
  if (out.cse_id.size() < 2 || out.cse_id.find('/', 1) != std::string::npos ||
      !out.cse_id.starts_with('/')) {
    in.fault("cse_id", "must be like /id-mn");
  }
  out.csebase = in.text("csebase", false, out.csebase);
  out.gateway = in.text("gateway", false, out.gateway);
  out.gateway_ae = in.text("gateway_ae", false, out.cse_id + "/CotaGateway");
  if (!out.gateway_ae.starts_with('/')) in.fault("gateway_ae", "must be SP-relative: /id-mn/C…");
  std::optional<crypto::PublicKey> gateway_key;
  if (in.has("report_key")) gateway_key = read_key(in, "report_key", folder);
  const Value::Array* ecus = in.list("ecus", true);
  if (ecus != nullptr && ecus->size() > kMaxEcusOfVehicle) {
    in.fault("ecus", "must hold at most 64 ECUs");
  }
  for (std::size_t i = 0; ecus != nullptr && i < ecus->size() && in.good(); ++i) {
    const std::string name = "ecus[" + std::to_string(i) + "].";
    Result<Ecu> ecu = read_ecu((*ecus)[i], prefix + name, folder, gateway_key);
    if (!ecu) return fail(ecu.error());
    if (!serials.insert(ecu->serial).second) {
      in.fault(name + "serial", "is the serial number of another ECU, too");
    }
    out.ecus.push_back(*std::move(ecu));
  }
  if (!gateway_key) in.fault("report_key", "is missing; the gateway signs for the vehicle with it");
  out.primary_key = std::move(gateway_key);
  if (const auto done = in.finish(); !done) return fail(done.error());
  return out;
}

std::optional<crypto::SigningKey> read_signing_key(MemberReader& in, std::string_view name,
                                                   const Folder& folder) {
  const std::string source = in.text(name, true);
  if (!in.good()) return std::nullopt;
  Result<crypto::SigningKey> key = crypto::SigningKey::load(folder.locate(source));
  if (key) return *std::move(key);
  in.fault(name, key.error());
  return std::nullopt;
}

void read_uptane(MemberReader& in, ServerSettings& out, const Folder& folder) {
  const Value* object = in.object("uptane");
  if (object == nullptr) return in.fault("uptane", "is missing; vehicles take no other orders");
  MemberReader at(*object, "uptane.");
  const std::string director = folder.locate(at.text("director", true));
  const std::string root_file = folder.locate(at.text("images_root", true));
  std::string root;
  if (at.good()) {
    const Result<Bytes> bytes = crypto::read_file(root_file, kMaxConfigurationBytes);
    if (!bytes) at.fault("images_root", bytes.error());
    if (bytes) root = text_of(*bytes);
  }
  auto targets = read_signing_key(at, "targets_key", folder);
  auto snapshot = read_signing_key(at, "snapshot_key", folder);
  auto timestamp = read_signing_key(at, "timestamp_key", folder);
  const std::chrono::hours validity(at.whole("validity_h", 1, 24 * 365, 24));
  if (const auto done = at.finish(); !done) return in.adopt(done.error());
  out.uptane.emplace(UptaneSettings{director, std::move(root), *std::move(targets),
                                    *std::move(snapshot), *std::move(timestamp), validity});
}

void read_vehicles(MemberReader& in, ServerSettings& out, const Folder& folder) {
  const Value::Array* items = in.list("vehicles", true);
  if (items == nullptr) return;
  if (items->size() > kMaxVehicles) in.fault("vehicles", "must hold at most 1000 vehicles");
  std::set<std::string> serials, names;
  for (std::size_t i = 0; i < items->size() && in.good(); ++i) {
    const std::string name = "vehicles[" + std::to_string(i) + "].";
    Result<Vehicle> vehicle = read_vehicle((*items)[i], name, folder, serials);
    if (!vehicle) return in.adopt(vehicle.error());
    if (!names.insert(vehicle->cse_id).second) {
      in.fault(name + "cse_id", "is the CSE-ID of another vehicle, too");
    }
    out.vehicles.push_back(*std::move(vehicle));
  }
  if (!out.images.downloaders.empty()) return;
  for (const Vehicle& vehicle : out.vehicles) {
    out.images.downloaders.insert(out.images.downloaders.end(),
                                  {vehicle.cse_id, vehicle.gateway_ae});
  }
}

void read_behaviour(MemberReader& in, ServerSettings& out, const Folder& folder) {
  out.state_dir = folder.locate(in.text("state_dir", true));
  out.store.folder = (std::filesystem::path(out.state_dir) / "images").string();
  for (const std::string& file : in.texts("oem_keys")) {
    Result<crypto::PublicKey> key = crypto::PublicKey::load(folder.locate(file));
    if (!key) return in.fault("oem_keys", key.error());
    out.store.oem_keys.push_back(*std::move(key));
  }
  if (out.store.oem_keys.empty()) in.fault("oem_keys", "must hold at least one item");
  out.store.threshold = static_cast<std::size_t>(
      in.whole("threshold", 1,
               std::max<std::int64_t>(1, static_cast<std::int64_t>(out.store.oem_keys.size())), 1));
  if (in.has("operators")) out.operators = in.texts("operators");
  Rules& rules = out.rules;
  rules.inquiry_lifetime = std::chrono::seconds(in.whole("inquiry_lifetime_s", 1, 3600, 60));
  rules.offer_timeout = std::chrono::seconds(in.whole("offer_timeout_s", 1, 90 * 86400, 600));
  rules.automatic_offers = in.truth("automatic_offers", true);
  rules.ask_interval = std::chrono::seconds(in.whole("ask_interval_s", 0, 90 * 86400, 0));
}

}  // namespace

Result<ServerSettings> parse_configuration(std::string_view json, const std::string& folder_path,
                                           const Value& overrides) {
  Result<Value> tree = parse_json(
      json, {.max_bytes = kMaxConfigurationBytes, .max_depth = 8, .max_values = 100'000});
  if (!tree) return fail(Rsc::kBadRequest, "configuration: " + tree.error().detail);
  if (const Value::Object* members = overrides.as_object(); members && tree->is_object()) {
    for (const Member& member : *members) tree->set(member.name, member.value);
  }
  const Folder folder{folder_path};
  ServerSettings out;
  MemberReader in(*tree, "");
  read_connection(in, out, folder);
  read_images(in, out, folder);
  read_behaviour(in, out, folder);
  read_uptane(in, out, folder);
  read_vehicles(in, out, folder);
  if (const auto done = in.finish(); !done) return fail(done.error());
  return out;
}

Result<ServerSettings> load_configuration(const std::string& file, const Value& overrides) {
  const Result<Bytes> bytes = crypto::read_file(file, kMaxConfigurationBytes);
  if (!bytes) return fail(Rsc::kBadRequest, "--config " + file + ": " + bytes.error().detail);
  const std::filesystem::path folder = std::filesystem::absolute(file).parent_path();
  return parse_configuration(text_of(*bytes), folder.string(), overrides);
}

}  // namespace gatehouse::ota_server
