#include "ae-apps/ota/cli/director_command.h"

#include <algorithm>

#include "ae-apps/ota/cli/verify_command.h"
#include "ae-apps/ota/program/member_reader.h"
#include "ae-apps/ota/program/state_files.h"
#include "ae-apps/ota/repository/director_metadata.h"
#include "ae-apps/ota/repository/repository_folder.h"
#include "cse/codec/json.h"

namespace gatehouse::ota {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxInputBytes = 4U << 20;

/// A vehicle as its maker has put it down.
struct KnownVehicle {
  std::string id;
  std::optional<crypto::PublicKey> primary_key;
  std::vector<uptane::VehicleEcu> ecus;
  std::map<std::string, crypto::PublicKey, std::less<>> keys;  ///< by serial number
};

tl::unexpected<Error> wrong_use(std::string detail) {
  return fail(Rsc::kBadRequest, std::move(detail));
}

Result<std::string> read_input(const std::string& file, const char* option) {
  auto text = read_text(file, kMaxInputBytes);
  if (text && text->empty()) return wrong_use(std::string(option) + ": cannot be read");
  return text;
}

Result<crypto::PublicKey> key_beside(const fs::path& file, const std::string& name) {
  const fs::path key(name);
  return crypto::PublicKey::load((key.is_absolute() ? key : file.parent_path() / key).string());
}

/// `{"vehicle": "VIN", "primary_key": FILE, "ecus": [{"serial", "hardware_id", "public_key"}]}`
Result<KnownVehicle> load_vehicle(const std::string& file) {
  const auto text = read_input(file, "--vehicle");
  if (!text) return fail(text.error());
  const auto tree = parse_json(*text, {.max_bytes = kMaxInputBytes, .max_depth = 6});
  if (!tree) return fail(tree.error());
  KnownVehicle out;
  MemberReader reader(*tree, "");
  out.id = reader.text("vehicle", true);
  const std::string primary = reader.text("primary_key", true);
  const Value::Array* ecus = reader.list("ecus", true);
  for (std::size_t i = 0; reader.good() && i < ecus->size(); ++i) {
    MemberReader ecu((*ecus)[i], "ecus[" + std::to_string(i) + "].");
    const std::string serial = ecu.text("serial", true);
    const std::string hardware_id = ecu.text("hardware_id", true);
    const std::string key_file = ecu.text("public_key", true);
    if (auto good = ecu.finish(); !good) return fail(good.error());
    auto key = key_beside(file, key_file);
    if (!key) return wrong_use("ecus[" + std::to_string(i) + "].public_key: cannot be used");
    out.ecus.push_back({serial, hardware_id});
    out.keys.emplace(serial, *std::move(key));
  }
  if (auto good = reader.finish(); !good) return fail(good.error());
  auto key = key_beside(file, primary);
  if (!key) return wrong_use("primary_key: cannot be used");
  out.primary_key = *std::move(key);
  return out;
}

Result<crypto::SigningKey> signing_key(const std::string& source, const char* option) {
  auto key = crypto::SigningKey::load(source);
  if (!key) return wrong_use(std::string(option) + ": " + key.error().detail);
  return key;
}

int refused(const uptane::Refusal& refusal, std::ostream& out) {
  Value line = Value::object({{"accepted", false},
                              {"reason", std::string(uptane::name_of(refusal.reason))},
                              {"detail", refusal.detail}});
  if (!refusal.role.empty()) line.set("role", refusal.role);
  out << to_json(line) << '\n';
  return kRefused;
}

Result<int> issue(const DirectorOptions& options, Timestamp now, std::ostream& out) {
  const auto vehicle = load_vehicle(options.vehicle);
  if (!vehicle) return fail(vehicle.error());
  const auto targets_key = signing_key(options.targets_key, "--targets-key");
  if (!targets_key) return fail(targets_key.error());
  const auto snapshot_key = signing_key(options.snapshot_key, "--snapshot-key");
  if (!snapshot_key) return fail(snapshot_key.error());
  const auto timestamp_key = signing_key(options.timestamp_key, "--timestamp-key");
  if (!timestamp_key) return fail(timestamp_key.error());
  const auto text = read_input(options.manifest, "--manifest");
  if (!text) return fail(text.error());
  std::string root;
  if (!options.images_root.empty()) {
    auto given = read_input(options.images_root, "--images-root");
    if (!given) return fail(given.error());
    root = *std::move(given);
  }
  const auto manifest =
      uptane::verify_vehicle_manifest(*text, *vehicle->primary_key, vehicle->keys, options.nonce);
  if (!manifest) return refused(manifest.error(), out);
  if (manifest->vehicle != vehicle->id) {
    return refused({uptane::Reason::kWrongVehicle, {}, {}, "the manifest is another vehicle's"},
                   out);
  }
  const uptane::RepositoryFolder images(options.images);
  const auto described = uptane::verify_repository(images.metadata(), root, now);
  if (!described) return refused(described.error(), out);

  const uptane::RepositoryFolder director(options.out, uptane::Profile::kDirector);
  uptane::DirectorIssue next;
  next.vehicle = vehicle->id;
  next.version = uptane::newest_version(director.metadata(), "targets") + 1;
  next.now = now;
  next.orders = uptane::orders_for(*manifest, vehicle->ecus, *described);
  const auto files =
      uptane::make_director_files(next, {*targets_key, *snapshot_key, *timestamp_key});
  if (!files) return fail(files.error());
  std::error_code error;
  fs::create_directories(fs::path(options.out) / "metadata", error);
  // By name: "targets.json", which stands alone, and the timestamp come after what they need.
  for (const auto& [name, content] : *files) {
    if (auto done = replace_file(fs::path(options.out) / "metadata" / name, content); !done) {
      return fail(done.error());
    }
  }
  Value orders = Value::array();
  for (const uptane::EcuOrder& order : next.orders) {
    orders.push_back(Value::object({{"ecu", order.serial}, {"target", order.target}}));
  }
  out << to_json(Value::object({{"accepted", true},
                                {"vehicle", next.vehicle},
                                {"version", next.version},
                                {"orders", std::move(orders)}}))
      << '\n';
  return kAccepted;
}

}  // namespace

int run_director(const DirectorOptions& options, std::ostream& out, std::ostream& err) {
  const auto now = time_of(options.time);
  const Result<int> code = now ? issue(options, *now, out) : Result<int>(fail(now.error()));
  if (code) return *code;
  err << "gatehouse-ota director: " << code.error().detail << '\n';
  return kWrongUse;
}

}  // namespace gatehouse::ota
