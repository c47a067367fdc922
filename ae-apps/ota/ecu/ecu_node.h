#pragma once
#include <memory>
#include <string>

#include "ae-apps/ota/ecu/ecu.h"
#include "ae-apps/ota/uds/doip_server.h"

namespace gatehouse::ecu {

struct NodeSettings {
  EcuSettings ecu;
  uds::ServerSettings uds;
  doip::ServerSettings doip;
  Bytes access_key;
};

/// An ECU with its diagnostic server on DoIP. The disk, the runner and the random numbers outlive
/// it.
class EcuNode {
 public:
  EcuNode(NodeSettings settings, Disk& disk, PayloadRunner& runner, crypto::Random& random);
  ~EcuNode();

  /// Boots, then listens. `factory_image` may be empty. Errors: as Ecu::install_factory_image and
  /// doip::TcpServer::start.
  Result<void> start(ByteView factory_image);
  std::uint16_t port() const;
  /// From any thread but the server's.
  void stop();
  /// Only before start() and after stop().
  const Ecu& ecu() const { return ecu_; }

 private:
  NodeSettings settings_;
  crypto::Random& random_;
  Ecu ecu_;
  std::unique_ptr<uds::Server> uds_;
  std::unique_ptr<doip::TcpServer> server_;
};

}  // namespace gatehouse::ecu
