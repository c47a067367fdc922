#include "ae-apps/ota/uds/doip_server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>
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
        return {};
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
    datagrams_.close();
  }
  std::uint16_t port() const { return port_; }

  void send(Entity::ConnectionId to, ByteView bytes) override {
    const auto found = sockets_.find(to);
    if (found == sockets_.end()) return;
    if (!send_all(found->second.get(), bytes, settings_.send_limit)) broken_.push_back(to);
  }
  void close(Entity::ConnectionId id) override { sockets_.erase(id); }
  void diagnose(ByteView uds, bool functional, const std::function<void(Bytes)>& answer) override {
    if (uds_.handle(uds, functional, answer) == uds::Server::Then::kReset) reset_wanted_ = true;
  }

 private:
  static std::chrono::milliseconds now() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now().time_since_epoch());
  }

  void serve() {
    constexpr int kTickMilliseconds = 100;
    for (;;) {
      std::vector<pollfd> items{
          {wake_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}, {datagrams_.get(), POLLIN, 0}};
      for (const auto& [id, socket] : sockets_) items.push_back({socket.get(), POLLIN, 0});
      if (::poll(items.data(), items.size(), kTickMilliseconds) < 0 && errno != EINTR) return;
      if (items[0].revents != 0) break;
      if (items[1].revents != 0) accept_one();
      if (items[2].revents != 0) answer_one_datagram();
      for (std::size_t i = 3; i < items.size(); ++i) {
        if (items[i].revents != 0) read_from(items[i].fd);
        if (reset_wanted_) break;
      }
      forget_broken();
      if (reset_wanted_) restart();
      entity_.tick(now());
      uds_.check_timeout();
      if (tick_) tick_(entity_.counters());
    }
    entity_.close_all();
  }

  void accept_one() {
    Socket socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket.open()) return;
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const int id = socket.get();
    sockets_[id] = std::move(socket);
    entity_.opened(id, now());
  }

  void answer_one_datagram() {
    std::uint8_t buffer[512];
    sockaddr_in from{};
    socklen_t length = sizeof from;
    const ssize_t got = ::recvfrom(datagrams_.get(), buffer, sizeof buffer, 0,
                                   reinterpret_cast<sockaddr*>(&from), &length);
    if (got <= 0) return;
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
    const Result<Bytes> bytes = receive_some(fd, std::chrono::milliseconds(0));
    if (bytes) {
      entity_.received(fd, *bytes, now());
    } else if (bytes.error().rsc != Rsc::kRequestTimeout) {
      broken_.push_back(fd);
    }
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
  std::map<int, Socket> sockets_;
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
void TcpServer::stop() { loop_->stop(); }

}  // namespace gatehouse::doip
