#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ae-apps/attestation/quote/hash.h"
#include "ae-apps/ota/crypto/keys.h"
#include "cse/primitive/timestamp.h"

namespace gatehouse::attest {

enum class Standing : std::uint8_t { kAllowed, kSuperseded, kRevoked };

/// One version of one component that somebody has judged.
struct Reference {
  std::string component;  ///< "file:/bin/sh", "boot:4", "ecu:brake"
  std::string version;
  HashAlg alg = HashAlg::kSha256;
  Bytes digest;
  Standing standing = Standing::kAllowed;
  std::optional<Timestamp> until;  ///< the last moment at which a superseded version is allowed
  std::string reason;              ///< of a revocation
};

/// A numbered bundle of references: the white list at one time.
struct WhiteList {
  std::uint64_t number = 0;
  std::string issuer;
  Timestamp valid_until;
  std::vector<std::string> required;  ///< components that must have been measured
  std::vector<Reference> references;
  std::string hash;  ///< SHA-256 of the payload, hexadecimal: names this bundle in every verdict

  /// The references of one component, in the bundle's order.
  std::vector<const Reference*> of(std::string_view component) const;

 private:
  friend Result<WhiteList> parse_white_list(std::string_view, std::uint64_t, Timestamp);
  std::multimap<std::string, std::size_t, std::less<>> index_;
};

constexpr std::string_view kBundleType = "gatehouse-white-list+jwt";

/// A bundle is a compact JWS of type kBundleType over
/// `{"number":7,"issuer":"oem","validUntil":"20270101T000000","required":["boot:0"],
///   "references":[{"component":"ecu:brake","version":"1.0","digest":"sha256:…",
///                  "standing":"superseded","until":"20261201T000000"}]}`.
/// `highest_seen`: a lower number is an old bundle brought back. Errors: kBadRequest,
/// kNotAcceptable; the text begins with "white list:".
Result<WhiteList> read_bundle(std::string_view jws, const std::vector<crypto::PublicKey>& trusted,
                              std::uint64_t highest_seen, Timestamp now);

/// The same without the signature: for a list that is trusted because of where it was read.
Result<WhiteList> parse_white_list(std::string_view payload, std::uint64_t highest_seen,
                                   Timestamp now);

}  // namespace gatehouse::attest
