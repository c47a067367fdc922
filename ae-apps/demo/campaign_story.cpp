// A campaign, driven by REST: what it would do, who must not approve it, what became of it.
#include "ae-apps/demo/story.h"

namespace gatehouse::demo {
namespace {

constexpr Milliseconds kSoon{20'000};
constexpr std::int64_t kContentInstance = 4;
constexpr const char* kServer = "cse-in/ota-server/";
constexpr const char* kName = "november";
constexpr const char* kSoftware = "cse-in/ota-campaigns/campaign-november";

/// An instance whose author the CSE says.
Request instance(const char* container, const char* name, Value content) {
  Request request;
  request.operation = Operation::kCreate;
  request.to = std::string(kServer) + container;
  request.resource_type = kContentInstance;
  const Value attributes =
      Value::object({{"rn", name}, {"cr", Value()}, {"con", std::move(content)}});
  request.content = Value::object({{"m2m:cin", attributes}});
  return request;
}

Request install() {
  Request request;
  request.operation = Operation::kUpdate;
  request.to = kSoftware;
  request.content = Value::object({{"m2m:swr", Value::object({{"in", true}})}});
  return request;
}

}  // namespace

Result<Value> Story::content_of(const std::string& instance) {
  Answer answer;
  const auto look = [&] {
    answer = car_.in().retrieve(kServer + instance);
    return is_success(answer.rsc);
  };
  if (auto done = crew_.wait_until(instance, kSoon, look); !done) return fail(done.error());
  const Value* content = answer.content.find("con");
  return content == nullptr ? Value() : object_in(*content);
}

/// For the same release: the vehicle runs all of it, which nothing but its reports have told.
Result<void> Story::define_campaign() {
  begin("the campaign's definition", "ota-server.log");
  mark();
  Value::Array images;
  for (const EcuPlan& ecu : car_.layout().ecus) images.emplace_back(updates_[ecu.serial].sha256);
  Value definition = Value::object({{"name", kName}, {"description", "the release, everywhere"}});
  definition.set("images", std::move(images));
  const Answer made = car_.in().ask(instance("campaign-definitions", kName, definition));
  if (!is_success(made.rsc)) return fail(made.rsc, made.reason);
  const Result<Value> verdict = content_of("campaign-log/definition-" + std::string(kName));
  if (!verdict) return fail(verdict.error());
  if (!verdict->bool_at("accepted")) return fail(Rsc::kNotAcceptable, verdict->string_at("reason"));
  screen_.step('D', {"CAdmin",
                     "OTA server",
                     "CREATE cse-in/ota-server/campaign-definitions/-",
                     made.code(),
                     {"campaign " + std::string(kName) + ", accepted; its author: CAdmin"},
                     lap()});
  const Answer asked = car_.in().ask(instance(
      "campaign-commands", "look", Value::object({{"campaign", kName}, {"command", "dry-run"}})));
  if (!is_success(asked.rsc)) return fail(asked.rsc, asked.reason);
  const Result<Value> plan = content_of("campaigns/" + std::string(kName) + "/plan/look-1");
  if (!plan) return fail(plan.error());
  const Value* vehicles = plan->find("vehicles");
  if (vehicles == nullptr || vehicles->size() != 1 ||
      vehicles->as_array()->front().bool_at("gets", true)) {
    return fail(Rsc::kNotAcceptable, "the dry run does not say that the vehicle gets nothing");
  }
  const Value& vehicle = vehicles->as_array()->front();
  screen_.step('D', {"CAdmin",
                     "OTA server",
                     "dry run: who would get what?",
                     "nobody",
                     {vehicle.string_at("vehicle") + ": " + vehicle.string_at("reason")},
                     lap()});
  return {};
}

Result<void> Story::approve_campaign() {
  begin("the campaign's approval", "ota-server.log");
  const auto& layout = car_.layout();
  CseClient other({layout.in_url(), layout.certificate("center"), layout.key("center"),
                   layout.authority(), "Ccenter"});
  Answer own;
  // The [software] is there when the server has written it, and guarded a moment later.
  const auto look = [&] {
    own = car_.in().ask(install());
    return own.rsc == Rsc::kOperationDeniedByRemoteEntity;
  };
  if (auto done = crew_.wait_until("the author's refusal", kSoon, look); !done) return done;
  if (own.reason.find("somebody else must approve") == std::string::npos) {
    return fail(Rsc::kNotAcceptable, "the author was refused for another reason: " + own.reason);
  }
  screen_.step('F', {"CAdmin",
                     "IN-CSE",
                     std::string("UPDATE ") + kSoftware + " in=true",
                     own.code(),
                     {"the CSE asks the server first: CAdmin is its author; somebody else must"},
                     lap()});
  const Answer approved = other.ask(install());
  if (!is_success(approved.rsc)) return fail(approved.rsc, approved.reason);
  Answer status;
  const auto over = [&] {
    status = car_.in().retrieve(kSoftware);
    const Value* installed = status.content.find("ins");
    return installed != nullptr && installed->integer_at("sus") == 1;
  };
  if (auto done = crew_.wait_until("the campaign's end", kSoon, over); !done) return done;
  const auto state = car_.in().latest(std::string(kServer) + "campaigns/" + kName + "/state");
  if (!state || state->string_at("state") != "finished") {
    return fail(Rsc::kNotAcceptable, "the campaign is not finished");
  }
  screen_.step('F', {"Ccenter",
                     "IN-CSE",
                     std::string("UPDATE ") + kSoftware + " in=true",
                     approved.code(),
                     {"approved by a second person; [software] ins.sus=1, campaign finished"},
                     lap()});
  return {};
}

Result<void> Story::show_campaign() {
  screen_.chapter("", "A campaign for the whole fleet, by REST alone");
  if (auto done = define_campaign(); !done) return done;
  if (auto done = approve_campaign(); !done) return done;
  begin("the ECU as [flexNode]", "ota-server.log");
  const EcuPlan& ecu = car_.layout().ecus.front();
  const std::string firmware = "cse-in/fleet-" + ecu.serial + "/flexNode/dmFirmware";
  Answer shown;
  const auto look = [&] {
    shown = car_.in().retrieve(firmware);
    return shown.content.string_at("priVn") == versions_[ecu.serial] &&
           shown.content.integer_at("priSe", -1) == 0;
  };
  if (auto done = crew_.wait_until("the version at " + firmware, kSoon, look); !done) return done;
  screen_.step('H', {"CAdmin",
                     "IN-CSE",
                     "RETRIEVE " + firmware,
                     shown.code(),
                     {"primaryVersion=" + shown.content.string_at("priVn") +
                      ", as its verified report says"},
                     shown.took});
  return {};
}

}  // namespace gatehouse::demo
