#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>

#include "ae-apps/ota/can/bus.h"
#include "ae-apps/ota/isotp/channel.h"

namespace gatehouse::isotp {

using std::chrono::microseconds;
using std::chrono::milliseconds;

/// One end on the simulated bus, and what it was told.
class Node final : public Channel::Output {
 public:
  using Give = std::function<void(const can::Frame&)>;
  Node(Address address, Settings settings, Give give)
      : give_(std::move(give)), channel(address, settings, *this) {}
  void transmit(const can::Frame& frame) override { give_(frame); }
  void received(Bytes message, bool functional) override {
    (functional ? functional_messages : messages).push_back(std::move(message));
  }
  void sent() override { ++sent_messages; }
  void send_failed(Failure failure) override { send_failures.push_back(failure); }
  void receive_failed(Failure failure) override { receive_failures.push_back(failure); }

 private:
  Give give_;

 public:
  Channel channel;
  std::vector<Bytes> messages, functional_messages;
  int sent_messages = 0;
  std::vector<Failure> send_failures, receive_failures;
};

/// Channels on a can::Bus; time goes from event to event.
class World final : public can::Bus::Output {
 public:
  explicit World(can::BusSettings settings = {}) : bus(settings, *this) {}

  Node& add(Address address, Settings settings) {
    const int id = static_cast<int>(nodes.size());
    nodes.push_back(std::make_unique<Node>(address, settings, [this, id](const can::Frame& frame) {
      frames.push_back(frame);
      if (!bus.queue(id, frame, now)) ++refused;
    }));
    bus.attach(id);
    return *nodes.back();
  }
  void received(can::Bus::NodeId to, const can::Frame& frame, Time at) override {
    now = at;
    if (drop && drop(to, frame)) return;
    nodes[static_cast<std::size_t>(to)]->channel.heard(frame, at);
  }
  void sent(can::Bus::NodeId from, const can::Frame&, Time at) override {
    now = last_sent = at;
    nodes[static_cast<std::size_t>(from)]->channel.transmitted(at);
  }
  void state_changed(can::Bus::NodeId node, can::NodeState state, Time at) override {
    now = at;
    if (state == can::NodeState::kBusOff) nodes[static_cast<std::size_t>(node)]->channel.bus_lost();
  }
  /// Until nothing is under way any more, or the limit has passed.
  void run(Time limit = std::chrono::seconds(1000)) {
    const Time end = now + limit;
    for (;;) {
      std::optional<Time> next = bus.next();
      for (const auto& node : nodes) {
        const auto due = node->channel.next();
        if (due) next = next ? std::min(*next, *due) : *due;
      }
      if (!next || *next > end) {
        now = end;
        return;
      }
      now = std::max(now, *next);
      bus.advance(now);
      for (const auto& node : nodes) node->channel.tick(now);
    }
  }
  /// Frames whose first byte behind the identifier has this high nibble.
  std::size_t count_of(unsigned kind) const {
    return static_cast<std::size_t>(
        std::count_if(frames.begin(), frames.end(),
                      [kind](const can::Frame& f) { return f.data[0] >> 4u == kind; }));
  }

  can::Bus bus;
  Time now{0};
  Time last_sent{0};
  std::vector<std::unique_ptr<Node>> nodes;
  std::vector<can::Frame> frames;  ///< in the order in which they were given to the bus
  int refused = 0;
  std::function<bool(int to, const can::Frame&)> drop;  ///< true: that receiver misses it
};

/// A message in which no two neighbouring bytes are mistaken for each other.
inline Bytes message_of(std::size_t size, std::uint32_t salt = 1) {
  Bytes out(size);
  std::uint32_t state = salt * 2654435761u + 1;
  for (auto& byte : out) {
    state = state * 1664525u + 1013904223u;
    byte = static_cast<std::uint8_t>(state >> 24);
  }
  return out;
}

inline Settings classic() { return {}; }
inline Settings fd(std::size_t frame_bytes = 64) {
  Settings out;
  out.shape.fd = true;
  out.shape.frame_bytes = frame_bytes;
  return out;
}

inline constexpr std::uint32_t kRequestId = 0x7E0, kResponseId = 0x7E8, kFunctionalId = 0x7DF;
inline Address tester() {
  Address out = normal(kRequestId, kResponseId);
  out.functional_id = kFunctionalId;
  return out;
}
inline Address ecu() {
  Address out = normal(kResponseId, kRequestId);
  out.functional_id = kFunctionalId;
  return out;
}

}  // namespace gatehouse::isotp
