#pragma once
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <string>

#include "bindings/security/tls_context.h"

namespace gatehouse::testing_support {

/// Two TLS ends joined in memory.
class Handshake {
 public:
  /// `session`: one to resume; nullptr: none.
  Handshake(SSL_CTX* server, SSL_CTX* client, const std::string& host,
            SSL_SESSION* session = nullptr)
      : server_(SSL_new(server)), client_(SSL_new(client)) {
    BIO *to_server = nullptr, *to_client = nullptr;
    BIO_new_bio_pair(&to_client, 0, &to_server, 0);
    SSL_set_bio(server_, to_server, to_server);
    SSL_set_bio(client_, to_client, to_client);
    SSL_set_accept_state(server_);
    SSL_set_connect_state(client_);
    EXPECT_TRUE(expect_server_name(client_, host).has_value());
    if (session) SSL_set_session(client_, session);
    for (int i = 0; i < 20; ++i) {
      client_done_ = SSL_do_handshake(client_) == 1;
      server_done_ = SSL_do_handshake(server_) == 1;
    }
    char nothing = 0;  // TLS 1.3: tickets come after the handshake
    if (done()) SSL_read(client_, &nothing, 1);
  }
  ~Handshake() {
    SSL_free(server_);
    SSL_free(client_);
  }
  Handshake(const Handshake&) = delete;
  Handshake& operator=(const Handshake&) = delete;
  bool done() const { return client_done_ && server_done_; }
  bool resumed() const { return SSL_session_reused(client_) == 1; }
  /// The caller frees it.
  SSL_SESSION* session() const { return SSL_get1_session(client_); }
  SSL* server() const { return server_; }
  SSL* client() const { return client_; }

 private:
  SSL *server_, *client_;
  bool client_done_ = false, server_done_ = false;
};

}  // namespace gatehouse::testing_support
