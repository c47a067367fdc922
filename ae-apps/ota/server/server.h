#pragma once
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <ostream>
#include <string>
#include <thread>

#include "ae-apps/ota/server/image_pages.h"
#include "ae-apps/ota/server/image_store.h"
#include "ae-apps/ota/server/service.h"
#include "ae-apps/sdk/link.h"

namespace gatehouse::ota_server {

/// The whole program, less its command line: image store, image server, AE, and the thread on which
/// the service sends. Threading: start, stop and destruction by one thread.
class Server {
 public:
  /// `link`: another way to the CSE than the settings say, such as FakeCse's. Errors: those of the
  /// state folder, of the listening socket and of the CSE.
  static Result<std::unique_ptr<Server>> start(ServerSettings settings, std::ostream& steps,
                                               std::ostream& log,
                                               std::unique_ptr<sdk::Link> link = nullptr);
  ~Server() { stop(); }
  void stop();
  /// "https://127.0.0.1:40123/images/", of the socket; what gateways are told is in the settings.
  std::string images_url() const;

 private:
  Server(ServerSettings settings, std::ostream& steps, std::ostream& log);
  Result<void> open(std::unique_ptr<sdk::Link> link);
  void wake();
  void work();

  const ServerSettings settings_;
  ota::StepLog log_;
  crypto::SystemRandom random_;
  std::unique_ptr<ImageStore> store_;
  std::unique_ptr<Repositories> repositories_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<UptanePages> uptane_pages_;
  std::unique_ptr<ImagePages> pages_;
  std::unique_ptr<ImageServer> images_;
  std::unique_ptr<sdk::Ae> ae_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool woken_ = false, stopping_ = false;
  std::thread worker_;
};

}  // namespace gatehouse::ota_server
