#pragma once
#include <functional>
#include <memory>
#include <string>

#include "ae-apps/ota/crypto/tls_session.h"
#include "ae-apps/ota/uds/doip_entity.h"
#include "ae-apps/ota/uds/server.h"

namespace gatehouse::doip {

/// Where a vehicle says by itself that it is there (0004).
struct Announcement {
  std::string address = "255.255.255.255";
  std::uint16_t port = 13400;
  unsigned count = 3;                       ///< A_DoIP_Announce_Num
  std::chrono::milliseconds max_wait{500};  ///< A_DoIP_Announce_Wait: random, up to this
  std::chrono::milliseconds interval{500};  ///< A_DoIP_Announce_Interval
};

struct ServerSettings {
  std::string address = "127.0.0.1";
  std::uint16_t port = 13400;  ///< TCP, and UDP of the same number; 0: a free one
  EntitySettings entity;
  std::optional<crypto::TlsCredentials> tls;  ///< then it listens for TLS besides
  std::uint16_t tls_port = 3496;              ///< 0: a free one
  std::optional<Announcement> announce;
  std::chrono::milliseconds send_limit{
      2000};  ///< a tester that takes no bytes for so long is cut off
};

/// A DoIP entity on real sockets with one UDS server behind it, on one thread of its own.
/// Threading: stop() and the destructor from any thread but its own. `uds`, and `reset`, are used
/// on the server's thread only.
class TcpServer {
 public:
  /// Called after 11 was answered and all connections are closed; the boot sequence.
  using Reset = std::function<void()>;
  /// Called every 100 ms or so and after requests, with what was refused so far.
  using Tick = std::function<void(const Entity::Counters&)>;

  /// Errors: kInternalServerError if the port is taken.
  static Result<std::unique_ptr<TcpServer>> start(ServerSettings settings, uds::Server& uds,
                                                  Reset reset, Tick tick = {});
  ~TcpServer();
  std::uint16_t port() const;
  std::uint16_t tls_port() const;  ///< 0 without TLS
  void stop();

 private:
  class Loop;
  explicit TcpServer(std::unique_ptr<Loop> loop);
  std::unique_ptr<Loop> loop_;
};

}  // namespace gatehouse::doip
