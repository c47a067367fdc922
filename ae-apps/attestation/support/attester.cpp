#include "ae-apps/attestation/support/attester.h"

#include "ae-apps/attestation/quote/attestation_key.h"
#include "ae-apps/attestation/quote/pcr_values.h"

namespace gatehouse::attest {

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
  auto logs = MeasuredLogs::open(*out.tpm_, out.settings_.folder / "logs", out.settings_.boot);
  if (!logs) return fail(logs.error());
  out.logs_ = std::make_unique<MeasuredLogs>(*std::move(logs));
  if (auto done = out.know_identity(); !done) return fail(done.error());
  return out;
}

Result<void> Attester::open_tpm() {
  std::string tcti = settings_.tcti;
  if (tcti.empty()) {
    auto emulator = Emulator::start(settings_.folder / "tpm");
    if (!emulator) return fail(emulator.error());
    emulator_ = std::make_unique<Emulator>(*std::move(emulator));
    tcti = emulator_->tcti();
  }
  auto tpm = Tpm::open(tcti);
  if (!tpm) return fail(tpm.error());
  tpm_ = std::make_unique<Tpm>(*std::move(tpm));
  identity_.emulator = tcti.starts_with("swtpm:");
  const auto defined = tpm_->define_counter(settings_.counter_index);
  if (!defined && defined.error().rsc != Rsc::kAlreadyExists) return fail(defined.error());
  return {};
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
  return {};
}

Result<AttestationEvidence> Attester::attest(const Challenge& challenge,
                                             const std::vector<EcuState>& ecus,
                                             const std::string& inventory,
                                             std::vector<std::string>* fresh) {
  for (const std::string& file : settings_.files) {
    if (auto done = logs_->measure_file(file); !done) return fail(done.error());
  }
  auto seen = logs_->measure_ecus(ecus);
  if (!seen) return fail(seen.error());
  if (fresh != nullptr) *fresh = *std::move(seen);
  AttestationEvidence out;
  out.inventory = inventory;
  const Bytes nonce = inventory.empty() ? challenge.nonce : bound_nonce(challenge, inventory);
  auto quote = tpm_->quote(nonce, selection_);
  if (!quote) return fail(quote.error());
  const auto values = tpm_->read_pcrs(selection_);
  if (!values) return fail(values.error());
  auto counter = tpm_->certify_counter(settings_.counter_index, challenge.nonce);
  if (!counter) return fail(counter.error());
  out.message = std::move(quote->message);
  out.signature = std::move(quote->signature);
  out.pcr_values = write_serialized(selection_, *values);
  out.logs = logs_->logs();
  std::erase_if(out.logs, [](const Bytes& log) { return log.empty(); });
  out.counter.emplace(std::move(counter->message), std::move(counter->signature));
  return out;
}

Result<void> Attester::count_operation() {
  return tpm_->increment_counter(settings_.counter_index);
}

Result<void> Attester::sign(evidence::Record& record) {
  const auto key = crypto::PublicKey::from_pem(identity_.device_key_pem);
  if (!key) return fail(key.error());
  return evidence::sign(record, *key, [this](ByteView message) { return tpm_->sign(message); });
}

Result<Bytes> Attester::activate(const Credential& credential) {
  return tpm_->activate_credential(KeyKind::kEccP256, credential);
}

}  // namespace gatehouse::attest
