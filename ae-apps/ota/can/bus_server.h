#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "ae-apps/ota/can/bus.h"

namespace gatehouse::can {

struct BusServerSettings {
  std::string path;  ///< of the socket; made with mode 0600, and taken away at the end
  BusSettings bus;
  std::size_t max_nodes = 32;
  std::size_t max_unheard = 4096;  ///< frames that a node does not fetch; later ones it misses
};

/// A Bus in real time for processes: each connection to its Unix socket is a node. Runs on one
/// thread of its own. Threading: any thread, one after the other.
class BusServer {
 public:
  /// Errors: kInternalServerError if the socket cannot be made.
  static Result<std::unique_ptr<BusServer>> start(BusServerSettings settings);
  ~BusServer();
  void stop();
  /// Only after stop().
  const BusCounters& counters() const;

 private:
  class Loop;
  explicit BusServer(std::unique_ptr<Loop> loop);
  std::unique_ptr<Loop> loop_;
};

}  // namespace gatehouse::can
