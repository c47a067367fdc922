#pragma once
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "ae-apps/attestation/evidence/operation/place.h"
#include "ae-apps/attestation/verifier/process/device_file.h"
#include "ae-apps/ota/crypto/random.h"

namespace gatehouse::attest {

/// A device that the verifier may be asked about.
struct KnownDevice {
  /// Name of its endorsement key, from the maker of the TPM: nobody else is enrolled as this
  /// device. Empty: the first one whose certificate leads to `ek_anchors_pem`.
  Bytes endorsement_key_name;
  std::map<std::string, crypto::PublicKey> ecu_keys;  ///< by serial number
};

struct DeskSettings {
  std::filesystem::path folder;           ///< state
  std::filesystem::path white_list_file;  ///< a bundle, read again for every judgement
  std::filesystem::path policy_file;      ///< read again for every judgement, too
  std::vector<crypto::PublicKey> white_list_keys;
  /// In place of the file: gives the list if its number is not below `highest_seen`.
  std::function<Result<WhiteList>(std::uint64_t highest_seen, Timestamp now)> white_list_source;
  /// Authorities of the TPMs' makers, PEM. Not empty: who is enrolled shows a certificate of its
  /// endorsement key that leads to one of them.
  std::string ek_anchors_pem;
  std::map<std::string, KnownDevice> devices;
  std::chrono::seconds nonce_lifetime{60};
};

/// The verifier's desk: gives out nonces, takes evidence, says what it found. All that it was asked
/// is in files before it answers, so it may be killed at any time: a nonce that it does not
/// remember was never given out. Knows no network. Threading: any thread.
class Desk {
 public:
  using Clock = std::function<Timestamp()>;
  /// The random source outlives it.
  Desk(DeskSettings settings, crypto::SigningKey key, Clock clock, crypto::Random& random);

  /// `{"device":…,"purpose":"before","operation":"7","resets":1,"place":{…}}`, the place for the
  /// record of a maintenance. Gives `{"challenge":"…","record":"…"}`. Errors: kBadRequest,
  /// kNotFound (a device that is not enrolled).
  Result<Value> challenge(const Value& request);
  /// `{"device":…,"evidence":"…","place":{…},"peer_key":"…"}`: gives `{"verdict":"<JWS>",
  /// "recommendation":…,"reason":…,"record":"…"}`, also for bad evidence. `peer_key`, if given, is
  /// the SHA-256 (hexadecimal) of the public key with which whoever brought the evidence has proven
  /// itself: it must be the device key. Errors: kBadRequest, kNotFound; kConflict
  /// for a nonce that was not given out, is used up or too old.
  Result<Value> judge(const Value& request);
  /// `{"device":…,"identity":{…}}`: gives a credential that only the right TPM can open, and a
  /// nonce for the certification of its device key. Errors: kNotAcceptable if the endorsement key
  /// is not that of the device, or the attestation key is none.
  Result<Value> enrol(const Value& request);
  /// `{"device":…,"secret":"…","certify":["…","…"]}` ends the enrolment.
  Result<Value> enrolled(const Value& request);

 private:
  Result<std::string> device_in(const Value& request) const;
  Result<WhiteList> white_list() const;
  Result<std::string> record_of(const std::optional<evidence::Place>& place,
                                evidence::RecordKind kind, const std::string& device,
                                std::map<std::string, std::string> facts,
                                std::map<std::string, std::string> files) const;
  Result<Enrolment> enrolment_of(const std::string& device, const DeviceState& state) const;
  Result<void> check_endorsement(const std::string& device, const DeviceState& state,
                                 const Identity& identity, const PublicArea& key) const;
  Result<Value> appraise_and_store(const std::string& device, DeviceState state,
                                   const std::string& text, const std::string& peer_key,
                                   const std::optional<evidence::Place>& place);

  const DeskSettings settings_;
  const crypto::SigningKey key_;
  const Clock clock_;
  crypto::Random& random_;
  const DeviceFiles files_;
  std::mutex mutex_;  ///< over loading and storing a state
};

}  // namespace gatehouse::attest
