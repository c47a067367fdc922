#pragma once
#include <string>
#include <string_view>

#include "cse/jose/jose.h"
#include "cse/primitive/timestamp.h"

/// End-to-end security of primitives: what both ends of a session do alike.
/// Source: TS-0003 clause 8.4.
namespace gatehouse::jose {

/// m2m:securityInfoType of the three messages.
constexpr int kRandomRequest = 3, kRandomResponse = 4, kEsPrimMessage = 5;

/// What a receiver draws for sessions: {esri, esrv, esrx, esks, espa}.
struct ReceiverRandom {
  std::string id, value;
  Timestamp expires;
  Value to_value() const;
  /// Errors: kBadRequest naming the member.
  static Result<ReceiverRandom> read(const Value& value);
};

/// What an originator draws for its session.
struct OriginatorRandom {
  std::string id, value;
  Value to_value() const;  ///< {esri, esrv, esrx, esk, espa} without expiry: that is the receiver's
  static Result<OriginatorRandom> read(const Value& value);
};

OriginatorRandom draw_originator_random();

/// The key of a session: HMAC-SHA256 of the pairwise key over both random values, as long as the
/// pairwise key (16 or 32 bytes), with its identifier. esprimKeyGenAlgID 1 (HMAC-SHA256).
/// DEVIATION: the order of the two values in TS-0003 clause 8.4.2 was not at hand; receiver first.
SharedKey session_key(const SharedKey& pairwise, const ReceiverRandom& receiver,
                      const OriginatorRandom& originator);

/// The inner primitive (JSON) as the JWE of a message. `cty` is "vnd.onem2m-prim+json".
Result<std::string> seal(std::string_view primitive, const SharedKey& session,
                         const std::string& receiver_random_id, const OriginatorRandom& originator);

/// {"m2m:seci":{"sit":5,"epo":jwe}}
Value message_with(std::string jwe);

}  // namespace gatehouse::jose
