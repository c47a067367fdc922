#include "bindings/mqtt/requester.h"

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

#include "cse/codec/primitive_codec.h"

namespace gatehouse::mqtt {
namespace {

constexpr std::chrono::milliseconds kDeadlineGrain{50};
constexpr std::chrono::seconds kResendPause{1};
constexpr std::size_t kRecentIdentifiers = 4'096;

std::string key_of(const std::string& receiver, const std::string& request_identifier) {
  return receiver + '\n' + request_identifier;
}

Response refusal(const std::string& request_identifier, Rsc rsc, std::string detail) {
  Request request;
  request.request_identifier = request_identifier;
  return error_response(request, Error{rsc, std::move(detail)});
}

std::string make_nonce() {
  constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuv";
  std::random_device device;
  std::string nonce;
  for (int i = 0; i < 8; ++i) nonce += kDigits[device() % kDigits.size()];
  return nonce;
}

}  // namespace

Requester::Requester(EndpointContext& context) : context_(context), nonce_(make_nonce()) {}

Result<SteadyTime> Requester::deadline_of(const Request& request) const {
  std::chrono::milliseconds time_left = context_.settings.request_timeout;
  if (request.request_expiration) {
    const Timestamp now = context_.now();
    const auto expires = parse_abs_rel_timestamp(*request.request_expiration, now);
    if (!expires) return fail(Rsc::kBadRequest, "rqet: not a timestamp");
    time_left = std::chrono::duration_cast<std::chrono::milliseconds>(*expires - now);
    if (time_left.count() <= 0) return fail(Rsc::kRequestTimeout, "the request has expired");
  }
  return std::chrono::steady_clock::now() +
         std::min(time_left, context_.settings.max_request_timeout);
}

// An rqi must not repeat towards a receiver that drops duplicates, but requests that we forward
// carry the identifiers of many originators. The first use goes out as it is; a repetition gets a
// suffix, which the answer loses again.
std::string Requester::wire_identifier(const std::string& receiver, const std::string& wanted) {
  std::string identifier = wanted;
  if (wanted.empty() || recent_.contains(key_of(receiver, wanted))) {
    identifier += (wanted.empty() ? "" : "~") + nonce_ + std::to_string(++sequence_);
  }
  recent_order_.push_back(key_of(receiver, identifier));
  recent_.insert(recent_order_.back());
  if (recent_order_.size() > kRecentIdentifiers) {
    recent_.erase(recent_order_.front());
    recent_order_.pop_front();
  }
  return identifier;
}

void Requester::send(const std::string& receiver_id, Request request, Reply reply,
                     const std::string& codec_name) {
  const std::string& name = codec_name.empty() ? context_.settings.codec : codec_name;
  const Codec* codec = context_.codecs.by_name(name);
  const Result<SteadyTime> deadline = deadline_of(request);
  const auto refuse_now = [&](Rsc rsc, std::string detail) {
    reply(refusal(request.request_identifier, rsc, std::move(detail)));
  };
  if (stopped_) return refuse_now(Rsc::kTargetNotReachable, "the MQTT endpoint has stopped");
  if (!deadline) return refuse_now(deadline.error().rsc, deadline.error().detail);
  if (!codec) return refuse_now(Rsc::kTargetNotReachable, "no serialisation named " + name);
  if (pending_.size() >= context_.settings.max_pending) {
    return refuse_now(Rsc::kTargetNotReachable, "too many requests without an answer");
  }
  const bool registering = context_.id.empty();
  Pending pending;
  pending.topic = {registering ? TopicKind::kRegistrationRequest : TopicKind::kRequest,
                   topic_form(registering ? context_.settings.credential_id : context_.id),
                   topic_form(receiver_id), name};
  if (!parse_topic(to_text(pending.topic))) {
    return refuse_now(Rsc::kTargetNotReachable, "the receiver's ID does not fit into a topic");
  }
  pending.reply = std::move(reply);
  pending.request_identifier = request.request_identifier;
  pending.deadline = *deadline;
  request.request_identifier = wire_identifier(pending.topic.receiver, request.request_identifier);
  pending.payload = std::make_shared<const std::string>(codec->encode(to_value(request)));

  context_.counters.add(&EndpointCounters::requests_sent);
  const Key key = key_of(pending.topic.receiver, request.request_identifier);
  deadlines_.emplace(pending.deadline, key);
  Pending& kept = pending_.emplace(key, std::move(pending)).first->second;
  hand_over(key, kept);
  check_deadlines();
}

void Requester::hand_over(const Key& key, Pending& pending) {
  pending.in_outbox = true;
  pending.published = std::chrono::steady_clock::now();
  context_.connection->publish({to_text(pending.topic, context_.prefix), pending.payload,
                                pending.deadline,
                                [weak = weak_from_this(), key](Published outcome) {
                                  if (const auto self = weak.lock())
                                    self->acknowledged(key, outcome);
                                }});
}

void Requester::acknowledged(const Key& key, Published outcome) {
  const auto found = pending_.find(key);
  if (found == pending_.end()) return;
  switch (outcome) {
    case Published::kAcknowledged:
      found->second.in_outbox = false;
      return;
    case Published::kRefused:
      return refuse(key, Rsc::kTargetNotReachable, "the broker does not let us send to this topic");
    case Published::kQueueFull:
      return refuse(key, Rsc::kTargetNotReachable, "too many messages wait for the broker");
    case Published::kExpired:
      return refuse(key, Rsc::kTargetNotReachable, "no connection to the broker in time");
    case Published::kStopped:
      return refuse(key, Rsc::kTargetNotReachable, "the MQTT endpoint has stopped");
  }
}

void Requester::publish(const std::string& topic, Request request, Reply reply,
                        const std::string& codec_name) {
  const std::string& name = codec_name.empty() ? context_.settings.codec : codec_name;
  const Codec* codec = context_.codecs.by_name(name);
  const Result<SteadyTime> deadline = deadline_of(request);
  const std::string identifier = request.request_identifier;
  if (stopped_ || !codec || !deadline) {
    const Error error =
        !deadline ? deadline.error()
                  : Error{Rsc::kTargetNotReachable, stopped_ ? "the MQTT endpoint has stopped"
                                                             : "no serialisation named " + name};
    return reply(refusal(identifier, error.rsc, error.detail));
  }
  auto payload = std::make_shared<const std::string>(codec->encode(to_value(request)));
  context_.counters.add(&EndpointCounters::requests_sent);
  context_.connection->publish({topic, std::move(payload), *deadline,
                                [identifier, reply = std::move(reply)](Published outcome) {
                                  if (outcome != Published::kAcknowledged) {
                                    return reply(
                                        refusal(identifier, Rsc::kTargetNotReachable,
                                                "the broker did not take the notification"));
                                  }
                                  Response response;
                                  response.request_identifier = identifier;
                                  reply(std::move(response));
                                }});
}

void Requester::on_response(const Topic& topic, std::string_view payload) {
  context_.counters.add(&EndpointCounters::responses_received);
  const Codec* codec = context_.codecs.by_name(topic.codec);
  const Result<Value> value = codec ? codec->decode(payload, context_.settings.limits)
                                    : Result<Value>(fail(Rsc::kBadRequest, "unknown codec"));
  Result<Response> response =
      value ? response_from_value(*value) : Result<Response>(fail(value.error()));
  if (!response) {
    context_.counters.add(&EndpointCounters::dropped_malformed);
    return;
  }
  const Key key = key_of(topic.receiver, response->request_identifier);
  if (!pending_.contains(key)) {  // answered before, too late, or never asked
    context_.counters.add(&EndpointCounters::dropped_unsolicited);
    return;
  }
  finish(key, *std::move(response));
}

void Requester::finish(const Key& key, Response response) {
  auto node = pending_.extract(key);
  if (node.empty()) return;
  Pending& pending = node.mapped();
  auto [from, to] = deadlines_.equal_range(pending.deadline);
  const auto entry = std::find_if(from, to, [&](const auto& item) { return item.second == key; });
  if (entry != to) deadlines_.erase(entry);
  response.request_identifier = pending.request_identifier;
  pending.reply(std::move(response));
}

void Requester::refuse(const Key& key, Rsc rsc, std::string detail) {
  finish(key, refusal({}, rsc, std::move(detail)));
}

void Requester::check_deadlines() {
  if (checking_ || stopped_ || deadlines_.empty()) return;
  checking_ = true;
  const SteadyTime grain = std::chrono::steady_clock::now() + kDeadlineGrain;
  context_.worker.at(std::max(deadlines_.begin()->first, grain), [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->checking_ = false;
    const SteadyTime now = std::chrono::steady_clock::now();
    while (!self->deadlines_.empty() && self->deadlines_.begin()->first <= now) {
      const Key key = self->deadlines_.begin()->second;
      const bool unsent = self->pending_.at(key).in_outbox;
      self->context_.counters.add(&EndpointCounters::requests_timed_out);
      self->refuse(key, Rsc::kTargetNotReachable,
                   unsent ? "no connection to the broker in time" : "no answer came in time");
    }
    self->check_deadlines();
  });
}

// A broker that lost our session may have lost what it had acknowledged, and a receiver that
// connects again after us has not seen what we sent meanwhile. So for a while unanswered requests
// go out again.
void Requester::on_ready(bool session_kept) {
  if (session_kept) return;
  recovery_until_ = std::chrono::steady_clock::now() + context_.settings.recovery_period;
  if (context_.settings.recovery_period.count() == 0) return;
  resend(std::chrono::milliseconds(0));
  schedule_resend();
}

void Requester::resend(std::chrono::milliseconds older_than) {
  const SteadyTime limit = std::chrono::steady_clock::now() - older_than;
  std::vector<Key> again;
  for (const auto& [key, pending] : pending_) {
    if (!pending.in_outbox && pending.published <= limit) again.push_back(key);
  }
  for (const Key& key : again) {
    const auto found = pending_.find(key);
    if (found == pending_.end()) continue;
    context_.counters.add(&EndpointCounters::requests_resent);
    hand_over(key, found->second);
  }
}

void Requester::schedule_resend() {
  if (std::exchange(resending_, true)) return;
  context_.worker.after(kResendPause, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->stopped_) return;
    self->resending_ = false;
    if (std::chrono::steady_clock::now() > self->recovery_until_) return;
    self->resend(kResendPause);
    self->schedule_resend();
  });
}

void Requester::stop() {
  stopped_ = true;
  std::vector<Key> keys;
  for (const auto& [key, pending] : pending_) keys.push_back(key);
  for (const Key& key : keys) {
    refuse(key, Rsc::kTargetNotReachable, "the MQTT endpoint has stopped");
  }
}

}  // namespace gatehouse::mqtt
