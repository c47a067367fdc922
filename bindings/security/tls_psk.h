#pragma once

struct ssl_ctx_st;

namespace gatehouse {

/// Pre-shared keys on the contexts of tls_context.h, by their TlsSettings: a server's admits the
/// suites with keys beside those with certificates, a client's with a key admits no others.
/// TLS 1.2: in 1.3 OpenSSL does not tell a server which identity came. Source: TS-0003
/// clause 10.2.1 (TLS_PSK_WITH_AES_128_CBC_SHA256 and its like).
void admit_psk(ssl_ctx_st* server);
void bring_psk(ssl_ctx_st* client);

}  // namespace gatehouse
