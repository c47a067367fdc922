#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/load.h"

namespace gatehouse::bench {

/// What is asked for over each binding: the same question again and again.
struct Question {
  bool create = false;  ///< else RETRIEVE
  std::string to;       ///< "cse-in/bench"
  std::string from;
  std::string content;             ///< JSON of a CREATE
  std::string receiver = "id-in";  ///< in MQTT topics
};

/// One client of a load, with one request in flight: writes requests of its protocol and knows
/// where an answer ends. The same one asks the CSE and the ceiling beside it.
class Speaker {
 public:
  virtual ~Speaker();
  Speaker(const Speaker&) = delete;
  Speaker& operator=(const Speaker&) = delete;

  int socket() const { return socket_; }
  /// Bytes of the next request.
  virtual std::string request() = 0;
  /// Takes whole answers out of `input`. What has to be said in return goes to `output`.
  /// Gives the number of answers (0 or 1).
  virtual int hear(std::string& input, std::string& output) = 0;
  /// Of the last answer.
  const std::string& content() const { return content_; }
  bool succeeded() const { return succeeded_; }

 protected:
  explicit Speaker(int socket) : socket_(socket) {}
  const int socket_;
  std::string content_;
  bool succeeded_ = false;
};

using Speakers = std::vector<std::unique_ptr<Speaker>>;

/// They connect to a port of loopback. Throw std::runtime_error if they cannot.
std::unique_ptr<Speaker> http_speaker(std::uint16_t port, const Question& question);
std::unique_ptr<Speaker> websocket_speaker(std::uint16_t port, const Question& question);
std::unique_ptr<Speaker> coap_speaker(std::uint16_t port, const Question& question);
std::unique_ptr<Speaker> mqtt_speaker(std::uint16_t port, const Question& question);

/// One thread lets all of them ask, each again as soon as it is answered.
Measured drive(const Speakers& speakers, double seconds);

/// Sockets for speakers and ceilings.
int connect_tcp(std::uint16_t port);
void write_all(int socket, const std::string& bytes);
std::string read_some(int socket);

}  // namespace gatehouse::bench
