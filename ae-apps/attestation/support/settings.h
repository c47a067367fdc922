#pragma once
#include <string>
#include <vector>

#include "ae-apps/attestation/support/attester.h"
#include "ae-apps/sdk/settings.h"

namespace gatehouse::attest {

struct SupportSettings {
  sdk::AeSettings ae;
  AttesterSettings attester;
  std::string center_ae = "/id-in/Ccenter";
  std::string center_reports = "/id-in/cse-in/center/reports";
  std::vector<std::string> readers;     ///< may look at what we say: people, tools
  std::string gateway = "ota-gateway";  ///< AE that asks the ECUs; empty: there are none
  std::string gateway_ae = "CotaGateway";
  std::chrono::milliseconds ecu_limit{20'000};  ///< for the ECUs' reports
  std::string tnc_server;                       ///< host; empty: the Center may not order TNC
  std::uint16_t tnc_port = 271;
};

/// A JSON file. Errors: kBadRequest naming the member and the rule, kNotFound.
Result<SupportSettings> load_configuration(const std::string& file, const Value& overrides);

/// With "tpm" as the key of `tls`: the device key, which stays in the TPM. Errors: those of the
/// TPM.
Result<void> take_key_from(Attester& attester, SupportSettings& settings);

}  // namespace gatehouse::attest
