#include "ae-apps/ota/server/fleet_file.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "ae-apps/ota/program/member_reader.h"
#include "cse/codec/json.h"

namespace gatehouse::ota_server {
namespace {

namespace fs = std::filesystem;
using ota::MemberReader;

constexpr const char* kEnding = ".jsonl";
constexpr std::string_view kInlineKey = "spki:";
constexpr DecodeLimits kLineLimits{
    .max_bytes = VehicleReader::kMaxLineBytes, .max_depth = 6, .max_values = 2'000};

/// A key in the file itself, "spki:BASE64", or in a file of its own.
std::optional<crypto::PublicKey> read_key(MemberReader& in, std::string_view name,
                                          const Folder& folder) {
  const std::string source = in.text(name, true);
  if (!in.good()) return std::nullopt;
  Result<crypto::PublicKey> key = fail(Rsc::kBadRequest, "is no base64");
  if (!source.starts_with(kInlineKey)) {
    key = crypto::PublicKey::load(folder.locate(source));
  } else if (const auto der = from_base64(std::string_view(source).substr(kInlineKey.size()));
             der) {
    key = crypto::PublicKey::from_spki(*der);
  }
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

Result<Vehicle> read_vehicle(const Value& object, const std::string& prefix, const Folder& folder) {
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
  if (ecus != nullptr && ecus->size() > VehicleReader::kMaxEcusOfVehicle) {
    in.fault("ecus", "must hold at most 64 ECUs");
  }
  for (std::size_t i = 0; ecus != nullptr && i < ecus->size() && in.good(); ++i) {
    const std::string name = prefix + "ecus[" + std::to_string(i) + "].";
    Result<Ecu> ecu = read_ecu((*ecus)[i], name, folder, gateway_key);
    if (!ecu) return fail(ecu.error());
    out.ecus.push_back(*std::move(ecu));
  }
  if (!gateway_key) in.fault("report_key", "is missing; the gateway signs for the vehicle with it");
  out.primary_key = std::move(gateway_key);
  if (const auto done = in.finish(); !done) return fail(done.error());
  return out;
}

}  // namespace

std::string Folder::locate(const std::string& name) const {
  if (name.empty() || name.starts_with("pkcs11:")) return name;
  return (fs::path(path) / name).lexically_normal().string();
}

Result<void> VehicleReader::take(const Value& object, const std::string& prefix,
                                 const Folder& folder) {
  Result<Vehicle> vehicle = read_vehicle(object, prefix, folder);
  if (!vehicle) return fail(vehicle.error());
  if (vehicles_.size() >= kMaxVehicles) {
    return fail(Rsc::kBadRequest,
                prefix + "cse_id: there are " + std::to_string(kMaxVehicles) + " vehicles already");
  }
  if (!ids_.insert(vehicle->cse_id).second) {
    return fail(Rsc::kBadRequest, prefix + "cse_id: is the CSE-ID of another vehicle, too");
  }
  for (std::size_t i = 0; i < vehicle->ecus.size(); ++i) {
    if (serials_.insert(vehicle->ecus[i].serial).second) continue;
    return fail(Rsc::kBadRequest, prefix + "ecus[" + std::to_string(i) +
                                      "].serial: is the serial number of another ECU, too");
  }
  vehicles_.push_back(*std::move(vehicle));
  return {};
}

Result<void> VehicleReader::take_line(const std::string& line, const std::string& place,
                                      const Folder& folder) {
  Result<Value> object = parse_json(line, kLineLimits);
  Result<void> taken;
  if (!object) {
    taken = fail(object.error());
  } else if (!object->is_object()) {
    taken = fail(Rsc::kBadRequest, "must be a JSON object, a vehicle");
  } else {
    taken = take(*object, "", folder);
  }
  if (taken) return {};
  return fail(Rsc::kBadRequest, place + ": " + taken.error().detail);
}

Result<void> VehicleReader::take_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const fs::path file(path);
  const std::string name = file.filename().string();
  if (!in) return fail(Rsc::kNotFound, name + ": cannot be read");
  const Folder folder{file.parent_path().string()};
  std::vector<char> buffer(kMaxLineBytes + 2);
  for (std::size_t number = 1;; ++number) {
    // A line that does not fit is refused before it is read to its end.
    in.getline(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    if (in.bad()) return fail(Rsc::kNotFound, name + ": cannot be read to its end");
    const std::string place = name + ":" + std::to_string(number);
    if (in.fail() && !in.eof()) {
      return fail(Rsc::kBadRequest, place + ": has more than " + std::to_string(kMaxLineBytes) +
                                        " bytes, too many for a vehicle");
    }
    // The line break is counted, unless there is none.
    const auto length = static_cast<std::size_t>(in.gcount() - (in.eof() ? 0 : 1));
    const std::string line(buffer.data(), length);
    if (line.find_first_not_of(" \t\r") != std::string::npos) {
      if (auto taken = take_line(line, place, folder); !taken) return taken;
    }
    if (in.eof()) return {};
  }
}

Result<void> VehicleReader::take_fleet(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return take_file(path);
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(path, error)) {
    if (entry.path().string().ends_with(kEnding)) files.push_back(entry.path().string());
  }
  if (error) return fail(Rsc::kNotFound, "the folder cannot be read");
  if (files.empty()) return fail(Rsc::kNotFound, "the folder has no file *" + std::string(kEnding));
  std::sort(files.begin(), files.end());
  for (const std::string& file : files) {
    if (auto taken = take_file(file); !taken) return taken;
  }
  return {};
}

}  // namespace gatehouse::ota_server
