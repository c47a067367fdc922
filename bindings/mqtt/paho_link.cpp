#include "bindings/mqtt/paho_link.h"

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <thread>
#include <utility>

namespace gatehouse::mqtt {
namespace {

constexpr int kQos = 1;                          // TS-0010 clause 6.1: QoS 1, no other
constexpr std::uint32_t kSessionSeconds = 3600;  // MQTT 5: how long the broker keeps our session

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

}  // namespace

void check_tls(const ConnectionSettings& settings) {
  if (!settings.broker.tls) return;
  if (!settings.tls) throw std::invalid_argument("mqtts needs TLS settings");
  if (settings.tls->ca_file.empty()) throw std::invalid_argument("mqtts: ca_file is missing");
  if (const auto usable = make_client_context(*settings.tls); !usable) {
    throw std::invalid_argument("mqtts: " + usable.error().detail);
  }
}

PahoLink::PahoLink(const ConnectionSettings& settings, LinkEvents events)
    : settings_(settings),
      events_(std::move(events)),
      on_connect_([this](const ::mqtt::token& token, bool ok) {
        if (!ok) return events_.failed(reason_of(token));
        events_.connected(token.get_connect_response().is_session_present());
      }),
      on_subscribe_([this](const ::mqtt::token& token, bool ok) {
        events_.subscribed(id_of(token), ok && token.get_reason_code() < 0x80);
      }),
      on_publish_([this](const ::mqtt::token& token, bool ok) {
        // Only MQTT 5 brokers refuse a message. Otherwise the connection broke, which is reported
        // by itself; the reason that Paho then gives is of no meaning.
        if (ok || (settings_.mqtt_5 && is_refusal(token.get_reason_code()))) {
          events_.published(id_of(token), ok);
        }
      }) {}

PahoLink::~PahoLink() = default;

::mqtt::connect_options PahoLink::options() const {
  ::mqtt::connect_options options;
  if (settings_.mqtt_5) {
    options.set_mqtt_version(MQTTVERSION_5);
    options.set_clean_start(!settings_.keep_session);
    const std::uint32_t expiry = settings_.keep_session ? kSessionSeconds : 0;
    options.set_properties(
        {{::mqtt::property::SESSION_EXPIRY_INTERVAL, static_cast<std::int32_t>(expiry)}});
  } else {
    options.set_mqtt_version(MQTTVERSION_3_1_1);
    options.set_clean_session(!settings_.keep_session);
  }
  options.set_keep_alive_interval(settings_.keep_alive);
  options.set_connect_timeout(std::chrono::ceil<std::chrono::seconds>(settings_.connect_timeout));
  options.set_max_inflight(static_cast<int>(settings_.max_inflight));
  options.set_automatic_reconnect(false);
  if (settings_.broker.tls) options.set_ssl(tls_options(tls_->name()));
  return options;
}

bool PahoLink::connect(std::string& why) {
  if (settings_.broker.tls) {
    Result<TlsContext> context = make_client_context(*settings_.tls);
    if (!context) {
      why = context.error().detail;
      return false;
    }
    tls_.emplace(*std::move(context));
  }
  try {
    const ::mqtt::create_options create(settings_.mqtt_5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1);
    client_ = std::make_unique<::mqtt::async_client>(server_uri(settings_.broker),
                                                     settings_.client_id, create);
    client_->set_callback(*this);
    client_->connect(options(), nullptr, on_connect_);
    return true;
  } catch (const ::mqtt::exception& error) {
    why = error.what();
    return false;
  }
}

bool PahoLink::subscribe(const std::vector<std::string>& filters, std::uint64_t batch) {
  try {
    for (const std::string& filter : filters) {
      client_->subscribe(filter, kQos, as_context(batch), on_subscribe_);
    }
    return true;
  } catch (const ::mqtt::exception&) {
    return false;
  }
}

void PahoLink::unsubscribe(const std::vector<std::string>& filters) {
  try {
    for (const std::string& filter : filters) client_->unsubscribe(filter);
  } catch (const ::mqtt::exception&) {
    // The connection is going: nothing is subscribed any more.
  }
}

bool PahoLink::publish(const Outgoing& message, std::uint64_t id) {
  try {
    client_->publish(::mqtt::make_message(message.topic, *message.payload, kQos, false),
                     as_context(id), on_publish_);
    return true;
  } catch (const ::mqtt::exception&) {
    return false;
  }
}

void PahoLink::disconnect(std::chrono::milliseconds at_most) {
  try {
    const SteadyTime deadline = std::chrono::steady_clock::now() + at_most;
    const ::mqtt::token_ptr token = client_->disconnect();
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

void PahoLink::connection_lost(const std::string& cause) {
  events_.failed(cause.empty() ? "connection lost" : "connection lost: " + cause);
}

void PahoLink::message_arrived(::mqtt::const_message_ptr message) {
  events_.message(message->get_topic(), message->to_string());
}

}  // namespace gatehouse::mqtt
