#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cse/primitive/request.h"
#include "cse/primitive/timestamp.h"

namespace gatehouse {

/// What one bearer token stands for (RFC 6750).
struct BearerIdentity {
  std::string name;                      ///< of the token: for logs, and as its Credential-ID
  std::vector<std::string> originators;  ///< what `from` may be
  std::string user;                      ///< the person; empty: a program
  std::optional<Timestamp> expires;
};

/// SHA-256 of a token as 64 hexadecimal digits: all that a file of tokens holds of it.
std::string hash_of_token(std::string_view token);

/// A new token: 256 random bits as 43 characters of base64url.
std::string make_token();

/// One line per token, `#` begins a comment:
///
///     # name  SHA-256 of the token  originators  options
///     anna    9f86d081…             CAdmin,CAnna user=anna expires=20271231T000000
///
/// A token is long and random (make_token), so its plain hash is enough. The file is read again
/// when it has changed; while its new content is malformed, the old one stays in force. Threading:
/// any.
class BearerTokens {
 public:
  using Clock = std::function<Timestamp()>;
  /// `clock`: for expiry; empty: the system's.
  explicit BearerTokens(std::string file, Clock clock = {});

  /// Errors: kInternalServerError naming file, line and rule; a file that others may write is
  /// refused.
  Result<void> load();
  /// nullopt: unknown or expired.
  std::optional<BearerIdentity> find(std::string_view token) const;

 private:
  using ByHash = std::unordered_map<std::string, BearerIdentity>;
  struct Stamp {
    std::int64_t modified_ns = -1, bytes = -1;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  Stamp stamp() const;
  Result<ByHash> read() const;

  const std::string file_;
  const Clock clock_;
  mutable std::mutex mutex_;  // guards the lines below
  mutable std::shared_ptr<const ByHash> tokens_;
  mutable Stamp read_at_;
};

/// The token of an Authorization field, "Bearer <token>"; nullopt: another scheme or none.
std::optional<std::string_view> bearer_token_of(std::string_view authorization);

/// The peer of a connection as the holder of a token: authenticated as what the token stands for,
/// whatever the connection proved.
std::shared_ptr<const Peer> with_token(const Peer& connection, BearerIdentity identity);

}  // namespace gatehouse
