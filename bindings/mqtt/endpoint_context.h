#pragma once
#include <mutex>
#include <string>

#include "bindings/mqtt/connection.h"
#include "bindings/mqtt/endpoint.h"
#include "bindings/mqtt/worker.h"

namespace gatehouse::mqtt {

/// Counters that the worker writes and anybody reads.
class CounterBoard {
 public:
  void add(std::uint64_t EndpointCounters::*figure) {
    const std::lock_guard lock(mutex_);
    ++(counters_.*figure);
  }
  EndpointCounters read() const {
    const std::lock_guard lock(mutex_);
    return counters_;
  }

 private:
  mutable std::mutex mutex_;
  EndpointCounters counters_;
};

/// What the two roles of an endpoint share. Everything but `counters` belongs to the worker's
/// thread.
struct EndpointContext {
  const EndpointSettings settings;
  const Codecs& codecs;
  const std::string prefix;  ///< of topics
  const std::string broker;  ///< "host:port"
  const bool tls;
  std::string id;  ///< ours; empty until registered
  CounterBoard counters;
  Worker worker;
  Connection* connection = nullptr;

  Timestamp now() const { return settings.clock(); }
};

}  // namespace gatehouse::mqtt
