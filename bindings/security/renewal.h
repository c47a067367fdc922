#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "bindings/security/tls_context.h"

namespace gatehouse {

/// What a context of ours was made from, looked at before each handshake: so a new certificate,
/// key, trust anchor, revocation list or OCSP response is in force without a restart. Connections
/// that stand keep what they have; those that bindings accepted are asked is_still_trusted() when
/// something has changed. Belongs to its context. Threading: any.
class Renewal {
 public:
  using Make = Result<TlsContext> (*)(const TlsSettings&);

  Renewal(TlsSettings settings, Make make);
  /// Gives it to the context, which frees it.
  static void attach(ssl_ctx_st* context, std::unique_ptr<Renewal> renewal);
  /// nullptr: not a context of ours.
  static Renewal* of(const ssl_ctx_st* context);

  const TlsSettings& settings() const { return settings_; }
  /// What is in force where the files have changed; nullptr: they have not.
  TlsContext newest();
  /// Counts the changes: sessions of a former time are not resumed.
  std::uint32_t generation() const;
  /// The OCSP response to staple, DER; nullptr: none, or none that is in time.
  std::shared_ptr<const std::string> staple();

 private:
  /// Of all files: times, lengths, i-nodes.
  std::string stamp() const;

  const TlsSettings settings_;
  const Make make_;
  mutable std::mutex mutex_;  // guards the lines below
  std::string seen_, staple_seen_;
  TlsContext newest_;
  std::uint32_t generation_ = 0;
  std::shared_ptr<const std::string> staple_;
};

/// Puts certificate, key, trust anchors and revocation lists of the context `from` on a connection.
/// Before the handshake, or while the client's hello is looked at. Errors: kInternalServerError.
Result<void> adopt_credentials(ssl_st* connection, ssl_ctx_st* from);

/// The same, of what is in force for the connection's own context now.
Result<void> adopt_newest(ssl_st* connection);

}  // namespace gatehouse
