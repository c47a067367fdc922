#pragma once
#include <atomic>
#include <cstdint>

#include "cse/core/cse.h"

namespace gatehouse::node {

/// Stands between the bindings and the core: counts every primitive and logs it with its answer and
/// time. 5xxx are errors, the rest is debug. Never logs contents or credentials.
class RequestLog final : public PrimitiveHandler {
 public:
  RequestLog(PrimitiveHandler& next, const Scheduler& clock) : next_(next), clock_(clock) {}
  void handle(Request&& request, Reply reply) override;

  struct Counters {
    std::atomic<std::uint64_t> requests{0}, refused{0}, failed{0};
  };
  const Counters& counters() const { return counters_; }

 private:
  PrimitiveHandler& next_;
  const Scheduler& clock_;
  Counters counters_;
};

/// Stands between the services and a binding: at debug level it logs what this node sends to others
/// (notifications, forwarded requests, registrations) as RequestLog does what it serves;
/// `via=out-mqtts`. Threading: any.
class SendLog final : public PrimitiveSender {
 public:
  /// Both outlive it, and the clock what `next` has under way.
  SendLog(PrimitiveSender& next, const Scheduler& clock) : next_(next), clock_(clock) {}
  bool serves(std::string_view url) const override { return next_.serves(url); }
  void send(const std::string& url, const std::string& receiver_id, Request request,
            Reply reply) override;

 private:
  PrimitiveSender& next_;
  const Scheduler& clock_;
};

}  // namespace gatehouse::node
