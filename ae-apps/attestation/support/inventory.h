#pragma once
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "ae-apps/attestation/support/settings.h"
#include "ae-apps/sdk/ae.h"

namespace gatehouse::attest {

/// What is attached to the gateway, as its CSE has it.
struct Inventory {
  std::vector<EcuState> ecus;
  std::string reports = "[]";  ///< of those that report by themselves, as JSON list
};

/// Finds ECUs and sensors: asks the OTA gateway for the ECUs' own reports, over the verifier's
/// nonce, and reads every [deviceInfo] below a <node> of the CSE. Threading: find() from one
/// thread; take() from any.
class InventoryReader {
 public:
  /// Both outlive it.
  InventoryReader(const SupportSettings& settings, sdk::Ae& ae) : settings_(settings), ae_(ae) {}

  /// Whoever does not answer in time is not in it. Errors: those of the CSE.
  Result<Inventory> find(const Challenge& challenge);
  /// An instance of our container of ECU reports.
  void take(const Value& content);

 private:
  Result<Value> ask_gateway(const Challenge& challenge);
  Result<void> add_devices(Inventory& out);

  const SupportSettings& settings_;
  sdk::Ae& ae_;
  std::mutex mutex_;  ///< guards what follows
  std::condition_variable came_;
  std::string awaited_;  ///< identifier of the inquiry
  Value answer_;
};

}  // namespace gatehouse::attest
