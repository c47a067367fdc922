// The ECUs of a vehicle's file as the gateway has them.
#include <algorithm>

#include "ae-apps/ota/crypto/files.h"
#include "ae-apps/ota/gateway/needs.h"
#include "ae-apps/ota/image/requirements.h"

namespace gatehouse::gateway {
namespace {

tl::unexpected<Error> key_fault(const vehicle::Ecu& ecu, const char* key, const Error& error) {
  return fail(Rsc::kBadRequest, "line " + std::to_string(ecu.line) + ": ecu \"" + ecu.serial +
                                    "\": " + key + ": " + error.detail);
}

}  // namespace

Result<EcuEntry> entry_of(const vehicle::Ecu& ecu, bool keys_in_tpm) {
  EcuEntry out;
  out.serial = ecu.serial;
  out.hardware_id = ecu.hardware_id;
  out.host = ecu.host;
  out.port = ecu.port;
  out.logical_address = ecu.logical_address;
  out.doip = ecu.doip;
  out.can = ecu.can;
  if (!ecu.node.empty()) out.node = NodeEntry{ecu.node, ecu.node_ae};
  out.slots = ecu.slots;
  out.factory_image = ecu.factory_image;
  out.verifies = ecu.verifies;
  out.tls = ecu.tls;
  out.by_certificate = ecu.by_certificate;
  out.needs = ecu.needs;
  out.conflicts = ecu.conflicts;
  out.level = ecu.constrained ? EcuLevel::kConstrained : EcuLevel::kFull;
  if (!ecu.access_key.empty()) {
    Result<Bytes> access_key = crypto::load_secret(ecu.access_key);
    if (!access_key) return key_fault(ecu, "access_key", access_key.error());
    out.access_key = *std::move(access_key);
  }
  out.shared_key_file = ecu.shared_key;
  if (ecu.constrained && !keys_in_tpm) {
    Result<Bytes> shared_key = crypto::load_secret(ecu.shared_key);
    if (!shared_key) return key_fault(ecu, "shared_key", shared_key.error());
    out.shared_key = *std::move(shared_key);
  } else if (!ecu.constrained && !ecu.public_key.empty()) {
    Result<crypto::PublicKey> public_key = crypto::PublicKey::load(ecu.public_key);
    if (!public_key) return key_fault(ecu, "public_key", public_key.error());
    out.public_key = *std::move(public_key);
  }
  if (!ecu.image_key.empty()) {
    Result<crypto::PublicKey> image_key = crypto::PublicKey::load(ecu.image_key);
    if (!image_key) return key_fault(ecu, "image_key", image_key.error());
    out.image_key = *std::move(image_key);
  }
  return out;
}

std::optional<std::string> objection_to(const std::vector<EcuEntry>& ecus,
                                        const std::map<std::string, std::string>& planned,
                                        const Board& board) {
  const auto will_run = [&](const std::string& serial) {
    const auto found = planned.find(serial);
    return found == planned.end() ? board.row(serial).version : found->second;
  };
  for (const EcuEntry& ecu : ecus) {
    const bool changes = planned.contains(ecu.serial);
    for (const vehicle::Need& need : ecu.needs) {
      const std::string version = will_run(need.serial);
      if (!changes || vehicle::is_at_least(version, need.version)) continue;
      return ecu.serial + " needs " + need.serial + " " + need.version +
             " or newer; it would run " + version;
    }
    for (const vehicle::Need& other : ecu.conflicts) {
      const std::string version = will_run(other.serial);
      if (!changes && !planned.contains(other.serial)) continue;
      if (version.empty() || version == "unknown") {
        return ecu.serial + " must not run beside " + other.serial + " " + other.version +
               " or newer; it is not known what " + other.serial + " runs";
      }
      if (!vehicle::is_at_least(version, other.version)) continue;
      return ecu.serial + " must not run beside " + other.serial + " " + other.version +
             " or newer; it would run " + version;
    }
  }
  return std::nullopt;
}

std::optional<std::string> unmet_requirement(const std::vector<EcuEntry>& ecus,
                                             const std::string& requirements,
                                             const std::map<std::string, std::string>& planned,
                                             const Board& board) {
  std::vector<std::string> items;
  for (std::size_t at = 0; at < requirements.size();) {
    const std::size_t end = std::min(requirements.find('\n', at), requirements.size());
    items.push_back(requirements.substr(at, end - at));
    at = end + 1;
  }
  std::vector<image::Neighbour> after;
  for (const EcuEntry& ecu : ecus) {
    const auto found = planned.find(ecu.serial);
    after.push_back({ecu.serial, ecu.hardware_id,
                     found == planned.end() ? board.row(ecu.serial).version : found->second});
  }
  const auto lacks = image::unmet(items, after);
  return lacks ? std::optional(lacks->reason) : std::nullopt;
}

}  // namespace gatehouse::gateway
