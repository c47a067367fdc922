#include "ae-apps/attestation/support/measured_logs.h"

#include <algorithm>

#include "ae-apps/ota/crypto/files.h"
#include "ae-apps/ota/program/state_files.h"
#include "cse/codec/json.h"

namespace gatehouse::attest {
namespace {

constexpr const char* kBootFile = "boot.log";
constexpr const char* kImaFile = "ima.log";
constexpr const char* kCelFile = "events.cel";
constexpr const char* kResetFile = "reset-count";  // of the TPM, to which the logs belong
constexpr std::size_t kMaxMeasuredBytes = 512u << 20;
constexpr const char* kNothing = "none";
constexpr const char* kConfiguration = "config";

Value event_of(const EcuState& ecu) {
  return Value::object({{"auth", ecu.auth},
                        {"dig", ecu.digest},
                        {"id", ecu.id},
                        {"type", "ecu"},
                        {"ver", ecu.version}});
}

/// The same but for what it replaces.
bool same_state(const Value& event, const EcuState& ecu) {
  return event.string_at("type") == "ecu" && event.string_at("dig") == ecu.digest &&
         event.string_at("ver") == ecu.version && event.string_at("auth") == ecu.auth;
}

}  // namespace

Result<MeasuredLogs> MeasuredLogs::open(Tpm& tpm, const std::filesystem::path& folder,
                                        const std::vector<BootStage>& stages,
                                        const OutsideLogs& outside) {
  MeasuredLogs out(tpm, folder, outside);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const auto clock = tpm.clock();
  if (!clock) return fail(clock.error());
  const std::string count = std::to_string(clock->reset_count);
  const auto kept = ota::read_text(folder / kResetFile, 32);
  if (!kept) return fail(kept.error());
  if (*kept != count) {
    if (auto done = out.begin(stages); !done) return fail(done.error());
    if (auto done = ota::replace_file(folder / kResetFile, count); !done) return fail(done.error());
  } else if (auto done = out.load(); !done) {
    return fail(done.error());
  }
  if (auto done = out.catch_up(); !done) return fail(done.error());
  if (const auto readable = out.logs(); !readable) return fail(readable.error());
  return out;
}

Result<std::vector<Bytes>> MeasuredLogs::logs() const {
  std::vector<Bytes> out = {boot_, ima_, cel_};
  for (const auto& [file, log] :
       {std::pair(&outside_.boot, out.data()), std::pair(&outside_.ima, &out[1])}) {
    if (file->empty()) continue;
    auto content = crypto::read_file(*file, kMaxLogBytes);
    if (!content) return fail(Rsc::kNotFound, "log: " + *file + " cannot be read");
    *log = *std::move(content);
  }
  return out;
}

Result<void> MeasuredLogs::store(const char* name, const Bytes& log) const {
  return ota::replace_file(folder_ / name, text_of(log));
}

Result<void> MeasuredLogs::begin(const std::vector<BootStage>& stages) {
  if (outside_.boot.empty()) boot_ = make_boot_log(stages);
  for (const auto& [name, log] :
       {std::pair(kBootFile, &boot_), std::pair(kImaFile, &ima_), std::pair(kCelFile, &cel_)}) {
    if (auto done = store(name, *log); !done) return done;
  }
  return {};
}

Result<void> MeasuredLogs::load() {
  for (const auto& [name, log] :
       {std::pair(kBootFile, &boot_), std::pair(kImaFile, &ima_), std::pair(kCelFile, &cel_)}) {
    const auto text = ota::read_text(folder_ / name, kMaxLogBytes);
    if (!text) return fail(text.error());
    *log = bytes_of(*text);
  }
  if (!ima_.empty()) {
    const auto ima = parse_ima_binary(ima_);
    if (!ima) return fail(ima.error());
    ima_entries_ = ima->entries.size();
    for (const Measurement& entry : ima->entries) {
      if (entry.measured) files_[entry.name] = entry.measured->second;
    }
  }
  const auto cel = parse_cel(cel_);
  if (!cel) return fail(cel.error());
  cel_entries_ = cel->entries.size();
  for (const Measurement& entry : cel->entries) {
    const auto event = parse_json(text_of(entry.content));
    if (!event) return fail(event.error());
    remember(*event);
  }
  return {};
}

void MeasuredLogs::remember(const Value& event) {
  const std::string id = event.string_at("id");
  if (event.string_at("type") == kConfiguration) {
    configuration_[id] = event.string_at("dig");
  } else {
    ecus_[id] = event;
    ever_.insert(id);
  }
}

/// Extends what the logs have and the PCRs have not.
Result<void> MeasuredLogs::catch_up() {
  // These are ours alone, also while nothing is in them.
  std::map<unsigned, std::vector<Bytes>> wanted = {{kEcuPcr, {}}, {kConfigurationPcr, {}}};
  if (outside_.ima.empty()) wanted.try_emplace(kFilePcr);
  for (const Bytes& bytes : {boot_, ima_, cel_}) {
    if (bytes.empty()) continue;
    const auto log = parse_event_log(bytes);
    if (!log) return fail(log.error());
    for (const Measurement& entry : log->entries) {
      wanted[entry.pcr].push_back(entry.digests.at(HashAlg::kSha256));
    }
  }
  for (const auto& [pcr, digests] : wanted) {
    const auto values = tpm_->read_pcrs({{{HashAlg::kSha256, 1u << pcr}}});
    if (!values) return fail(values.error());
    const Bytes& present = values->begin()->second;
    Bytes value = initial_value(HashAlg::kSha256, pcr);
    std::size_t done = 0;
    for (; value != present && done < digests.size(); ++done) {
      value = digest(HashAlg::kSha256, {value, digests[done]});
    }
    if (value != present) {
      return fail(Rsc::kNotAcceptable, "the logs do not lead to PCR " + std::to_string(pcr) +
                                           ": the machine has to be started anew");
    }
    for (; done < digests.size(); ++done) {
      if (auto good = tpm_->extend(pcr, {{HashAlg::kSha256, digests[done]}}); !good) return good;
    }
  }
  return {};
}

Result<void> MeasuredLogs::measure_file(const std::string& path) {
  if (!outside_.ima.empty()) return {};
  const auto content = crypto::read_file(path, kMaxMeasuredBytes);
  if (!content) return {};
  const Bytes hash = digest(HashAlg::kSha256, {*content});
  const auto known = files_.find(path);
  if (known != files_.end() && known->second == hash) return {};
  const ImaEntry entry = make_ima_entry(HashAlg::kSha256, hash, path, kFilePcr);
  append(ima_, entry.binary);
  if (auto done = store(kImaFile, ima_); !done) return done;
  files_[path] = hash;
  ++ima_entries_;
  return tpm_->extend(kFilePcr, {{HashAlg::kSha256, entry.digests.at(HashAlg::kSha256)}});
}

Result<void> MeasuredLogs::measure_configuration(const std::string& path) {
  const auto content = crypto::read_file(path, kMaxMeasuredBytes);
  if (!content) return {};
  const std::string hash = "sha256:" + to_hex(digest(HashAlg::kSha256, {*content}));
  const auto known = configuration_.find(path);
  if (known != configuration_.end() && known->second == hash) return {};
  Value event = Value::object({{"dig", hash}, {"id", path}, {"type", kConfiguration}});
  if (known != configuration_.end()) event.set("was", known->second);
  return add_event(kConfigurationPcr, event);
}

Result<void> MeasuredLogs::add_event(unsigned pcr, const Value& event) {
  const CelEntry entry = make_cel_entry(cel_entries_, pcr, to_json(event), {HashAlg::kSha256});
  append(cel_, entry.record);
  if (auto done = store(kCelFile, cel_); !done) return done;
  ++cel_entries_;
  remember(event);
  return tpm_->extend(pcr, entry.digests);
}

Result<std::vector<std::string>> MeasuredLogs::measure_ecus(const std::vector<EcuState>& ecus) {
  std::vector<std::string> fresh;
  for (const EcuState& ecu : ecus) {
    const auto known = ecus_.find(ecu.id);
    if (known != ecus_.end() && same_state(known->second, ecu)) continue;
    Value event = event_of(ecu);
    if (known != ecus_.end()) event.set("was", known->second.string_at("dig", kNothing));
    if (!ever_.contains(ecu.id)) fresh.push_back(ecu.id);
    if (auto done = add_event(kEcuPcr, event); !done) return fail(done.error());
  }
  for (const auto& [id, event] : std::map(ecus_)) {
    const bool there =
        std::ranges::any_of(ecus, [&name = id](const EcuState& ecu) { return ecu.id == name; });
    if (there || event.string_at("type") != "ecu") continue;
    const Value gone = Value::object(
        {{"id", id}, {"type", "ecu-gone"}, {"was", event.string_at("dig", kNothing)}});
    if (auto done = add_event(kEcuPcr, gone); !done) return fail(done.error());
  }
  return fresh;
}

}  // namespace gatehouse::attest
