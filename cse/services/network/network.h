#pragma once
#include "cse/core/cse.h"

namespace gatehouse {

/// Types with which a CSE uses an underlying network, as a node without one has them:
///
///  - <multimediaSession>: two AEs agree on a session that runs beside oneM2M, so no network is
///  needed.
///    The AE must have sessionCapabilities (else 5214 TARGET_HAS_NO_SESSION_CAPABILITY); the
///    session begins OFFLINE; while it is ONLINE its descriptions do not change (5215
///    SESSION_IS_ONLINE). Source: TS-0004 clause 7.4.56.
///  - <triggerRequest>: a registree whose triggerEnable is false is not triggered (5218);
///  executeCRUD
///    says what to do with what (4000). There is no network service entity to hand the trigger to,
///    so its status is ERROR_NSE_NOT_FOUND from the beginning, and it can be neither replaced
///    (5219) nor recalled (5220): it ends with its expirationTime or its <AE>. Source: TS-0004
///    clause 7.4.57.
///  - <backgroundDataTransfer>: kept as asked for; no network changes the time window, and the
///  guidance
///    is "lowest cost" if none is given. Its members are <AE>s and <remoteCSE>s. Source: TS-0001
///    clause 9.6.60.
///  - <localMulticastGroup>: this node joins no multicast group, so 5216
///  JOIN_MULTICAST_GROUP_FAILED;
///    the group's host then addresses each member. Source: TS-0004 clause 7.4.55.2.1.
///
/// Before cse.start(); `cse` outlives what is added.
void add_network_types(Cse& cse);

}  // namespace gatehouse
