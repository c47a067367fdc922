#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "ae-apps/ota/uptane/envelope.h"
#include "cse/primitive/timestamp.h"

namespace gatehouse::ota {

inline constexpr std::size_t kMaxTimeNonces = 16;
inline constexpr std::size_t kMaxAttestationBytes = 4 * 1024;  ///< one server's
inline constexpr std::size_t kMaxTimeServers = 16;
inline constexpr std::size_t kMaxGatheredBytes = 2 * kMaxTimeServers * kMaxAttestationBytes;

/// 16 to 64 hexadecimal digits: what a vehicle may ask with.
bool is_time_nonce(std::string_view text);

/// What a time server says to those who asked with these nonces:
/// `{"signed":{"_type":"timeserver","nonces":[…],"time":"2030-01-31T12:00:00Z"},"signatures":[…]}`.
/// Source: Uptane deployment best practices, "Setting up a secure source of time" (external time
/// server). Errors: kBadRequest for nonces of another form, none, or more than 16.
Result<std::string> attest_time(const std::vector<std::string>& nonces, Timestamp now,
                                const crypto::SigningKey& key);

/// Whom a vehicle believes: so many different keys must say the same time.
struct TimeKeys {
  std::vector<crypto::PublicKey> keys;
  std::uint64_t threshold = 1;
  std::chrono::seconds tolerance{60};  ///< as much they may differ
};
/// A key that is there twice counts once.
std::size_t distinct_keys(const TimeKeys& keys);
/// From files with public keys or certificates (PEM). Errors: those of crypto::PublicKey::load;
/// kBadRequest if there are fewer different keys than must sign.
Result<TimeKeys> load_time_keys(const std::vector<std::string>& files, std::uint64_t threshold);

/// What several time servers said, as one text: `{"attestations":["<JSON text>", …]}`.
std::string join_attestations(const std::vector<std::string>& attestations);

/// The time, if as many different keys as the threshold says signed it for this nonce, and do not
/// differ by more than the tolerance. `attestation`: one server's, or several joined; of those,
/// what is no good hinders nothing. Of the largest group that agrees the time is the latest that
/// a threshold of keys say has come: with fewer liars than that, no honest server's future, and
/// not older than an honest server's time less the tolerance. Refusals: kMalformed, kTooLarge,
/// kIllegalThreshold, kThreshold; for one server's also kWrongType, kReplay (it answers others).
uptane::Checked<Timestamp> verify_time(std::string_view attestation, const TimeKeys& keys,
                                       const std::string& nonce);

}  // namespace gatehouse::ota
