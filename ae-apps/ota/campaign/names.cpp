// Names that a definition's filters list, against the fleet.
#include <set>

#include "ae-apps/ota/campaign/campaign.h"

namespace gatehouse::campaign {
namespace {

constexpr std::size_t kMaxWarnings = 50;

/// What is wrong with each list of the filter, item by item: "stages[0].filter.ecus[1]: …".
void check(const Filter& filter, const std::string& prefix, const Fleet& fleet,
           std::vector<std::string>& out) {
  const auto walk = [&](const char* member, const char* kind, const std::vector<std::string>& names,
                        const auto& is_known) {
    std::set<std::string> seen;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::string place = prefix + "filter." + member + "[" + std::to_string(i) + "]: ";
      if (!seen.insert(names[i]).second) {
        out.push_back(place + names[i] + " is there twice");
      } else if (!is_known(names[i])) {
        out.push_back(place + "there is no " + kind + " " + names[i]);
      }
    }
  };
  const auto vehicle = [&](const std::string& id) { return fleet.find(id) != nullptr; };
  const auto ecu = [&](const std::string& serial) { return fleet.owner_of(serial) != nullptr; };
  walk("vehicles", "vehicle", filter.vehicles, vehicle);
  walk("except", "vehicle", filter.except, vehicle);
  walk("ecus", "ECU", filter.ecus, ecu);
}

std::string stage_prefix(std::size_t stage) { return "stages[" + std::to_string(stage) + "]."; }

}  // namespace

std::vector<std::string> Campaign::wrong_names() const {
  std::vector<std::string> out;
  check(definition_.filter, "", fleet_, out);
  for (std::size_t i = 0; i < definition_.stages.size(); ++i) {
    check(definition_.stages[i].filter, stage_prefix(i), fleet_, out);
  }
  return out;
}

Result<void> Campaign::check_names() const {
  const std::vector<std::string> wrong = wrong_names();
  if (wrong.empty()) return {};
  return fail(Rsc::kBadRequest, wrong.front());
}

/// Names were right when the definition was accepted; the fleet may have changed since. A label
/// that nobody has may be given to vehicles at any time, so it is no fault.
void Campaign::warn(Plan& plan) const {
  plan.warnings = wrong_names();
  const auto labels = [&](const Filter& filter, const std::string& prefix) {
    for (std::size_t i = 0; i < filter.labels.size(); ++i) {
      if (fleet_.has_label(filter.labels[i])) continue;
      plan.warnings.push_back(prefix + "filter.labels[" + std::to_string(i) +
                              "]: no vehicle has the label " + filter.labels[i]);
    }
  };
  labels(definition_.filter, "");
  for (std::size_t i = 0; i < definition_.stages.size(); ++i) {
    labels(definition_.stages[i].filter, stage_prefix(i));
  }
  if (plan.gets == 0) plan.warnings.push_back("no vehicle gets anything");
  for (std::size_t i = 0; plan.gets > 0 && i + 1 < plan.of_stage.size(); ++i) {
    if (plan.of_stage[i] > 0) continue;
    plan.warnings.push_back("stage " + definition_.stages[i].name +
                            ": has no vehicle; the campaign will pause there");
  }
  if (plan.warnings.size() > kMaxWarnings) plan.warnings.resize(kMaxWarnings);
}

}  // namespace gatehouse::campaign
