#pragma once
#include <map>
#include <string>
#include <vector>

#include "ae-apps/attestation/evidence/log/key_change.h"

namespace gatehouse::evidence {

/// All that an auditor trusts, chosen by the auditor and never taken from a certificate.
struct TrustAnchors {
  std::vector<VerifierKey> logs;       ///< first keys of logs; a key's name is its log's origin
  std::vector<VerifierKey> witnesses;  ///< cosignature keys
  std::size_t quorum = 0;              ///< so many of the witnesses must have cosigned
  std::string stamps_pem;              ///< anchors of time stamp authorities
  /// Of "center", "verifier" and "device": certificates of authorities, or public keys, in PEM.
  std::map<std::string, std::string> roles;
};

/// JSON: {"logs":[vkey …],"witnesses":[vkey
/// …],"quorum":2,"stamps":"PEM","roles":{"device":"PEM",…}}. Errors: kBadRequest: a log, a stamp
/// anchor and all three roles must be there, and a quorum that the witnesses can reach.
Result<TrustAnchors> parse_anchors(std::string_view text);
std::string encode(const TrustAnchors& anchors);

}  // namespace gatehouse::evidence
