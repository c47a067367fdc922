#pragma once
#include <string>
#include <vector>

#include "ae-apps/ota/uptane/envelope.h"
#include "cse/primitive/timestamp.h"

namespace gatehouse::ota {

inline constexpr std::size_t kMaxTimeNonces = 16;
inline constexpr std::size_t kMaxAttestationBytes = 16 * 1024;

/// 16 to 64 hexadecimal digits: what a vehicle may ask with.
bool is_time_nonce(std::string_view text);

/// What a time server says to those who asked with these nonces:
/// `{"signed":{"_type":"timeserver","nonces":[…],"time":"2030-01-31T12:00:00Z"},"signatures":[…]}`.
/// Source: Uptane deployment best practices, "Setting up a secure source of time" (external time
/// server). Errors: kBadRequest for nonces of another form, none, or more than 16.
Result<std::string> attest_time(const std::vector<std::string>& nonces, Timestamp now,
                                const crypto::SigningKey& key);

/// Whom a vehicle believes.
struct TimeKeys {
  std::vector<crypto::PublicKey> keys;
  std::uint64_t threshold = 1;
};
/// From files with public keys or certificates (PEM). Errors: those of crypto::PublicKey::load;
/// kBadRequest if there are fewer keys than must sign.
Result<TimeKeys> load_time_keys(const std::vector<std::string>& files, std::uint64_t threshold);

/// The time, if enough of the keys signed it for this nonce. Refusals: kMalformed, kWrongType,
/// kThreshold, kReplay (it answers others).
uptane::Checked<Timestamp> verify_time(std::string_view attestation, const TimeKeys& keys,
                                       const std::string& nonce);

}  // namespace gatehouse::ota
