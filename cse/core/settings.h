#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace gatehouse {

/// Where the entities of a network are: what an access control rule with a location region
/// (accessControlLocationRegion) is compared with.
struct NetworkLocation {
  std::string network;  ///< "10.0.0.0/8", "2001:db8::/32"
  std::string country;  ///< ISO 3166-1, two letters; empty: unknown
  bool has_position = false;
  double latitude = 0, longitude = 0;  ///< degrees
};

/// Who this CSE is, and its limits. Filled from the configuration by cse/node.
struct CseSettings {
  int cse_type = 1;                           ///< m2m:cseTypeID: 1 IN, 2 MN, 3 ASN
  std::string cse_id = "/id-in";              ///< SP-relative
  std::string csebase_name = "cse-in";        ///< rn of the CSEBase
  std::string sp_id = "//gatehouse.example";  ///< M2M-SP-ID
  std::string administrator = "CAdmin";       ///< may do everything; empty: nobody
  /// Dialect admit_unregistered: who is not registered is judged by access control alone instead of
  /// refused (4106, 4107).
  bool admit_unregistered = false;
  /// Dialect public_csebase: the same, for a plain RETRIEVE of the CSEBase.
  bool public_csebase = false;
  std::vector<std::string> release_versions = {"2a", "3", "4"};
  std::vector<std::string> serializations = {"application/json"};  ///< csz: media types
  std::vector<std::string> point_of_access;                        ///< poa of the CSEBase

  /// True: the administrator must be proven, by TLS, by the broker or by a bearer token. So a node
  /// that has credentials does not believe a name alone.
  bool administrator_needs_proof = false;
  std::vector<NetworkLocation> locations;

  std::chrono::seconds default_expiration{std::chrono::hours(24 * 365 * 5)};
  std::chrono::seconds max_expiration{std::chrono::hours(24 * 365 * 10)};
  std::chrono::milliseconds default_request_timeout{10'000};
  std::size_t cache_resources = 50'000;       ///< resources kept decoded in memory
  std::size_t max_batch = 256;                ///< writes that share one commit
  std::size_t max_queued_writes = 20'000;     ///< beyond that a write is refused (5000, "busy")
  std::size_t max_queued_bytes = 256 << 20;   ///< of the requests among them; refused as above
  std::int64_t max_discovery_results = 1000;  ///< a larger answer is cut, with contentStatus 1
  std::int64_t max_discovery_work =
      200'000;                             ///< index entries that one answer may cost; 20 each read
  std::size_t max_answer_bytes = 4 << 20;  ///< of nested children (rcn 4, 8); more is cut
  std::size_t max_children_depth = 32;     ///< levels of nested children in one answer (rcn 4, 8)

  /// "/id-in" without the slash: first part of CSE-relative identifiers seen from elsewhere.
  std::string cse_id_stem() const { return cse_id.substr(1); }
};

}  // namespace gatehouse
