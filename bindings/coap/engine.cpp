#include "bindings/coap/engine.h"

#include <coap3/coap.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "bindings/coap/option_filter.h"

namespace gatehouse::coap {
namespace {

/// Once for the process. libcoap writes warnings about peers to stderr: ours is the request log.
void start_libcoap() {
  static const bool started = [] {
    coap_startup();
    coap_set_log_level(LOG_EMERG);
    coap_dtls_set_log_level(LOG_EMERG);
    return true;
  }();
  (void)started;
}

}  // namespace

struct Engine::Impl {
  coap_context_t* context = nullptr;
  int wake = -1;
  std::thread thread;
  std::function<void()> after_turn;
  std::multimap<Time, std::function<void()>> timers;  // of the thread
  std::atomic<bool> has_posted{false};                // so that the lock is taken for a reason
  std::mutex mutex;                                   // guards what follows
  std::vector<std::function<void()>> posted;
  bool stopping = false;

  void post(std::function<void()> work, bool is_last);
  void run();
  bool run_posted();
  void run_timers();
  int milliseconds_to_next() const;
  void prepare() const;
  bool join_set();
};

/// False: that was the last work.
bool Engine::Impl::run_posted() {
  if (!has_posted.load(std::memory_order_acquire)) return true;
  std::vector<std::function<void()>> works;
  bool last = false;
  {
    const std::lock_guard lock(mutex);
    works.swap(posted);
    last = stopping;
    has_posted.store(false, std::memory_order_relaxed);
  }
  for (auto& work : works) work();
  prepare();
  return !last;
}

void Engine::Impl::run_timers() {
  const Time now = std::chrono::steady_clock::now();
  if (timers.empty() || timers.begin()->first > now) return;
  while (!timers.empty() && timers.begin()->first <= now) {
    const auto due = timers.extract(timers.begin());
    due.mapped()();
  }
  prepare();
}

/// For epoll_wait(). libcoap's own times are a timer in its set.
int Engine::Impl::milliseconds_to_next() const {
  if (timers.empty()) return -1;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      timers.begin()->first - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count() + 1, 0, 60'000));
}

/// What was sent outside of libcoap's own turn may have to be repeated: it sets its timer for that.
void Engine::Impl::prepare() const {
  coap_tick_t now = 0;
  coap_ticks(&now);
  coap_io_prepare_epoll(context, now);
}

/// libcoap's set of descriptors, which ours has joined, is waited for here: coap_io_process() would
/// look through all sessions and set its timer twice for each message.
void Engine::Impl::run() {
  const int set = coap_context_get_coap_fd(context);
  constexpr int kMost = 64;
  epoll_event events[kMost];
  prepare();
  while (run_posted()) {
    run_timers();
    const int ready = ::epoll_wait(set, events, kMost, milliseconds_to_next());
    const auto* end = std::remove_if(events, events + std::max(ready, 0),
                                     [this](const epoll_event& e) { return e.data.ptr == this; });
    if (end != events) coap_io_do_epoll(context, events, static_cast<std::size_t>(end - events));
    if (after_turn) after_turn();
  }
}

/// Each post is told once (edge-triggered), so nobody has to read the counter.
bool Engine::Impl::join_set() {
  const int set = coap_context_get_coap_fd(context);
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.ptr = this;
  return set >= 0 && ::epoll_ctl(set, EPOLL_CTL_ADD, wake, &event) == 0;
}

Engine::Engine() : impl_(std::make_unique<Impl>()) {
  start_libcoap();
  impl_->context = coap_new_context(nullptr);
  impl_->wake = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (!impl_->context || impl_->wake < 0 || !impl_->join_set()) {
    throw std::runtime_error("CoAP: no context");
  }
  admit_onem2m_options(impl_->context);
}

Engine::~Engine() {
  stop([] {});
  if (impl_->context) coap_free_context(impl_->context);
  if (impl_->wake >= 0) ::close(impl_->wake);
}

coap_context_t* Engine::context() { return impl_->context; }

void Engine::start(std::function<void()> after_turn) {
  impl_->after_turn = std::move(after_turn);
  impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
}

void Engine::stop(const std::function<void()>& last) {
  if (!impl_->thread.joinable()) return;
  impl_->post(last, true);
  impl_->thread.join();
  impl_->timers.clear();
  coap_free_context(impl_->context);
  impl_->context = nullptr;
}

void Engine::post(std::function<void()> work) { impl_->post(std::move(work), false); }

void Engine::Impl::post(std::function<void()> work, bool is_last) {
  {
    const std::lock_guard lock(mutex);
    if (stopping) return;
    stopping = is_last;
    posted.push_back(std::move(work));
    has_posted.store(true, std::memory_order_release);
    if (posted.size() > 1) return;  // the thread has been woken for the first
  }
  const std::uint64_t one = 1;
  // It fails only when the counter is full, and then the thread wakes anyway.
  if (::write(wake, &one, sizeof one) < 0) return;
}

void Engine::at(Time when, std::function<void()> work) {
  impl_->timers.emplace(when, std::move(work));
}

}  // namespace gatehouse::coap
