#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ae-apps/ota/crypto/keys.h"
#include "ae-apps/ota/crypto/verification_key.h"
#include "ae-apps/ota/uptane/refusal.h"
#include "cse/primitive/value.h"

namespace gatehouse::uptane {

/// Who made the metadata decides which readings hold.
enum class Profile : std::uint8_t {
  kTuf,       ///< plain TUF 1.0: key ids are any unique names (TAP 12)
  kDirector,  ///< of Uptane; its root may leave out timestamp and snapshot
  kImages,    ///< the Image repository of Uptane
};

/// One key of a root or of delegations.
struct MetadataKey {
  /// nullopt: of a kind that we do not know. Such a key counts for nothing.
  std::optional<crypto::VerificationKey> key;
  std::optional<crypto::Scheme> scheme;  ///< nullopt: each signature says its own
  Bytes identity;                        ///< equal for the same key under two ids
};

using KeyRing = std::map<std::string, MetadataKey, std::less<>>;

/// Who signs for a role.
struct RoleKeys {
  std::vector<std::string> key_ids;  ///< distinct
  std::uint64_t threshold = 1;       ///< at least 1

  friend bool operator==(const RoleKeys&, const RoleKeys&) = default;
};

/// `{"<key id>": {"keytype": …, "scheme": …, "keyval": {"public": …}}, …}`. Key types ed25519
/// (hexadecimal, base64 or PEM), rsa (PEM), ecdsa (PEM, or a point in hexadecimal), in any case and
/// under their older names. For Uptane each id must be a hash of its key in one of the ways in use
/// (is_key_id). Errors: kMalformed, kBadKeyId.
Checked<KeyRing> parse_keys(const Value& keys, Profile profile);

/// `{"keyids": […], "threshold": n}`. Errors: kMalformed (also for a repeated id),
/// kIllegalThreshold.
Checked<RoleKeys> parse_role_keys(const Value& role, std::string_view name);

/// Whether the id is the hash of this key object as anybody computes it: over the canonical key
/// object with or without `scheme` and `keyid_hash_algorithms` (TUF, Uptane's reference), over the
/// public value alone (OTA Connect), over its bytes or its SubjectPublicKeyInfo; SHA-256 or
/// SHA-512.
bool is_key_id(std::string_view id, const Value& key);

/// The id as TUF computes it: SHA-256 of the canonical `{"keytype","keyval","scheme"}`.
std::string key_id_of(const Value& key);

/// The key object of a key of ours, as metadata carries it.
Value key_object(const crypto::PublicKey& key);
/// "ed25519" or "ecdsa-sha2-nistp256".
std::string_view scheme_of(const crypto::PublicKey& key);

}  // namespace gatehouse::uptane
