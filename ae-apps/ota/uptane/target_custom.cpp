#include "ae-apps/ota/uptane/target_custom.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <span>

namespace gatehouse::uptane {
namespace {

using Names = std::span<const std::string_view>;

const Value* first_of(const Value& object, Names names) {
  for (const std::string_view name : names) {
    if (const Value* member = object.find(name)) return member;
  }
  return nullptr;
}

constexpr std::array<std::string_view, 6> kHardware = {
    "hardwareIds", "hardware_ids", "hardwareId", "hardware_id", "hardware_ID", "hardware_IDs"};
constexpr std::array<std::string_view, 2> kCounter = {"releaseCounter", "release_counter"};
constexpr std::array<std::string_view, 2> kEcus = {"ecuIdentifiers", "ecu_identifiers"};
constexpr std::array<std::string_view, 4> kEcu = {"ecuIdentifier", "ecu_identifier", "ecuSerial",
                                                  "ecu_serial"};
constexpr std::array<std::string_view, 2> kUri = {"uri", "url"};

tl::unexpected<Refusal> wrong(std::string_view what) {
  return refuse(Reason::kMalformed, "custom: " + std::string(what));
}

Checked<void> read_counter(const Value& object, TargetRecord& target) {
  const Value* counter = first_of(object, kCounter);
  if (counter == nullptr || counter->is_null()) return {};
  if (!counter->is_integer() || *counter->as_integer() < 0) {
    return wrong("a release counter must be a whole number");
  }
  target.release_counter = static_cast<std::uint64_t>(*counter->as_integer());
  return {};
}

void add_ecu(TargetRecord& target, const std::string& serial, std::string hardware_id) {
  if (!target.ecus.emplace(serial, std::move(hardware_id)).second) target.ecu_repeated = true;
}

/// It becomes part of a file name.
bool is_release_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
         });
}

Checked<void> read_ecu_map(const Value::Object& ecus, TargetRecord& target) {
  for (const auto& [serial, about] : ecus) {
    auto hardware = read_hardware_ids(about);
    if (!hardware) return refuse(hardware.error());
    if (hardware->size() > 1) return wrong("an ECU has one hardware id");
    if (auto counter = read_counter(about, target); !counter) return counter;
    add_ecu(target, serial, hardware->empty() ? std::string() : hardware->front());
    const Value* release = about.is_object() ? about.find("release") : nullptr;
    if (release == nullptr) continue;
    if (release->as_string() == nullptr || !is_release_name(*release->as_string())) {
      return wrong("a release must be 1 to 64 of [A-Za-z0-9._-]");
    }
    target.releases[serial] = *release->as_string();
  }
  return {};
}

Checked<void> read_ecus(const Value& custom, TargetRecord& target) {
  if (const Value* many = first_of(custom, kEcus)) {
    if (const auto* map = many->as_object()) {
      if (auto done = read_ecu_map(*map, target); !done) return done;
    } else if (const auto* list = many->as_array()) {
      for (const Value& serial : *list) {
        if (serial.as_string() == nullptr) return wrong("an ECU identifier must be a string");
        add_ecu(target, *serial.as_string(), {});
      }
    } else {
      return wrong("ECU identifiers must be an object or a list");
    }
  }
  if (const Value* one = first_of(custom, kEcu)) {
    if (one->as_string() == nullptr) return wrong("an ECU identifier must be a string");
    add_ecu(target, *one->as_string(), {});
  }
  return {};
}

}  // namespace

Checked<std::vector<std::string>> read_hardware_ids(const Value& object) {
  std::vector<std::string> out;
  const Value* ids = first_of(object, kHardware);
  if (ids == nullptr || ids->is_null()) return out;
  if (const auto* one = ids->as_string()) {
    out.push_back(*one);
    return out;
  }
  if (ids->as_array() == nullptr) return wrong("hardware ids must be a list or a string");
  for (const Value& id : *ids->as_array()) {
    if (id.as_string() == nullptr) return wrong("a hardware id must be a string");
    out.push_back(*id.as_string());
  }
  return out;
}

Checked<void> read_custom(const Value& custom, TargetRecord& target) {
  if (custom.is_null()) return {};
  if (!custom.is_object()) return wrong("must be an object");
  target.custom = custom;
  auto hardware = read_hardware_ids(custom);
  if (!hardware) return refuse(hardware.error());
  target.hardware_ids = *std::move(hardware);
  if (auto done = read_counter(custom, target); !done) return done;
  if (auto done = read_ecus(custom, target); !done) return done;
  if (target.hardware_ids.size() == 1) {  // said once for the ECUs that say nothing themselves
    for (auto& [serial, hardware_id] : target.ecus) {
      if (hardware_id.empty()) hardware_id = target.hardware_ids.front();
    }
  }
  if (const Value* uri = first_of(custom, kUri)) {
    if (uri->as_string() != nullptr) target.uri = *uri->as_string();
  }
  return {};
}

}  // namespace gatehouse::uptane
