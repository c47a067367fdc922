#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bindings/security/tls_settings.h"
#include "cse/core/settings.h"

namespace gatehouse::node {

struct StoreSettings {
  std::string backend = "sqlite";     ///< "sqlite" or "memory"
  std::string path = "gatehouse.db";  ///< of the SQLite file
};

/// Whose certificate, key and trust anchors the bindings use; all three or none.
struct CredentialSettings {
  std::string certificate_file, key_file, ca_file, crl_file;
  /// Issuers of oneM2M tokens (tkns): "issuer file.pem", the key that verifies theirs.
  std::vector<std::string> token_issuers;
  std::string tokens_file;  ///< bearer tokens of people; empty: none
  std::string ocsp_file;    ///< our certificate's OCSP response, which we staple; empty: none
  bool ocsp_fetch = false;  ///< ask the certificate's responder and keep `ocsp_file` in time
  OcspPolicy ocsp = OcspPolicy::kOff;  ///< towards servers that we call
  std::string
      psk_file;  ///< pre-shared keys of those who may come on https, wss, coaps; empty: none
  /// Made at the start of what psk_file and the MAF know; null: nobody comes with a key.
  std::shared_ptr<PskSource> psk_source;
  bool given() const { return !certificate_file.empty(); }
  TlsSettings to_tls() const;
};

struct HttpListener {
  bool enabled = true;
  std::string address = "127.0.0.1";
  int port = 8080;  ///< 0: any free one, told in the log and in `port_file`
  int threads = 1;
  std::vector<std::string> cors_origins;  ///< empty: no CORS
};

/// oneM2M over WebSocket: ws, or wss with the credentials.
struct WebSocketListener {
  bool enabled = false;
  std::string address = "127.0.0.1";
  int port = 8180;                   ///< 0: any free one
  std::vector<std::string> origins;  ///< web pages that may connect; empty: none
};

struct MqttSettings {
  std::string broker;             ///< "mqtt://127.0.0.1:1883", "mqtts://…"; empty: no MQTT
  std::string client_id;          ///< empty: C::<CSE-ID>
  bool trust_broker_acl = false;  ///< the broker binds topics to certificates
  int version = 3;                ///< 3 (3.1.1) or 5
  bool shared = false;            ///< several processes are this CSE
};

struct CoapListener {
  bool enabled = false;
  std::string address = "127.0.0.1";
  int port = 5683;  ///< of UDP and TCP; 0: any free one
};

struct CoapSettings {
  CoapListener plain, secured;
  std::string option_numbers = "registered";  ///< or "release2": what we send
  std::string psk_file;                       ///< keys of those who may come
  std::string client_psk_file;                ///< our own key where we have no certificate

  CoapSettings() { secured.port = 5684; }
};

/// The M2M Authentication Function that is asked for keys (TS-0003 clause 8.2.2.3.3).
struct MafSettings {
  std::string url;         ///< "https://127.0.0.1:8543"; empty: none
  std::string fqdn;        ///< right of the '@' in the identifiers of its keys
  int wait_ms = 1000;      ///< how long a handshake waits for it
  int cache_seconds = 60;  ///< how long its answers are good: a revocation is seen after it
};

/// The CSE at which this one registers (MN and ASN).
struct RegistrarSettings {
  std::string cse_id;  ///< "/id-in"; empty: none
  std::string csebase_name = "cse-in";
  std::string url;  ///< point of access, "https://127.0.0.1:8443"
  int retry_seconds = 5;
  int expiration_seconds = 3600;  ///< of the <remoteCSE>; refreshed at half of it
  /// Of the provider's IN-CSE, if that is another: it gives the AE-IDs that begin with 'S'.
  std::string in_cse_id = {};
};

/// The end point for test systems (TS-0019): who reaches it may remove everything.
struct UpperTesterSettings {
  bool enabled = false;
  bool allow_remote = false;  ///< not from loopback only
};

/// What all who come may take. Rates: requests a second that a peer or an originator may send on
/// average, and at once; 0: no limit.
struct LimitSettings {
  int connections = 10'000;  ///< open ones, of each HTTP and WebSocket listener
  int coap_peers = 1'000;    ///< of each CoAP listener: libcoap looks at all of them for a message
  int handshake_seconds = 10;  ///< until a connection has shown what it wants: TLS, upgrade, header
  int message_seconds = 30;    ///< from the first bytes of a body or message to its end
  int peer_rate = 0, peer_burst = 200;
  int originator_rate = 0, originator_burst = 200;
};

/// Which departures from the standard are accepted (cse/dialect).
struct CompatSettings {
  std::string profile = "strict";
  std::vector<std::string> switches;
  std::vector<std::string> originators;  ///< "admin:admin=CAdmin"
};

struct NodeSettings {
  CseSettings cse;
  StoreSettings store;
  CredentialSettings credentials;
  HttpListener http, https;
  MqttSettings mqtt;
  WebSocketListener ws, wss;
  CoapSettings coap;
  LimitSettings limits;
  RegistrarSettings registrar;
  MafSettings maf;
  std::string esprim_keys;  ///< file of pairwise keys for ESPrim; empty: no ESPrim
  UpperTesterSettings upper_tester;
  CompatSettings compat;
  std::vector<std::string> flexcontainers;  ///< files that define users' own flexContainers
  std::vector<std::string> allowed_cses;    ///< CSE-IDs that may register here; empty: any
  std::vector<std::string> peer_providers;  ///< "//sp.example/id-in=https://…": other IN-CSEs
  std::string log_level = "info";
  std::string ready_file;  ///< written with the addresses once everything listens

  NodeSettings() {
    https.enabled = false;
    https.port = 8443;
    wss.port = 8181;
  }
};

}  // namespace gatehouse::node
