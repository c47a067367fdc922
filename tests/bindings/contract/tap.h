#pragma once
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace gatehouse::contract {

/// Stands on the wire between one client and a server of loopback, passes everything on and keeps
/// what the server said: what a client's own interface does not show. Threading: one of its own.
class Tap {
 public:
  enum class Kind : std::uint8_t { kTcp, kUdp };

  Tap(Kind kind, std::uint16_t server);
  ~Tap();
  Tap(const Tap&) = delete;
  Tap& operator=(const Tap&) = delete;

  std::uint16_t port() const { return port_; }
  /// TCP: the stream of the connection that spoke last, from its beginning, as one item. UDP: the
  /// datagrams, each an item.
  std::vector<std::string> heard() const;

 private:
  void run();
  void accept_one();
  bool pass(int from);
  void pass_datagram(bool from_server);
  void close_pair(int one);

  const Kind kind_;
  const std::uint16_t server_;
  int listening_ = -1, out_ = -1;  ///< UDP: towards the client, towards the server
  int wake_[2] = {-1, -1};
  std::uint16_t port_ = 0;
  std::string client_;        ///< UDP: its address
  std::map<int, int> other_;  ///< TCP: each socket's other side
  std::map<int, bool> is_server_;
  mutable std::mutex mutex_;
  std::map<int, std::string> streams_;
  int last_ = -1;
  std::vector<std::string> datagrams_;
  std::thread thread_;
};

// What the wire itself says of an answer, read from what a Tap has heard; the last one counts.
std::string http_status(const std::vector<std::string>& heard);       ///< "201"
std::string coap_code(const std::vector<std::string>& datagrams);     ///< "2.01"
std::string coap_tcp_code(const std::vector<std::string>& heard);     ///< "2.01"
std::string websocket_opcode(const std::vector<std::string>& heard);  ///< "text", "binary"

}  // namespace gatehouse::contract
