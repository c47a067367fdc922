#include "bindings/coap/engine.h"

#include <coap3/coap.h>
#include <poll.h>
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
  std::mutex mutex;                                   // guards what follows
  std::vector<std::function<void()>> posted;
  bool stopping = false;

  void post(std::function<void()> work, bool is_last);
  void run();
  void run_posted();
  void run_timers();
  int milliseconds_to_next() const;
  bool take_stop() {
    const std::lock_guard lock(mutex);
    return stopping && posted.empty();
  }
};

void Engine::Impl::run_posted() {
  std::vector<std::function<void()>> works;
  {
    const std::lock_guard lock(mutex);
    works.swap(posted);
  }
  for (auto& work : works) work();
}

void Engine::Impl::run_timers() {
  const Time now = std::chrono::steady_clock::now();
  while (!timers.empty() && timers.begin()->first <= now) {
    const auto due = timers.extract(timers.begin());
    due.mapped()();
  }
}

int Engine::Impl::milliseconds_to_next() const {
  if (timers.empty()) return -1;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      timers.begin()->first - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count() + 1, 0, 60'000));
}

void Engine::Impl::run() {
  pollfd watched[2] = {{coap_context_get_coap_fd(context), POLLIN, 0}, {wake, POLLIN, 0}};
  while (!take_stop()) {
    ::poll(watched, 2, milliseconds_to_next());
    std::uint64_t count = 0;
    if (watched[1].revents != 0 && ::read(wake, &count, sizeof count) < 0) count = 0;
    run_posted();
    run_timers();
    coap_io_process(context, COAP_IO_NO_WAIT);
    if (after_turn) after_turn();
  }
}

Engine::Engine() : impl_(std::make_unique<Impl>()) {
  start_libcoap();
  impl_->context = coap_new_context(nullptr);
  impl_->wake = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (!impl_->context || impl_->wake < 0 || coap_context_get_coap_fd(impl_->context) < 0) {
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
