#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bindings/security/psk_table.h"
#include "bindings/security/tls_settings.h"
#include "cse/primitive/result.h"

namespace gatehouse::sdk {

/// An HTTP(S) listener of the AE: for notifications, for web pages, or both.
struct ListenerSettings {
  std::string address = "127.0.0.1";  ///< IPv4 or IPv6 literal
  std::uint16_t port = 0;             ///< 0: a free one
  std::optional<TlsSettings> tls;     ///< present: https
  std::string public_host;            ///< host in the point of access, if not `address`
  bool notifications = true;          ///< false: web pages only, not in the point of access
};

/// A CoAP listener of the AE, over UDP and TCP: for notifications.
struct CoapListenerSettings {
  std::string address = "127.0.0.1";  ///< IPv4 or IPv6 literal
  std::uint16_t port = 0;             ///< 0: a free one
  std::optional<TlsSettings> tls;     ///< present: coaps
  std::string public_host;            ///< host in the point of access, if not `address`
};

/// Who an AE is, where its CSE is and how it wants to be notified. Requests go to `cse_url`;
/// notifications come over the MQTT broker, the HTTP or CoAP listener, or several of them. With an
/// mqtt or ws `cse_url` the same connection does both. An AE with none of these is not
/// request-reachable and cannot subscribe.
struct AeSettings {
  /// http, https, mqtt, mqtts, coap, coaps, coap+tcp, coaps+tcp, ws or wss
  std::string cse_url = "http://127.0.0.1:8080";
  std::string cse_id = "/id-in";      ///< CSE-ID of the registrar
  std::string csebase = "cse-in";     ///< name of its CSEBase
  std::string ae_id;                  ///< "CotaServer"; empty or "C": the CSE assigns one
  std::string name;                   ///< rn of the <AE>; must be set
  std::string app_id = "Ngatehouse";  ///< begins with N, or R where registered
  std::vector<std::string> labels;
  std::vector<std::string> policies;  ///< acpi of the <AE>
  std::string release_version = "3";  ///< of our requests
  std::optional<TlsSettings> tls;     ///< as a client: of https, mqtts, coaps and wss
  std::optional<PskEntry> psk;  ///< as a client: of https, wss and coaps, where there is no `tls`

  std::optional<ListenerSettings> listener;
  std::optional<CoapListenerSettings> coap_listener;
  std::string broker;             ///< "mqtt://host", "mqtts://host:8883/prefix"; empty: none
  bool trust_broker_acl = false;  ///< the broker binds topics to certificates
  std::vector<std::string> point_of_access;  ///< in place of what follows from the above

  std::chrono::milliseconds request_timeout{10'000};
  std::chrono::milliseconds connect_timeout{10'000};  ///< for the broker, in Ae::connect
  std::size_t max_queued_events =
      10'000;  ///< received and not yet handled; more are refused (5103)
  std::size_t max_body_bytes = 8u << 20;

  /// `defaults`, changed by GATEHOUSE_CSE_URL, _CSE_ID, _CSEBASE, _AE_ID, _AE_NAME, _APP_ID,
  /// _BROKER, _LISTEN ("127.0.0.1:0"), _TLS_CERTIFICATE, _TLS_KEY, _TLS_CA, _TLS_CRL,
  /// _PSK_FILE and _REQUEST_TIMEOUT_MS, where set. Errors: kBadRequest naming the variable.
  static Result<AeSettings> from_env(AeSettings defaults);
};

}  // namespace gatehouse::sdk
