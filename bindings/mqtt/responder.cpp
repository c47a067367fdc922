#include "bindings/mqtt/responder.h"

#include <utility>

#include "cse/codec/primitive_codec.h"

namespace gatehouse::mqtt {
namespace {

constexpr std::chrono::seconds kAnswerLife{
    60};  // an answer that could not be published is dropped after it
constexpr std::int64_t kAe = 2, kRemoteCse = 16;
constexpr auto kNoResponse = static_cast<std::int64_t>(ResponseType::kNoResponse);

DuplicateWindow::Limits window_limits(const EndpointSettings& settings) {
  return {settings.duplicate_window_entries, settings.duplicate_window_bytes,
          settings.duplicate_window_age};
}

std::shared_ptr<const std::string> encode(Response response, const std::string& request_identifier,
                                          const Codec& codec) {
  response.request_identifier = request_identifier;
  return std::make_shared<const std::string>(encode_response(response, codec));
}

}  // namespace

Responder::Responder(std::shared_ptr<EndpointContext> context, PrimitiveHandler& handler)
    : context_(std::move(context)), handler_(handler), window_(window_limits(context_->settings)) {}

void Responder::on_request(const Topic& topic, const std::string& payload) {
  context_->counters.add(&EndpointCounters::requests_received);
  const Codec* codec = context_->codecs.by_name(topic.codec);
  const auto drop = [this] { context_->counters.add(&EndpointCounters::dropped_malformed); };
  if (!codec) return drop();
  const Result<Value> value = codec->decode(payload, context_->settings.limits);
  if (!value) return drop();
  std::string identifier;
  Result<Request> request =
      request_from_peer(*value, &identifier, context_->settings.coerce_scalars);
  if (!request) {
    if (identifier.empty()) return drop();  // nobody could match an answer
    Request unreadable;
    unreadable.request_identifier = identifier;
    return refuse(topic, unreadable, request.error(), *codec);
  }
  const std::string key = duplicate_key(to_text(topic), request->request_identifier, payload);
  const auto lookup = window_.begin(key, std::chrono::steady_clock::now());
  if (lookup.seen != DuplicateWindow::Seen::kNew) {
    context_->counters.add(&EndpointCounters::duplicates);
    if (lookup.answer && !lookup.answer->empty()) publish(topic, lookup.answer);
    return;
  }
  if (const Result<void> admitted = admit(topic, *request); !admitted) {
    window_.forget(key);
    return refuse(topic, *request, admitted.error(), *codec);
  }
  serve(topic, *std::move(request), *codec, key);
}

Result<void> Responder::admit(const Topic& topic, const Request& request) const {
  if (Result<void> checked = check_originator(topic, request); !checked) return checked;
  if (request.request_expiration) {  // the broker may have kept it for long
    const Timestamp now = context_->now();
    const auto expires = parse_abs_rel_timestamp(*request.request_expiration, now);
    if (expires && *expires <= now) return fail(Rsc::kRequestTimeout, "the request has expired");
  }
  if (serving_ >= context_->settings.max_serving) {
    return fail(Rsc::kTargetNotReachable, "too many requests are in progress; try again");
  }
  return {};
}

Result<void> Responder::check_originator(const Topic& topic, const Request& request) const {
  const std::string own_cse = cse_part(context_->id);
  if (topic.kind == TopicKind::kRequest) {
    if (may_originate(topic.originator, request.from, own_cse)) return {};
    return fail(Rsc::kOriginatorNotAuthenticated, "fr (From): is not the originator of the topic");
  }
  // Registration: there may be no ID yet, so nothing but registering may be asked for.
  const std::int64_t type = request.resource_type.value_or(0);
  if (request.operation != Operation::kCreate || (type != kAe && type != kRemoteCse)) {
    return fail(Rsc::kBadRequest,
                "a registration topic takes the CREATE of an AE or remoteCSE only");
  }
  const bool unnamed = request.from.empty() || request.from == "C" || request.from == "S";
  if (unnamed || !context_->settings.trust_broker_acl ||
      may_originate(topic.originator, request.from, own_cse)) {
    return {};
  }
  return fail(Rsc::kOriginatorNotAuthenticated, "fr (From): is not the credential's name");
}

std::shared_ptr<const Peer> Responder::peer_of(const Topic& topic) {
  Peer peer;
  peer.transport = context_->tls ? "mqtts" : "mqtt";
  peer.address = context_->broker;
  peer.authenticated = context_->settings.trust_broker_acl;
  if (peer.authenticated) peer.identities = identities_of(topic.originator, cse_part(context_->id));
  return std::make_shared<const Peer>(std::move(peer));
}

void Responder::serve(const Topic& topic, Request request, const Codec& codec,
                      const std::string& key) {
  ++serving_;
  request.peer = peer_of(topic);
  const std::string identifier = request.request_identifier;
  const bool repeatable = request.operation == Operation::kRetrieve;
  const bool silent = request.response_type == kNoResponse;
  // The reply comes on any thread, perhaps when this endpoint is gone; it is encoded on the
  // worker's.
  handler_.handle(std::move(request), [weak = weak_from_this(), topic, key, identifier, repeatable,
                                       silent, codec = &codec](Response response) {
    const auto self = weak.lock();
    if (!self) return;
    self->context_->worker.post([weak, topic, key, identifier, repeatable, silent, codec,
                                 response = std::move(response)]() mutable {
      const auto alive = weak.lock();
      if (!alive || alive->stopped_) return;
      auto answer = silent ? std::make_shared<const std::string>()
                           : encode(std::move(response), identifier, *codec);
      alive->answered(topic, key, repeatable, std::move(answer));
    });
  });
}

void Responder::answered(const Topic& topic, const std::string& key, bool repeatable,
                         std::shared_ptr<const std::string> answer) {
  --serving_;
  if (repeatable) {
    window_.forget(key);  // asked again, it is looked up again
  } else {
    window_.finish(key, answer, std::chrono::steady_clock::now());
  }
  if (!answer->empty()) publish(topic, std::move(answer));
}

void Responder::refuse(const Topic& topic, const Request& request, const Error& error,
                       const Codec& codec) {
  if (error.rsc == Rsc::kOriginatorNotAuthenticated) {
    context_->counters.add(&EndpointCounters::refused_originator);
  }
  publish(topic, encode(error_response(request, error), request.request_identifier, codec));
}

void Responder::publish(const Topic& request_topic, std::shared_ptr<const std::string> answer) {
  Topic topic = request_topic;  // originator and receiver keep their places
  topic.kind = request_topic.kind == TopicKind::kRequest ? TopicKind::kResponse
                                                         : TopicKind::kRegistrationResponse;
  context_->connection->publish({to_text(topic, context_->prefix),
                                 std::move(answer),
                                 std::chrono::steady_clock::now() + kAnswerLife,
                                 {}});
}

}  // namespace gatehouse::mqtt
