#pragma once
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "ae-apps/attestation/center/process/conductor.h"
#include "ae-apps/attestation/center/process/trust_desk.h"
#include "ae-apps/attestation/verifier/client/verifier_client.h"
#include "ae-apps/ota/program/step_log.h"
#include "ae-apps/sdk/ae.h"
#include "ae-apps/sdk/link.h"

namespace gatehouse::center {

/// A device as the Center reaches it.
struct Device {
  std::string device;       ///< "car-1"
  std::string cse_id;       ///< "/id-mn"
  std::string requests;     ///< "/id-mn/cse-mn/support/requests"
  std::string support_ae;   ///< "/id-mn/Csupport": may answer
  std::string certificate;  ///< PEM, of its device key
  /// Who speaks for it at this CSE: may read `bulletins` for as long as the device is trusted.
  std::vector<std::string> originators;
};

struct ServiceSettings {
  sdk::AeSettings ae;
  std::vector<Device> devices;
  std::vector<std::string> operators;  ///< may command, and look at everything
  std::string verifier_url;
  TlsSettings verifier_tls;
  std::string verifier_key_pem;
  std::string ota_server = "cse-in/ota-server";
  std::chrono::seconds attest_interval{0};  ///< between attestations without maintenance; 0: none
  std::string key;  ///< signs the Center's records: a file (made if absent), or pkcs11:
  ArchiveSettings archive;
};
/// A JSON file. Errors: kBadRequest naming the member and the rule; kNotFound.
Result<ServiceSettings> load_configuration(const std::string& file, const Value& overrides);

/// The Center as an IN-AE: commands and reports come as instances of its containers, requests go to
/// the devices' containers. One thread does all that is decided, in the order in which it came.
class Service {
 public:
  static Result<std::unique_ptr<Service>> start(ServiceSettings settings, std::ostream& steps,
                                                std::ostream& log);
  ~Service() { stop(); }
  void stop();
  /// The log's verifier key, for auditors and witnesses.
  static Result<std::string> log_key(const ServiceSettings& settings);

 private:
  Service(ServiceSettings settings, std::ostream& steps, std::ostream& log)
      : settings_(std::move(settings)), log_(steps, log) {}
  Result<void> open();
  Result<void> open_conductor();
  Result<void> prepare();
  Result<void> prepare_bulletins(const std::string& policy);
  Result<void> watch(const std::string& container);
  void enqueue(const std::string& container, const Value& content);
  void work();
  Links links();
  Result<std::vector<Value>> history_of(const std::string& ecu);
  void tell(const Value& news);
  const Device* device_of(const std::string& device) const;

  ServiceSettings settings_;
  ota::StepLog log_;
  std::unique_ptr<Archive> archive_;
  std::unique_ptr<attest::VerifierClient> verifier_;
  std::unique_ptr<sdk::Ae> ae_;
  std::unique_ptr<TrustDesk> trust_;
  std::optional<Conductor> conductor_;  ///< the worker's alone
  std::vector<sdk::Subscription> subscriptions_;
  std::mutex mutex_;  ///< guards what follows
  std::condition_variable wake_;
  std::deque<std::pair<std::string, Value>> came_;
  bool stopping_ = false;
  std::thread worker_;
};

}  // namespace gatehouse::center
