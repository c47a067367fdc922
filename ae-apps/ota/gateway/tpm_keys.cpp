#include "ae-apps/ota/gateway/tpm_keys.h"

#include <mutex>

#include "ae-apps/attestation/tpm/emulator.h"
#include "ae-apps/attestation/tpm/tpm.h"
#include "ae-apps/ota/crypto/files.h"
#include "ae-apps/ota/program/state_files.h"

namespace gatehouse::gateway {
namespace {

constexpr std::string_view kSoftware = "software";
constexpr std::size_t kMaxAdoptedBytes = 4096;
/// With a code of this two keys are compared of which one cannot be read.
constexpr std::string_view kProbe = "gatehouse: which key is it?";

}  // namespace

struct TpmKeys::State {
  std::filesystem::path folder;
  std::optional<attest::Emulator> emulator;
  std::mutex mutex;  ///< the TPM's
  std::optional<attest::Tpm> tpm;
};

TpmKeys::TpmKeys(std::unique_ptr<State> state) : state_(std::move(state)) {}

TpmKeys::~TpmKeys() { state_->tpm.reset(); }  // before the emulator ends

Result<std::shared_ptr<TpmKeys>> TpmKeys::open(const std::string& tpm,
                                               const std::filesystem::path& folder) {
  auto state = std::make_unique<State>();
  state->folder = folder / "tpm-keys";
  std::error_code error;
  std::filesystem::create_directories(state->folder, error);
  if (error) return fail(Rsc::kInternalServerError, state->folder.string() + ": no such folder");
  std::string address = tpm;
  if (tpm == kSoftware) {
    auto emulator = attest::Emulator::start(folder / "tpm");
    if (!emulator) return fail(emulator.error());
    state->emulator.emplace(*std::move(emulator));
    address = state->emulator->tcti();
  }
  auto opened = attest::Tpm::open(address);
  if (!opened) return fail(opened.error());
  state->tpm.emplace(*std::move(opened));
  return std::shared_ptr<TpmKeys>(new TpmKeys(std::move(state)));
}

Result<Bytes> TpmKeys::make(ByteView adopted, ByteView message) {
  const std::lock_guard lock(state_->mutex);
  return state_->tpm->mac(adopted, message);
}

/// The key as this TPM keeps it: the one it has, unless there is a file with another.
Result<Bytes> TpmKeys::take_over(const std::string& serial, const std::string& key_file) {
  const auto file = state_->folder / serial;
  const auto text = ota::read_text(file, kMaxAdoptedBytes);
  if (!text) return fail(text.error());
  const auto kept = from_hex(*text);
  if (!kept) return fail(Rsc::kNotAcceptable, file.string() + " is damaged");
  std::error_code error;
  const bool has_file = std::filesystem::exists(key_file, error);
  if (kept->empty() && !has_file) {
    return fail(Rsc::kNotFound, "the TPM has no key, and there is no file " + key_file);
  }
  if (!has_file) return *kept;
  const auto key = crypto::load_secret(key_file);
  if (!key) return fail(key.error());
  if (!kept->empty()) {
    const auto ours = make(*kept, view_of(kProbe));
    const auto theirs = crypto::hmac_sha256(*key, view_of(kProbe));
    if (ours && crypto::equal_constant_time(theirs, *ours)) return *kept;
  }
  const std::lock_guard lock(state_->mutex);
  auto adopted = state_->tpm->adopt_mac_key(*key);
  if (!adopted) return adopted;
  if (auto done = ota::replace_file(file, to_hex(*adopted)); !done) return fail(done.error());
  return adopted;
}

Result<image::Mac> TpmKeys::mac_of(const std::string& serial, const std::string& key_file) {
  auto adopted = take_over(serial, key_file);
  if (!adopted) return fail(adopted.error());
  // Whether it is a key of this TPM is known only when it is used.
  if (const auto tried = make(*adopted, view_of(kProbe)); !tried) return fail(tried.error());
  return image::Mac([self = shared_from_this(), key = *std::move(adopted)](ByteView message) {
    return self->make(key, message);
  });
}

Result<void> take_keys_into_tpm(GatewaySettings& settings) {
  if (settings.tpm.empty()) return {};
  auto keys = TpmKeys::open(settings.tpm, settings.state_dir);
  if (!keys) return fail(keys.error().rsc, "tpm: " + keys.error().detail);
  for (EcuEntry& ecu : settings.ecus) {
    if (ecu.level != EcuLevel::kConstrained) continue;
    auto mac = (*keys)->mac_of(ecu.serial, ecu.shared_key_file);
    if (!mac) {
      return fail(mac.error().rsc, "tpm: ECU " + ecu.serial + ": " + mac.error().detail);
    }
    ecu.mac = *std::move(mac);
  }
  return {};
}

}  // namespace gatehouse::gateway
