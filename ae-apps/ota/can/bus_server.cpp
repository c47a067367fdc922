#include "ae-apps/ota/can/bus_server.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "ae-apps/ota/can/descriptor.h"
#include "ae-apps/ota/can/virtual_wire.h"

namespace gatehouse::can {

class BusServer::Loop final : public Bus::Output {
 public:
  explicit Loop(BusServerSettings settings)
      : settings_(std::move(settings)),
        bus_(settings_.bus, *this),
        wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~Loop() override { stop(); }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  Result<void> open() {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    if (settings_.path.empty() || settings_.path.size() >= sizeof name.sun_path) {
      return fail(Rsc::kBadRequest, "the path of the socket is empty or too long");
    }
    std::memcpy(name.sun_path, settings_.path.c_str(), settings_.path.size() + 1);
    bool bound = bind_to(name);
    if (!bound && errno == EADDRINUSE && is_left_behind(name)) {
      ::unlink(settings_.path.c_str());
      bound = bind_to(name);
    }
    if (!bound) return fail(Rsc::kInternalServerError, settings_.path + ": " + reason());
    bound_ = true;
    constexpr int kBacklog = 16;
    if (::chmod(settings_.path.c_str(), S_IRUSR | S_IWUSR) != 0 ||
        ::listen(listener_.get(), kBacklog) != 0) {
      return fail(Rsc::kInternalServerError, settings_.path + ": " + reason());
    }
    return {};
  }

  void run() {
    thread_ = std::thread([this] { serve(); });
  }
  void stop() {
    const std::uint64_t one = 1;
    while (::write(wake_.get(), &one, sizeof one) < 0 && errno == EINTR) {
    }
    if (thread_.joinable()) thread_.join();
    nodes_.clear();
    listener_ = Descriptor();
    if (bound_) ::unlink(settings_.path.c_str());
    bound_ = false;
  }
  const BusCounters& counters() const { return bus_.counters(); }

  void received(Bus::NodeId to, const Frame& frame, Time) override {
    say(to, {Event::Kind::kFrame, frame});
  }
  void sent(Bus::NodeId from, const Frame& frame, Time) override {
    say(from, {Event::Kind::kSent, frame});
  }
  void state_changed(Bus::NodeId node, NodeState state, Time) override {
    const auto found = nodes_.find(node);
    if (found == nodes_.end()) return;
    if (state == NodeState::kBusOff) {
      found->second.off = true;
      say(node, {Event::Kind::kBusOff, {}});
    } else if (found->second.off) {
      found->second.off = false;
      say(node, {Event::Kind::kBusIsBack, {}});
    }
  }

 private:
  struct Node {
    Descriptor socket;
    std::deque<Bytes> unheard;
    bool off = false;
  };

  bool bind_to(const sockaddr_un& name) {
    listener_ = Descriptor(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    return listener_.open() &&
           ::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0;
  }
  /// The socket of a bus that was killed: nobody accepts connections there.
  static bool is_left_behind(const sockaddr_un& name) {
    const Descriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 &&
           errno == ECONNREFUSED;
  }

  static Time now() {
    return std::chrono::duration_cast<Time>(std::chrono::steady_clock::now().time_since_epoch());
  }

  void serve() {
    std::vector<pollfd> items;
    for (;;) {
      items.assign({{wake_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}});
      for (const auto& [id, node] : nodes_) items.push_back({id, interest_in(id, node), 0});
      if (!wait(items)) return;
      if (items[0].revents != 0) return;
      if (items[1].revents != 0) accept_one();
      for (std::size_t i = 2; i < items.size(); ++i) {
        if (items[i].revents != 0) serve_node(items[i].fd, items[i].revents);
      }
      bus_.advance(now());
    }
  }

  /// A node whose queue is full is not read from: its own send() waits.
  short interest_in(Bus::NodeId id, const Node& node) const {
    const bool room = bus_.queued(id) < settings_.bus.max_queued;
    return static_cast<short>((room ? POLLIN : 0) | (node.unheard.empty() ? 0 : POLLOUT));
  }

  bool wait(std::vector<pollfd>& items) {
    timespec span{};
    const auto next = bus_.next();
    if (next) {
      const auto left = std::max<Time::rep>((*next - now()).count(), 0);
      constexpr Time::rep kSecond = 1'000'000'000;
      span = {left / kSecond, left % kSecond};
    }
    const int ready = ::ppoll(items.data(), items.size(), next ? &span : nullptr, nullptr);
    return ready >= 0 || errno == EINTR;
  }

  void accept_one() {
    Descriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket.open() || nodes_.size() >= settings_.max_nodes) return;
    const int id = socket.get();
    nodes_[id].socket = std::move(socket);
    bus_.attach(id);
  }

  void serve_node(int id, short events) {
    if ((events & POLLOUT) != 0) flush(id);
    if ((events & ~POLLOUT) == 0) return;
    // Gone with a full queue: there is nothing to be read before it is empty.
    if ((events & POLLIN) == 0 && bus_.queued(id) >= settings_.bus.max_queued) return forget(id);
    read_from(id);
  }

  void read_from(int id) {
    while (nodes_.contains(id) && bus_.queued(id) < settings_.bus.max_queued) {
      std::uint8_t packet[kMaxPacketBytes];
      const ssize_t got = ::recv(id, packet, sizeof packet, 0);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
      const auto event =
          got > 0 ? decode_event({packet, static_cast<std::size_t>(got)}) : std::optional<Event>();
      if (!event || event->kind != Event::Kind::kFrame) {  // gone, or no node of a bus
        return forget(id);
      }
      // Of a node that is bus-off frames are lost, as in a controller.
      (void)bus_.queue(id, event->frame, now());
    }
  }

  void forget(int id) {
    bus_.detach(id);
    nodes_.erase(id);
  }

  void say(Bus::NodeId id, const Event& event) {
    const auto found = nodes_.find(id);
    if (found == nodes_.end() || found->second.unheard.size() >= settings_.max_unheard) return;
    found->second.unheard.push_back(encode_event(event));
    flush(id);
  }

  void flush(int id) {
    const auto found = nodes_.find(id);
    if (found == nodes_.end()) return;
    auto& unheard = found->second.unheard;
    while (!unheard.empty()) {
      const Bytes& packet = unheard.front();
      if (::send(id, packet.data(), packet.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
        // A peer that is gone is found when it is read from.
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) unheard.clear();
        return;
      }
      unheard.pop_front();
    }
  }

  BusServerSettings settings_;
  Bus bus_;
  Descriptor wake_;
  Descriptor listener_;
  bool bound_ = false;
  std::map<int, Node> nodes_;  ///< by file descriptor
  std::thread thread_;
};

BusServer::BusServer(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}
BusServer::~BusServer() = default;

Result<std::unique_ptr<BusServer>> BusServer::start(BusServerSettings settings) {
  auto loop = std::make_unique<Loop>(std::move(settings));
  if (const auto opened = loop->open(); !opened) return fail(opened.error());
  loop->run();
  return std::unique_ptr<BusServer>(new BusServer(std::move(loop)));
}

void BusServer::stop() { loop_->stop(); }
const BusCounters& BusServer::counters() const { return loop_->counters(); }

}  // namespace gatehouse::can
