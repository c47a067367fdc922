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
};

/// A JSON file. Errors: kBadRequest naming the member and the rule, kNotFound.
Result<SupportSettings> load_configuration(const std::string& file, const Value& overrides);

}  // namespace gatehouse::attest
