#include "ae-apps/attestation/support/attester.h"

#include <cstdio>

#include "ae-apps/attestation/quote/attestation_key.h"
#include "ae-apps/attestation/quote/pcr_values.h"
#include "ae-apps/ota/program/state_files.h"

namespace gatehouse::attest {
namespace {

constexpr const char* kBootIdFile = "boot-id";
constexpr std::size_t kMaxBootIdBytes = 128;
constexpr unsigned kScratchPcr = 16;  // for debugging: anybody may reset it
constexpr std::size_t kMaxChainBytes = 64u << 10;

}  // namespace

Attester::~Attester() {
  logs_.reset();
  tpm_.reset();  // before the emulator ends
}

Result<Attester> Attester::open(AttesterSettings settings) {
  Attester out(std::move(settings));
  auto selection = parse_pcr_list(out.settings_.pcrs);
  if (!selection) return fail(selection.error());
  out.selection_ = *std::move(selection);
  if (auto done = out.open_tpm(); !done) return fail(done.error());
  auto logs = MeasuredLogs::open(*out.tpm_, out.settings_.folder / "logs", out.settings_.boot,
                                 out.settings_.outside);
  if (!logs) return fail(logs.error());
  out.logs_ = std::make_unique<MeasuredLogs>(*std::move(logs));
  if (auto done = out.know_identity(); !done) return fail(done.error());
  if (auto done = out.save(); !done) return fail(done.error());
  return out;
}

/// A software TPM has power for as long as the machine has: when this program is started anew it
/// goes on where it was saved. A reboot is known by the kernel's number for it.
Result<Tpm> Attester::open_emulator() {
  const auto state = settings_.folder / "tpm";
  const auto boot = ota::read_text("/proc/sys/kernel/random/boot_id", kMaxBootIdBytes);
  const auto last = ota::read_text(state / kBootIdFile, kMaxBootIdBytes);
  if (!boot) return fail(boot.error());
  const bool resume = last && !boot->empty() && *last == *boot;
  // Behind a saved state only the second start is one from nothing, and counted as such.
  if (last && !last->empty() && !resume) {
    auto tpm = start_emulator(false);
    if (!tpm) return tpm;
    if (auto used = tpm->extend(kScratchPcr, {{HashAlg::kSha256, Bytes(32)}}); !used) {
      return fail(used.error());
    }
  }
  emulator_.reset();
  auto tpm = start_emulator(resume);
  if (!tpm) return tpm;
  if (auto kept = ota::replace_file(state / kBootIdFile, *boot); !kept) return fail(kept.error());
  return tpm;
}

Result<Tpm> Attester::start_emulator(bool resume) {
  auto emulator = Emulator::start(settings_.folder / "tpm", Emulator::Power::kWaiting);
  if (!emulator) return fail(emulator.error());
  emulator_ = std::make_unique<Emulator>(*std::move(emulator));
  tcti_ = emulator_->tcti();
  return Tpm::open(tcti_, resume);
}

Result<void> Attester::open_tpm() {
  tcti_ = settings_.tcti;
  auto tpm = tcti_.empty() ? open_emulator() : Tpm::open(tcti_);
  if (!tpm) return fail(tpm.error());
  tpm_ = std::make_unique<Tpm>(*std::move(tpm));
  identity_.emulator = tcti_.starts_with("swtpm:");
  const auto defined = tpm_->define_counter(settings_.counter_index);
  if (!defined && defined.error().rsc != Rsc::kAlreadyExists) return fail(defined.error());
  return {};
}

/// Of an emulator, after every command: most of them change something that is not saved.
Result<void> Attester::save() { return emulator_ ? tpm_->save_state() : Result<void>(); }

template <class T>
Result<T> Attester::saved(Result<T> made) {
  if (!made) return made;
  if (auto done = save(); !done) return fail(done.error());
  return made;
}

Result<void> Attester::know_identity() {
  const auto attestation = tpm_->attestation_key();
  if (!attestation) return fail(attestation.error());
  const auto endorsement = tpm_->endorsement_key(KeyKind::kEccP256);
  if (!endorsement) return fail(endorsement.error());
  const auto device = tpm_->device_key();
  if (!device) return fail(device.error());
  auto counter = tpm_->counter_name(settings_.counter_index);
  if (!counter) return fail(counter.error());
  const auto pem = pem_of(*device);
  if (!pem) return fail(pem.error());
  identity_.attestation_key = encode(*attestation);
  identity_.endorsement_key = encode(*endorsement);
  identity_.device_key = encode(*device);
  identity_.device_key_pem = *pem;
  identity_.counter_name = *std::move(counter);
  if (!settings_.ek_certificate_file.empty()) {
    auto chain = ota::read_text(settings_.ek_certificate_file, kMaxChainBytes);
    if (!chain) return fail(chain.error());
    identity_.ek_certificate_pem = *std::move(chain);
  } else if (auto chain = tpm_->endorsement_certificate(KeyKind::kEccP256); !chain) {
    return fail(chain.error());
  } else {
    identity_.ek_certificate_pem = *std::move(chain);
  }
  return {};
}

Result<AttestationEvidence> Attester::attest(const Challenge& challenge,
                                             const std::vector<EcuState>& ecus,
                                             const std::string& inventory,
                                             std::vector<std::string>* fresh) {
  for (const std::string& file : settings_.files) {
    if (auto done = logs_->measure_file(file); !done) return fail(done.error());
  }
  for (const std::string& file : settings_.configuration) {
    if (auto done = logs_->measure_configuration(file); !done) return fail(done.error());
  }
  auto seen = logs_->measure_ecus(ecus);
  if (!seen) return fail(seen.error());
  if (fresh != nullptr) *fresh = *std::move(seen);
  if (auto done = save(); !done) return fail(done.error());
  AttestationEvidence out;
  out.inventory = inventory;
  out.exchange = challenge.exchange;
  auto quote = tpm_->quote(quote_nonce(challenge, inventory), selection_);
  if (!quote) return fail(quote.error());
  const auto values = tpm_->read_pcrs(selection_);
  if (!values) return fail(values.error());
  auto counter = tpm_->certify_counter(settings_.counter_index, effective_nonce(challenge));
  if (!counter) return fail(counter.error());
  out.message = std::move(quote->message);
  out.signature = std::move(quote->signature);
  out.pcr_values = write_serialized(selection_, *values);
  auto logs = logs_->logs();
  if (!logs) return fail(logs.error());
  out.logs = *std::move(logs);
  std::erase_if(out.logs, [](const Bytes& log) { return log.empty(); });
  out.counter.emplace(std::move(counter->message), std::move(counter->signature));
  return saved(Result<AttestationEvidence>(std::move(out)));
}

Result<std::uint32_t> Attester::reset_count() {
  const auto clock = tpm_->clock();
  if (!clock) return fail(clock.error());
  return clock->reset_count;
}

Result<void> Attester::count_operation() {
  if (auto done = tpm_->increment_counter(settings_.counter_index); !done) return done;
  return save();
}

Result<void> Attester::sign(evidence::Record& record) {
  const auto key = crypto::PublicKey::from_pem(identity_.device_key_pem);
  if (!key) return fail(key.error());
  return evidence::sign(record, *key,
                        [this](ByteView message) { return saved(tpm_->sign(message)); });
}

Result<Bytes> Attester::activate(const Credential& credential) {
  return saved(tpm_->activate_credential(KeyKind::kEccP256, credential));
}

Result<TpmQuote> Attester::certify_device_key(ByteView nonce) {
  return saved(tpm_->certify_device_key(nonce));
}

Result<std::string> Attester::tls_key() {
  if (auto done = tpm_->persist_device_key(settings_.persistent_handle); !done) {
    return fail(done.error());
  }
  if (auto done = save(); !done) return fail(done.error());
  char handle[16];
  std::snprintf(handle, sizeof handle, "0x%08X", settings_.persistent_handle);
  return std::string("tpm2:handle=") + handle + ";tcti=" + tcti_;
}

}  // namespace gatehouse::attest
