#pragma once
#include <cstdint>
#include <optional>
#include <string>

namespace gatehouse {

enum class TlsVersion : std::uint8_t { k1_2, k1_3 };

/// Who we are on a TLS connection and whom we believe. One set per listening socket or per client.
/// Source: TS-0003 clauses 8.2 and 10.2 (X.509, EC P-256, ECDHE_ECDSA, both sides verify).
struct TlsSettings {
  std::string certificate_file;  ///< PEM: our certificate, then the intermediate ones; empty: none
                                 ///< (clients only)
  std::string
      key_file;  ///< PEM private key, or a "pkcs11:" URI (RFC 7512) read through the pkcs11 engine
  std::string ca_file;                  ///< PEM: the trust anchors for the other side
  std::optional<std::string> crl_file;  ///< PEM: revocation lists, one for every CA of the chain
  bool require_peer_certificate =
      true;  ///< servers: a client without a valid certificate is refused
  TlsVersion min_version = TlsVersion::k1_2;
};

}  // namespace gatehouse
