#pragma once
#include <functional>
#include <memory>
#include <string>

#include "ae-apps/ota/ecu/ecu.h"
#include "ae-apps/ota/isotp/server.h"
#include "ae-apps/ota/uds/doip_server.h"

namespace gatehouse::ecu {

struct NodeSettings {
  EcuSettings ecu;
  uds::ServerSettings uds;
  doip::ServerSettings doip;
  std::optional<isotp::ServerSettings> can;  ///< ISO-TP on this bus in place of DoIP
  Bytes access_key;
  /// After each boot, with Ecu::boot_report(); on the server's thread.
  std::function<void(const std::string&)> booted;
};

/// An ECU with its diagnostic server, on DoIP or on ISO-TP. The disk, the runner and the random
/// numbers outlive it.
class EcuNode {
 public:
  EcuNode(NodeSettings settings, Disk& disk, PayloadRunner& runner, crypto::Random& random);
  ~EcuNode();

  /// Boots, then listens. `factory_image` may be empty. Errors: as Ecu::install_factory_image and
  /// doip::TcpServer::start or isotp::Server::start.
  Result<void> start(ByteView factory_image);
  /// Of DoIP; 0 on a bus.
  std::uint16_t port() const;
  std::uint16_t tls_port() const;
  /// From any thread but the server's.
  void stop();
  /// Only before start() and after stop().
  const Ecu& ecu() const { return ecu_; }

 private:
  void boot(bool ordered);
  void look_after();
  Result<void> start_on_bus();
  Result<void> start_on_doip();

  NodeSettings settings_;
  crypto::Random& random_;
  Ecu ecu_;
  std::unique_ptr<uds::Server> uds_;
  std::unique_ptr<doip::TcpServer> server_;
  std::unique_ptr<isotp::Server> bus_server_;
};

}  // namespace gatehouse::ecu
