#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>

namespace gatehouse::bench {

/// A process of its own that answers every request with the same text: what a protocol's library,
/// or its broker, does at most on this machine. Ended with the object.
class Ceiling {
 public:
  /// Serves on a free port of loopback, which it writes to `report`; never returns.
  using Serve = void (*)(const std::string& answer, std::uint16_t port, int report);

  /// `port`: of a broker, for mqtt_echo. Throws std::runtime_error if it does not start.
  Ceiling(Serve serve, const std::string& answer, std::uint16_t port = 0);
  ~Ceiling();
  Ceiling(const Ceiling&) = delete;
  Ceiling& operator=(const Ceiling&) = delete;
  std::uint16_t port() const { return port_; }

 private:
  pid_t process_ = -1;
  std::uint16_t port_ = 0;
};

void beast_http(const std::string& answer, std::uint16_t port, int report);
void beast_websocket(const std::string& answer, std::uint16_t port, int report);
/// libcoap's server with one resource.
void libcoap_server(const std::string& answer, std::uint16_t port, int report);
/// A client of the broker on `port` that answers on oneM2M's topics as the CSE "echo"; no library.
void mqtt_echo(const std::string& answer, std::uint16_t port, int report);

}  // namespace gatehouse::bench
