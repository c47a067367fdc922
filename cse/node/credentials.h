#pragma once
#include <condition_variable>
#include <mutex>
#include <thread>

#include "cse/node/settings.h"
#include "cse/primitive/result.h"

namespace gatehouse::node {

/// Whether key, certificate, trust anchors and list can be used, before anything listens. Errors:
/// kInternalServerError naming the option.
Result<void> check_credentials(const CredentialSettings& settings);

/// Keeps the OCSP response of our certificate fresh: asks for a new one when half of its time is
/// over. One thread; failures are logged and tried again.
class OcspRefresher {
 public:
  explicit OcspRefresher(TlsSettings settings);
  ~OcspRefresher();
  OcspRefresher(const OcspRefresher&) = delete;
  OcspRefresher& operator=(const OcspRefresher&) = delete;

 private:
  void run();
  const TlsSettings settings_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace gatehouse::node
