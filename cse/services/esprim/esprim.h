#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cse/jose/esprim.h"
#include "cse/primitive/handler.h"

namespace gatehouse {

/// Response status codes of ESPrim. Source: TS-0004 clause 6.6.3.
namespace esprim_rsc {
inline constexpr Rsc kUnsupportedOption{4111};
inline constexpr Rsc kUnknownKeyId{4112};
inline constexpr Rsc kUnknownOriginatorRandom{4113};
inline constexpr Rsc kUnknownReceiverRandom{4114};
inline constexpr Rsc kBadMac{4115};
inline constexpr Rsc kImpersonation{4116};
inline constexpr Rsc kDecryptionError{5210};
}  // namespace esprim_rsc

/// A pairwiseESPrimKey, and whom it proves.
struct PairwiseKey {
  jose::SharedKey key;  ///< 16 or 32 bytes
  std::vector<std::string> originators;
};

struct EsPrimSettings {
  std::string cse_id;                          ///< "/id-in"
  std::string csebase_name;                    ///< "cse-in"
  std::string sp_id;                           ///< "//gatehouse.example"
  std::chrono::seconds session_lifetime{600};  ///< of a receiver's random value
  std::size_t max_sessions = 2'000;            ///< beyond it the oldest goes
  std::size_t max_messages = 1'000;            ///< in one session; then a new one is needed
};

/// End-to-end security of primitives, the CSE's end: stands before the core and takes NOTIFYs to
/// the CSE itself with a securityInfo of type 3 (asks for a random value) and 5 (carries a
/// primitive in a JWE). The primitive inside is executed as if its originator had come over an
/// association that proves the owner of the pairwise key, and its response goes back the same way;
/// whoever carried the message sees neither. A message is taken once. All other requests pass.
///
/// The NOTIFY itself needs no registration and no privilege: nothing is done for its originator.
/// Source: TS-0003 clause 8.4, TS-0004 clause 7.5.2 (securityInfo). Left out: ESCertKE (types 6).
/// Threading: any.
class EsPrimGate final : public PrimitiveHandler {
 public:
  using FindKey = std::function<std::optional<PairwiseKey>(const std::string& key_id)>;
  using Now = std::function<Timestamp()>;
  /// `next` must outlive this.
  EsPrimGate(EsPrimSettings settings, PrimitiveHandler& next, FindKey find_key, Now now);

  void handle(Request&& request, Reply reply) override;

 private:
  struct Session {
    jose::ReceiverRandom random;
    std::set<std::string> seen;  ///< initialisation vectors: each of a message that was taken
  };
  struct Opened {
    Request inner;
    jose::SharedKey key;
    std::string receiver_random_id;
    jose::OriginatorRandom originator;
  };
  bool is_to_this_cse(const Request& request) const;
  Response give_random(const Request& request);
  Result<Opened> open(const std::string& jwe);
  Result<jose::ReceiverRandom> session_of(const std::string& id);
  Result<void> take_once(const std::string& session_id, const std::string& jwe);
  void take(Request request, const std::string& jwe, Reply reply);

  const EsPrimSettings settings_;
  PrimitiveHandler& next_;
  const FindKey find_key_;
  const Now now_;
  std::mutex mutex_;  // guards the line below
  std::map<std::string, Session> sessions_;
};

}  // namespace gatehouse
