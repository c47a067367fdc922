#include "ae-apps/ota/isotp/server.h"

#include <atomic>
#include <thread>

namespace gatehouse::isotp {
namespace {

constexpr std::chrono::milliseconds kTick{50};
constexpr std::size_t kMaxRequests = 16;

}  // namespace

class Server::Loop final : Endpoint::Events {
 public:
  Loop(ServerSettings settings, uds::Server& uds, Reset reset, Tick tick)
      : settings_(std::move(settings)),
        uds_(uds),
        reset_(std::move(reset)),
        tick_(std::move(tick)) {}
  ~Loop() override { stop(); }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  Result<void> open() {
    auto endpoint = Endpoint::open(settings_.endpoint, *this);
    if (!endpoint) return fail(endpoint.error());
    endpoint_ = *std::move(endpoint);
    return {};
  }
  void run() {
    thread_ = std::thread([this] { serve(); });
  }
  void stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }

 private:
  struct Request {
    Bytes uds;
    bool functional;
  };

  void received(Bytes message, bool functional) override {
    if (requests_.size() < kMaxRequests) {
      requests_.push_back({std::move(message), functional});
    } else {
      ++before_.ignored;  // sooner than it is worked off; whoever asked asks again
    }
  }
  void sent() override {}
  void send_failed(Failure) override {}  // the tester asks again

  void serve() {
    while (!stopping_) {
      if (!endpoint_) {
        std::this_thread::sleep_for(kTick);
        (void)open();  // again at the next tick
      } else if (!endpoint_->step(kTick)) {
        close();
      }
      while (!requests_.empty()) {
        const Request request = std::move(requests_.front());
        requests_.pop_front();
        if (handle(request)) restart();
      }
      uds_.check_timeout();
      if (tick_) tick_(counters());
    }
  }

  /// True if a reset is due.
  bool handle(const Request& request) {
    const auto then = uds_.handle(request.uds, request.functional, [this](Bytes answer) {
      if (endpoint_)
        (void)endpoint_->send(std::move(answer));  // too many wait: the tester asks again
    });
    return then == uds::Server::Then::kReset;
  }

  void restart() {
    const auto deadline = std::chrono::steady_clock::now() + settings_.answer_limit;
    while (endpoint_ && endpoint_->sending() && std::chrono::steady_clock::now() < deadline) {
      if (!endpoint_->step(kTick)) break;
    }
    // Off the bus while it boots, as an ECU is.
    close();
    requests_.clear();
    uds_.power_on();
    reset_();
    (void)open();  // again at the next tick
  }

  void close() {
    if (!endpoint_) return;
    before_ = counters();
    endpoint_.reset();
  }

  Counters counters() const {
    Counters out = before_;
    if (!endpoint_) return out;
    const Counters& now = endpoint_->counters();
    out.sent += now.sent;
    out.received += now.received;
    out.ignored += now.ignored;
    out.failed += now.failed;
    return out;
  }

  ServerSettings settings_;
  uds::Server& uds_;
  Reset reset_;
  Tick tick_;
  std::unique_ptr<Endpoint> endpoint_;
  std::deque<Request> requests_;
  Counters before_;  ///< of endpoints that are closed, and of what was too much
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

Server::Server(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::start(ServerSettings settings, uds::Server& uds,
                                              Reset reset, Tick tick) {
  auto loop = std::make_unique<Loop>(std::move(settings), uds, std::move(reset), std::move(tick));
  if (const auto opened = loop->open(); !opened) return fail(opened.error());
  loop->run();
  return std::unique_ptr<Server>(new Server(std::move(loop)));
}

void Server::stop() { loop_->stop(); }

}  // namespace gatehouse::isotp
