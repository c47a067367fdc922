#include "bindings/mqtt/paho_link.h"

#include <mqtt/async_client.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

#include "bindings/mqtt/paho_tls.h"

namespace gatehouse::mqtt {
namespace {

constexpr int kQos = 1;                          // TS-0010 clause 6.1: QoS 1, no other
constexpr std::uint32_t kSessionSeconds = 3600;  // MQTT 5: how long the broker keeps our session
constexpr int kFirstFailure = 0x80;              // of reason codes, and of a granted QoS

/// Certificate, key, trust anchors and versions come by the name that stands for our context.
::mqtt::ssl_options tls_options(const std::string& name) {
  ::mqtt::ssl_options options;
  options.set_trust_store(name);
  options.set_enable_server_cert_auth(true);
  options.set_verify(true);  // the broker's name too; Paho leaves that out unless told
  return options;
}

std::string server_uri(const BrokerUrl& broker) {
  return (broker.tls ? "ssl://" : "tcp://") + broker.authority();
}

std::string reason_of(const ::mqtt::token& token) {
  const std::string reason = ::mqtt::exception::error_str(token.get_return_code());
  return reason.empty() ? "code " + std::to_string(token.get_return_code()) : reason;
}

void* as_context(std::uint64_t id) { return reinterpret_cast<void*>(static_cast<uintptr_t>(id)); }
std::uint64_t id_of(const ::mqtt::token& token) {
  return reinterpret_cast<uintptr_t>(token.get_user_context());
}

/// The reasons with which a PUBACK may refuse a message. Source: MQTT 5.0, table 3-4.
bool is_refusal(int reason) {
  constexpr int kReasons[] = {0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99};
  return std::find(std::begin(kReasons), std::end(kReasons), reason) != std::end(kReasons);
}

struct Listener final : ::mqtt::iaction_listener {
  using Handler = std::function<void(const ::mqtt::token&, bool)>;
  explicit Listener(Handler handler) : handler_(std::move(handler)) {}
  void on_success(const ::mqtt::token& token) override { handler_(token, true); }
  void on_failure(const ::mqtt::token& token) override { handler_(token, false); }
  Handler handler_;
};

::mqtt::connect_options connect_options(const ConnectionSettings& settings) {
  ::mqtt::connect_options options;
  if (settings.mqtt_5) {
    options.set_mqtt_version(MQTTVERSION_5);
    options.set_clean_start(!settings.keep_session);
    const std::uint32_t expiry = settings.keep_session ? kSessionSeconds : 0;
    options.set_properties(
        {{::mqtt::property::SESSION_EXPIRY_INTERVAL, static_cast<std::int32_t>(expiry)}});
  } else {
    options.set_mqtt_version(MQTTVERSION_3_1_1);
    options.set_clean_session(!settings.keep_session);
  }
  options.set_keep_alive_interval(settings.keep_alive);
  options.set_connect_timeout(std::chrono::ceil<std::chrono::seconds>(settings.connect_timeout));
  options.set_max_inflight(static_cast<int>(settings.max_inflight));
  options.set_automatic_reconnect(false);
  return options;
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

struct PahoLink::Impl final : ::mqtt::callback {
  Impl(const ConnectionSettings& s, LinkEvents e)
      : settings(s),
        events(std::move(e)),
        on_connect([this](const ::mqtt::token& token, bool ok) {
          if (!ok) return events.failed(reason_of(token));
          events.connected(token.get_connect_response().is_session_present());
        }),
        on_subscribe([this](const ::mqtt::token& token, bool ok) {
          events.subscribed(id_of(token), ok && token.get_reason_code() < kFirstFailure);
        }),
        on_publish([this](const ::mqtt::token& token, bool ok) {
          // Only MQTT 5 brokers refuse a message. Otherwise the connection broke, which is reported
          // by itself; the reason that Paho then gives is of no meaning.
          if (ok || (settings.mqtt_5 && is_refusal(token.get_reason_code()))) {
            events.published(id_of(token), ok);
          }
        }) {}

  void connection_lost(const std::string& cause) override {
    events.failed(cause.empty() ? "connection lost" : "connection lost: " + cause);
  }
  void message_arrived(::mqtt::const_message_ptr message) override {
    events.message(message->get_topic(), message->get_payload_str());
  }

  const ConnectionSettings& settings;
  const LinkEvents events;
  std::optional<NamedContext> tls;  ///< outlives the client
  Listener on_connect, on_subscribe, on_publish;
  std::unique_ptr<::mqtt::async_client> client;
};

PahoLink::PahoLink(const ConnectionSettings& settings, LinkEvents events)
    : impl_(std::make_unique<Impl>(settings, std::move(events))) {}

PahoLink::~PahoLink() = default;

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
  try {
    const ::mqtt::create_options create(settings.mqtt_5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1);
    self.client = std::make_unique<::mqtt::async_client>(server_uri(settings.broker),
                                                         settings.client_id, create);
    self.client->set_callback(self);
    ::mqtt::connect_options options = connect_options(settings);
    if (self.tls) options.set_ssl(tls_options(self.tls->name()));
    self.client->connect(std::move(options), nullptr, self.on_connect);
    return true;
  } catch (const ::mqtt::exception& error) {
    why = error.what();
    return false;
  }
}

bool PahoLink::subscribe(const std::vector<std::string>& filters, std::uint64_t batch) {
  try {
    for (const std::string& filter : filters) {
      impl_->client->subscribe(filter, kQos, as_context(batch), impl_->on_subscribe);
    }
    return true;
  } catch (const ::mqtt::exception&) {
    return false;
  }
}

void PahoLink::unsubscribe(const std::vector<std::string>& filters) {
  try {
    for (const std::string& filter : filters) impl_->client->unsubscribe(filter);
  } catch (const ::mqtt::exception&) {
    // The connection is going: nothing is subscribed any more.
  }
}

bool PahoLink::publish(const Outgoing& message, std::uint64_t id) {
  try {
    impl_->client->publish(::mqtt::make_message(message.topic, message.payload, kQos, false),
                           as_context(id), impl_->on_publish);
    return true;
  } catch (const ::mqtt::exception&) {
    return false;
  }
}

void PahoLink::disconnect(std::chrono::milliseconds at_most) {
  try {
    const SteadyTime deadline = std::chrono::steady_clock::now() + at_most;
    const ::mqtt::token_ptr token = impl_->client->disconnect();
    token->wait_for(at_most);
    // Paho's thread still uses the client after it has woken us; its reference to the token is the
    // last thing to go.
    while (token.use_count() > 1 && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
  } catch (const ::mqtt::exception&) {
    // Not connected: nobody to say good-bye to.
  }
}

}  // namespace gatehouse::mqtt
