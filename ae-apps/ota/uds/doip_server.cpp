#include "ae-apps/ota/uds/doip_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <random>
#include <thread>

#include "ae-apps/ota/uds/socket.h"

namespace gatehouse::doip {

class TcpServer::Loop final : public Entity::Output {
 public:
  Loop(ServerSettings settings, uds::Server& uds, Reset reset, Tick tick)
      : settings_(std::move(settings)),
        uds_(uds),
        reset_(std::move(reset)),
        tick_(std::move(tick)),
        entity_(settings_.entity, *this),
        wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

  Result<void> open() {
    // With port 0 the number that TCP was given may be taken for UDP: then another one.
    constexpr int kTries = 16;
    for (int i = 0; i < kTries; ++i) {
      Result<Socket> tcp = listen_on(settings_.address, settings_.port);
      if (!tcp) return fail(tcp.error());
      Result<Socket> udp = datagrams_on(settings_.address, port_of(*tcp));
      if (udp) {
        listener_ = *std::move(tcp);
        datagrams_ = *std::move(udp);
        port_ = port_of(listener_);
        plan_announcements();
        return open_tls();
      }
      if (settings_.port != 0 || i + 1 == kTries) return fail(udp.error());
    }
    return fail(Rsc::kInternalServerError, "no free port");
  }

  void run() {
    thread_ = std::thread([this] { serve(); });
  }
  void stop() {
    const std::uint64_t one = 1;
    while (::write(wake_.get(), &one, sizeof one) < 0 && errno == EINTR) {
    }
    if (thread_.joinable()) thread_.join();
    listener_.close();
    tls_listener_.close();
    datagrams_.close();
  }
  std::uint16_t port() const { return port_; }
  std::uint16_t tls_port() const { return tls_port_; }

  void send(Entity::ConnectionId to, ByteView bytes) override {
    const auto found = sockets_.find(to);
    if (found == sockets_.end()) return;
    Peer& peer = found->second;
    if (peer.tls && !peer.tls->send(bytes)) return broken_.push_back(to);
    const Bytes wire = peer.tls ? peer.tls->take_wire() : Bytes();
    if (!send_all(peer.socket.get(), peer.tls ? ByteView(wire) : bytes, settings_.send_limit)) {
      broken_.push_back(to);
    }
  }
  void close(Entity::ConnectionId id) override { sockets_.erase(id); }
  void left(Address tester) override { uds_.tester_left(tester); }
  void diagnose(Address tester, ByteView uds, bool functional,
                const std::function<void(Bytes)>& answer) override {
    if (uds_.handle(uds, functional, answer, tester) == uds::Server::Then::kReset) {
      reset_wanted_ = true;
    }
  }

 private:
  struct Peer {
    Socket socket;
    std::optional<crypto::TlsSession> tls;
  };

  Result<void> open_tls() {
    if (!settings_.tls) return {};
    Result<Socket> listener = listen_on(settings_.address, settings_.tls_port);
    if (!listener) return fail(listener.error());
    tls_listener_ = *std::move(listener);
    tls_port_ = port_of(tls_listener_);
    return {};
  }

  static std::chrono::milliseconds now() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now().time_since_epoch());
  }

  void serve() {
    constexpr int kTickMilliseconds = 100;
    for (;;) {
      std::vector<pollfd> items{
          {wake_.get(), POLLIN, 0},
          {listener_.get(), POLLIN, 0},
          {datagrams_.get(), POLLIN, 0},
          {tls_listener_.get(), POLLIN, 0}};  // poll leaves out what is not open
      for (const auto& [id, peer] : sockets_) items.push_back({id, POLLIN, 0});
      if (::poll(items.data(), items.size(), kTickMilliseconds) < 0 && errno != EINTR) return;
      if (items[0].revents != 0) break;
      if (items[1].revents != 0) accept_one(listener_, false);
      if (items[2].revents != 0) answer_one_datagram();
      if (items[3].revents != 0) accept_one(tls_listener_, true);
      for (std::size_t i = 4; i < items.size(); ++i) {
        if (items[i].revents != 0) read_from(items[i].fd);
        if (reset_wanted_) break;
      }
      forget_broken();
      if (reset_wanted_) restart();
      announce();
      entity_.tick(now());
      uds_.check_timeout();
      if (tick_) tick_(entity_.counters());
    }
    entity_.close_all();
  }

  void accept_one(const Socket& listener, bool with_tls) {
    sockaddr_in from{};
    socklen_t length = sizeof from;
    Socket socket(::accept4(listener.get(), reinterpret_cast<sockaddr*>(&from), &length,
                            SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket.open()) return;
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const int id = socket.get();
    Peer& peer = sockets_[id];
    peer.socket = std::move(socket);
    if (with_tls) peer.tls.emplace(*settings_.tls, crypto::TlsSession::Side::kServer);
    char text[INET_ADDRSTRLEN] = {};
    ::inet_ntop(AF_INET, &from.sin_addr, text, sizeof text);
    entity_.opened(id, now(), text, with_tls);
  }

  void plan_announcements() {
    if (!settings_.announce) return;
    std::random_device random;
    const auto span = static_cast<unsigned>(settings_.announce->max_wait.count()) + 1;
    announcements_left_ = settings_.announce->count;
    next_announcement_ = now() + std::chrono::milliseconds(random() % span);
  }

  void announce() {
    if (announcements_left_ == 0 || now() < next_announcement_) return;
    --announcements_left_;
    next_announcement_ += settings_.announce->interval;
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(settings_.announce->port);
    if (::inet_pton(AF_INET, settings_.announce->address.c_str(), &to.sin_addr) != 1) return;
    const int on = 1;
    ::setsockopt(datagrams_.get(), SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
    const Bytes message = encode_announcement(settings_.entity.identity);
    // Lost like any datagram if the network takes it not now; two more follow.
    [[maybe_unused]] const ssize_t sent =
        ::sendto(datagrams_.get(), message.data(), message.size(), MSG_NOSIGNAL,
                 reinterpret_cast<const sockaddr*>(&to), sizeof to);
  }

  void answer_one_datagram() {
    std::uint8_t buffer[512];
    sockaddr_in from{};
    socklen_t length = sizeof from;
    const ssize_t got = ::recvfrom(datagrams_.get(), buffer, sizeof buffer, 0,
                                   reinterpret_cast<sockaddr*>(&from), &length);
    if (got <= 0 || !entity_.takes_datagram(now())) return;
    const auto& entity = settings_.entity;
    const auto answer = answer_datagram({buffer, static_cast<std::size_t>(got)}, entity.identity,
                                        static_cast<std::uint8_t>(entity.max_sockets),
                                        static_cast<std::uint8_t>(entity_.open_sockets()),
                                        static_cast<std::uint32_t>(entity.max_payload_bytes));
    if (!answer) return;
    // Lost like any datagram if the socket takes it not now.
    [[maybe_unused]] const ssize_t sent =
        ::sendto(datagrams_.get(), answer->data(), answer->size(), MSG_NOSIGNAL,
                 reinterpret_cast<const sockaddr*>(&from), length);
  }

  void read_from(int fd) {
    if (!sockets_.contains(fd)) return;  // closed meanwhile
    Result<Bytes> bytes = receive_some(fd, std::chrono::milliseconds(0));
    if (!bytes) {
      if (bytes.error().rsc != Rsc::kRequestTimeout) broken_.push_back(fd);
      return;
    }
    if (auto& tls = sockets_.at(fd).tls) {
      bytes = tls->receive(*bytes);
      const Bytes wire = tls->take_wire();  // of the handshake, or why it failed
      if (!wire.empty() && !send_all(fd, wire, settings_.send_limit)) broken_.push_back(fd);
      if (!bytes) {
        entity_.distrusted(fd, now());
        return broken_.push_back(fd);
      }
    }
    entity_.received(fd, *bytes, now());
  }

  void forget_broken() {
    std::vector<int> broken;
    broken.swap(broken_);
    for (const int id : broken) {
      if (sockets_.erase(id) != 0) entity_.closed(id);
    }
  }

  void restart() {
    reset_wanted_ = false;
    entity_.close_all();
    uds_.power_on();
    reset_();
  }

  ServerSettings settings_;
  uds::Server& uds_;
  Reset reset_;
  Tick tick_;
  Entity entity_;
  Socket wake_;
  Socket listener_;
  Socket datagrams_;
  std::uint16_t port_ = 0;
  Socket tls_listener_;
  std::uint16_t tls_port_ = 0;
  std::map<int, Peer> sockets_;  ///< by file descriptor
  unsigned announcements_left_ = 0;
  std::chrono::milliseconds next_announcement_{};
  std::vector<int> broken_;
  bool reset_wanted_ = false;
  std::thread thread_;
};

TcpServer::TcpServer(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}
TcpServer::~TcpServer() { stop(); }

Result<std::unique_ptr<TcpServer>> TcpServer::start(ServerSettings settings, uds::Server& uds,
                                                    Reset reset, Tick tick) {
  auto loop = std::make_unique<Loop>(std::move(settings), uds, std::move(reset), std::move(tick));
  if (const auto opened = loop->open(); !opened) return fail(opened.error());
  loop->run();
  return std::unique_ptr<TcpServer>(new TcpServer(std::move(loop)));
}

std::uint16_t TcpServer::port() const { return loop_->port(); }
std::uint16_t TcpServer::tls_port() const { return loop_->tls_port(); }
void TcpServer::stop() { loop_->stop(); }

}  // namespace gatehouse::doip
