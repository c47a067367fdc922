#include "ae-apps/ota/campaign/command_objects.h"

#include <numeric>

namespace gatehouse::campaign {
namespace {

constexpr int kSoftwareUpdate = 7;  ///< m2m:cmdType
constexpr const char* kArguments = "swup";
constexpr Command::Kind kWords[] = {Command::Kind::kDryRun, Command::Kind::kApprove,
                                    Command::Kind::kPause,  Command::Kind::kResume,
                                    Command::Kind::kStop,   Command::Kind::kRetry};

/// The only item of a list, or what is no list.
const Value* item_of(const Value* member) {
  if (member == nullptr || !member->is_array()) return member;
  return member->size() == 1 ? &member->as_array()->front() : nullptr;
}

}  // namespace

std::span<const Command::Kind> command_words() { return kWords; }

std::string command_name(const std::string& campaign, Command::Kind word) {
  return "campaign-" + campaign + "-" + std::string(name_of(word));
}

Value command_attributes(const std::string& campaign, Command::Kind word,
                         const std::string& target) {
  const Value arguments = Value::object({{"uuid", campaign},
                                         {"vr", name_of(word)},
                                         {"url", target},
                                         {"unm", ""},
                                         {"pwd", ""},
                                         {"eer", "campaign"}});
  return Value::object({{"rn", command_name(campaign, word)},
                        {"dc", std::string(name_of(word)) + " the campaign " + campaign},
                        {"cmt", kSoftwareUpdate},
                        {"ext", target},
                        {"exra", Value::object({{kArguments, Value::array({arguments})}})}});
}

Value command_in(const Value& exec_instance) {
  const Value* arguments = exec_instance.find("exra");
  const Value* update = arguments == nullptr ? nullptr : item_of(arguments->find(kArguments));
  if (update == nullptr || update->string_at("eer") != "campaign") return {};
  Value out = Value::object(
      {{"campaign", update->string_at("uuid")}, {"command", update->string_at("vr")}});
  const Value* more = update->find("any");
  if (more == nullptr || !more->is_array()) return out;
  for (const Value& each : *more->as_array()) {
    const Value* value = each.find("val");
    if (value != nullptr) out.set(each.string_at("nm"), *value);
  }
  return out;
}

Value status_attributes(const Campaign& campaign) {
  const Counts& counts = campaign.counts();
  const auto count = [&](Progress progress) { return counts[static_cast<std::size_t>(progress)]; };
  const std::uint64_t all = std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  const std::uint64_t over =
      all - count(Progress::kWaiting) - count(Progress::kAsked) - count(Progress::kTold);
  Value out = Value::object({{"name", campaign.definition().name},
                             {"state", name_of(campaign.state())},
                             {"reason", campaign.reason()},
                             {"stage", campaign.definition().stages[campaign.active_stage()].name},
                             {"vehcs", all},
                             {"percent", all == 0 ? 0 : over * 100 / all}});
  for (std::size_t i = 0; i < kProgresses; ++i) {
    out.set(name_of(static_cast<Progress>(i)), counts[i]);
  }
  return out;
}

}  // namespace gatehouse::campaign
