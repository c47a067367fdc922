#include "ae-apps/ota/campaign/fleet.h"

#include <algorithm>

namespace gatehouse::campaign {
namespace {

constexpr std::uint32_t kUnknown = 0xFFFF'FFFF;
constexpr const char* kNeverReported = "unknown";

bool holds(const std::vector<std::uint32_t>& sorted, std::uint32_t number) {
  return std::binary_search(sorted.begin(), sorted.end(), number);
}

}  // namespace

/// A filter in numbers. A word that nobody uses stays in as kUnknown and fits nobody.
struct Fleet::Compiled {
  std::vector<std::uint32_t> labels, hardware, versions;  ///< the last two sorted
  std::vector<Index> vehicles, except;                    ///< sorted
  std::vector<std::string> ecus;                          ///< sorted; empty: all
  bool only_listed = false;
  bool takes(const std::string& serial) const {
    return ecus.empty() || std::binary_search(ecus.begin(), ecus.end(), serial);
  }
};

std::uint32_t Fleet::intern(const std::string& word) {
  const auto [found, fresh] = numbers_.emplace(word, static_cast<std::uint32_t>(words_.size()));
  if (fresh) words_.push_back(word);
  return found->second;
}

std::uint32_t Fleet::number_of(const std::string& word) const {
  const auto found = numbers_.find(word);
  return found == numbers_.end() ? kUnknown : found->second;
}

Fleet::Index Fleet::add(const std::string& id) {
  const auto [found, fresh] = by_id_.emplace(id, static_cast<Index>(vehicles_.size()));
  if (fresh) {
    vehicles_.push_back({id, {}, {}});
    ++revision_;
  }
  return found->second;
}

void Fleet::add_ecu(Index vehicle, const std::string& serial, const std::string& hardware_id) {
  auto& ecus = vehicles_[vehicle].ecus;
  const auto place = static_cast<std::uint32_t>(ecus.size());
  if (!by_serial_.emplace(serial, std::pair{vehicle, place}).second) return;
  ecus.push_back({serial, intern(hardware_id), intern(kNeverReported)});
  ++revision_;
}

void Fleet::set_version(const std::string& serial, const std::string& version) {
  const auto found = by_serial_.find(serial);
  if (found == by_serial_.end()) return;
  Ecu& ecu = vehicles_[found->second.first].ecus[found->second.second];
  const std::uint32_t number = intern(version);
  if (ecu.version == number) return;
  ecu.version = number;
  ++version_revision_;
}

void Fleet::set_label(const std::string& label, const std::vector<std::string>& vehicles) {
  const std::uint32_t number = intern(label);
  std::vector<bool> wanted(vehicles_.size(), false);
  for (const std::string& id : vehicles) {
    if (const auto found = by_id_.find(id); found != by_id_.end()) wanted[found->second] = true;
  }
  for (Index i = 0; i < vehicles_.size(); ++i) {
    auto& labels = vehicles_[i].labels;
    const auto place = std::lower_bound(labels.begin(), labels.end(), number);
    const bool has = place != labels.end() && *place == number;
    if (has == wanted[i]) continue;
    ++revision_;
    if (has) {
      labels.erase(place);
    } else {
      labels.insert(place, number);
    }
  }
}

const Fleet::Vehicle* Fleet::find(const std::string& id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &vehicles_[found->second];
}

bool Fleet::has_label(const std::string& label) const {
  const std::uint32_t number = number_of(label);
  return std::any_of(vehicles_.begin(), vehicles_.end(),
                     [&](const Vehicle& each) { return holds(each.labels, number); });
}

const Fleet::Vehicle* Fleet::owner_of(const std::string& serial) const {
  const auto found = by_serial_.find(serial);
  return found == by_serial_.end() ? nullptr : &vehicles_[found->second.first];
}

Fleet::Compiled Fleet::compile(const Filter& filter,
                               const std::vector<std::string>& hardware) const {
  Compiled out;
  for (const std::string& each : filter.labels) out.labels.push_back(number_of(each));
  for (const std::string& each : hardware) out.hardware.push_back(number_of(each));
  for (const std::string& each : filter.versions) out.versions.push_back(number_of(each));
  std::sort(out.hardware.begin(), out.hardware.end());
  std::sort(out.versions.begin(), out.versions.end());
  const auto indices = [&](const std::vector<std::string>& ids) {
    std::vector<Index> list;
    for (const std::string& id : ids) {
      if (const auto found = by_id_.find(id); found != by_id_.end()) list.push_back(found->second);
    }
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());  // else it would be told twice
    return list;
  };
  out.only_listed = !filter.vehicles.empty();
  out.vehicles = indices(filter.vehicles);
  out.except = indices(filter.except);
  out.ecus = filter.ecus;
  std::sort(out.ecus.begin(), out.ecus.end());
  return out;
}

bool Fleet::fits(const Vehicle& vehicle, const Compiled& filter) const {
  for (const std::uint32_t label : filter.labels) {
    if (!holds(vehicle.labels, label)) return false;
  }
  if (filter.hardware.empty()) return true;
  bool some = false;
  for (const Ecu& ecu : vehicle.ecus) {
    if (!holds(filter.hardware, ecu.hardware) || !filter.takes(ecu.serial)) continue;
    if (!filter.versions.empty() && !holds(filter.versions, ecu.version)) return false;
    some = true;
  }
  return some;
}

std::vector<Fleet::Index> Fleet::select(const Filter& filter,
                                        const std::vector<std::string>& hardware) const {
  const Compiled compiled = compile(filter, hardware);
  std::vector<Index> out;
  const auto consider = [&](Index i) {
    if (std::binary_search(compiled.except.begin(), compiled.except.end(), i)) return;
    if (fits(vehicles_[i], compiled)) out.push_back(i);
  };
  if (compiled.only_listed) {
    for (const Index i : compiled.vehicles) consider(i);
  } else {
    for (Index i = 0; i < vehicles_.size(); ++i) consider(i);
  }
  return out;
}

std::string Fleet::objection(Index index, const Filter& filter,
                             const std::vector<std::string>& hardware) const {
  const Vehicle& vehicle = vehicles_[index];
  const auto listed = [&](const std::vector<std::string>& list) {
    return std::find(list.begin(), list.end(), vehicle.id) != list.end();
  };
  if (!filter.vehicles.empty() && !listed(filter.vehicles)) return "is not in filter.vehicles";
  if (listed(filter.except)) return "is in filter.except";
  for (const std::string& label : filter.labels) {
    if (!holds(vehicle.labels, number_of(label))) return "has not the label " + label;
  }
  const Compiled compiled = compile(filter, hardware);
  bool some = hardware.empty();
  for (const Ecu& ecu : vehicle.ecus) {
    if (!holds(compiled.hardware, ecu.hardware) || !compiled.takes(ecu.serial)) continue;
    if (!compiled.versions.empty() && !holds(compiled.versions, ecu.version)) {
      return ecu.serial + ": runs version " + word(ecu.version) + ", not one of filter.versions";
    }
    some = true;
  }
  if (some) return {};
  return compiled.ecus.empty() ? "has no ECU of the images' hardware"
                               : "has none of filter.ecus with the images' hardware";
}

}  // namespace gatehouse::campaign
