#pragma once
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ae-apps/attestation/evidence/log/merkle.h"
#include "ae-apps/ota/crypto/keys.h"
#include "cse/primitive/timestamp.h"

namespace gatehouse::evidence {

/// What happened, in the order in which it may happen.
enum class RecordKind : std::uint8_t {
  kOpen,
  kBeforeChallenge,
  kBeforeEvidence,
  kBeforeResult,
  kSelection,
  kDelivery,
  kConsent,
  kApply,
  kReboot,
  kAfterChallenge,
  kAfterEvidence,
  kAfterResult,
  kConfirmation,
  kFailure,
  kRollback,
  kRefusal,
  kClose,
};

/// Facts that decide: of consents and of changes.
inline constexpr std::string_view kAccepted = "accepted";
inline constexpr std::string_view kSuccessful = "successful";

/// Who may say it, what it must say, what may come before it, and how it is told to people.
struct KindRow {
  RecordKind kind;
  std::string_view name;
  std::string_view role;      ///< whose key signs: "center", "verifier" or "device"
  std::string_view facts;     ///< that must be there, parted by blanks
  std::string_view after;     ///< kinds that it may follow, parted by blanks; "*": all but close
  std::string_view sentence;  ///< {device} and {fact} stand for their values
};
std::span<const KindRow> kind_rows();
const KindRow& row_of(RecordKind kind);
const KindRow* row_named(std::string_view name);
/// A refused attempt changes nothing in an operation: it may come anywhere.
bool may_follow(RecordKind next, RecordKind last);

/// One numbered statement about one operation on one device, signed by who makes it. Its bytes are
/// canonical: one record has one encoding, which is an entry of the log.
struct Record {
  std::string device;
  std::uint64_t operation = 0;  ///< counts from 1 for each device, without gaps
  std::uint64_t position = 0;   ///< counts from 1 within the operation, without gaps
  RecordKind kind = RecordKind::kOpen;
  Timestamp time;  ///< as the signer's clock has it
  /// Leaf hash of the record before it; of the first: of the last record of the operation before,
  /// or empty for the first operation of a device.
  std::string previous;
  std::map<std::string, std::string> facts;
  std::map<std::string, std::string> files;  ///< what is kept beside the log: name to SHA-256 (hex)
  std::string key;                           ///< id of the signer's key, hexadecimal
  Bytes signature;

  friend bool operator==(const Record&, const Record&) = default;
};

/// Canonical JSON: members in alphabetical order, no blanks.
std::string encode(const Record& record);
/// Errors: kBadRequest for anything that encode() does not make, and for a fact that is missing.
Result<Record> decode_record(std::string_view entry);
/// True if an entry of a log claims to be a record.
bool looks_like_record(ByteView entry);

/// Sets key and signature. Errors: as SigningKey::sign.
Result<void> sign(Record& record, const crypto::SigningKey& key);
/// The same for a key that only signs, such as one in a TPM.
using Signer = std::function<Result<Bytes>(ByteView message)>;
Result<void> sign(Record& record, const crypto::PublicKey& key, const Signer& signer);
bool signed_by(const Record& record, const crypto::PublicKey& key);

/// The row's sentence with the record's facts in it.
std::string sentence_of(const Record& record);

}  // namespace gatehouse::evidence
