#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "ae-apps/attestation/report/identity.h"
#include "ae-apps/attestation/verifier/appraisal.h"

namespace gatehouse::attest {

/// A challenge that was given out. It may be answered once.
struct Issued {
  Challenge challenge;
  Timestamp at;
  std::string place;    ///< where its record went, as JSON; empty: no record
  std::string record;   ///< the same answer for whoever asks again before it is used
  std::string used_by;  ///< SHA-256 of the evidence that used it up, in hex; empty: none yet
};

/// What was said to the evidence that used up the challenge: who asks again with the same bytes
/// gets the same words.
struct Judged {
  std::string nonce, evidence_hash;
  std::string verdict, record;
};

/// What the verifier remembers of one device.
struct DeviceState {
  std::optional<Identity> identity;  ///< once enrolled
  std::optional<Identity> applying;  ///< until the secret is back
  std::string secret_hash;           ///< SHA-256 of it, hexadecimal
  std::string enrol_nonce;
  bool revoked = false;
  std::optional<ClockMemory> last;
  std::uint64_t last_counter = 0;
  std::optional<std::set<std::string>> known;
  std::optional<Issued> issued;
  std::optional<Judged> judged;
};

Value to_value(const DeviceState& state);
/// Errors: kNotAcceptable for what to_value() would not give.
Result<DeviceState> state_from(const Value& value);

/// States as files, one for each device, replaced as a whole and durable.
class DeviceFiles {
 public:
  explicit DeviceFiles(std::filesystem::path folder) : folder_(std::move(folder)) {}
  /// An empty state if there is none yet. Errors: kNotAcceptable if it is damaged.
  Result<DeviceState> load(const std::string& device) const;
  Result<void> store(const std::string& device, const DeviceState& state) const;
  /// The highest bundle of the white list that was ever used.
  Result<std::uint64_t> highest_bundle() const;
  Result<void> keep_highest_bundle(std::uint64_t number) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace gatehouse::attest
