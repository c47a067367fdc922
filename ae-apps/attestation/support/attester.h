#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "ae-apps/attestation/evidence/operation/record.h"
#include "ae-apps/attestation/report/evidence.h"
#include "ae-apps/attestation/report/identity.h"
#include "ae-apps/attestation/support/measured_logs.h"
#include "ae-apps/attestation/tpm/emulator.h"

namespace gatehouse::attest {

struct AttesterSettings {
  std::string device;            ///< as its certificate names it: "car-1"
  std::string tcti;              ///< empty: a software TPM of our own, below `folder`
  std::filesystem::path folder;  ///< logs, and the software TPM's state
  std::string pcrs = "sha256:0,4,10,11";
  std::vector<BootStage> boot = {{0, "firmware 1"}, {4, "loader 1"}};
  std::vector<std::string> files;          ///< measured before every quote
  std::vector<std::string> configuration;  ///< the same, into PCR 12: how it is set up
  OutsideLogs outside;                     ///< of firmware and kernel, where they measure
  /// Chain of the endorsement key's certificate, PEM; empty: the one in the TPM, if it has one.
  std::string ek_certificate_file;
  std::uint32_t counter_index = 0x01500100;      ///< NV: counts operations
  std::uint32_t persistent_handle = 0x81000100;  ///< of the device key, once it is used for TLS
};

/// The TPM of a gateway, what was measured into it, and what it says about that. Knows no network.
/// Threading: one thread at a time, the one that opened it as long as it lives.
class Attester {
 public:
  /// Errors: those of the TPM, of MeasuredLogs::open, and kBadRequest for the PCRs.
  static Result<Attester> open(AttesterSettings settings);
  Attester(Attester&&) noexcept = default;
  ~Attester();

  const AttesterSettings& settings() const { return settings_; }
  const Identity& identity() const { return identity_; }
  /// How others in this process reach the TPM, as tpm2-tools take it.
  const std::string& tcti() const { return tcti_; }
  std::string assurance() const {
    return identity_.emulator ? "a TPM in software, the weaker level" : "a TPM";
  }

  /// Measures files and ECUs, then quotes. `inventory`: the ECUs' own reports, as JSON list.
  /// `fresh` gets the identifiers of what was never seen before. Errors: those of the TPM.
  Result<AttestationEvidence> attest(const Challenge& challenge, const std::vector<EcuState>& ecus,
                                     const std::string& inventory,
                                     std::vector<std::string>* fresh = nullptr);
  Result<TpmIdentification> identification() { return tpm_->identification(); }
  /// How often the TPM was started, as it counts itself.
  Result<std::uint32_t> reset_count();
  /// One more maintenance, in the TPM's own counter.
  Result<void> count_operation();
  /// Signs a record of ours with the device key.
  Result<void> sign(evidence::Record& record);
  /// TPM2_ActivateCredential. Errors: kNotAcceptable if it was made for another TPM or key.
  Result<Bytes> activate(const Credential& credential);
  /// The device key is in this TPM: TPM2_Certify by the attestation key.
  Result<TpmQuote> certify_device_key(ByteView nonce);
  /// The device key for TLS, as bindings take a key: it stays in the TPM. Good for as long as this
  /// lives.
  Result<std::string> tls_key();

 private:
  explicit Attester(AttesterSettings settings) : settings_(std::move(settings)) {}
  Result<void> open_tpm();
  Result<Tpm> open_emulator();
  Result<Tpm> start_emulator(bool resume);
  Result<void> know_identity();
  Result<void> save();
  template <class T>
  Result<T> saved(Result<T> made);

  AttesterSettings settings_;
  std::string tcti_;
  std::unique_ptr<Emulator> emulator_;
  std::unique_ptr<Tpm> tpm_;
  std::unique_ptr<MeasuredLogs> logs_;
  PcrSelection selection_;
  Identity identity_;
};

}  // namespace gatehouse::attest
