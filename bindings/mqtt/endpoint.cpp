#include "bindings/mqtt/endpoint.h"

#include <atomic>
#include <condition_variable>
#include <future>
#include <stdexcept>
#include <utility>

#include "bindings/mqtt/broker_url.h"
#include "bindings/mqtt/connection.h"
#include "bindings/mqtt/endpoint_context.h"
#include "bindings/mqtt/requester.h"
#include "bindings/mqtt/responder.h"
#include "bindings/mqtt/topics.h"
#include "cse/primitive/identifiers.h"

namespace gatehouse::mqtt {
namespace {

Timestamp system_now() {
  return {std::chrono::duration_cast<std::chrono::microseconds>(
              std::chrono::system_clock::now().time_since_epoch())
              .count()};
}

BrokerUrl broker_of(const EndpointSettings& settings) {
  Result<BrokerUrl> url = parse_broker_url(settings.broker);
  if (!url) throw std::invalid_argument("MQTT broker: " + url.error().detail);
  return *std::move(url);
}

void check_id(const std::string& id) {
  if (!parse_topic(to_text({TopicKind::kRequest, topic_form(id), "x", "json"}))) {
    throw std::invalid_argument("MQTT: '" + id + "' is no ID that fits into a topic");
  }
}

EndpointSettings complete(EndpointSettings settings) {
  if (!settings.clock) settings.clock = system_now;
  if (settings.id.empty() && settings.credential_id.empty()) {
    throw std::invalid_argument("MQTT: an endpoint needs an id or a credential_id");
  }
  if (!settings.id.empty()) check_id(settings.id);
  const bool is_cse = is_cse_id(settings.id);
  if (settings.shared && settings.client_id.empty()) {
    throw std::invalid_argument("MQTT: an endpoint that shares its requests needs a client_id");
  }
  if (settings.client_id.empty()) {  // TS-0010 clause 6.3
    settings.client_id = (is_cse ? "C::" : "A::") +
                         topic_form(settings.id.empty() ? settings.credential_id : settings.id);
  }
  return settings;
}

ConnectionSettings connection_settings(const EndpointSettings& settings) {
  ConnectionSettings made;
  made.broker = broker_of(settings);
  made.client_id = settings.client_id;
  made.tls = settings.tls;
  made.mqtt_5 = settings.mqtt_5;
  made.keep_session = !settings.shared;
  made.keep_alive = settings.keep_alive;
  made.connect_timeout = settings.connect_timeout;
  made.reconnect_min = settings.reconnect_min;
  made.reconnect_max = settings.reconnect_max;
  made.max_inflight = settings.max_inflight;
  made.max_queued = settings.max_queued;
  made.max_received = settings.max_received;
  return made;
}

std::shared_ptr<EndpointContext> make_context(EndpointSettings settings, const Codecs& codecs) {
  const BrokerUrl url = broker_of(settings);
  const std::string id = settings.id;
  return std::shared_ptr<EndpointContext>(new EndpointContext{
      std::move(settings), codecs, url.path, url.authority(), url.tls, id, {}, {}, nullptr});
}

}  // namespace

struct Endpoint::Impl final : ConnectionListener {
  Impl(EndpointSettings settings, const Codecs& codecs)
      : context(make_context(complete(std::move(settings)), codecs)),
        connection(connection_settings(context->settings), context->worker, *this),
        requester(std::make_shared<Requester>(*context)),
        identity(context->id) {
    context->connection = &connection;
  }

  void on_ready(bool session_kept) override;
  void on_connect_failed(const std::string& why) override;
  void on_lost(const std::string& why) override;
  void on_message(const std::string& topic, const std::string& payload) override;
  void on_overflow() override { context->counters.add(&EndpointCounters::dropped_overflow); }
  std::vector<std::string> filters() const;
  void set_connected(bool now);

  std::shared_ptr<EndpointContext> context;
  Connection connection;
  std::shared_ptr<Requester> requester;
  std::shared_ptr<Responder> responder;
  bool registrations = false;

  mutable std::mutex mutex;  ///< guards what follows
  mutable std::condition_variable changed;
  bool connected = false, started = false, stopped = false;
  std::string identity;
};

std::vector<std::string> Endpoint::Impl::filters() const {
  const std::string& prefix = context->prefix;
  if (context->id.empty()) {
    const std::string credential = topic_form(context->settings.credential_id);
    return {filter_for(TopicKind::kRegistrationResponse, credential, prefix)};
  }
  const std::string own = topic_form(context->id);
  std::vector<std::string> wanted{filter_for(TopicKind::kResponse, own, prefix)};
  const std::string group = context->settings.shared ? "$share/" + own + "/" : "";
  if (responder) wanted.push_back(group + filter_for(TopicKind::kRequest, own, prefix));
  if (responder && registrations) {
    wanted.push_back(group + filter_for(TopicKind::kRegistrationRequest, own, prefix));
  }
  return wanted;
}

void Endpoint::Impl::set_connected(bool now) {
  {
    const std::lock_guard lock(mutex);
    connected = now;
  }
  changed.notify_all();
}

void Endpoint::Impl::on_ready(bool session_kept) {
  context->counters.add(&EndpointCounters::connects);
  requester->on_ready(session_kept);
  set_connected(true);
}

void Endpoint::Impl::on_connect_failed(const std::string&) {
  context->counters.add(&EndpointCounters::connects_failed);
}

void Endpoint::Impl::on_lost(const std::string&) {
  context->counters.add(&EndpointCounters::connections_lost);
  set_connected(false);
}

void Endpoint::Impl::on_message(const std::string& text, const std::string& payload) {
  const Result<Topic> topic = parse_topic(text, context->prefix);
  const std::string own = topic_form(context->id);
  const auto is = [&](TopicKind kind) { return topic && topic->kind == kind; };
  if (is(TopicKind::kResponse) && topic->originator == own) {
    return requester->on_response(*topic, payload);
  }
  if (is(TopicKind::kRegistrationResponse) &&
      topic->originator == topic_form(context->settings.credential_id)) {
    return requester->on_response(*topic, payload);
  }
  const bool request = is(TopicKind::kRequest) || is(TopicKind::kRegistrationRequest);
  if (request && responder && topic->receiver == own) {
    return responder->on_request(*topic, payload);
  }
  context->counters.add(&EndpointCounters::dropped_unsolicited);
}

Endpoint::Endpoint(EndpointSettings settings, const Codecs& codecs)
    : impl_(std::make_shared<Impl>(std::move(settings), codecs)) {}

Endpoint::~Endpoint() { stop(); }

void Endpoint::serve(PrimitiveHandler& handler, bool registrations) {
  impl_->responder = std::make_shared<Responder>(impl_->context, handler);
  impl_->registrations = registrations;
}

void Endpoint::start() {
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->started || impl_->stopped) return;
    impl_->started = true;
  }
  impl_->context->worker.start();
  impl_->context->worker.post([self = impl_.get()] { self->connection.start(self->filters()); });
}

void Endpoint::stop() {
  Impl& self = *impl_;
  {
    const std::lock_guard lock(self.mutex);
    if (std::exchange(self.stopped, true)) return;
  }
  self.context->worker.start();  // so that what was asked for before start() is refused, too
  self.context->worker.post([&self] {
    if (self.responder) self.responder->stop();
    self.connection.stop();
    self.requester->stop();
  });
  self.context->worker.stop();
  self.set_connected(false);
}

void Endpoint::set_identity(const std::string& id) {
  check_id(id);
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->identity = id;
  }
  impl_->context->worker.post([self = impl_.get(), id] {
    self->context->id = id;
    self->connection.set_filters(self->filters());
  });
}

std::string Endpoint::identity() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->identity;
}

void Endpoint::send(const std::string& receiver_id, Request request, Reply reply,
                    const std::string& codec) {
  const auto refused = reply;
  const std::string identifier = request.request_identifier;
  const bool posted =
      impl_->context->worker.post([self = impl_.get(), receiver_id, request = std::move(request),
                                   reply = std::move(reply), codec]() mutable {
        self->requester->send(receiver_id, std::move(request), std::move(reply), codec);
      });
  if (posted) return;
  Request gone;
  gone.request_identifier = identifier;
  refused(error_response(gone, {Rsc::kTargetNotReachable, "the MQTT endpoint has stopped"}));
}

void Endpoint::publish(const std::string& topic, Request request, Reply reply,
                       const std::string& codec) {
  const auto refused = reply;
  const std::string identifier = request.request_identifier;
  const bool posted =
      impl_->context->worker.post([self = impl_.get(), topic, request = std::move(request),
                                   reply = std::move(reply), codec]() mutable {
        self->requester->publish(topic, std::move(request), std::move(reply), codec);
      });
  if (posted) return;
  Request gone;
  gone.request_identifier = identifier;
  refused(error_response(gone, {Rsc::kTargetNotReachable, "the MQTT endpoint has stopped"}));
}

bool Endpoint::connected() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->connected;
}

bool Endpoint::wait_connected(std::chrono::milliseconds at_most) const {
  std::unique_lock lock(impl_->mutex);
  return impl_->changed.wait_for(lock, at_most, [this] { return impl_->connected; });
}

std::string Endpoint::url() const {
  const EndpointContext& context = *impl_->context;
  return (context.tls ? "mqtts://" : "mqtt://") + context.broker +
         (context.prefix.empty() ? "" : "/" + context.prefix);
}

EndpointCounters Endpoint::counters() const { return impl_->context->counters.read(); }

}  // namespace gatehouse::mqtt
