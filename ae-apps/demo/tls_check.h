#pragma once
#include <string>

#include "ae-apps/demo/layout.h"
#include "ae-apps/demo/screen.h"

namespace gatehouse::demo {

/// What a handshake by `openssl s_client` has shown.
struct Handshake {
  std::string protocol, cipher;  ///< "TLSv1.3", "TLS_AES_256_GCM_SHA384"
  std::string peer;              ///< subject of the other side
  bool peer_verified = false;    ///< against our authority and its host name
  bool accepted = false;         ///< the other side went on to answer an HTTP request
  std::string alert;             ///< why not: "certificate required"
  Duration took{0};
};

/// Connects to a port of the loopback by TLS 1.3 with the named certificate (empty: with none), and
/// asks for `/`. OpenSSL's own program, so that it is no code of ours that judges our TLS. Errors:
/// kNotFound if it is not installed, kRequestTimeout.
Result<Handshake> shake_hands(const Layout& layout, std::uint16_t port,
                              const std::string& certificate);

}  // namespace gatehouse::demo
