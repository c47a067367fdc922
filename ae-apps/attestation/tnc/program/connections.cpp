#include "ae-apps/attestation/tnc/program/connections.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <list>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "ae-apps/attestation/tnc/stream/tls_session.h"

namespace gatehouse::tnc {
namespace {

using Id = std::uint64_t;
using Clock = std::chrono::steady_clock;
using Step = TlsSession::Step;

constexpr Id kListener = 0, kDoorbell = 1, kFirstClient = 2;
constexpr int kLookMs = 100;  // between two looks whether somebody's time is over
constexpr int kAcceptedAtOnce = 256;
constexpr std::size_t kReadAtOnce = 64 * 1024;

enum class Stage : std::uint8_t { kSilent, kShaking, kTalking };
constexpr std::size_t kStages = 3;

struct Connection {
  int socket;
  Client client;
  Patience patience;
  std::list<Id>::iterator place = {};  ///< among those of its stage, the oldest first
  Stage stage = Stage::kSilent;
  std::unique_ptr<TlsSession> tls = {};
  std::shared_ptr<Dialogue> dialogue = {};
  Bytes out = {};
  std::size_t sent = 0;
  bool busy = false;  ///< a worker has the dialogue
};

/// Something that a client said, and what is answered.
struct Job {
  Id id;
  std::shared_ptr<Dialogue> dialogue;
  Bytes bytes;
};

std::string text_of(const sockaddr_in& address) {
  std::array<char, INET_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size());
  return std::string(text.data()) + ":" + std::to_string(ntohs(address.sin_port));
}

/// What was sent last would be lost with a reset if something of the peer's were still unread.
void say_goodbye(int socket) {
  ::shutdown(socket, SHUT_WR);
  std::array<std::uint8_t, 4096> unread;
  constexpr int kMostReads = 16;
  for (int i = 0; i < kMostReads; ++i) {
    if (::recv(socket, unread.data(), unread.size(), MSG_DONTWAIT) <= 0) break;
  }
  ::close(socket);
}

/// Jobs for a few threads. What is done is rung for.
class Workers {
 public:
  Workers(unsigned count, int doorbell) : doorbell_(doorbell) {
    for (unsigned i = 0; i < count; ++i) threads_.emplace_back([this] { work(); });
  }
  ~Workers() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& each : threads_) each.join();
  }
  void add(Job job) {
    {
      const std::lock_guard lock(mutex_);
      jobs_.push_back(std::move(job));
    }
    wake_.notify_one();
  }
  std::deque<Job> take_done() {
    const std::lock_guard lock(mutex_);
    return std::exchange(done_, {});
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      if (stopping_) return;
      Job job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job.bytes = job.dialogue->feed(job.bytes);
      lock.lock();
      done_.push_back(std::move(job));
      ::eventfd_write(doorbell_, 1);
    }
  }

  const int doorbell_;
  std::mutex mutex_;  ///< guards what follows
  std::condition_variable wake_;
  std::deque<Job> jobs_, done_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace

struct Connections::Impl {
  Impl(int listening, TlsContext tls, ConnectionLimits all, Parts given)
      : listener(listening), context(std::move(tls)), limits(all), parts(std::move(given)) {
    ::fcntl(listener, F_SETFL, O_NONBLOCK);
    epoll = ::epoll_create1(EPOLL_CLOEXEC);
    doorbell = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  }
  ~Impl() {
    stopping = true;
    if (doorbell >= 0) ::eventfd_write(doorbell, 1);
    if (thread.joinable()) thread.join();
    workers.reset();
    while (!connections.empty()) part(connections.begin()->first, "the server ends");
    ::close(listener);
    if (epoll >= 0) ::close(epoll);
    if (doorbell >= 0) ::close(doorbell);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  bool watch(int socket, Id id, std::uint32_t events) const {
    epoll_event event{};
    event.events = events;
    event.data.u64 = id;
    return ::epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event) == 0;
  }
  bool open() {
    if (epoll < 0 || doorbell < 0 || !watch(listener, kListener, EPOLLIN) ||
        !watch(doorbell, kDoorbell, EPOLLIN)) {
      return false;
    }
    workers.emplace(limits.workers, doorbell);
    thread = std::thread([this] { run(); });
    return true;
  }

  void run() {
    std::array<epoll_event, kAcceptedAtOnce> events;
    while (!stopping) {
      const int count =
          ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), kLookMs);
      for (int i = 0; i < count; ++i) {
        const Id id = events[static_cast<std::size_t>(i)].data.u64;
        if (id == kListener) {
          accept_some();
        } else if (id == kDoorbell) {
          take_answers();
        } else {
          go_on(id);
        }
      }
      send_away_the_slow();
    }
  }

  // --- coming and going ------------------------------------------------------------------------

  std::list<Id>& of(Stage stage) { return order[static_cast<std::size_t>(stage)]; }

  void accept_some() {
    for (int i = 0; i < kAcceptedAtOnce; ++i) {
      sockaddr_in address{};
      socklen_t size = sizeof address;
      const int socket = ::accept4(listener, reinterpret_cast<sockaddr*>(&address), &size,
                                   SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (socket < 0) {
        // No descriptor is left: somebody who says nothing has one.
        if ((errno == EMFILE || errno == ENFILE) && make_way()) continue;
        return;
      }
      if (connections.size() >= limits.sockets && !make_way()) {
        ::close(socket);
        continue;
      }
      const Id id = next_id++;
      Connection added{socket, {text_of(address), {}, {}, {}}, {limits.patience, Clock::now()}};
      added.place = of(Stage::kSilent).insert(of(Stage::kSilent).end(), id);
      connections.emplace(id, std::move(added));
      if (!watch(socket, id, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)) drop(id, "no room");
    }
  }

  /// False if all have proven themselves.
  bool make_way() {
    for (const Stage stage : {Stage::kSilent, Stage::kShaking}) {
      if (of(stage).empty()) continue;
      drop(of(stage).front(), "it made way for others before it had proven itself");
      return true;
    }
    return false;
  }

  void enter(Connection& at, Id id, Stage stage) {
    of(at.stage).erase(at.place);
    at.stage = stage;
    at.place = of(stage).insert(of(stage).end(), id);
  }

  void drop(Id id, const std::string& why) {
    const auto found = connections.find(id);
    if (found == connections.end()) return;
    Connection& at = found->second;
    if (at.tls) at.tls->close();
    parts.gone(at.client, at.dialogue.get(), why);
    of(at.stage).erase(at.place);
    at.tls.reset();
    say_goodbye(at.socket);
    connections.erase(found);
  }

  /// The end without a goodbye of the dialogue's: nothing is wrong with it once the result is told.
  void part(Id id, const std::string& why) {
    const auto& dialogue = connections.at(id).dialogue;
    const bool told = dialogue != nullptr && dialogue->outcome().has_value();
    drop(id, told ? dialogue->fault() : why);
  }

  void send_away_the_slow() {
    const auto now = Clock::now();
    for (const Stage stage : {Stage::kSilent, Stage::kShaking}) {
      while (!of(stage).empty() && connections.at(of(stage).front()).patience.over(now)) {
        drop(of(stage).front(), "it was too slow to prove itself");
      }
    }
    std::vector<Id> slow;
    for (const Id id : of(Stage::kTalking)) {
      const Connection& at = connections.at(id);
      if (!at.busy && at.patience.over(now)) slow.push_back(id);
    }
    for (const Id id : slow) part(id, "it was too slow in the dialogue");
  }

  // --- one of them -----------------------------------------------------------------------------

  void go_on(Id id) {
    const auto found = connections.find(id);
    if (found == connections.end()) return;
    Connection& at = found->second;
    if (at.stage == Stage::kSilent && !hear_hello(id, at)) return;
    if (at.stage == Stage::kShaking && !shake_hands(id, at)) return;
    if (!at.busy) talk(id, at);
  }

  /// True once a whole hello is there.
  bool hear_hello(Id id, Connection& at) {
    std::array<std::uint8_t, TlsSession::kHelloHeaderBytes> header;
    const auto count = ::recv(at.socket, header.data(), header.size(), MSG_PEEK);
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return false;
    if (count <= 0) return drop(id, "it left before it said who it is"), false;
    int available = 0;
    ::ioctl(at.socket, FIONREAD, &available);
    const auto hello = TlsSession::look_at(ByteView(header).first(static_cast<std::size_t>(count)),
                                           static_cast<std::size_t>(available));
    if (hello == TlsSession::Hello::kNone) return drop(id, "it does not speak TLS"), false;
    if (hello == TlsSession::Hello::kIncomplete) return false;
    if (of(Stage::kShaking).size() >= limits.handshakes) {
      drop(of(Stage::kShaking).front(), "it made way for others before it had proven itself");
    }
    auto tls = TlsSession::begin(at.socket, context);
    if (!tls) return drop(id, tls.error().detail), false;
    at.tls = std::make_unique<TlsSession>(*std::move(tls));
    enter(at, id, Stage::kShaking);
    return true;
  }

  /// True once it has proven itself and is listened to.
  bool shake_hands(Id id, Connection& at) {
    const Step step = at.tls->handshake();
    if (step == Step::kWait) return false;
    if (step == Step::kClosed) {
      const std::string& why = at.tls->failure();
      return drop(id, why.empty() ? "it left before it had proven itself" : why), false;
    }
    at.client.identities = at.tls->peer();
    at.client.key = at.tls->peer_key();
    auto dialogue = parts.welcome(at.client);
    if (!dialogue) return drop(id, dialogue.error().detail), false;
    if (!make_way_for(at.client.device)) return drop(id, "too many others are served"), false;
    at.dialogue = *std::move(dialogue);
    at.patience.proven(Clock::now());
    enter(at, id, Stage::kTalking);
    return true;
  }

  bool make_way_for(const std::string& device) {
    std::vector<Id> same;
    for (const Id id : of(Stage::kTalking)) {
      const Connection& at = connections.at(id);
      if (at.client.device == device && !at.busy) same.push_back(id);
    }
    if (same.size() >= limits.of_one) part(same.front(), "its device has come again");
    return of(Stage::kTalking).size() < limits.dialogues;
  }

  void talk(Id id, Connection& at) {
    if (!flush(id, at)) return;
    if (at.dialogue->finished()) return drop(id, at.dialogue->fault());
    Bytes came;
    const Step step = at.tls->read(came, kReadAtOnce);
    if (!came.empty()) {
      at.busy = true;
      at.patience.work_began(Clock::now());
      workers->add({id, at.dialogue, std::move(came)});
    } else if (step == Step::kClosed) {
      part(id, "it left in the middle of the dialogue");
    }
  }

  /// True if nothing is left to send.
  bool flush(Id id, Connection& at) {
    if (at.sent == at.out.size()) return true;
    const Step step = at.tls->write(ByteView(at.out).subspan(at.sent), at.sent);
    if (step == Step::kClosed) return part(id, "it left before it had heard all"), false;
    if (step == Step::kWait) return false;
    at.out.clear();
    at.sent = 0;
    return true;
  }

  void take_answers() {
    eventfd_t count = 0;
    ::eventfd_read(doorbell, &count);
    for (Job& job : workers->take_done()) {
      const auto found = connections.find(job.id);
      if (found == connections.end()) continue;
      Connection& at = found->second;
      at.busy = false;
      at.patience.work_ended(Clock::now(), !job.bytes.empty());
      append(at.out, job.bytes);
      talk(job.id, at);
    }
  }

  const int listener;
  const TlsContext context;
  const ConnectionLimits limits;
  const Parts parts;
  int epoll = -1, doorbell = -1;
  std::atomic<bool> stopping{false};
  // Of the loop's thread.
  std::unordered_map<Id, Connection> connections;
  std::array<std::list<Id>, kStages> order;
  Id next_id = kFirstClient;
  std::optional<Workers> workers;
  std::thread thread;
};

Result<std::unique_ptr<Connections>> Connections::start(int listener, TlsContext context,
                                                        ConnectionLimits limits, Parts parts) {
  std::unique_ptr<Connections> out(new Connections());
  out->impl_ = std::make_unique<Impl>(listener, std::move(context), limits, std::move(parts));
  if (!out->impl_->open())
    return fail(Rsc::kInternalServerError, "PT-TLS: cannot wait for clients");
  return out;
}

Connections::~Connections() = default;

}  // namespace gatehouse::tnc
