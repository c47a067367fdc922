#pragma once
#include <functional>
#include <string>

#include "ae-apps/ota/crypto/keys.h"

namespace gatehouse::image {

/// What an ECU states about the software that it runs, in answer to a challenge.
struct VersionReport {
  std::string serial;
  std::string hardware_id;
  std::string name;
  std::string version;  ///< "none": no image may run
  std::uint64_t release_counter = 0;
  std::string payload_sha256;  ///< hexadecimal; empty if none runs
  std::string slot;            ///< "a", "b", "none"
  std::string nonce;           ///< hexadecimal; of the challenge, used once
  std::uint64_t counter = 0;   ///< of reports; rises with each
  std::string status;          ///< "running", "trial" (not confirmed yet), "stopped"
  std::string attack;  ///< "none", or why an image was refused last ("bad-signature", "rollback",
                       ///< "self-test")

  friend bool operator==(const VersionReport&, const VersionReport&) = default;
};

/// A report as it travels: `{"alg":"ecdsa-p256-sha256","key":"<key
/// id>","report":"{…}","sig":"<base64>"}`. "hmac-sha256" for an ECU that shares a key with its
/// gateway; its "key" is empty.
struct SignedReport {
  std::string algorithm;
  std::string key_id;       ///< hexadecimal
  std::string report_json;  ///< exactly the bytes that are signed
  Bytes signature;
};

inline constexpr std::size_t kMaxReportBytes = 4096;

Result<SignedReport> sign_report(const VersionReport& report, const crypto::SigningKey& key);
SignedReport mac_report(const VersionReport& report, ByteView shared_key);

std::string encode_report(const SignedReport& report);
/// Any bytes give a SignedReport or kBadRequest naming the member. Nothing is verified yet.
Result<SignedReport> decode_report(std::string_view text);

/// The content once the signature was found right and the nonce is the one of the challenge.
/// Errors: kOriginatorNotAuthenticated (other key, wrong signature), kConflict (another nonce),
/// kBadRequest.
Result<VersionReport> verify_report(const SignedReport& report, const crypto::PublicKey& key,
                                    ByteView nonce);
Result<VersionReport> verify_report_mac(const SignedReport& report, ByteView shared_key,
                                        ByteView nonce);
/// HMAC-SHA256 by a key that its owner may keep where nobody reads it.
using Mac = std::function<Result<Bytes>(ByteView message)>;
/// The same with such a key. Errors: also those of the key's owner.
Result<VersionReport> verify_report_mac(const SignedReport& report, const Mac& mac, ByteView nonce);

}  // namespace gatehouse::image
