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
  void handle(Request request, Reply reply) override;

  struct Counters {
    std::atomic<std::uint64_t> requests{0}, refused{0}, failed{0};
  };
  const Counters& counters() const { return counters_; }

 private:
  PrimitiveHandler& next_;
  const Scheduler& clock_;
  Counters counters_;
};

}  // namespace gatehouse::node
