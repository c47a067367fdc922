#include "ae-apps/ota/server/configuration.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "ae-apps/ota/crypto/files.h"
#include "ae-apps/ota/program/member_reader.h"
#include "ae-apps/ota/server/fleet_file.h"
#include "cse/codec/json.h"

namespace gatehouse::ota_server {
namespace {

using ota::MemberReader;

constexpr std::size_t kMaxConfigurationBytes = 1u << 20;
constexpr std::size_t kMaxListedVehicles = 1'000;  ///< in the file itself
constexpr std::size_t kMaxNamedGateways = 1'000, kMaxPatterns = 100;
constexpr std::size_t kMostShownByDefault = 1'000;  ///< vehicles

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
  Rate& rate = out.images.rate;
  rate.per_second = static_cast<double>(
      at.whole("requests_per_second", 0, 1'000'000, static_cast<std::int64_t>(rate.per_second)));
  rate.burst = static_cast<double>(
      at.whole("requests_at_once", 1, 1'000'000, static_cast<std::int64_t>(rate.burst)));
  for (const auto& name : at.texts("uploaders")) {
    out.images.uploaders.push_back(sp_relative(name, out.ae.cse_id));
  }
  for (const auto& name : at.texts("downloaders")) {
    out.images.downloaders.insert(sp_relative(name, out.ae.cse_id));
  }
  if (const auto done = at.finish(); !done) in.adopt(done.error());
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

/// Who may write reports. An access rule that names very many would be slow: there it says of each
/// AE-ID that it may come from any CSE. Reports are signed, so this is no more than a fence.
void read_gateways(MemberReader& in, ServerSettings& out) {
  if (in.has("gateways")) {
    out.gateways = in.texts("gateways");
    if (out.gateways.empty() || out.gateways.size() > kMaxPatterns) {
      in.fault("gateways", "must hold 1 to 100 items, such as /id-car-*/CotaGateway");
    }
    return;
  }
  std::set<std::string> gateways;
  const bool each = out.vehicles.size() <= kMaxNamedGateways;
  for (const Vehicle& vehicle : out.vehicles) {
    const std::string& id = vehicle.gateway_ae;
    gateways.insert(each ? id : "/*" + id.substr(id.rfind('/')));
    if (!each && gateways.size() > kMaxPatterns) {
      return in.fault("gateways", "is missing; their AE-IDs are too different to tell a pattern");
    }
  }
  out.gateways.assign(gateways.begin(), gateways.end());
}

void read_vehicles(MemberReader& in, ServerSettings& out, const Folder& folder) {
  const std::string fleet = in.text("fleet", false);
  const bool listed = fleet.empty() || in.has("vehicles");
  const Value::Array* items = listed ? in.list("vehicles", true) : nullptr;
  if (listed && items == nullptr) return;
  VehicleReader reader;
  if (items != nullptr && items->size() > kMaxListedVehicles) {
    in.fault("vehicles", "must hold at most 1000 vehicles; `fleet` names a file with more");
  }
  for (std::size_t i = 0; items != nullptr && i < items->size() && in.good(); ++i) {
    const std::string name = "vehicles[" + std::to_string(i) + "].";
    if (const auto taken = reader.take((*items)[i], name, folder); !taken) {
      return in.adopt(taken.error());
    }
  }
  if (!fleet.empty() && in.good()) {
    if (const auto taken = reader.take_fleet(folder.locate(fleet)); !taken) {
      return in.fault("fleet", taken.error());
    }
  }
  out.vehicles = reader.finish();
  if (out.vehicles.empty()) in.fault("fleet", "holds no vehicle");
  read_gateways(in, out);
  if (!out.images.downloaders.empty()) return;
  for (const Vehicle& vehicle : out.vehicles) {
    out.images.downloaders.insert(vehicle.cse_id);
    out.images.downloaders.insert(vehicle.gateway_ae);
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
  rules.offer_wait = std::chrono::seconds(in.whole("offer_wait_s", 0, 90 * 86400, 72 * 3600));
  rules.automatic_offers = in.truth("automatic_offers", true);
  rules.ask_interval = std::chrono::seconds(in.whole("ask_interval_s", 0, 90 * 86400, 0));
}

/// Each ECU costs the CSE six resources.
void read_views(MemberReader& in, ServerSettings& out) {
  out.shows_ecus = in.truth("flex_nodes", out.vehicles.size() <= kMostShownByDefault);
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
  read_views(in, out);
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
