#include "ae-apps/ota/isotp/channel.h"

#include <algorithm>

namespace gatehouse::isotp {

std::string_view text_of(Failure failure) {
  switch (failure) {
    case Failure::kTimeoutA:
      return "the bus did not take a frame in time";
    case Failure::kTimeoutBs:
      return "no flow control came in time";
    case Failure::kTimeoutCr:
      return "no consecutive frame came in time";
    case Failure::kWrongSequence:
      return "a consecutive frame is missing";
    case Failure::kInvalidFlow:
      return "a flow control means nothing";
    case Failure::kUnexpected:
      return "a new message began before the end of the one before";
    case Failure::kTooManyWaits:
      return "the receiver asked to wait too often";
    case Failure::kTooLong:
      return "the receiver has no room for the message";
    case Failure::kBusLost:
      break;
  }
  return "the controller is bus-off";
}

// --- frames to the bus -----------------------------------------------------------------------

void Channel::give(const can::Frame& frame, Given what, Time now) {
  if (given_.empty()) n_a_ = now + settings_.n_a;
  given_.push_back(what);
  output_.transmit(frame);
}

can::Frame Channel::frame_to_peer(ByteView pdu, bool functional) const {
  const std::uint32_t id = functional ? *address_.functional_id : address_.send_id;
  const auto prefix =
      functional && address_.functional_prefix ? address_.functional_prefix : address_.send_prefix;
  return frame_of(id, address_.extended_ids, prefix, pdu, settings_.shape);
}

unsigned Channel::own_in_flight() const {
  return static_cast<unsigned>(std::count_if(given_.begin(), given_.end(), [](Given what) {
    return what != Given::kFlow && what != Given::kDropped;
  }));
}

void Channel::transmitted(Time now) {
  if (given_.empty()) return;  // not ours, or of before bus_lost()
  const Given what = given_.front();
  given_.pop_front();
  n_a_ = given_.empty() ? std::nullopt : std::optional<Time>(now + settings_.n_a);
  switch (what) {
    case Given::kMessageEnd:
      return end_sending(std::nullopt, now);
    case Given::kFirst:
    case Given::kBlockEnd:
      if (sender_.state == Sender::State::kAwaitsFlow) sender_.n_bs = now + settings_.n_bs;
      return;
    case Given::kConsecutive:
      sender_.due = now + sender_.separation;
      return pump(now);
    case Given::kFlow:
      if (receiver_.active && !receiver_.owes_flow) receiver_.n_cr = now + settings_.n_cr;
      return;
    case Given::kDropped:
      return;
  }
}

void Channel::bus_lost() {
  given_.clear();
  n_a_.reset();
  if (receiver_.active) end_receiving(Failure::kBusLost);
  const std::size_t lost = outgoing_.size();
  outgoing_.clear();
  sender_ = Sender{};
  counters_.failed += lost;
  for (std::size_t i = 0; i < lost; ++i) output_.send_failed(Failure::kBusLost);
}

// --- sending ---------------------------------------------------------------------------------

Result<void> Channel::send(Bytes message, bool functional, Time now) {
  constexpr std::uint64_t kLongest = 0xFFFFFFFF;
  if (message.empty() || message.size() > kLongest) {
    return fail(Rsc::kBadRequest, "ISO-TP carries messages of 1 to 4294967295 bytes");
  }
  if (functional &&
      (!address_.functional_id ||
       message.size() > single_frame_limit(settings_.shape, address_.prefix_bytes()))) {
    return fail(Rsc::kBadRequest, "a message to all must fit into one frame");
  }
  if (outgoing_.size() >= settings_.max_queued) {
    return fail(Rsc::kTargetNotReachable, "too many messages wait for the bus");
  }
  outgoing_.push_back({std::move(message), functional});
  if (outgoing_.size() == 1) begin(now);
  return {};
}

void Channel::begin(Time now) {
  const Outgoing& out = outgoing_.front();
  const std::size_t prefix = address_.prefix_bytes();
  sender_ = Sender{};
  if (out.message.size() <= single_frame_limit(settings_.shape, prefix)) {
    sender_.state = Sender::State::kEnds;
    const Bytes pdu = encode_single(out.message, settings_.shape, prefix);
    return give(frame_to_peer(pdu, out.functional), Given::kMessageEnd, now);
  }
  const Bytes pdu = encode_first(out.message, settings_.shape, prefix);
  sender_.state = Sender::State::kAwaitsFlow;
  const std::size_t header = out.message.size() <= 0xFFF ? 2 : 6;
  sender_.offset = pdu.size() - header;
  give(frame_to_peer(pdu, false), Given::kFirst, now);
}

void Channel::pump(Time now) {
  const unsigned limit = sender_.separation == Time(0) ? std::max(1u, settings_.in_flight) : 1;
  while (sender_.state == Sender::State::kSends && own_in_flight() < limit && now >= sender_.due) {
    send_next_consecutive(now);
  }
}

void Channel::send_next_consecutive(Time now) {
  const Bytes& message = outgoing_.front().message;
  const std::size_t room = settings_.shape.frame_bytes - address_.prefix_bytes() - 1;
  const std::size_t size = std::min(room, message.size() - sender_.offset);
  const Bytes pdu =
      encode_consecutive(sender_.sequence, ByteView(message).subspan(sender_.offset, size));
  sender_.offset += size;
  sender_.sequence = (sender_.sequence + 1) & 15;
  Given what = Given::kConsecutive;
  if (sender_.offset == message.size()) {
    what = Given::kMessageEnd;
    sender_.state = Sender::State::kEnds;
  } else if (sender_.block_size != 0 && --sender_.block_left == 0) {
    what = Given::kBlockEnd;
    sender_.state = Sender::State::kAwaitsFlow;
    sender_.waits = 0;
  }
  give(frame_to_peer(pdu, false), what, now);
}

void Channel::end_sending(std::optional<Failure> failure, Time now) {
  // What is still with the bus belongs to no message any more.
  std::replace_if(
      given_.begin(), given_.end(), [](Given what) { return what != Given::kFlow; },
      Given::kDropped);
  outgoing_.pop_front();
  sender_ = Sender{};
  if (failure) {
    ++counters_.failed;
    output_.send_failed(*failure);
  } else {
    ++counters_.sent;
    output_.sent();
  }
  if (!outgoing_.empty() && sender_.state == Sender::State::kIdle) begin(now);
}

void Channel::take(const FlowControl& flow, Time now) {
  if (sender_.state != Sender::State::kAwaitsFlow) {
    ++counters_.ignored;
    return;
  }
  switch (static_cast<FlowStatus>(flow.status)) {
    case FlowStatus::kContinue:
      if (!sender_.flow_seen) {  // the first one's parameters hold for the whole message
        sender_.flow_seen = true;
        sender_.block_size = flow.block_size;
        sender_.separation = separation_of(flow.st_min);
      }
      sender_.block_left = sender_.block_size;
      sender_.n_bs.reset();
      sender_.state = Sender::State::kSends;
      return pump(now);
    case FlowStatus::kWait:
      if (++sender_.waits > settings_.max_waits) return end_sending(Failure::kTooManyWaits, now);
      sender_.n_bs = now + settings_.n_bs;
      return;
    case FlowStatus::kOverflow:
      if (!sender_.flow_seen) return end_sending(Failure::kTooLong, now);
      break;
  }
  end_sending(Failure::kInvalidFlow, now);
}

// --- receiving -------------------------------------------------------------------------------

void Channel::heard(const can::Frame& frame, Time now) {
  if (frame.extended != address_.extended_ids) return;
  const bool functional = address_.functional_id == frame.id;
  if (frame.id != address_.receive_id && !functional) return;
  const std::size_t prefix = address_.prefix_bytes();
  const auto expected = functional && address_.functional_prefix ? address_.functional_prefix
                                                                 : address_.receive_prefix;
  if (prefix == 1 && (frame.size == 0 || frame.data[0] != expected)) return;  // another ECU's
  const auto pdu = decode(frame.payload(), prefix);
  if (!pdu || (functional && !std::holds_alternative<SingleFrame>(*pdu))) {
    ++counters_.ignored;
    return;
  }
  if (const auto* single = std::get_if<SingleFrame>(&*pdu)) take(*single, functional, now);
  if (const auto* first = std::get_if<FirstFrame>(&*pdu)) take(*first, frame.size, now);
  if (const auto* more = std::get_if<ConsecutiveFrame>(&*pdu)) take(*more, frame.size, now);
  if (const auto* flow = std::get_if<FlowControl>(&*pdu)) take(*flow, now);
}

void Channel::end_receiving(Failure failure) {
  receiver_ = Receiver{};
  ++counters_.failed;
  output_.receive_failed(failure);
}

void Channel::take(const SingleFrame& single, bool functional, Time) {
  if (receiver_.active && !functional) end_receiving(Failure::kUnexpected);
  ++counters_.received;
  output_.received(Bytes(single.data.begin(), single.data.end()), functional);
}

void Channel::take(const FirstFrame& first, std::size_t frame_bytes, Time now) {
  if (receiver_.active) end_receiving(Failure::kUnexpected);
  if (first.message_bytes > settings_.max_message_bytes) {
    ++counters_.failed;
    return say_flow(FlowStatus::kOverflow, now);
  }
  receiver_.active = true;
  receiver_.expected_bytes = static_cast<std::size_t>(first.message_bytes);
  receiver_.frame_bytes = frame_bytes;
  receiver_.message.assign(first.data.begin(), first.data.end());
  ask_for_block(now);
}

/// CONTINUE, or WAIT while we are held.
void Channel::ask_for_block(Time now) {
  receiver_.in_block = 0;
  receiver_.n_cr.reset();
  receiver_.owes_flow = held_;
  if (!held_) {
    receiver_.waits = 0;
    receiver_.next_wait.reset();
    return say_flow(FlowStatus::kContinue, now);
  }
  if (++receiver_.waits > settings_.max_waits) return end_receiving(Failure::kTooManyWaits);
  receiver_.next_wait = now + settings_.wait_interval;
  say_flow(FlowStatus::kWait, now);
}

void Channel::hold(bool held, Time now) {
  held_ = held;
  if (!held && receiver_.active && receiver_.owes_flow) ask_for_block(now);
}

void Channel::say_flow(FlowStatus status, Time now) {
  give(frame_to_peer(encode_flow(status, settings_.block_size, settings_.st_min), false),
       Given::kFlow, now);
}

void Channel::take(const ConsecutiveFrame& consecutive, std::size_t frame_bytes, Time now) {
  const std::size_t missing = receiver_.expected_bytes - receiver_.message.size();
  const bool last = consecutive.data.size() >= missing;
  if (!receiver_.active || receiver_.owes_flow ||
      (last ? frame_bytes > receiver_.frame_bytes : frame_bytes != receiver_.frame_bytes)) {
    ++counters_.ignored;
    return;
  }
  if (consecutive.sequence != receiver_.sequence) return end_receiving(Failure::kWrongSequence);
  receiver_.sequence = (receiver_.sequence + 1) & 15;
  append(receiver_.message, consecutive.data.first(std::min(missing, consecutive.data.size())));
  if (last) {
    Bytes message = std::move(receiver_.message);
    receiver_ = Receiver{};
    ++counters_.received;
    return output_.received(std::move(message), false);
  }
  receiver_.n_cr = now + settings_.n_cr;
  if (settings_.block_size != 0 && ++receiver_.in_block == settings_.block_size) {
    ask_for_block(now);
  }
}

// --- time ------------------------------------------------------------------------------------

std::optional<Time> Channel::next() const {
  std::optional<Time> out;
  const auto take = [&out](const std::optional<Time>& at) {
    if (at) out = out ? std::min(*out, *at) : *at;
  };
  take(n_a_);
  take(sender_.n_bs);
  if (sender_.state == Sender::State::kSends && own_in_flight() == 0) take(sender_.due);
  take(receiver_.n_cr);
  take(receiver_.next_wait);
  return out;
}

void Channel::tick(Time now) {
  if (n_a_ && now >= *n_a_) {
    n_a_.reset();
    const bool flow = std::find(given_.begin(), given_.end(), Given::kFlow) != given_.end();
    const bool own = own_in_flight() != 0;
    // They may still go out one day; then nobody counts on them.
    std::fill(given_.begin(), given_.end(), Given::kDropped);
    if (flow && receiver_.active) end_receiving(Failure::kTimeoutA);
    if (own && !outgoing_.empty()) end_sending(Failure::kTimeoutA, now);
  }
  if (sender_.n_bs && now >= *sender_.n_bs) end_sending(Failure::kTimeoutBs, now);
  if (receiver_.n_cr && now >= *receiver_.n_cr) end_receiving(Failure::kTimeoutCr);
  if (receiver_.next_wait && now >= *receiver_.next_wait) ask_for_block(now);
  pump(now);
}

}  // namespace gatehouse::isotp
