#pragma once
#include <string>

#include "ae-apps/ota/crypto/keys.h"

namespace gatehouse::attest {

/// What a log says of an ECU that reports by itself.
struct EcuClaim {
  std::string serial, version;
  std::string digest;  ///< of its software, hexadecimal
};

/// Whether the ECU's one report is in the inventory, signed by this key in answer to this nonce,
/// and says the same. An entry is what an OTA gateway reports:
/// `{"ecu":…,"alg":…,"level":…,"report":…,"signature":…,"key_id":…}`. Errors: kNotAcceptable.
Result<void> check_ecu_report(const EcuClaim& claim, std::string_view inventory,
                              const crypto::PublicKey& key, ByteView nonce);

}  // namespace gatehouse::attest
