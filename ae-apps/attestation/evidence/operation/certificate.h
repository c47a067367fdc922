#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ae-apps/attestation/evidence/log/log.h"
#include "ae-apps/attestation/evidence/operation/record.h"

namespace gatehouse::evidence {

inline constexpr std::size_t kMaxCertificateBytes = 32u << 20;

/// An entry of the log with its place in the certificate's checkpoint.
struct LoggedEntry {
  std::string entry;
  std::uint64_t index = 0;
  Proof proof;

  friend bool operator==(const LoggedEntry&, const LoggedEntry&) = default;
};

/// A checkpoint that was stamped while the operation was under way: its records were there by then.
struct EarlierCheckpoint {
  SignedCheckpoint checkpoint;
  Bytes stamp;
  Proof growth;  ///< consistency with the certificate's checkpoint

  friend bool operator==(const EarlierCheckpoint&, const EarlierCheckpoint&) = default;
};

/// All that is needed to check one operation, in one file.
struct Certificate {
  std::string device;
  std::uint64_t operation = 0;
  SignedCheckpoint checkpoint;  ///< with the witnesses' cosignatures
  Bytes stamp;                  ///< RFC 3161 response over the checkpoint's text
  std::vector<EarlierCheckpoint> earlier;
  std::optional<LoggedEntry> predecessor;  ///< last record of the operation before
  std::vector<LoggedEntry> records;
  std::vector<LoggedEntry> key_changes;        ///< of the log, up to the checkpoint
  std::map<std::string, std::string> signers;  ///< key id: certificate chain or public key, PEM
  std::map<std::string, Bytes> files;          ///< by SHA-256, hexadecimal

  friend bool operator==(const Certificate&, const Certificate&) = default;
};
/// JSON, one line for each entry, for people with an editor.
std::string encode(const Certificate& certificate);
/// The form only. Errors: kBadRequest.
Result<Certificate> parse_certificate(std::string_view text);

/// Where the entries of one operation are in a log.
struct OperationPlaces {
  std::vector<std::uint64_t> records;
  std::optional<std::uint64_t> predecessor;
  std::vector<std::uint64_t> key_changes;
};
/// Looks through the whole published log. Errors: kNotFound if the operation is not there.
Result<OperationPlaces> find_operation(Medium& medium, const Checkpoint& checkpoint,
                                       const std::string& device, std::uint64_t operation);
/// Entries and proofs against the published checkpoint; stamp, signers, files and earlier
/// checkpoints are the caller's to add. Errors: as Log::prove.
Result<Certificate> certify(const Log& log, const std::string& device, std::uint64_t operation,
                            const OperationPlaces& places);

/// The next record of an operation, to be filled and signed; `last_entry` is its encoding.
Record following(const Record& last, std::string_view last_entry, RecordKind kind, Timestamp time);
/// The first record of an operation. `before`: the last entry of the device's operation before it.
Record opening(const std::string& device, std::uint64_t operation,
               std::optional<std::string_view> before, Timestamp time);

}  // namespace gatehouse::evidence
