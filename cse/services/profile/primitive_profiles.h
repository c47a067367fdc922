#pragma once
#include "cse/core/cse.h"

namespace gatehouse {

/// <primitiveProfile>: what a constrained originator need not send with each request.
///
/// Stands before the core. A request with the parameter prpi (primitiveProfileID) is completed by
/// that profile, if its originator is in the profile's IDList and the profile's resourceTypes,
/// operations, resourceIDs and releaseVersions, where given, fit the request:
///
///  - `additions` are set where the request says nothing of its own: a parameter by its short name
///    ("rcn", "rqet"), any other name as an attribute of the resource in pc;
///  - `deletions` are left out, likewise.
///
/// With applicability 1 (REQUESTS_TO_CSE), which is the default, of the request, with 2
/// (RESPONSES_FROM_CSE) of the answer. A request without prpi passes as it came.
/// Parameters that say who asks what (op, to, fr, rqi, ty, rvi, prpi) belong to no profile: such a
/// profile is refused. Left out: applicability 4 (NOTIFICATIONS_FROM_CSE), since a notification
/// names no profile.
///
/// Source: TS-0001 (R4) clause 9.6.62. Errors: kNotFound if prpi names no profile,
/// kOriginatorHasNoPrivilege if the originator is not in its IDList, kBadRequest if the completed
/// primitive is not one. Threading: any.
class PrimitiveProfiles final : public PrimitiveHandler {
 public:
  /// Adds the behaviour of the type to `cse`. Both outlive this. Before cse.start().
  PrimitiveProfiles(Cse& cse, PrimitiveHandler& next);

  void handle(Request&& request, Reply reply) override;

 private:
  Result<ResourcePtr> profile_of(const Request& request) const;
  bool fits(const Value& profile, const Request& request) const;

  Cse& cse_;
  PrimitiveHandler& next_;
};

}  // namespace gatehouse
