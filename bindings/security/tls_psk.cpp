#include "bindings/security/tls_psk.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>

#include "bindings/security/renewal.h"

namespace gatehouse {
namespace {

constexpr const char* kPskSuites =
    "ECDHE-PSK-CHACHA20-POLY1305:DHE-PSK-AES128-GCM-SHA256:PSK-AES128-GCM-SHA256:"
    "ECDHE-PSK-AES128-CBC-SHA256:PSK-AES128-CBC-SHA256";

extern "C" {
unsigned int gatehouse_find_psk(SSL* connection, const char* identity, unsigned char* key,
                                unsigned int room) {
  const Renewal* renewal = Renewal::of(SSL_get_SSL_CTX(connection));
  if (!identity || !renewal || !renewal->settings().psk_source ||
      SSL_version(connection) != TLS1_2_VERSION) {
    return 0;
  }
  const auto entry = renewal->settings().psk_source->find(identity);
  if (!entry || entry->key.size() > room) return 0;
  std::copy(entry->key.begin(), entry->key.end(), key);
  return static_cast<unsigned int>(entry->key.size());
}

unsigned int gatehouse_give_psk(SSL* connection, const char*, char* identity, unsigned int length,
                                unsigned char* key, unsigned int room) {
  const Renewal* renewal = Renewal::of(SSL_get_SSL_CTX(connection));
  if (!renewal || !renewal->settings().psk) return 0;
  const PskEntry& entry = *renewal->settings().psk;
  if (entry.identity.size() >= length || entry.key.size() > room) return 0;
  std::copy_n(entry.identity.c_str(), entry.identity.size() + 1, identity);
  std::copy(entry.key.begin(), entry.key.end(), key);
  return static_cast<unsigned int>(entry.key.size());
}
}

}  // namespace

void admit_psk(SSL_CTX* server) {
  std::string suites;
  const STACK_OF(SSL_CIPHER)* ciphers = SSL_CTX_get_ciphers(server);
  for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); ++i) {
    const SSL_CIPHER* cipher = sk_SSL_CIPHER_value(ciphers, i);
    const bool older = std::strcmp(SSL_CIPHER_get_version(cipher), "TLSv1.3") != 0;
    if (older) (suites += SSL_CIPHER_get_name(cipher)) += ':';
  }
  SSL_CTX_set_cipher_list(server, (suites + kPskSuites).c_str());
  SSL_CTX_set_psk_server_callback(server, gatehouse_find_psk);
}

void bring_psk(SSL_CTX* client) {
  SSL_CTX_set_max_proto_version(client, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(client, kPskSuites);
  SSL_CTX_set_psk_client_callback(client, gatehouse_give_psk);
}

}  // namespace gatehouse
