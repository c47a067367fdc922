#include "ae-apps/attestation/center/process/trust_desk.h"

#include <algorithm>
#include <chrono>

#include "ae-apps/ota/program/state_files.h"
#include "cse/primitive/timestamp.h"

namespace gatehouse::center {
namespace {

constexpr int kQuestion = 1, kAnswer = 2;  // m2m:securityInfoType
constexpr int kConsultationType = 34;
constexpr const char* kConsultation = "das";
/// A grant that is on its way while trust ends lasts no longer than this.
constexpr std::chrono::seconds kGranted{60};
constexpr std::size_t kMaxWordBytes = 16;

Timestamp now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
}

/// "//provider.example/id-mn/Csupport" without its provider.
std::string without_provider(std::string originator) {
  if (!originator.starts_with("//")) return originator;
  const std::size_t slash = originator.find('/', 2);
  return slash == std::string::npos ? std::string() : originator.substr(slash);
}

}  // namespace

TrustDesk::TrustDesk(sdk::Ae& ae, std::filesystem::path folder, Originators originators)
    : ae_(ae), folder_(std::move(folder)), originators_(std::move(originators)) {
  for (const auto& [device, unused] : originators_) {
    const auto word = ota::read_text(folder_ / ("trust-" + device), kMaxWordBytes);
    trusted_[device] = word && *word == "trusted";
  }
}

Result<void> TrustDesk::prepare(const std::string& container, const std::string& policy,
                                std::int64_t max_instances) {
  container_ = container;
  policy_ = policy;
  const std::string consultation = ae_.path() + "/" + kConsultation;
  const auto made =
      ae_.resource(kConsultation, kConsultationType, "m2m:dac")
          .ensure(Value::object({{"dae", true}, {"dap", Value::array({ae_.sp_relative_id()})}}));
  if (!made) return made;
  return ae_.resource(container, 3, "m2m:cnt")
      .ensure(Value::object({{"mni", max_instances},
                             {"acpi", Value::array({policy})},
                             {"daci", Value::array({consultation})}}));
}

bool TrustDesk::trusts(const std::string& device) const {
  const std::lock_guard lock(mutex_);
  const auto found = trusted_.find(device);
  return found != trusted_.end() && found->second;
}

Result<void> TrustDesk::set(const std::string& device, bool trusted) {
  const auto kept =
      ota::replace_file(folder_ / ("trust-" + device), trusted ? "trusted" : "untrusted");
  if (!kept) return kept;
  {
    const std::lock_guard lock(mutex_);
    trusted_[device] = trusted;
  }
  if (!trusted) return take_back();
  // A CSE remembers for a while that it was refused: it forgets when the consultation changes.
  const auto told = ae_.update(ae_.address_of(kConsultation), "m2m:dac",
                               Value::object({{"lbl", Value::array({to_text(now())})}}));
  if (!told) return fail(told.error());
  return {};
}

/// First the links, which ends all that was granted with one request; who is trusted is granted it
/// anew when it asks.
Result<void> TrustDesk::take_back() {
  const std::string address = ae_.address_of(container_);
  const auto present = ae_.retrieve(address);
  if (!present) return fail(present.error());
  std::vector<std::string> granted = present->strings_at("acpi");
  std::erase(granted, policy_);
  const auto cut =
      ae_.update(address, "m2m:cnt", Value::object({{"acpi", Value::array({policy_})}}));
  if (!cut) return fail(cut.error());
  for (const std::string& policy : granted) {
    // What is no longer linked opens nothing, and ends with its time.
    static_cast<void>(ae_.remove(policy));
  }
  return {};
}

Result<Value> TrustDesk::answer(const Value& content) const {
  const Value* information = content.find("m2m:seci");
  const Value* question = information != nullptr ? information->find("dreq") : nullptr;
  if (question == nullptr || information->integer_at("sit") != kQuestion) {
    return fail(Rsc::kBadRequest, "seci: only questions about access are answered here");
  }
  const std::string originator = without_provider(question->string_at("or"));
  const auto names = [&](const auto& entry) {
    return std::ranges::find(entry.second, originator) != entry.second.end();
  };
  const auto device = std::ranges::find_if(originators_, names);
  Value decision = Value::object();
  if (device != originators_.end() && trusts(device->first)) {
    const Value rule = Value::object(
        {{"acor", Value::array({originator})}, {"acop", sdk::kMayRetrieve | sdk::kMayDiscover}});
    decision.set("dai", Value::object({{"gp", Value::object({{"acr", Value::array({rule})}})},
                                       {"pl", to_text(now() + kGranted)}}));
  }
  return Value::object(
      {{"m2m:seci", Value::object({{"sit", kAnswer}, {"dres", std::move(decision)}})}});
}

}  // namespace gatehouse::center
