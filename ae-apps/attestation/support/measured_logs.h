#pragma once
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "ae-apps/attestation/support/boot_log.h"
#include "ae-apps/attestation/tpm/tpm.h"
#include "cse/primitive/value.h"

namespace gatehouse::attest {

/// An ECU, or a sensor, as it was found.
struct EcuState {
  std::string id, version;
  std::string digest;         ///< "sha256:…"
  std::string auth = "none";  ///< "signed", "mac", or "none": the gateway speaks for it
  friend bool operator==(const EcuState&, const EcuState&) = default;
};

/// Logs that others keep: the firmware's and the kernel's. They are read, never written, and what
/// they say is in the PCRs already. Empty: there is none, and we measure in its place.
struct OutsideLogs {
  std::string boot;  ///< "/sys/kernel/security/tpm0/binary_bios_measurements"
  std::string ima;   ///< "/sys/kernel/security/ima/binary_runtime_measurements"
};

/// What was measured since the TPM was started, as three logs (boot, IMA, our own) and in its PCRs.
/// An entry is durable before its PCR is extended, so a stop in between is made good on opening:
/// logs and PCRs never disagree. Threading: one thread at a time.
class MeasuredLogs {
 public:
  static constexpr unsigned kFilePcr = kImaPcr, kEcuPcr = 11, kConfigurationPcr = 12;

  /// Goes on with the logs in the folder if the TPM was not started anew since; else the boot
  /// stages are measured. The TPM outlives this. Errors: kNotAcceptable if the logs there do not
  /// lead to the PCRs: then only a restart of the machine helps; those of the TPM and the disk.
  static Result<MeasuredLogs> open(Tpm& tpm, const std::filesystem::path& folder,
                                   const std::vector<BootStage>& stages,
                                   const OutsideLogs& outside = {});

  /// Measures the file unless its last measurement was the same. A file that cannot be read is not
  /// measured: the verifier misses it. With the kernel's own log this does nothing: its policy says
  /// what is measured. Errors: those of the TPM and the disk.
  Result<void> measure_file(const std::string& path);
  /// The same for a file that says how the machine is set up: an entry of our own log.
  Result<void> measure_configuration(const std::string& path);
  /// Brings the log up to what is there now: what is new, has changed or is gone becomes an entry.
  /// Returns the identifiers of what is new.
  Result<std::vector<std::string>> measure_ecus(const std::vector<EcuState>& ecus);

  /// As they stand now; read them after the quote: a log may have gone on behind it. Errors:
  /// kNotFound if one that others keep is gone.
  Result<std::vector<Bytes>> logs() const;
  std::size_t entries() const { return ima_entries_ + cel_entries_; }

 private:
  MeasuredLogs(Tpm& tpm, std::filesystem::path folder, OutsideLogs outside)
      : tpm_(&tpm), folder_(std::move(folder)), outside_(std::move(outside)) {}
  Result<void> begin(const std::vector<BootStage>& stages);
  Result<void> load();
  Result<void> catch_up();
  Result<void> add_event(unsigned pcr, const Value& event);
  void remember(const Value& event);
  Result<void> store(const char* name, const Bytes& log) const;

  Tpm* tpm_;
  std::filesystem::path folder_;
  OutsideLogs outside_;
  Bytes boot_, ima_, cel_;
  std::size_t ima_entries_ = 0, cel_entries_ = 0;
  std::map<std::string, Bytes> files_;                ///< path: hash, as measured last
  std::map<std::string, Value> ecus_;                 ///< id: event, as measured last
  std::map<std::string, std::string> configuration_;  ///< path: digest, as measured last
  std::set<std::string> ever_;                        ///< ids that were ever measured
};

}  // namespace gatehouse::attest
