#include "ae-apps/ota/cli/campaign_command.h"

#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>
#include <thread>

#include "ae-apps/ota/cli/r156.h"
#include "ae-apps/ota/cli/verify_command.h"
#include "ae-apps/ota/program/state_files.h"
#include "ae-apps/ota/program/step_log.h"
#include "cse/codec/json.h"

namespace gatehouse::ota {
namespace {

constexpr std::size_t kMaxDefinitionBytes = 256 * 1024;
constexpr std::chrono::milliseconds kPoll{100};
constexpr const char* kLabel = "fota:campaign";

int complain(std::ostream& err, const Error& error) {
  err << "gatehouse-ota: " << error.detail << std::endl;
  // What a CSE refuses is refused; what nobody answers is not.
  const bool answered = error.rsc != Rsc::kTargetNotReachable && error.rsc != Rsc::kRequestTimeout;
  return answered && error.rsc != Rsc::kBadRequest ? kRefused : kWrongUse;
}

int answer(std::ostream& out, const Value& value, bool accepted = true) {
  out << to_json(value) << std::endl;
  return accepted ? kAccepted : kRefused;
}

Result<Value> read_definition(const std::string& file) {
  std::string text;
  if (file == "-") {
    text.assign(std::istreambuf_iterator<char>(std::cin), {});
  } else {
    Result<std::string> content = read_text(file, kMaxDefinitionBytes);
    if (!content) return fail(Rsc::kBadRequest, file + ": " + content.error().detail);
    text = *std::move(content);
  }
  if (text.empty()) return fail(Rsc::kBadRequest, file + ": is empty, or not there");
  Result<Value> tree = parse_json(text, {.max_bytes = kMaxDefinitionBytes, .max_depth = 16});
  // What is no JSON goes to the server as it is: its refusal is recorded there.
  return tree ? std::move(tree) : Result<Value>(Value(std::move(text)));
}

/// The server's verdict on an instance of ours. It is another process: there is nothing to wait on
/// but its answer.
Result<Value> verdict_on(CampaignClient& client, const std::string& name, unsigned wait_s) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(wait_s);
  for (;;) {
    Result<Value> verdict = client.retrieve("campaign-log/" + name);
    if (verdict) {
      const Value* content = verdict->find("con");
      return content == nullptr ? Value() : *content;
    }
    if (verdict.error().rsc != Rsc::kNotFound) return verdict;
    if (std::chrono::steady_clock::now() > deadline) {
      return fail(Rsc::kRequestTimeout, "the management server has given no verdict");
    }
    std::this_thread::sleep_for(kPoll);
  }
}

Result<Value> latest(CampaignClient& client, const std::string& container) {
  Result<Value> instance = client.retrieve(container + "/la");
  if (!instance) return instance;
  const Value* content = instance->find("con");
  return content == nullptr ? Value() : *content;
}

int create(CampaignClient& client, const CampaignOptions& o, std::ostream& out, std::ostream& err) {
  const Result<Value> definition = read_definition(o.file);
  if (!definition) return complain(err, definition.error());
  const auto instance = client.push("campaign-definitions", *definition);
  if (!instance) return complain(err, instance.error());
  const auto verdict = verdict_on(client, "definition-" + *instance, o.access.wait_s);
  if (!verdict) return complain(err, verdict.error());
  return answer(out, *verdict, verdict->bool_at("accepted"));
}

int list(CampaignClient& client, std::ostream& out, std::ostream& err) {
  const auto names = client.containers("campaigns", kLabel);
  if (!names) return complain(err, names.error());
  Value all = Value::array();
  for (const std::string& name : *names) {
    const auto state = latest(client, "campaigns/" + name + "/state");
    if (!state) return complain(err, state.error());
    Value each = Value::object({{"name", name}});
    for (const char* member : {"state", "reason", "stage", "total"}) {
      if (const Value* value = state->find(member)) each.set(member, *value);
    }
    all.push_back(std::move(each));
  }
  return answer(out, all);
}

int show(CampaignClient& client, const std::string& name, std::ostream& out, std::ostream& err) {
  const std::string folder = "campaigns/" + name;
  const auto definition = latest(client, folder + "/definition");
  if (!definition) return complain(err, definition.error());
  const auto state = latest(client, folder + "/state");
  if (!state) return complain(err, state.error());
  const auto vehicles = client.containers(folder + "/vehicles", "");
  if (!vehicles) return complain(err, vehicles.error());
  Value of_vehicles = Value::array();
  for (const std::string& each : *vehicles) {
    Result<Value> vehicle = latest(client, folder + "/vehicles/" + each);
    if (!vehicle) return complain(err, vehicle.error());
    of_vehicles.push_back(*std::move(vehicle));
  }
  const Value* content = definition->find("definition");
  Value all =
      Value::object({{"definition", content == nullptr ? Value() : *content}, {"state", *state}});
  all.set("vehicles", std::move(of_vehicles));
  return answer(out, all);
}

/// The parts of a plan put together.
Result<Value> read_plan(CampaignClient& client, const std::string& campaign,
                        const std::string& instance) {
  Value whole;
  Value vehicles = Value::array();
  for (int part = 1;; ++part) {
    const Result<Value> found =
        client.retrieve("campaigns/" + campaign + "/plan/" + instance + "-" + std::to_string(part));
    if (!found) return found;
    const Value* content = found->find("con");
    const Value* entries = content == nullptr ? nullptr : content->find("vehicles");
    if (entries == nullptr || !entries->is_array()) {
      return fail(Rsc::kContentsUnacceptable, "the plan is not readable");
    }
    if (part == 1) whole = *content;
    for (const Value& each : *entries->as_array()) vehicles.push_back(each);
    if (static_cast<std::int64_t>(vehicles.size()) >= content->integer_at("of")) break;
    if (entries->size() == 0) break;
  }
  whole.erase("first");
  whole.set("vehicles", std::move(vehicles));
  return whole;
}

int command(CampaignClient& client, const CampaignOptions& o, std::ostream& out,
            std::ostream& err) {
  Value content = Value::object({{"campaign", o.name}, {"command", o.action}});
  if (!o.vehicle.empty()) content.set("vehicle", o.vehicle);
  if (!o.reason.empty()) content.set("reason", o.reason);
  const auto instance = client.push("campaign-commands", content);
  if (!instance) return complain(err, instance.error());
  const auto verdict = verdict_on(client, "command-" + *instance, o.access.wait_s);
  if (!verdict) return complain(err, verdict.error());
  if (o.action != "dry-run" || !verdict->bool_at("accepted")) {
    return answer(out, *verdict, verdict->bool_at("accepted"));
  }
  const auto plan = read_plan(client, o.name, *instance);
  if (!plan) return complain(err, plan.error());
  return answer(out, *plan);
}

/// Everything about one campaign from the CSE.
Result<R156Sources> collect(CampaignClient& client, const R156Options& o) {
  const std::string folder = "campaigns/" + o.name;
  R156Sources out;
  Result<Value> definition = latest(client, folder + "/definition");
  if (!definition) return fail(definition.error());
  out.definition = *std::move(definition);
  Result<std::vector<Value>> states = client.contents(folder + "/state");
  if (!states) return fail(states.error());
  out.states = *std::move(states);
  const auto vehicles = client.containers(folder + "/vehicles", "");
  if (!vehicles) return fail(vehicles.error());
  for (const std::string& name : *vehicles) {
    Result<Value> vehicle = latest(client, folder + "/vehicles/" + name);
    if (!vehicle) return fail(vehicle.error());
    const std::string id = vehicle->string_at("vehicle");
    std::string consents = o.consents;
    if (const auto at = consents.find("{vehicle}"); at != std::string::npos) {
      consents.replace(at, std::string_view("{vehicle}").size(), id);
    }
    out.consents[id] = client.contents(consents);
    if (const Value* ecus = vehicle->find("ecus"); ecus != nullptr && ecus->is_array()) {
      for (const Value& ecu : *ecus->as_array()) {
        const std::string serial = ecu.string_at("ecu");
        out.histories[serial] = client.contents("history-" + serial);
      }
    }
    out.vehicles.push_back(*std::move(vehicle));
  }
  return out;
}

}  // namespace

int run_campaign(const CampaignOptions& options, std::ostream& out, std::ostream& err) {
  auto client = CampaignClient::open(options.access);
  if (!client) return complain(err, client.error());
  if (options.action == "create") return create(**client, options, out, err);
  if (options.action == "list") return list(**client, out, err);
  if (options.action == "show") return show(**client, options.name, out, err);
  return command(**client, options, out, err);
}

int run_r156(const R156Options& options, std::ostream& out, std::ostream& err) {
  auto client = CampaignClient::open(options.access);
  if (!client) return complain(err, client.error());
  const Result<R156Sources> sources = collect(**client, options);
  if (!sources) return complain(err, sources.error());
  const Value report = r156_report(*sources, timestamp_now());
  const auto write = [&](const std::string& name, const std::string& text) {
    std::ofstream file(name, std::ios::binary);
    file << text;
    file.close();
    if (file) return true;
    err << "gatehouse-ota: " << name << ": cannot be written" << std::endl;
    return false;
  };
  if (!options.html_file.empty() && !write(options.html_file, r156_html(report))) return kWrongUse;
  if (options.json_file.empty()) return answer(out, report);
  return write(options.json_file, to_json(report) + "\n") ? kAccepted : kWrongUse;
}

}  // namespace gatehouse::ota
