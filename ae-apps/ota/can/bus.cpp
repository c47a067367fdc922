#include "ae-apps/ota/can/bus.h"

#include <algorithm>

namespace gatehouse::can {
namespace {

constexpr std::uint32_t kErrorFrameBits = 6 + 6 + 8 + 3;  ///< flags, delimiter, space behind it
constexpr unsigned kPassiveFrom = 128, kOffFrom = 256;
constexpr std::uint32_t kRecoveryBits = 128 * 11;

NodeState state_for(unsigned transmit_errors, unsigned receive_errors, bool off) {
  if (off) return NodeState::kBusOff;
  return std::max(transmit_errors, receive_errors) >= kPassiveFrom ? NodeState::kErrorPassive
                                                                   : NodeState::kErrorActive;
}

}  // namespace

std::string_view name_of(NodeState state) {
  if (state == NodeState::kBusOff) return "bus-off";
  return state == NodeState::kErrorPassive ? "error-passive" : "error-active";
}

void Bus::attach(NodeId node) { nodes_.try_emplace(node); }

void Bus::detach(NodeId node) {
  nodes_.erase(node);
  // What it was just sending is destroyed for all.
  if (now_on_wire_ && now_on_wire_->from == node) {
    free_since_ = now_on_wire_->ends;
    now_on_wire_.reset();
  }
}

bool Bus::chance(std::uint32_t of_a_million) {
  return of_a_million != 0 && random_() % 1'000'000 < of_a_million;
}

std::size_t Bus::present() const {
  return static_cast<std::size_t>(std::count_if(
      nodes_.begin(), nodes_.end(), [](const auto& item) { return !item.second.off_until; }));
}

bool Bus::queue(NodeId from, const Frame& frame, Time now) {
  const auto found = nodes_.find(from);
  if (found == nodes_.end() || found->second.off_until || fault_of(frame) ||
      found->second.queue.size() >= settings_.max_queued) {
    return false;
  }
  found->second.queue.push_back({frame, now});
  return true;
}

std::size_t Bus::queued(NodeId node) const {
  const auto found = nodes_.find(node);
  return found == nodes_.end() ? 0 : found->second.queue.size();
}

NodeState Bus::state_of(NodeId node) const {
  const auto found = nodes_.find(node);
  if (found == nodes_.end()) return NodeState::kBusOff;
  const Node& n = found->second;
  return state_for(n.transmit_errors, n.receive_errors, n.off_until.has_value());
}

void Bus::break_next(NodeId node, unsigned count) {
  if (const auto found = nodes_.find(node); found != nodes_.end()) found->second.to_break = count;
}

std::optional<Time> Bus::next() const {
  if (now_on_wire_) return now_on_wire_->ends;
  std::optional<Time> out;
  const auto take = [&out](Time at) { out = out ? std::min(*out, at) : at; };
  const bool heard = present() > 1;
  for (const auto& [id, node] : nodes_) {
    if (node.off_until && *node.off_until != Time::max()) take(*node.off_until);
    if (!node.queue.empty() && heard) take(std::max(node.queue.front().since, free_since_));
  }
  return out;
}

void Bus::advance(Time now) {
  for (;;) {
    if (now_on_wire_) {
      if (now_on_wire_->ends > now) return;
      const Transmission ended = *now_on_wire_;
      now_on_wire_.reset();
      end(ended);
      continue;
    }
    recover(now);
    begin(now);
    if (!now_on_wire_) return;
  }
}

void Bus::recover(Time now) {
  for (auto& [id, node] : nodes_) {
    if (!node.off_until || *node.off_until > now) continue;
    const Time at = *node.off_until;
    node.off_until.reset();
    node.transmit_errors = node.receive_errors = 0;
    tell(id, node, at);
  }
}

/// The next frame, if one waits by `now`: at the moment when the bus is free and the first one is
/// there, the most urgent of those that are there then.
void Bus::begin(Time now) {
  if (present() < 2) return;
  std::optional<Time> start;
  for (const auto& [id, node] : nodes_) {
    if (node.queue.empty()) continue;
    const Time at = std::max(node.queue.front().since, free_since_);
    start = start ? std::min(*start, at) : at;
  }
  if (!start || *start > now) return;
  const auto* winner = static_cast<const Frame*>(nullptr);
  NodeId from = 0;
  for (const auto& [id, node] : nodes_) {
    if (node.queue.empty() || node.queue.front().since > *start) continue;
    const Frame& frame = node.queue.front().frame;
    if (winner != nullptr && priority_of(*winner) <= priority_of(frame)) continue;
    winner = &frame;
    from = id;
  }
  Node& sender = nodes_.at(from);
  const WireBits bits = wire_bits(*winner);
  const bool broken = sender.to_break > 0 || chance(settings_.faults.bit_errors);
  if (sender.to_break > 0) --sender.to_break;
  Time ends = *start + duration_of(bits, settings_.rates);
  if (broken) {  // cut off somewhere, and an error frame behind it
    const WireBits part{bits.nominal / 2 + kErrorFrameBits, bits.data / 2};
    ends = *start + duration_of(part, settings_.rates);
  }
  now_on_wire_ = Transmission{from, ends, broken};
}

void Bus::end(const Transmission& transmission) {
  free_since_ = transmission.ends;
  if (transmission.broken) {
    punish(transmission.from, transmission.ends);
  } else {
    deliver(transmission.from, transmission.ends);
  }
}

void Bus::deliver(NodeId from, Time at) {
  Node& sender = nodes_.at(from);
  const Frame frame = sender.queue.front().frame;
  sender.queue.pop_front();
  if (sender.transmit_errors > 0) --sender.transmit_errors;
  ++counters_.frames;
  tell(from, sender, at);
  std::vector<NodeId> receivers;
  for (auto& [id, node] : nodes_) {
    if (id == from || node.off_until) continue;
    if (node.receive_errors > 0) --node.receive_errors;
    tell(id, node, at);
    if (chance(settings_.faults.lost)) {
      ++counters_.lost;
    } else {
      receivers.push_back(id);
    }
  }
  output_.sent(from, frame, at);
  for (const NodeId id : receivers) output_.received(id, frame, at);
}

void Bus::punish(NodeId from, Time at) {
  ++counters_.bit_errors;
  for (auto& [id, node] : nodes_) {
    if (node.off_until) continue;
    if (id != from) {
      node.receive_errors = std::min(node.receive_errors + 1, kPassiveFrom);
    } else {
      node.transmit_errors += 8;
      if (node.transmit_errors >= kOffFrom) {
        ++counters_.bus_off;
        node.queue.clear();
        node.off_until = settings_.recovers
                             ? at + duration_of(WireBits{kRecoveryBits, 0}, settings_.rates)
                             : Time::max();
      }
    }
    tell(id, node, at);
  }
}

void Bus::tell(NodeId id, Node& node, Time at) {
  const NodeState state =
      state_for(node.transmit_errors, node.receive_errors, node.off_until.has_value());
  if (state == node.told) return;
  node.told = state;
  output_.state_changed(id, state, at);
}

}  // namespace gatehouse::can
