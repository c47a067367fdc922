#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ae-apps/attestation/evidence/log/log.h"
#include "ae-apps/attestation/evidence/operation/record.h"

namespace gatehouse::center {

using evidence::RecordKind;

struct CenterSettings {
  std::function<Timestamp()> clock;
  /// The key that signs for "device" or "verifier"; nothing: unknown or revoked.
  std::function<std::optional<crypto::PublicKey>(std::string_view role, const std::string& device)>
      key_of;
  std::chrono::seconds clock_tolerance{300};  ///< by which a signer's clock may differ from ours
  std::size_t max_refusals = 32;              ///< logged for each operation; more are only answered
};

/// A statement that is durable in the log. Who made it may go on.
struct Acknowledged {
  std::uint64_t index = 0;
  std::string entry;

  friend bool operator==(const Acknowledged&, const Acknowledged&) = default;
};

/// How far the operation on a device is, and what its next record must hold on to.
struct Standing {
  std::uint64_t operation = 0;
  std::uint64_t position = 0;
  RecordKind last = RecordKind::kClose;  ///< statements of refusals do not count
  std::string last_entry;                ///< of whatever kind
  Timestamp since;                       ///< when `last` was taken, by its own time
  std::size_t refusals = 0;              ///< attempts that were logged, since this program started
  bool applied = false;                  ///< something in the device was changed
  std::vector<Acknowledged> records;

  bool open() const { return operation > 0 && last != RecordKind::kClose; }
};

/// The Center's side of maintenance: a state machine for each device over the thirteen steps. The
/// evidence log is its only memory, so what is remembered and what can be proven are the same; each
/// step is durable there before it is acknowledged, and a Center that was killed goes on from it.
/// Knows no network: whoever carries the messages calls it. Threading: one thread at a time.
class Center {
 public:
  /// Reads where all operations stand. The log and what the settings call outlive it. Errors:
  /// kNotAcceptable if a record in the log does not continue the one before it.
  static Result<Center> resume(evidence::Medium& medium, evidence::Log& log, crypto::SigningKey key,
                               CenterSettings settings);

  /// Step 1: the operation with the next number. Errors: kConflict if one is open; others as
  /// evidence::Log::append.
  Result<Acknowledged> begin(const std::string& device, const std::string& reason);
  /// The Center's own steps: selection, delivery, confirmation, failure, close. Errors: kNotFound
  /// without an open operation; kConflict if the kind cannot come here; kBadRequest for a fact that
  /// is missing or a kind that is not the Center's.
  Result<Acknowledged> state(const std::string& device, RecordKind kind,
                             std::map<std::string, std::string> facts);
  /// A record of the device or the verifier, as it came. The same record again gets the same
  /// answer. Errors: kBadRequest (no record), kNotFound (no open operation),
  /// kOriginatorHasNoPrivilege (wrong signer), kConflict (not the next one), kNotAcceptable (its
  /// time). An attempt that is refused while an operation is open is logged, beside the operation's
  /// records.
  Result<Acknowledged> take(std::string_view entry);
  /// Fails what has waited too long: before anything was changed the operation is closed, after it
  /// the device has time to go back. Returns the devices. Errors: as state().
  Result<std::vector<std::string>> expire();

  /// nullptr: nothing is known of this device.
  const Standing* standing(const std::string& device) const;
  /// Until when the next record of an open operation has to come.
  static std::chrono::seconds limit_after(RecordKind last);

 private:
  Center(evidence::Log& log, crypto::SigningKey key, CenterSettings settings)
      : log_(&log), key_(std::move(key)), settings_(std::move(settings)) {}
  Result<void> replay(ByteView entry, std::uint64_t index);
  Result<Acknowledged> add(evidence::Record record);
  Result<Acknowledged> write(const evidence::Record& record);
  Result<void> check(const evidence::Record& record, const Standing& standing) const;
  Result<void> keep_attempt(const evidence::Record& record, const std::string& reason);
  Result<void> fail_late(const std::string& device);
  void advance(const evidence::Record& record, Acknowledged acknowledged);

  evidence::Log* log_;
  crypto::SigningKey key_;
  CenterSettings settings_;
  std::map<std::string, Standing> devices_;
};

}  // namespace gatehouse::center
