#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ae-apps/ota/crypto/certificate.h"
#include "ae-apps/ota/crypto/random.h"
#include "ae-apps/ota/uds/message.h"

/// Authentication (0x29) with certificate exchange (APCE), one-sided: the tester proves who it is.
/// Source: ISO 14229-1:2020 (Authentication service).
namespace gatehouse::uds {

enum class AuthenticationTask : std::uint8_t {
  kDeauthenticate = 0x00,
  kVerifyCertificate = 0x01,  ///< unidirectional
  kProofOfOwnership = 0x03,
  kConfiguration = 0x08,
};
enum class AuthenticationReturn : std::uint8_t {
  kConfigurationIsApce = 0x02,
  kDeauthenticated = 0x10,
  kOwnershipToBeProven = 0x11,
  kComplete = 0x12,
};

/// Whom an ECU believes.
struct AuthenticationSettings {
  crypto::TrustAnchors anchors;
  std::vector<std::string> testers;         ///< common names that may program; empty: all
  std::function<std::int64_t()> unix_time;  ///< seconds since 1970
};

/// What a tester signs to prove that the certificate is its own.
Bytes proof_input(ByteView challenge);

/// `29 01`: communication configuration 0, no challenge of the tester's.
Bytes encode_certificate_request(ByteView certificate_der);
/// `29 03`: no ephemeral key.
Bytes encode_proof_request(ByteView proof);
/// The ECU's challenge in what follows `69 01`; nullopt if that is malformed.
std::optional<Bytes> challenge_in(ByteView response_data);

/// One tester's authentication at one ECU. Counting failures, and waiting after too many, is up to
/// the caller.
class Authentication {
 public:
  Authentication(AuthenticationSettings settings, crypto::Random& random)
      : settings_(std::move(settings)), random_(random) {}

  /// What follows the task of 29 01: the response's data, or why not (NRC 0x50 to 0x57).
  tl::expected<Bytes, Nrc> verify_certificate(ByteView data);
  bool challenge_given() const { return claimed_.has_value(); }
  /// What follows the task of 29 03. NRC 0x58: not the owner.
  tl::expected<Bytes, Nrc> check_proof(ByteView data);
  void drop();

  bool authenticated() const { return authenticated_; }
  /// Common name; empty: nobody.
  const std::string& tester() const { return tester_; }

 private:
  AuthenticationSettings settings_;
  crypto::Random& random_;
  std::optional<crypto::Holder> claimed_;
  Bytes challenge_;
  bool authenticated_ = false;
  std::string tester_;
};

}  // namespace gatehouse::uds
