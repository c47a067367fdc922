#pragma once
#include <functional>

#include "ae-apps/ota/isotp/endpoint.h"
#include "ae-apps/ota/uds/server.h"

namespace gatehouse::isotp {

struct ServerSettings {
  EndpointSettings endpoint;
  std::chrono::milliseconds answer_limit{5000};  ///< for the last answer before a reset
};

/// A UDS server on a bus, on one thread of its own. A bus that goes away is opened again.
/// Threading: stop() and the destructor from any thread but its own. `uds` and the functions are
/// used on the server's thread only.
class Server {
 public:
  /// Called after 11 was answered; the boot sequence.
  using Reset = std::function<void()>;
  /// Called every 50 ms or so, with what was refused so far.
  using Tick = std::function<void(const Counters&)>;

  /// Errors: as can::open_port.
  static Result<std::unique_ptr<Server>> start(ServerSettings settings, uds::Server& uds,
                                               Reset reset, Tick tick = {});
  ~Server();
  void stop();

 private:
  class Loop;
  explicit Server(std::unique_ptr<Loop> loop);
  std::unique_ptr<Loop> loop_;
};

}  // namespace gatehouse::isotp
