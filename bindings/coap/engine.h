#pragma once
#include <chrono>
#include <functional>
#include <memory>

struct coap_context_t;

namespace gatehouse::coap {

using Time = std::chrono::steady_clock::time_point;

/// One libcoap context on one thread of its own: libcoap 4.3 is not thread-safe, so everything that
/// touches the context is posted here.
class Engine {
 public:
  Engine();   ///< throws std::runtime_error if there is no memory or no descriptor
  ~Engine();  ///< stops
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Before start(), or on the thread.
  coap_context_t* context();
  /// `after_turn` runs on the thread whenever libcoap has handled what came in: the place to close
  /// sessions, which its callbacks must not.
  void start(std::function<void()> after_turn);
  /// Runs `last` on the thread, then joins and frees the context. Later posts are dropped. Not from
  /// the thread.
  void stop(const std::function<void()>& last);

  /// Any thread.
  void post(std::function<void()> work);
  /// On the thread only: runs `work` once, then.
  void at(Time when, std::function<void()> work);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gatehouse::coap
