#include "bindings/mqtt/connection.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <random>
#include <utility>

#include "bindings/mqtt/paho_link.h"
#include "bindings/mqtt/paho_sockets.h"

namespace gatehouse::mqtt {
namespace {

constexpr std::chrono::milliseconds kRetirement{250};  // how long a dead Paho client is kept
constexpr std::chrono::milliseconds kSweep{
    500};                                   // how often messages past their time are looked for
constexpr std::chrono::seconds kStable{5};  // a connection that lived so long resets the pauses
constexpr std::chrono::seconds kGoodbye{1};

}  // namespace

struct Connection::Impl : std::enable_shared_from_this<Connection::Impl> {
  enum class State { kIdle, kWaiting, kConnecting, kSubscribing, kReady, kStopped };

  Impl(ConnectionSettings s, Worker& w, ConnectionListener& l)
      : settings(std::move(s)), worker(w), listener(l), random(std::random_device{}()) {}

  void connect();
  void connected(bool kept);
  void subscribed(std::uint64_t batch, bool accepted);
  void failed(const std::string& why);
  void published(std::uint64_t id, bool accepted);  ///< on a thread of Paho's
  void flush();
  void retire();
  void sweep();
  void watch(std::chrono::milliseconds at_most, const char* what);
  LinkEvents events();
  std::chrono::milliseconds next_pause();

  ConnectionSettings settings;
  Worker& worker;
  ConnectionListener& listener;
  std::minstd_rand random;

  State state = State::kIdle;
  std::uint64_t generation = 0;  ///< of `link`; events of older ones are void
  std::unique_ptr<PahoLink> link;
  std::vector<std::pair<SteadyTime, std::unique_ptr<PahoLink>>> retired;
  std::vector<std::string> filters;
  std::uint64_t batch = 0;       ///< of subscriptions
  std::size_t missing_acks = 0;  ///< of this batch
  bool session_kept = false;
  bool announced = false;  ///< on_ready was called for this link
  SteadyTime ready_since{};
  std::chrono::milliseconds pause{0};

  std::uint64_t next_id = 1;
  std::map<std::uint64_t, Outgoing> waiting;  ///< in order
  bool sweeping = false;
  std::atomic<std::size_t> received{0};  ///< posted, not yet looked at

  /// Guards what follows; a leaf. So an acknowledgement that nobody waits for wakes nobody.
  std::mutex mutex;
  std::map<std::uint64_t, Outgoing> sent;  ///< in Paho's hands, not acknowledged
  bool full = false;                       ///< the next acknowledgement makes room
};

// Every event hops to the worker's thread; what comes from a link that is no longer current is
// ignored there.
LinkEvents Connection::Impl::events() {
  const std::weak_ptr<Impl> weak = weak_from_this();
  const std::uint64_t mine = generation;
  Worker* const thread = &worker;
  const auto on_worker = [weak, mine, thread](auto action) {
    thread->post([weak, mine, action = std::move(action)] {
      if (const auto self = weak.lock(); self && self->generation == mine) action(*self);
    });
  };
  LinkEvents events;
  events.connected = [on_worker](bool kept) {
    on_worker([kept](Impl& self) { self.connected(kept); });
  };
  events.failed = [on_worker](std::string why) {
    on_worker([why = std::move(why)](Impl& self) { self.failed(why); });
  };
  events.published = [weak](std::uint64_t id, bool accepted) {
    if (const auto self = weak.lock()) self->published(id, accepted);
  };
  events.subscribed = [on_worker](std::uint64_t number, bool accepted) {
    on_worker([number, accepted](Impl& self) { self.subscribed(number, accepted); });
  };
  events.message = [weak, thread](std::string topic, std::string payload) {
    const auto self = weak.lock();
    if (!self) return;
    if (self->received.fetch_add(1) >= self->settings.max_received) {
      self->received.fetch_sub(1);
      self->listener.on_overflow();
      return;
    }
    thread->post([weak, topic = std::move(topic), payload = std::move(payload)] {
      const auto alive = weak.lock();
      if (!alive) return;
      alive->received.fetch_sub(1);
      if (alive->state != State::kStopped) alive->listener.on_message(topic, payload);
    });
  };
  return events;
}

void Connection::Impl::connect() {
  if (state == State::kStopped) return;
  state = State::kConnecting;
  ++generation;
  announced = false;
  link = std::make_unique<PahoLink>(settings, events());
  std::string why;
  if (!link->connect(why)) return failed(why);
  watch(settings.connect_timeout + std::chrono::seconds(1), "no answer from the broker");
}

// Paho has time limits of its own; this one makes sure that no state lasts for ever.
void Connection::Impl::watch(std::chrono::milliseconds at_most, const char* what) {
  worker.after(
      at_most, [weak = weak_from_this(), mine = generation, was = state, what, number = batch] {
        const auto self = weak.lock();
        if (self && self->generation == mine && self->state == was && self->batch == number) {
          self->failed(what);
        }
      });
}

void Connection::Impl::connected(bool kept) {
  if (state != State::kConnecting) return;
  session_kept = kept;
  state = State::kSubscribing;
  ++batch;
  missing_acks = filters.size();
  if (!link->subscribe(filters, batch)) return failed("cannot subscribe");
  watch(settings.connect_timeout, "the broker does not acknowledge subscriptions");
}

void Connection::Impl::subscribed(std::uint64_t number, bool accepted) {
  if (state != State::kSubscribing || number != batch) return;
  if (!accepted) return failed("the broker refused a subscription");
  if (--missing_acks > 0) return;
  state = State::kReady;
  ready_since = std::chrono::steady_clock::now();
  if (!std::exchange(announced, true)) listener.on_ready(session_kept);
  flush();
}

void Connection::Impl::failed(const std::string& why) {
  if (state == State::kStopped || state == State::kWaiting || state == State::kIdle) return;
  const bool was_up = announced;
  retire();
  if (was_up && std::chrono::steady_clock::now() - ready_since > kStable) pause = {};
  {
    const std::lock_guard lock(mutex);
    waiting.merge(sent);
  }
  state = State::kWaiting;
  worker.after(next_pause(), [weak = weak_from_this()] {
    if (const auto self = weak.lock(); self && self->state == State::kWaiting) self->connect();
  });
  if (was_up) {
    listener.on_lost(why);
  } else {
    listener.on_connect_failed(why);
  }
}

std::chrono::milliseconds Connection::Impl::next_pause() {
  pause = std::clamp(pause * 2, settings.reconnect_min, settings.reconnect_max);
  std::uniform_int_distribution<std::int64_t> jitter(pause.count() / 2, pause.count());
  return std::chrono::milliseconds(jitter(random));
}

// Paho's thread may be on its way out of a callback of this client, so the client lives a little
// longer than its connection.
void Connection::Impl::retire() {
  ++generation;
  if (!link) return;
  retired.emplace_back(std::chrono::steady_clock::now() + kRetirement, std::move(link));
  worker.after(kRetirement, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) {
      const SteadyTime now = std::chrono::steady_clock::now();
      std::erase_if(self->retired, [now](const auto& old) { return old.first <= now; });
    }
  });
}

void Connection::Impl::flush() {
  const SteadyTime now = std::chrono::steady_clock::now();
  while (state == State::kReady && !waiting.empty()) {
    auto node = waiting.extract(waiting.begin());
    if (node.mapped().expires <= now) {
      if (node.mapped().done) node.mapped().done(Published::kExpired);
      continue;
    }
    const std::uint64_t id = node.key();
    const Outgoing* message = nullptr;
    {
      const std::lock_guard lock(mutex);
      full = sent.size() >= settings.max_inflight;
      if (full) {
        waiting.insert(std::move(node));
      } else {
        message = &sent.insert(std::move(node)).position->second;
      }
    }
    if (!message) break;
    // Acknowledged before it returns, the message may be gone already: Paho has its own copy.
    if (!link->publish(*message, id)) {
      const std::lock_guard lock(mutex);
      waiting.insert(sent.extract(id));
      return;  // Paho will say why: the connection is going
    }
  }
  if (!waiting.empty()) sweep();
}

void Connection::Impl::sweep() {
  if (std::exchange(sweeping, true)) return;
  worker.after(kSweep, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->state == State::kStopped) return;
    self->sweeping = false;
    const SteadyTime now = std::chrono::steady_clock::now();
    std::vector<Outgoing> expired;
    std::erase_if(self->waiting, [&](auto& entry) {
      if (entry.second.expires > now) return false;
      expired.push_back(std::move(entry.second));
      return true;
    });
    for (const Outgoing& message : expired) {
      if (message.done) message.done(Published::kExpired);
    }
    if (!self->waiting.empty()) self->flush();
  });
}

void Connection::Impl::published(std::uint64_t id, bool accepted) {
  std::function<void(Published)> done;
  bool was_full = false;
  {
    const std::lock_guard lock(mutex);
    const auto found = sent.extract(id);
    if (found.empty()) return;
    done = std::move(found.mapped().done);
    was_full = std::exchange(full, false);
  }
  if (!done && !was_full) return;
  worker.post([weak = weak_from_this(), done = std::move(done), accepted] {
    if (done) done(accepted ? Published::kAcknowledged : Published::kRefused);
    if (const auto self = weak.lock()) self->flush();
  });
}

Connection::Connection(ConnectionSettings settings, Worker& worker, ConnectionListener& listener) {
  check_tls(settings);
  static_cast<void>(connects_without_nagle());  // links our connect() in
  impl_ = std::make_shared<Impl>(std::move(settings), worker, listener);
}

Connection::~Connection() = default;

void Connection::start(std::vector<std::string> filters) {
  if (impl_->state != Impl::State::kIdle) return;
  impl_->filters = std::move(filters);
  impl_->connect();
}

void Connection::set_filters(std::vector<std::string> filters) {
  Impl& self = *impl_;
  std::vector<std::string> gone;
  for (const std::string& old : self.filters) {
    if (std::find(filters.begin(), filters.end(), old) == filters.end()) gone.push_back(old);
  }
  self.filters = std::move(filters);
  if (self.state != Impl::State::kReady && self.state != Impl::State::kSubscribing) return;
  self.link->unsubscribe(gone);
  self.state = Impl::State::kConnecting;
  self.connected(self.session_kept);
}

void Connection::publish(Outgoing message) {
  Impl& self = *impl_;
  if (self.state == Impl::State::kStopped || self.waiting.size() >= self.settings.max_queued) {
    const bool stopped = self.state == Impl::State::kStopped;
    if (message.done) message.done(stopped ? Published::kStopped : Published::kQueueFull);
    return;
  }
  self.waiting.emplace(self.next_id++, std::move(message));
  self.flush();
  if (!self.waiting.empty()) self.sweep();
}

void Connection::stop() {
  Impl& self = *impl_;
  if (std::exchange(self.state, Impl::State::kStopped) == Impl::State::kStopped) return;
  if (self.link) self.link->disconnect(kGoodbye);
  ++self.generation;
  self.link.reset();
  SteadyTime last{};
  for (const auto& [until, link] : self.retired) last = std::max(last, until);
  if (!self.retired.empty()) std::this_thread::sleep_until(last);  // at most kRetirement
  self.retired.clear();
  std::map<std::uint64_t, Outgoing> given_up = std::exchange(self.waiting, {});
  {
    const std::lock_guard lock(self.mutex);
    given_up.merge(self.sent);
  }
  for (auto& [id, message] : given_up) {
    if (message.done) message.done(Published::kStopped);
  }
}

}  // namespace gatehouse::mqtt
