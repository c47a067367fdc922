#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::pki {

/// Whom a certificate is for. What each may do with it is a row of kProfiles.
enum class Kind : std::uint8_t { kCse, kAe, kNode, kEcu, kOem, kServer, kTester };

/// What a certificate of a kind holds. Source: TS-0003 clause 10.1.1 (certificate profiles), RFC
/// 5280.
struct Profile {
  Kind kind;
  std::string_view name;           ///< on the command line and in the index
  const char* extended_key_usage;  ///< as OpenSSL's configuration words it; nullptr: none
  bool needs_identity;             ///< a oneM2M identity in its subjectAltName
  bool needs_host;                 ///< at least one host name or address
};

inline constexpr Profile kProfiles[] = {
    {Kind::kCse, "cse", "clientAuth,serverAuth", true, false},
    {Kind::kAe, "ae", "clientAuth,serverAuth", true, false},
    {Kind::kNode, "node", "clientAuth", false, false},
    {Kind::kEcu, "ecu", nullptr, false, false},  // signs reports; speaks no TLS
    {Kind::kOem, "oem", "codeSigning", false, false},
    {Kind::kServer, "server", "serverAuth", false, true},  // a broker, a web server
    {Kind::kTester, "tester", "clientAuth,2.25.192383241172345120163458722318941202441", false,
     false},  // programs ECUs (UDS 29); the usage is ours
};

const Profile& profile_of(Kind kind);
std::optional<Kind> kind_named(std::string_view name);

using Time = std::chrono::system_clock::time_point;
using Days = std::chrono::duration<int, std::ratio<86400>>;

inline constexpr Days kAuthorityLifetime{3650};
inline constexpr Days kLeafLifetime{365};
inline constexpr Days kLongestLeafLifetime{825};  ///< more is refused
inline constexpr Days kCrlLifetime{30};
inline constexpr Days kOcspLifetime{7};
inline constexpr std::chrono::minutes kClockTolerance{
    10};  ///< how long before now a certificate begins

/// What is asked of the authority.
struct Request {
  Kind kind = Kind::kAe;
  std::string name;                     ///< filed as NAME.crt and NAME.key
  std::vector<std::string> identities;  ///< "/id-in", "/id-mn/Cgw", "Sfoo"; the first gives the
                                        ///< common name. Of a node: its M2M-Node-ID
  std::vector<std::string> hosts;       ///< dNSName
  std::vector<std::string> addresses;   ///< iPAddress, v4 or v6
  std::string public_key_pem;  ///< certify this key (of a token, of an ECU); empty: make a new one
  std::string ocsp_url;        ///< http URL of the responder, for authorityInfoAccess; empty: none
  Days lifetime = kLeafLifetime;
  bool replace = false;  ///< renew: a certificate of this name is superseded and revoked
};

}  // namespace gatehouse::pki
