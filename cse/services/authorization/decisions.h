#pragma once
#include "cse/core/cse.h"

namespace gatehouse {

/// Distributed authorization: other CSEs ask this one what its policies say.
///
///  - <authorizationDecision>, a policy decision point: an UPDATE with to, from (fr) and operation
///  (op)
///    is answered with decision (dec: 1 PERMIT, 2 DENY) and status (sus: 1 OK; 2 NOT_APPLICABLE
///    where `to` is no resource of this CSE). Decided by the access control of this CSE as for a
///    request of that originator; originatorIP (oip) and requestedResourceType (rrt) count.
///    DEVIATION: roles, tokens and time of the request that is asked about do not, as nothing
///    proves them here.
///  - <authorizationPolicy>, a policy retrieval point: an UPDATE with `to` is answered with the
///    privileges of the policies that govern it (ps), the combining algorithm (ca) and the status.
///
/// Nothing of a question or an answer stays in the resource: it is taken out after the answer. To
/// <authorizationInformation> no procedure is bound here, which the standard allows: it is kept as
/// it is written. Source: TS-0004 clauses 7.4.43 to 7.4.45, TS-0003 clause 7.5.
class Decisions final : public CommitListener {
 public:
  /// Adds itself to `cse`, which outlives this. Before cse.start().
  explicit Decisions(Cse& cse);

  void committed(const Committed& event) override;

 private:
  Cse& cse_;
};

}  // namespace gatehouse
