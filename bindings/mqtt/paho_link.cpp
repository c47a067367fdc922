#include "bindings/mqtt/paho_link.h"

#include <MQTTAsync.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <iterator>
#include <mutex>
#include <optional>
#include <stdexcept>

#include "bindings/mqtt/paho_tls.h"

namespace gatehouse::mqtt {
namespace {

constexpr int kQos = 1;                          // TS-0010 clause 6.1: QoS 1, no other
constexpr std::uint32_t kSessionSeconds = 3600;  // MQTT 5: how long the broker keeps our session
constexpr int kFirstFailure = 0x80;              // of reason codes, and of a granted QoS

std::string server_uri(const BrokerUrl& broker) {
  return (broker.tls ? "ssl://" : "tcp://") + broker.authority();
}

std::string reason_of(int code, const char* message) {
  if (message && *message != '\0') return message;
  const char* text = MQTTAsync_strerror(code);
  return text ? text : "code " + std::to_string(code);
}

/// The reasons with which a PUBACK may refuse a message. Source: MQTT 5.0, table 3-4.
bool is_refusal(int reason) {
  constexpr int kReasons[] = {0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99};
  return std::find(std::begin(kReasons), std::end(kReasons), reason) != std::end(kReasons);
}

}  // namespace

void check_tls(const ConnectionSettings& settings) {
  if (!settings.broker.tls) return;
  if (!settings.tls) throw std::invalid_argument("mqtts needs TLS settings");
  if (settings.tls->ca_file.empty()) throw std::invalid_argument("mqtts: ca_file is missing");
  if (const auto usable = make_client_context(*settings.tls); !usable) {
    throw std::invalid_argument("mqtts: " + usable.error().detail);
  }
}

struct PahoLink::Impl {
  /// What a call of Paho gives back with its outcome.
  struct Ticket {
    Impl* owner = nullptr;
    std::uint64_t number = 0;  ///< of the message, or of the batch of subscriptions
  };

  Impl(const ConnectionSettings& s, LinkEvents e) : settings(s), events(std::move(e)) {}

  Ticket* draw(std::uint64_t number) {
    const std::lock_guard lock(mutex);
    if (free.empty()) {
      tickets.push_back({this, 0});
      free.push_back(&tickets.back());
    }
    Ticket* const ticket = free.back();
    free.pop_back();
    ticket->number = number;
    return ticket;
  }
  std::uint64_t take_back(Ticket* ticket) {
    const std::lock_guard lock(mutex);
    free.push_back(ticket);
    return ticket->number;
  }
  void left() {
    const std::lock_guard lock(mutex);
    gone = true;
    changed.notify_all();
  }

  const ConnectionSettings& settings;
  const LinkEvents events;
  std::optional<NamedContext> tls;  ///< outlives the client
  MQTTAsync client = nullptr;

  std::mutex mutex;  // guards what follows; a leaf
  std::condition_variable changed;
  bool gone = false;
  std::deque<Ticket> tickets;  ///< in place of one allocation for each message
  std::vector<Ticket*> free;
};

namespace {

using Impl = PahoLink::Impl;

Impl& impl_of(void* context) { return *static_cast<Impl*>(context); }

void finish_subscribe(void* context, bool accepted) {
  auto* const ticket = static_cast<Impl::Ticket*>(context);
  Impl& owner = *ticket->owner;
  owner.events.subscribed(owner.take_back(ticket), accepted);
}
void finish_publish(void* context, bool accepted) {
  auto* const ticket = static_cast<Impl::Ticket*>(context);
  Impl& owner = *ticket->owner;
  owner.events.published(owner.take_back(ticket), accepted);
}

extern "C" {
void gatehouse_mqtt_connected(void* context, MQTTAsync_successData* data) {
  impl_of(context).events.connected(data && data->alt.connect.sessionPresent != 0);
}
void gatehouse_mqtt_connected5(void* context, MQTTAsync_successData5* data) {
  impl_of(context).events.connected(data && data->alt.connect.sessionPresent != 0);
}
void gatehouse_mqtt_refused(void* context, MQTTAsync_failureData* data) {
  impl_of(context).events.failed(data ? reason_of(data->code, data->message) : "refused");
}
void gatehouse_mqtt_refused5(void* context, MQTTAsync_failureData5* data) {
  impl_of(context).events.failed(data ? reason_of(data->code, data->message) : "refused");
}
void gatehouse_mqtt_lost(void* context, char* cause) {
  impl_of(context).events.failed(cause ? std::string("connection lost: ") + cause
                                       : "connection lost");
}
int gatehouse_mqtt_arrived(void* context, char* topic, int topic_size, MQTTAsync_message* message) {
  const auto size = static_cast<std::size_t>(std::max(topic_size, 0));
  impl_of(context).events.message(
      size > 0 ? std::string(topic, size) : std::string(topic),
      std::string(static_cast<const char*>(message->payload),
                  static_cast<std::size_t>(std::max(message->payloadlen, 0))));
  MQTTAsync_freeMessage(&message);
  MQTTAsync_free(topic);
  return 1;
}
void gatehouse_mqtt_subscribed(void* context, MQTTAsync_successData* data) {
  finish_subscribe(context, !data || data->alt.qos < kFirstFailure);
}
void gatehouse_mqtt_subscribed5(void* context, MQTTAsync_successData5* data) {
  finish_subscribe(context, !data || data->reasonCode < kFirstFailure);
}
void gatehouse_mqtt_unsubscribable(void* context, MQTTAsync_failureData*) {
  finish_subscribe(context, false);
}
void gatehouse_mqtt_unsubscribable5(void* context, MQTTAsync_failureData5*) {
  finish_subscribe(context, false);
}
void gatehouse_mqtt_published(void* context, MQTTAsync_successData*) {
  finish_publish(context, true);
}
void gatehouse_mqtt_published5(void* context, MQTTAsync_successData5* data) {
  finish_publish(context, !data || !is_refusal(data->reasonCode));
}
// Only MQTT 5 brokers refuse a message. Otherwise the connection broke, which is reported by
// itself; the reason that Paho then gives is of no meaning.
void gatehouse_mqtt_unpublished(void* context, MQTTAsync_failureData*) {
  auto* const ticket = static_cast<Impl::Ticket*>(context);
  ticket->owner->take_back(ticket);
}
void gatehouse_mqtt_unpublished5(void* context, MQTTAsync_failureData5* data) {
  if (data && is_refusal(data->reasonCode)) return finish_publish(context, false);
  gatehouse_mqtt_unpublished(context, nullptr);
}
void gatehouse_mqtt_left(void* context, MQTTAsync_successData*) { impl_of(context).left(); }
void gatehouse_mqtt_left5(void* context, MQTTAsync_successData5*) { impl_of(context).left(); }
void gatehouse_mqtt_not_left(void* context, MQTTAsync_failureData*) { impl_of(context).left(); }
void gatehouse_mqtt_not_left5(void* context, MQTTAsync_failureData5*) { impl_of(context).left(); }
}

/// MQTT 5 has calls of its own for the same; the others must then be null.
template <class Options, class Good, class Bad, class Good5, class Bad5>
void tell(Options& options, bool mqtt_5, Good good, Bad bad, Good5 good5, Bad5 bad5) {
  if (mqtt_5) {
    options.onSuccess5 = good5;
    options.onFailure5 = bad5;
  } else {
    options.onSuccess = good;
    options.onFailure = bad;
  }
}

MQTTAsync_connectOptions connect_options(const ConnectionSettings& settings) {
  const MQTTAsync_connectOptions old = MQTTAsync_connectOptions_initializer;
  const MQTTAsync_connectOptions recent = MQTTAsync_connectOptions_initializer5;
  MQTTAsync_connectOptions options = settings.mqtt_5 ? recent : old;
  if (settings.mqtt_5) {
    options.cleanstart = settings.keep_session ? 0 : 1;
  } else {
    options.MQTTVersion = MQTTVERSION_3_1_1;
    options.cleansession = settings.keep_session ? 0 : 1;
  }
  options.keepAliveInterval = static_cast<int>(settings.keep_alive.count());
  options.connectTimeout =
      static_cast<int>(std::chrono::ceil<std::chrono::seconds>(settings.connect_timeout).count());
  options.maxInflight = static_cast<int>(settings.max_inflight);
  options.automaticReconnect = 0;
  return options;
}

/// Certificate, key, trust anchors and versions come by the name that stands for our context.
MQTTAsync_SSLOptions tls_options(const std::string& name) {
  MQTTAsync_SSLOptions options = MQTTAsync_SSLOptions_initializer;
  options.trustStore = name.c_str();
  options.enableServerCertAuth = 1;
  options.verify = 1;  // the broker's name too; Paho leaves that out unless told
  return options;
}

}  // namespace

PahoLink::PahoLink(const ConnectionSettings& settings, LinkEvents events)
    : impl_(std::make_unique<Impl>(settings, std::move(events))) {}

PahoLink::~PahoLink() {
  if (impl_->client) MQTTAsync_destroy(&impl_->client);
}

bool PahoLink::connect(std::string& why) {
  Impl& self = *impl_;
  const ConnectionSettings& settings = self.settings;
  if (settings.broker.tls) {
    Result<TlsContext> context = make_client_context(*settings.tls);
    if (!context) {
      why = context.error().detail;
      return false;
    }
    self.tls.emplace(*std::move(context));
  }
  MQTTAsync_createOptions create = MQTTAsync_createOptions_initializer;
  create.MQTTVersion = settings.mqtt_5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1;
  int code = MQTTAsync_createWithOptions(&self.client, server_uri(settings.broker).c_str(),
                                         settings.client_id.c_str(), MQTTCLIENT_PERSISTENCE_NONE,
                                         nullptr, &create);
  if (code == MQTTASYNC_SUCCESS) {
    MQTTAsync_setCallbacks(self.client, &self, gatehouse_mqtt_lost, gatehouse_mqtt_arrived,
                           nullptr);
    MQTTAsync_connectOptions options = connect_options(settings);
    options.context = &self;
    tell(options, settings.mqtt_5, gatehouse_mqtt_connected, gatehouse_mqtt_refused,
         gatehouse_mqtt_connected5, gatehouse_mqtt_refused5);
    MQTTProperties properties = MQTTProperties_initializer;
    MQTTProperty expiry{};
    expiry.identifier = MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL;
    expiry.value.integer4 = settings.keep_session ? kSessionSeconds : 0;
    if (settings.mqtt_5) {
      MQTTProperties_add(&properties, &expiry);
      options.connectProperties = &properties;
    }
    MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
    if (self.tls) {
      tls = tls_options(self.tls->name());
      options.ssl = &tls;
    }
    code = MQTTAsync_connect(self.client, &options);  // copies all of it
    MQTTProperties_free(&properties);
  }
  if (code != MQTTASYNC_SUCCESS) why = reason_of(code, nullptr);
  return code == MQTTASYNC_SUCCESS;
}

bool PahoLink::subscribe(const std::vector<std::string>& filters, std::uint64_t batch) {
  for (const std::string& filter : filters) {
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    auto* const ticket = impl_->draw(batch);
    options.context = ticket;
    tell(options, impl_->settings.mqtt_5, gatehouse_mqtt_subscribed, gatehouse_mqtt_unsubscribable,
         gatehouse_mqtt_subscribed5, gatehouse_mqtt_unsubscribable5);
    if (MQTTAsync_subscribe(impl_->client, filter.c_str(), kQos, &options) != MQTTASYNC_SUCCESS) {
      impl_->take_back(ticket);
      return false;
    }
  }
  return true;
}

void PahoLink::unsubscribe(const std::vector<std::string>& filters) {
  // Refused where the connection is going: nothing is subscribed any more then.
  for (const std::string& filter : filters) {
    MQTTAsync_unsubscribe(impl_->client, filter.c_str(), nullptr);
  }
}

bool PahoLink::publish(const Outgoing& message, std::uint64_t id) {
  MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
  auto* const ticket = impl_->draw(id);
  options.context = ticket;
  tell(options, impl_->settings.mqtt_5, gatehouse_mqtt_published, gatehouse_mqtt_unpublished,
       gatehouse_mqtt_published5, gatehouse_mqtt_unpublished5);
  const int code = MQTTAsync_send(impl_->client, message.topic.c_str(),
                                  static_cast<int>(message.payload->size()),
                                  message.payload->data(), kQos, 0, &options);
  if (code != MQTTASYNC_SUCCESS) impl_->take_back(ticket);
  return code == MQTTASYNC_SUCCESS;
}

void PahoLink::disconnect(std::chrono::milliseconds at_most) {
  const MQTTAsync_disconnectOptions old = MQTTAsync_disconnectOptions_initializer;
  const MQTTAsync_disconnectOptions recent = MQTTAsync_disconnectOptions_initializer5;
  MQTTAsync_disconnectOptions options = impl_->settings.mqtt_5 ? recent : old;
  options.timeout = static_cast<int>(at_most.count());
  options.context = impl_.get();
  tell(options, impl_->settings.mqtt_5, gatehouse_mqtt_left, gatehouse_mqtt_not_left,
       gatehouse_mqtt_left5, gatehouse_mqtt_not_left5);
  if (MQTTAsync_disconnect(impl_->client, &options) != MQTTASYNC_SUCCESS) return;
  std::unique_lock lock(impl_->mutex);
  impl_->changed.wait_for(lock, at_most, [this] { return impl_->gone; });
}

}  // namespace gatehouse::mqtt
