#include "ae-apps/ota/campaign/management_views.h"

namespace gatehouse::campaign {
namespace {

constexpr int kIdle = 0, kUpdating = 3;                                           ///< primaryState
constexpr int kUninitialized = 0, kSuccessful = 1, kFailure = 2, kInProcess = 3;  ///< m2m:status
constexpr std::size_t kMaxUrl = 2'000, kMaxVersion = 128;

Value text_or_null(const std::string& text) { return text.empty() ? Value() : Value(text); }

Value action_status(const char* attribute, int status) {
  return Value::object({{"acn", attribute}, {"sus", status}});
}

int install_status(const Campaign& campaign) {
  const auto failed = campaign.counts()[static_cast<std::size_t>(Progress::kFailed)];
  switch (campaign.state()) {
    case State::kDraft:
      return kUninitialized;
    case State::kStopped:
      return kFailure;
    case State::kFinished:
      return failed == 0 && !campaign.reached_nobody() ? kSuccessful : kFailure;
    default:
      return kInProcess;
  }
}

}  // namespace

std::string node_name(const std::string& serial) { return "fleet-" + serial; }

Value firmware_attributes(const Shown& ecu) {
  const std::string& signer = ecu.proven.signed_by;
  return Value::object({{"lbl", signer.empty() ? Value() : Value::array({"signed_by:" + signer})},
                        {"mulFe", false},
                        {"priSe", ecu.order_open ? kUpdating : kIdle},
                        {"priNe", ecu.name.empty() ? "unknown" : ecu.name},
                        {"priVn", ecu.proven.version},
                        {"priUl", text_or_null(ecu.url)},
                        {"dgt", text_or_null(ecu.proven.at)},
                        {"compt", ecu.hardware_id}});
}

Value device_attributes(const std::string& serial, const Shown& ecu) {
  return Value::object({{"serNr", serial},
                        {"model", ecu.hardware_id},
                        {"hweVn", ecu.hardware_id},
                        {"dc", "ECU of " + ecu.vehicle}});
}

Value action_attributes(const Shown& ecu) {
  return Value::object(
      {{"url", ecu.url.empty() ? "none" : ecu.url}, {"versn", ecu.proven.version}});
}

Result<FirmwareOrder> firmware_order(const Value& requested) {
  const Value::Object* members = requested.as_object();
  FirmwareOrder out;
  for (std::size_t i = 0; members != nullptr && i < members->size(); ++i) {
    const Member& member = (*members)[i];
    const std::string* text = member.value.as_string();
    if (member.name == "url" && text != nullptr) {
      out.url = *text;
    } else if (member.name == "versn" && text != nullptr) {
      out.version = *text;
    } else {
      return fail(Rsc::kBadRequest, member.name + ": an order is made of url and versn alone");
    }
  }
  if (out.url.empty() || out.url.size() > kMaxUrl) {
    return fail(Rsc::kBadRequest, "url: must be there, the address of an image of the server");
  }
  if (out.version.empty() || out.version.size() > kMaxVersion) {
    return fail(Rsc::kBadRequest, "versn (version): must be there, the version of that image");
  }
  return out;
}

std::string software_name(const std::string& campaign) { return "campaign-" + campaign; }

Value software_attributes(const Campaign& campaign, const std::vector<Image>& images) {
  std::string versions;
  for (const Image& image : images) {
    versions += (versions.empty() ? "" : ", ") + image.name + " " + image.version;
  }
  return Value::object({{"swn", campaign.definition().name},
                        {"vr", versions.empty() ? "unknown" : versions},
                        {"url", images.empty() ? "none" : images.front().url}});
}

Value software_status(const Campaign& campaign) {
  const bool paused = campaign.state() == State::kPaused;
  const int active = campaign.state() == State::kDraft ? kUninitialized : kSuccessful;
  return Value::object({{"ins", action_status("in", install_status(campaign))},
                        {"acts", action_status(paused ? "dea" : "act", active)}});
}

Result<Command> software_command(const std::string& campaign, const Value& requested) {
  static constexpr std::pair<std::string_view, Command::Kind> kWords[] = {
      {"in", Command::Kind::kApprove},
      {"act", Command::Kind::kResume},
      {"dea", Command::Kind::kPause}};
  const Value::Object* members = requested.as_object();
  if (members == nullptr || members->size() != 1) {
    return fail(Rsc::kBadRequest, "a campaign takes one of in, act and dea at a time");
  }
  const Member& member = members->front();
  if (member.name == "un") {
    return fail(Rsc::kBadRequest,
                "un (uninstall): images are replaced by others, never removed; dea pauses the "
                "campaign, its command \"stop\" ends it");
  }
  for (const auto& [name, kind] : kWords) {
    if (member.name != name) continue;
    if (member.value != Value(true)) break;
    return Command{kind, campaign, {}, {}};
  }
  return fail(Rsc::kBadRequest, member.name + ": a campaign takes in, act or dea, and true alone");
}

}  // namespace gatehouse::campaign
