#pragma once
#include <string>

#include "ae-apps/ota/crypto/bytes.h"
#include "cse/primitive/value.h"

namespace gatehouse::attest {

/// What a verifier must know of a gateway to enrol it.
struct Identity {
  Bytes attestation_key, endorsement_key, device_key;  ///< TPMT_PUBLIC
  std::string device_key_pem;
  Bytes counter_name;
  std::string ek_certificate_pem;  ///< with its chain, from the maker of the TPM; may be empty
  bool emulator = false;
};
/// `{"ak":"…","counter":"…","device_key":"…","device_key_pem":"…","ek":"…","ek_certificate":"…",
///   "emulator":true}`
Value to_value(const Identity& identity);
Result<Identity> identity_from(const Value& value);

}  // namespace gatehouse::attest
