#include "tests/bindings/contract/tap.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

namespace gatehouse::contract {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int connected_socket(int type, std::uint16_t port) {
  const int made = ::socket(AF_INET, type, 0);
  const sockaddr_in address = loopback(port);
  if (::connect(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(made);
    return -1;
  }
  return made;
}

void send_all(int to, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t sent = ::send(to, bytes, size, MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes += sent;
    size -= static_cast<std::size_t>(sent);
  }
}

void send_at_once(int socket) {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

std::string code_text(unsigned char code) {
  const std::string detail = std::to_string(code & 0x1f);
  return std::to_string(code >> 5) + "." + (detail.size() < 2 ? "0" : "") + detail;
}

/// Empty messages, signals and "go on with the next block" are no answers.
bool is_answer(unsigned char code) { return code >> 5 >= 2 && code >> 5 <= 5 && code != 0x5f; }

}  // namespace

Tap::Tap(Kind kind, std::uint16_t server) : kind_(kind), server_(server) {
  const int type = kind == Kind::kTcp ? SOCK_STREAM : SOCK_DGRAM;
  listening_ = ::socket(AF_INET, type, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (::bind(listening_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
      ::pipe(wake_) != 0) {
    throw std::runtime_error("no port for a tap");
  }
  port_ = ntohs(address.sin_port);
  if (kind == Kind::kTcp) ::listen(listening_, 16);
  if (kind == Kind::kUdp) out_ = connected_socket(SOCK_DGRAM, server);
  thread_ = std::thread([this] { run(); });
}

Tap::~Tap() {
  ::close(wake_[1]);
  thread_.join();
  ::close(wake_[0]);
  ::close(listening_);
  if (out_ >= 0) ::close(out_);
  for (const auto& [socket, other] : other_) ::close(socket);
}

std::vector<std::string> Tap::heard() const {
  const std::lock_guard lock(mutex_);
  if (kind_ == Kind::kUdp) return datagrams_;
  const auto stream = streams_.find(last_);
  if (stream == streams_.end()) return {};
  return {stream->second};
}

void Tap::run() {
  for (;;) {
    std::vector<pollfd> watched = {{wake_[0], POLLIN, 0}, {listening_, POLLIN, 0}};
    if (out_ >= 0) watched.push_back({out_, POLLIN, 0});
    for (const auto& [socket, other] : other_) watched.push_back({socket, POLLIN, 0});
    if (::poll(watched.data(), watched.size(), -1) < 0) return;
    if (watched[0].revents != 0) return;
    for (std::size_t i = 1; i < watched.size(); ++i) {
      if (watched[i].revents == 0) continue;
      const int socket = watched[i].fd;
      if (kind_ == Kind::kUdp) {
        pass_datagram(socket == out_);
      } else if (socket == listening_) {
        accept_one();
      } else if (other_.contains(socket) && !pass(socket)) {
        close_pair(socket);
      }
    }
  }
}

void Tap::accept_one() {
  const int client = ::accept(listening_, nullptr, nullptr);
  const int server = connected_socket(SOCK_STREAM, server_);
  if (client < 0 || server < 0) {
    if (client >= 0) ::close(client);
    return;
  }
  send_at_once(client);
  send_at_once(server);
  other_[client] = server;
  other_[server] = client;
  is_server_[server] = true;
  is_server_[client] = false;
  const std::lock_guard lock(mutex_);
  streams_[server].clear();
}

bool Tap::pass(int from) {
  char buffer[65536];
  const ssize_t got = ::recv(from, buffer, sizeof buffer, 0);
  if (got <= 0) return false;
  if (is_server_[from]) {
    const std::lock_guard lock(mutex_);
    streams_[from].append(buffer, static_cast<std::size_t>(got));
    last_ = from;
  }
  send_all(other_[from], buffer, static_cast<std::size_t>(got));
  return true;
}

void Tap::pass_datagram(bool from_server) {
  char buffer[65536];
  sockaddr_in from{};
  socklen_t size = sizeof from;
  const ssize_t got = ::recvfrom(from_server ? out_ : listening_, buffer, sizeof buffer, 0,
                                 reinterpret_cast<sockaddr*>(&from), &size);
  if (got <= 0) return;
  if (!from_server) {
    client_.assign(reinterpret_cast<const char*>(&from), size);
    ::send(out_, buffer, static_cast<std::size_t>(got), 0);
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    datagrams_.emplace_back(buffer, static_cast<std::size_t>(got));
  }
  ::sendto(listening_, buffer, static_cast<std::size_t>(got), 0,
           reinterpret_cast<const sockaddr*>(client_.data()),
           static_cast<socklen_t>(client_.size()));
}

void Tap::close_pair(int one) {
  const int other = other_[one];
  for (const int socket : {one, other}) {
    other_.erase(socket);
    is_server_.erase(socket);
    ::close(socket);
  }
}

std::string http_status(const std::vector<std::string>& heard) {
  if (heard.empty()) return {};
  const std::size_t line = heard.back().rfind("HTTP/1.1 ");
  return line == std::string::npos ? std::string() : heard.back().substr(line + 9, 3);
}

std::string coap_code(const std::vector<std::string>& datagrams) {
  for (auto each = datagrams.rbegin(); each != datagrams.rend(); ++each) {
    const auto code = static_cast<unsigned char>(each->size() > 1 ? (*each)[1] : 0);
    if (is_answer(code)) return code_text(code);
  }
  return {};
}

// RFC 8323 clause 3.2: length and token length, the length's extension, code, token, the rest.
std::string coap_tcp_code(const std::vector<std::string>& heard) {
  if (heard.empty()) return {};
  const std::string& bytes = heard.back();
  const auto byte = [&bytes](std::size_t at) {
    return static_cast<std::size_t>(at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0);
  };
  static constexpr std::size_t kBase[] = {0, 13, 269, 65805};
  std::string last;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t short_length = byte(at) >> 4, token = byte(at) & 0x0f;
    const std::size_t kind = short_length < 13 ? 0 : short_length - 12;
    const std::size_t extension = kind == 3 ? 4 : kind;
    std::size_t length = kind == 0 ? short_length : 0;
    for (std::size_t i = 0; i < extension; ++i) length = length << 8 | byte(at + 1 + i);
    length += kBase[kind];
    const auto code = static_cast<unsigned char>(byte(at + 1 + extension));
    if (is_answer(code)) last = code_text(code);
    at += 2 + extension + token + length;
  }
  return last;
}

// RFC 6455 clause 5.2; a server does not mask.
std::string websocket_opcode(const std::vector<std::string>& heard) {
  if (heard.empty()) return {};
  const std::string& bytes = heard.back();
  const auto byte = [&bytes](std::size_t at) {
    return static_cast<std::size_t>(at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0);
  };
  std::string last;
  const std::size_t header = bytes.find("\r\n\r\n");
  if (header == std::string::npos) return {};
  for (std::size_t at = header + 4; at + 1 < bytes.size();) {
    const std::size_t opcode = byte(at) & 0x0f, short_length = byte(at + 1) & 0x7f;
    const std::size_t extension = short_length < 126 ? 0 : short_length == 126 ? 2 : 8;
    std::size_t length = extension == 0 ? short_length : 0;
    for (std::size_t i = 0; i < extension; ++i) length = length << 8 | byte(at + 2 + i);
    if (opcode == 1) last = "text";
    if (opcode == 2) last = "binary";
    at += 2 + extension + length;
  }
  return last;
}

}  // namespace gatehouse::contract
