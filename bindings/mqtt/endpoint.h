#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "bindings/security/tls_settings.h"
#include "cse/codec/codec.h"
#include "cse/primitive/handler.h"
#include "cse/primitive/timestamp.h"

namespace gatehouse::mqtt {

struct EndpointSettings {
  /// "mqtt://127.0.0.1:1883", "mqtts://broker:8883/prefix": a path is the prefix of every oneM2M
  /// topic.
  std::string broker = "mqtt://127.0.0.1:1883";
  /// Who we are: "/id-in", "/id-mn/CAE1" (preferred for an AE: its certificate's name) or "CAE1".
  /// Empty: an AE that has no AE-ID yet; it then sends on the registration topics under its
  /// credential_id, see set_identity().
  std::string id;
  std::string credential_id;  ///< used while `id` is empty
  std::string client_id;  ///< empty: "C::id-in", "A::id-mn:CAE1", or "A::" and the Credential-ID
  std::string codec =
      "json";  ///< serialisation of what we send first; answers use that of the request
  std::optional<TlsSettings> tls;  ///< needed for mqtts; files only (no "pkcs11:" key, no crl_file)
  bool mqtt_5 = false;             ///< MQTT 5 instead of 3.1.1
  /// Several processes are this entity: the broker gives each request to one of them (a shared
  /// subscription, of the group that is named as our ID), and forgets a process that is gone, so
  /// that the others get what comes then. Answers reach all of them, and the one that asked takes
  /// it. Each process needs a client_id of its own. A request that comes twice may reach two of
  /// them.
  bool shared = false;
  /// The broker's access control binds the IDs in topics to the client's certificate (see
  /// mosquitto.conf.in). Only then a Peer counts as authenticated.
  bool trust_broker_acl = false;
  /// The dialect of that name: numbers in texts are read.
  bool coerce_scalars = false;

  std::chrono::seconds keep_alive{30};
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds reconnect_min{100};  ///< doubles with each failure, with jitter
  std::chrono::milliseconds reconnect_max{10'000};
  std::chrono::milliseconds request_timeout{10'000};  ///< of a request without rqet
  std::chrono::milliseconds max_request_timeout{300'000};
  /// For so long after a connection without kept session, unanswered requests are published again
  /// once a second: the broker or the receiver may have lost them. Receivers drop duplicates by
  /// originator and rqi. 0: never.
  std::chrono::milliseconds recovery_period{15'000};
  std::size_t max_inflight = 64;     ///< published and not yet acknowledged by the broker
  std::size_t max_queued = 10'000;   ///< waiting for the broker; more are refused (5103)
  std::size_t max_pending = 10'000;  ///< requests of ours without an answer
  std::size_t max_serving = 1'024;   ///< requests of others in the handler; more are answered 5103
  std::size_t max_received = 4'096;  ///< messages received and not yet looked at; more are dropped
  std::size_t duplicate_window_entries = 4'096;
  std::size_t duplicate_window_bytes = 16u << 20;
  std::chrono::milliseconds duplicate_window_age{120'000};
  DecodeLimits limits;
  std::function<Timestamp()> clock;  ///< for rqet; empty: the system's
};

/// Figures since start.
struct EndpointCounters {
  std::uint64_t connects = 0, connects_failed = 0, connections_lost = 0;
  std::uint64_t requests_received = 0, responses_received = 0;
  std::uint64_t dropped_unsolicited = 0;  ///< topics not of ours, answers to nothing
  std::uint64_t dropped_malformed = 0;    ///< payloads whose sender could not be answered
  std::uint64_t dropped_overflow = 0;
  std::uint64_t duplicates = 0;          ///< requests that had been received before
  std::uint64_t refused_originator = 0;  ///< `from` and topic disagree
  std::uint64_t requests_sent = 0, requests_resent = 0, requests_timed_out = 0;
};

/// One connection to one broker, in both roles: sends requests and takes their answers, receives
/// requests and answers them. Survives the broker: connects again for ever, subscribes first, then
/// sends what waited. Source: TS-0010. Threading: every function from any thread; handlers and
/// replies run on the endpoint's own thread.
class Endpoint {
 public:
  /// `codecs` must outlive the endpoint. Throws std::invalid_argument for settings that cannot work
  /// (URL, TLS, IDs).
  Endpoint(EndpointSettings settings, const Codecs& codecs);
  ~Endpoint();  ///< stops
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  /// Requests to our ID go to `handler`, which must outlive the endpoint. Before start().
  /// `registrations`: also take the registration topics (a CSE does).
  void serve(PrimitiveHandler& handler, bool registrations);

  /// Starts connecting, in the background; a broker that is not there yet is no error.
  void start();
  /// Fails what is pending with 5103, disconnects, joins. Not from a reply or handler.
  void stop();

  /// From now on we are `id` (after registration): subscribes accordingly.
  void set_identity(const std::string& id);
  std::string identity() const;

  /// Sends to `receiver_id` ("/id-in", "/id-mn/CAE1", "CAE1") in the serialisation `codec`, or that
  /// of the settings if empty. Errors by `reply`: kTargetNotReachable when no answer came in time,
  /// when the queue is full or the endpoint stopped; kRequestTimeout for a request whose rqet has
  /// passed already.
  void send(const std::string& receiver_id, Request request, Reply reply,
            const std::string& codec = {});
  /// Publishes the request (a NOTIFY) to a topic of the receiver's own; kOk once the broker has
  /// taken it.
  void publish(const std::string& topic, Request request, Reply reply,
               const std::string& codec = {});

  bool connected() const;  ///< and subscribed
  bool wait_connected(std::chrono::milliseconds at_most) const;
  std::string url() const;  ///< "mqtt://host:port", "mqtts://host:port/prefix"
  EndpointCounters counters() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace gatehouse::mqtt
