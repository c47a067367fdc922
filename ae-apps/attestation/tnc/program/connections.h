#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ae-apps/attestation/tnc/dialogue.h"
#include "ae-apps/attestation/tnc/program/patience.h"
#include "bindings/security/tls_context.h"

namespace gatehouse::tnc {

struct ConnectionLimits {
  /// Sockets, and TLS handshakes at a time. When there are more, the oldest client that has not
  /// proven itself makes way: who says nothing keeps nobody out.
  std::size_t sockets = 12'000, handshakes = 256;
  std::size_t dialogues = 64;  ///< of clients that have proven themselves
  std::size_t of_one = 2;      ///< of those by one device: its older ones make way
  unsigned workers = 4;        ///< dialogues that are answered at a time; each may ask a verifier
  PatienceLimits patience;
};

/// A client, as far as it is known.
struct Client {
  std::string address;                  ///< "127.0.0.1:4711"
  std::vector<std::string> identities;  ///< of its certificate
  std::string key;                      ///< SHA-256 of its public key
  std::string device;                   ///< set by who welcomes it
};

/// Many connections on one thread that never waits, and few that answer. What a client costs before
/// it has said a whole TLS hello is its socket.
class Connections {
 public:
  struct Parts {
    /// A client has proven itself. Errors: why it is not listened to. On the loop's thread.
    std::function<Result<std::unique_ptr<Dialogue>>(Client& client)> welcome;
    /// It has gone. `dialogue`: null if it came to none. `why`: what was wrong, empty if nothing
    /// was. On the loop's thread, or the one that ends this.
    std::function<void(const Client& client, const Dialogue* dialogue, const std::string& why)>
        gone;
  };
  /// Takes the listening socket over. Errors: kInternalServerError.
  static Result<std::unique_ptr<Connections>> start(int listener, TlsContext context,
                                                    ConnectionLimits limits, Parts parts);
  ~Connections();

 private:
  struct Impl;
  Connections() = default;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gatehouse::tnc
