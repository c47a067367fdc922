#include "ae-apps/ota/isotp/client.h"

#include <algorithm>

namespace gatehouse::isotp {
namespace {

constexpr std::size_t kMaxArrived = 16;

}  // namespace

Result<void> Client::connect() {
  disconnect();
  arrived_.clear();
  auto endpoint = Endpoint::open(settings_.endpoint, *this);
  if (!endpoint) return fail(endpoint.error());
  endpoint_ = *std::move(endpoint);
  return {};
}

void Client::received(Bytes message, bool functional) {
  if (!functional && arrived_.size() < kMaxArrived) arrived_.push_back(std::move(message));
}

Result<void> Client::step(std::chrono::steady_clock::time_point deadline) {
  const auto left =
      std::chrono::ceil<std::chrono::microseconds>(deadline - std::chrono::steady_clock::now());
  const auto done = endpoint_->step(std::max(left, std::chrono::microseconds(0)));
  if (!done) disconnect();
  return done;
}

Result<void> Client::send(ByteView uds) {
  if (!endpoint_) return fail(Rsc::kTargetNotReachable, "not connected");
  on_bus_ = false;
  failure_.reset();
  if (const auto taken = endpoint_->send(Bytes(uds.begin(), uds.end())); !taken) return taken;
  const auto deadline = std::chrono::steady_clock::now() + settings_.send_limit;
  while (!on_bus_) {
    if (failure_) return fail(Rsc::kRequestTimeout, "ISO-TP: " + std::string(text_of(*failure_)));
    if (std::chrono::steady_clock::now() >= deadline) {
      disconnect();
      return fail(Rsc::kRequestTimeout, "ISO-TP: the message is not on the bus in time");
    }
    if (const auto done = step(deadline); !done) return done;
  }
  return {};
}

Result<Bytes> Client::receive(std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (arrived_.empty()) {
    if (!endpoint_) return fail(Rsc::kTargetNotReachable, "not connected");
    if (const auto done = step(deadline); !done) return fail(done.error());
    if (arrived_.empty() && std::chrono::steady_clock::now() >= deadline) {
      return fail(Rsc::kRequestTimeout, "nothing came in time");
    }
  }
  Bytes first = std::move(arrived_.front());
  arrived_.pop_front();
  return first;
}

}  // namespace gatehouse::isotp
