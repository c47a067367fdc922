#pragma once
#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ae-apps/ota/crypto/digest.h"
#include "ae-apps/ota/suit/cose.h"

/// SUIT envelopes and manifests as values. Source: draft-ietf-suit-manifest (34 to 37).
namespace gatehouse::suit {

using Uuid = std::array<std::uint8_t, 16>;

struct Limits {
  std::size_t max_envelope_bytes = 16u << 20;  ///< with integrated payloads
  std::size_t max_manifest_bytes = 64 * 1024;
  std::size_t max_components = 16;
  std::size_t max_signatures = 8;
};

/// Name of a part of the device that is updated: a path of byte strings.
using ComponentId = std::vector<Bytes>;

/// A sequence of commands, in the manifest or severed into the envelope.
using Commands = Bytes;

struct Manifest {
  std::uint64_t sequence_number = 0;
  std::vector<ComponentId> components;
  std::string reference_uri;
  std::optional<Commands> shared, fetch, install, validate, load, invoke;
};

/// What may be done with it is proven.
struct VerifiedEnvelope {
  Manifest manifest;
  crypto::Sha256Digest manifest_digest{};
  crypto::KeyId signer{};
  std::map<std::string, Bytes> payloads;  ///< integrated ones, by their "#name"
};

/// Checks an envelope as a whole: its CBOR, the digest of the manifest, a signature by one of the
/// keys, the digests of severed members, and that no member is unknown. Errors: kBadRequest for its
/// form, kOriginatorNotAuthenticated for digests and signatures, kNotImplemented for what this
/// processor does not know; the text names the member.
Result<VerifiedEnvelope> verify_envelope(ByteView envelope,
                                         const std::vector<crypto::PublicKey>& keys,
                                         const Limits& limits = {});

/// UUID of version 5 of a name in a name space. Source: RFC 9562 section 5.5.
Uuid uuid5(const Uuid& name_space, std::string_view name);
/// Of a vendor by its domain, and of a class of device of that vendor.
Uuid vendor_uuid(std::string_view domain);
inline Uuid class_uuid(const Uuid& vendor, std::string_view name) { return uuid5(vendor, name); }

}  // namespace gatehouse::suit
