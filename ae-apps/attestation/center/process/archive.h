#pragma once
#include <memory>

#include "ae-apps/attestation/evidence/log/log.h"
#include "ae-apps/attestation/evidence/operation/certificate.h"
#include "ae-apps/attestation/evidence/trust/kept_keys.h"
#include "ae-apps/attestation/evidence/witness/submission.h"

namespace gatehouse::center {

struct ArchiveSettings {
  std::string folder;  ///< log/, files/, certificates/, stamps/ below it
  std::string key;     ///< of the log: an Ed25519 key file (made if absent), or pkcs11:
  std::string origin = "log.example/1";
  std::vector<evidence::WitnessLink> witnesses;
  std::size_t quorum = 0;
  std::map<std::string, std::string> signers;  ///< PEM by key id, to be enclosed in certificates
};

/// Where the Center keeps evidence: the log, what records name by hash, certificates of operations.
/// Threading: one thread at a time.
class Archive {
 public:
  /// `transport` reaches the witnesses. Errors: as evidence::Log::open.
  static Result<std::unique_ptr<Archive>> open(ArchiveSettings settings,
                                               evidence::WitnessTransport transport);

  evidence::Medium& medium() { return *medium_; }
  evidence::Log& log() { return *log_; }

  /// Durable on return. Returns its SHA-256, hexadecimal.
  Result<std::string> keep(std::string_view content) const;
  /// Errors: kNotFound; kNotAcceptable if it is not what its name says.
  Result<std::string> kept(const std::string& sha256) const;

  struct Certified {
    std::string certificate;
    std::string receipt;  ///< C2SP tlog-proof of the last record
  };
  /// Publishes, has the witnesses cosign and an authority stamp, and makes the certificate of an
  /// operation that is closed. Errors: kTargetNotReachable if the witnesses' quorum is not reached:
  /// then there is no certificate yet.
  Result<Certified> certify(const std::string& device, std::uint64_t operation);
  Result<void> store(const std::string& device, std::uint64_t operation,
                     std::string_view certificate) const;
  bool has_certificate(const std::string& device, std::uint64_t operation) const;

 private:
  Archive(ArchiveSettings settings, evidence::WitnessTransport transport)
      : settings_(std::move(settings)), transport_(std::move(transport)) {}
  Result<void> open_log();
  Result<Bytes> stamp(std::string_view text);
  Result<void> enclose(evidence::Certificate& certificate) const;
  std::string certificate_file(const std::string& device, std::uint64_t operation) const;

  ArchiveSettings settings_;
  evidence::WitnessTransport transport_;
  crypto::SystemRandom random_;
  std::unique_ptr<evidence::RealMedium> medium_;
  std::unique_ptr<evidence::Log> log_;
};

}  // namespace gatehouse::center
