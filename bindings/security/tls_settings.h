#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "bindings/security/psk_table.h"

namespace gatehouse {

enum class TlsVersion : std::uint8_t { k1_2, k1_3 };

/// What a client makes of a server's OCSP response (RFC 6960, stapled by RFC 6066 clause 8).
/// Wherever one is looked at, only "good", signed by the issuer or a responder of its, and in time,
/// is good enough: "revoked", "unknown", expired and forged ones end the handshake.
enum class OcspPolicy : std::uint8_t {
  kOff,        ///< not asked for
  kIfStapled,  ///< looked at if the server gives one
  kRequired,   ///< a server without one is refused
};

/// Who we are on a TLS connection and whom we believe. One set per listening socket or per client.
/// The files are looked at before each handshake, and read again when one of them has changed;
/// while they do not fit each other the old ones stay in force. Source: TS-0003 clauses 8.2
/// and 10.2 (X.509, EC P-256, ECDHE_ECDSA, both sides verify).
struct TlsSettings {
  std::string certificate_file;  ///< PEM: our certificate, then the intermediate ones; empty: none
                                 ///< (clients only)
  std::string key_file;          ///< where our key is, as load_private_key() takes it
  std::string ca_file;           ///< PEM: the trust anchors for the other side
  std::optional<std::string> crl_file;  ///< PEM: revocation lists, one for every CA of the chain
  bool require_peer_certificate =
      true;  ///< servers: a client without a valid certificate is refused
  TlsVersion min_version = TlsVersion::k1_2;
  OcspPolicy ocsp = OcspPolicy::kOff;  ///< clients
  /// Servers: DER file of the OCSP response that is stapled; nothing is, once it is out of date.
  std::optional<std::string> ocsp_file;
  /// Servers: who may come with a pre-shared key (TLS 1.2) in place of a certificate; null: nobody.
  std::shared_ptr<PskSource> psk_source;
  /// Clients: come with this key, and believe who has it, rather than with certificates.
  std::optional<PskEntry> psk;
  /// Told when changed files are in force ("") or cannot be used (why). From any thread.
  std::function<void(const std::string& problem)> on_renewal;
};

}  // namespace gatehouse
