#include "cse/node/dialect_wiring.h"

namespace gatehouse::node {
namespace {

using CounterArray = std::array<std::atomic<std::uint64_t>, kSwitches>;

std::string family(const char* name, const char* help, const CounterArray& values) {
  std::string text = std::string("# HELP ") + name + " " + help + "\n# TYPE " + name + " counter\n";
  for (const Switch& row : all_switches()) {
    text += std::string(name) + "{switch=\"" + std::string(row.name) + "\"} " +
            std::to_string(values[static_cast<std::size_t>(row.id)].load()) + "\n";
  }
  return text;
}

std::string profiles_of(const Switch& row) {
  std::string names;
  for (const Profile& profile : all_profiles()) {
    if (!(row.profiles & profile.bit)) continue;
    names += (names.empty() ? "" : ", ") + std::string(profile.name);
  }
  return names;
}

}  // namespace

SwitchSet switches_of(const NodeSettings& settings) {
  SwitchSet set = gatehouse::switches_of(settings.compat.profile, settings.compat.switches);
  if (settings.cse.admit_unregistered)
    set.set(static_cast<std::size_t>(Dialect::kAdmitUnregistered));
  return set;
}

void apply_switches(NodeSettings& settings) {
  const SwitchSet set = switches_of(settings);
  settings.cse.admit_unregistered = set.test(static_cast<std::size_t>(Dialect::kAdmitUnregistered));
  settings.cse.public_csebase = set.test(static_cast<std::size_t>(Dialect::kPublicCsebase));
}

DialectFacts dialect_facts(const NodeSettings& settings, const Schemas& schemas, Cse& cse) {
  DialectFacts facts;
  facts.cse_id = settings.cse.cse_id;
  facts.csebase_name = settings.cse.csebase_name;
  facts.sp_id = settings.cse.sp_id;
  facts.administrator = settings.cse.administrator;
  facts.release_versions = settings.cse.release_versions;
  for (const std::string& item : settings.compat.originators) {
    const std::size_t equals = item.find('=');
    facts.originators[item.substr(0, equals)] = item.substr(equals + 1);
  }
  if (facts.originators.empty() && !settings.cse.administrator.empty())
    facts.originators["admin:admin"] = settings.cse.administrator;
  facts.schemas = &schemas;
  facts.make_identifier = [&cse] { return cse.ids().request_identifier(); };
  return facts;
}

bool sends_in_dialect(const Dialects& dialects) {
  return dialects.is_on(Dialect::kAcmeMonitor) || dialects.is_on(Dialect::kStructuredReference) ||
         dialects.is_on(Dialect::kMqttTopicOfAe);
}

DialectSender::IsAe is_ae_of(Cse& cse) {
  return [&cse](const std::string& stem) {
    CommittedView view = cse.view();
    const auto found = view.find(ResourceId{stem});
    return found && *found && (*found)->type() == type_number::kAe;
  };
}

std::string dialect_metrics(const DialectCounters& counters) {
  return family("gatehouse_compat_used_total", "Requests and notifications that needed the switch.",
                counters.used) +
         family("gatehouse_compat_advised_total", "Refusals that named the switch.",
                counters.named);
}

std::string list_of_switches() {
  std::string text = "Profiles (compat.profile):\n";
  for (const Profile& row : all_profiles())
    text += "  " + std::string(row.name) + ": " + std::string(row.clients) + "\n";
  text += "\nSwitches (compat.switches), each off unless the profile has it:\n";
  for (const Switch& row : all_switches()) {
    text += "  " + std::string(row.name) + " (" + profiles_of(row) + ")\n      " +
            std::string(row.accepts) + "\n      departs from " + std::string(row.clause) + "\n";
  }
  return text;
}

}  // namespace gatehouse::node
