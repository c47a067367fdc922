#pragma once
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "ae-apps/attestation/evidence/operation/place.h"
#include "ae-apps/attestation/support/inventory.h"
#include "ae-apps/ota/program/step_log.h"
#include "ae-apps/sdk/link.h"

namespace gatehouse::attest {

/// The support software in the device as an AE: answers what the Center puts into its container
/// `requests` by instances of the Center's container of reports. See README.md for both. An answer
/// is stored before it is sent: whoever asks again, also after a restart, gets the same bytes.
class Support {
 public:
  /// Returns once it can be asked. The streams and the attester outlive it. Errors: those of the
  /// CSE.
  static Result<std::unique_ptr<Support>> start(SupportSettings settings, Attester& attester,
                                                std::ostream& steps, std::ostream& log,
                                                std::unique_ptr<sdk::Link> link = nullptr);
  ~Support() { stop(); }
  void stop();

 private:
  Support(SupportSettings settings, Attester& attester, std::ostream& steps, std::ostream& log)
      : settings_(std::move(settings)), attester_(attester), log_(steps, log) {}
  Result<void> open(std::unique_ptr<sdk::Link> link);
  Result<void> prepare();
  void enqueue(const Value& request);
  void work();
  void handle(const Value& request);

  Result<Value> answer(const Value& request);
  Result<Value> attest(const Value& request);
  /// The [firmware] of a part, at the device's own CSE.
  Result<Value> firmware_of(const std::string& part);
  Result<Value> apply(const Value& request);
  Result<Value> consent(const Value& request);
  Result<Value> rollback(const Value& request);
  Result<Value> enrol(const Value& request);
  Result<Value> activate(const Value& request);
  Result<Value> keep_receipt(const Value& request);
  Result<Value> reboots(const Value& request);
  Result<Value> speak_tnc(const Value& request);
  Result<void> remember_resets();
  Result<Value> signed_reply(evidence::Record record);

  Result<void> load_replies();
  Result<void> keep_reply(const std::string& id, const Value& reply);
  const Value* reply_to(const std::string& id) const;

  SupportSettings settings_;
  Attester& attester_;
  ota::StepLog log_;
  std::unique_ptr<sdk::Ae> ae_;
  std::unique_ptr<InventoryReader> inventory_;
  std::vector<sdk::Subscription> subscriptions_;
  std::deque<std::pair<std::string, Value>> replies_;  ///< the newest last; worker thread alone
  std::mutex mutex_;                                   ///< guards what follows
  std::condition_variable wake_;
  std::deque<Value> requests_;
  bool stopping_ = false;
  std::thread worker_;
};

}  // namespace gatehouse::attest
