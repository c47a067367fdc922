#include "ae-apps/attestation/support/inventory.h"

#include <algorithm>
#include <chrono>
#include <set>

#include "ae-apps/attestation/quote/hash.h"
#include "cse/codec/json.h"

namespace gatehouse::attest {
namespace {

constexpr std::int64_t kManagementObject = 13;
constexpr std::size_t kMaxDevices = 256;

/// An ECU that has reported by itself.
EcuState ecu_of(const Value& entry) {
  EcuState out;
  out.id = entry.string_at("ecu");
  // The gateway has checked the code of an ECU that cannot sign.
  out.auth = entry.string_at("level") == "full" ? "signed" : "mac";
  const auto report = parse_json(entry.string_at("report"));
  out.version = report ? report->string_at("version") : "";
  out.digest = "sha256:" + (report ? report->string_at("sha256") : "");
  return out;
}

/// A device that only its [deviceInfo] describes: the digest is that of its description.
EcuState device_of(const Value& info) {
  Value facts = Value::object();
  for (const char* name : {"dlb", "dty", "fwv", "hwv", "man", "mod", "swv"}) {
    if (const Value* fact = info.find(name)) facts.set(name, *fact);
  }
  EcuState out;
  const std::string label = info.string_at("dlb");
  out.id = label;
  out.version = info.string_at("fwv");
  out.digest = "sha256:" + to_hex(digest(HashAlg::kSha256, {view_of(to_json(facts))}));
  return out;
}

}  // namespace

void InventoryReader::take(const Value& content) {
  const std::lock_guard lock(mutex_);
  if (awaited_.empty() || content.string_at("inquiry") != awaited_ || !answer_.is_null()) return;
  const Value* reports = content.find("reports");
  answer_ = reports != nullptr && reports->is_array() ? *reports : Value::array();
  came_.notify_all();
}

/// The reports' list, as the gateway gives it.
Result<Value> InventoryReader::ask_gateway(const Challenge& challenge) {
  if (settings_.gateway.empty()) return Value::array();
  const std::string nonce = to_hex(ecu_nonce(challenge));
  // Another one each time: the gateway answers an inquiry once, and who was started anew has not
  // heard that answer.
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  const std::string inquiry =
      "measurement-" + nonce.substr(0, 16) + "-" + std::to_string(since.count());
  {
    const std::lock_guard lock(mutex_);
    awaited_ = inquiry;
    answer_ = Value();
  }
  const auto asked =
      ae_.container(settings_.ae.csebase + "/" + settings_.gateway + "/inquiries")
          .push(Value::object({{"inquiry", inquiry}, {"local", true}, {"nonce", nonce}}));
  if (!asked) return fail(asked.error());
  std::unique_lock lock(mutex_);
  came_.wait_for(lock, settings_.ecu_limit, [this] { return !answer_.is_null(); });
  awaited_.clear();
  return answer_.is_null() ? Value::array() : std::exchange(answer_, Value());
}

Result<void> InventoryReader::add_devices(Inventory& out) {
  FilterCriteria filter;
  filter.resource_types = {kManagementObject};
  const auto found = ae_.discover(settings_.ae.csebase, filter);
  if (!found) return fail(found.error());
  std::set<std::string> seen;
  for (const EcuState& ecu : out.ecus) seen.insert(ecu.id);
  for (const std::string& address : *found) {
    if (seen.size() >= kMaxDevices) break;
    const auto info = ae_.retrieve(address);
    if (!info || info->integer_at("mgd") != sdk::DeviceInfo::kDefinition) continue;
    if (info->string_at("dlb").empty() || !seen.insert(info->string_at("dlb")).second) continue;
    out.ecus.push_back(device_of(*info));
  }
  return {};
}

Result<Inventory> InventoryReader::find(const Challenge& challenge) {
  Inventory out;
  const auto reports = ask_gateway(challenge);
  if (!reports) return fail(reports.error());
  for (const Value& entry : *reports->as_array()) out.ecus.push_back(ecu_of(entry));
  out.reports = to_json(*reports);
  if (auto done = add_devices(out); !done) return fail(done.error());
  std::ranges::sort(out.ecus, {}, &EcuState::id);
  return out;
}

}  // namespace gatehouse::attest
