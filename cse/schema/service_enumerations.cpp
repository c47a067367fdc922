#include <array>

#include "cse/schema/enumerations.h"

// The enumerations of location, semantics, actions, commands and transactions.

namespace gatehouse::enumerations {
namespace {

// One row per value, in columns.
// clang-format off
/// m2m:locationSource
constexpr Enumerator kLocationSourceValues[] = {
    {1, "Network_based"},
    {2, "Device_based"},
    {3, "Sharing_based"},
};

/// m2m:locationInformationType
constexpr Enumerator kLocationInformationTypeValues[] = {
    {1, "Position fix"},
    {2, "Geofence event"},
};

/// m2m:geofenceEventCriteria
constexpr Enumerator kGeofenceEventCriteriaValues[] = {
    {1, "Entering"},
    {2, "Leaving"},
    {3, "Inside"},
    {4, "Outside"},
};

/// m2m:locationUpdateEventCriteria
constexpr Enumerator kLocationUpdateEventCriteriaValues[] = {
    {0, "Location_Change"},
};

/// m2m:semanticFormat
constexpr Enumerator kSemanticFormatValues[] = {
    {1, "IRI"},
    {2, "Functional-style"},
    {3, "OWL/XML"},
    {4, "RDF/XML"},
    {5, "RDF/Turtle"},
    {6, "Manchester"},
    {7, "JSON-LD"},
};

/// m2m:mashupMemberStoreType
constexpr Enumerator kMashupMemberStoreTypeValues[] = {
    {1, "URI_ONLY"},
    {2, "URI_AND_VALUE"},
};

/// m2m:mashupResultGenType
constexpr Enumerator kMashupResultGenTypeValues[] = {
    {1, "WHEN_SMI_IS_CREATED"},
    {2, "WHEN_MR_REQUESTS"},
    {3, "PERIODICALLY"},
    {4, "WHEN_A_MASHUP_MEMBER_IS_UPDATED"},
};

/// m2m:evalMode (R4)
constexpr Enumerator kEvalModeValues[] = {
    {0, "off"},
    {1, "once"},
    {2, "periodic"},
    {3, "continuous"},
};

/// m2m:cmdType
constexpr Enumerator kCmdTypeValues[] = {
    {1, "RESET"},
    {2, "REBOOT"},
    {3, "UPLOAD"},
    {4, "DOWNLOAD"},
    {5, "SOFTWAREINSTALL"},
    {6, "SOFTWAREUNINSTALL"},
    {7, "SOFTWAREUPDATE"},
};

/// m2m:execModeType
constexpr Enumerator kExecModeTypeValues[] = {
    {1, "IMMEDIATEONCE"},
    {2, "IMMEDIATEREPEAT"},
    {3, "RANDOMONCE"},
    {4, "RANDOMREPEAT"},
};

/// m2m:execStatusType
constexpr Enumerator kExecStatusTypeValues[] = {
    {1, "INITIATED"},
    {2, "PENDING"},
    {3, "FINISHED"},
    {4, "CANCELLING"},
    {5, "CANCELLED"},
    {6, "STATUS_NON_CANCELLABLE"},
};

/// m2m:transactionMode
constexpr Enumerator kTransactionModeValues[] = {
    {1, "CSE_CONTROLLED"},
    {2, "CREATOR_CONTROLLED"},
};

/// m2m:transactionControl
constexpr Enumerator kTransactionControlValues[] = {
    {1, "INITIAL"},
    {2, "LOCK"},
    {3, "EXECUTE"},
    {4, "COMMIT"},
    {5, "ABORT"},
};

/// m2m:transactionState
constexpr Enumerator kTransactionStateValues[] = {
    {1, "INITIAL"},
    {2, "LOCKED"},
    {3, "EXECUTED"},
    {4, "COMMITTED"},
    {5, "ERROR"},
    {6, "ABORTED"},
};

/// m2m:transactionLockType
constexpr Enumerator kTransactionLockTypeValues[] = {
    {1, "BLOCK_ALL"},
    {2, "ALLOW_RETRIEVES"},
};

/// m2m:transactionMgmtHandling
constexpr Enumerator kTransactionMgmtHandlingValues[] = {
    {1, "DELETE"},
    {2, "PERSIST"},
};

// clang-format on

/// m2m:execResultType: 0 SUCCESS to 31 NOT_FINISHED, without 17 and 18.
constexpr auto exec_results() {
  std::array<Enumerator, 30> values{};
  std::size_t count = 0;
  for (std::int64_t value = 0; value <= 31; ++value) {
    if (value != 17 && value != 18) values[count++] = {value, {}};
  }
  return values;
}
constexpr auto kExecResultTypeValues = exec_results();

}  // namespace

constexpr Enumeration kLocationSource{"m2m:locationSource", kLocationSourceValues};
constexpr Enumeration kLocationInformationType{"m2m:locationInformationType",
                                               kLocationInformationTypeValues};
constexpr Enumeration kGeofenceEventCriteria{"m2m:geofenceEventCriteria",
                                             kGeofenceEventCriteriaValues};
constexpr Enumeration kLocationUpdateEventCriteria{"m2m:locationUpdateEventCriteria",
                                                   kLocationUpdateEventCriteriaValues};
constexpr Enumeration kSemanticFormat{"m2m:semanticFormat", kSemanticFormatValues};
constexpr Enumeration kMashupMemberStoreType{"m2m:mashupMemberStoreType",
                                             kMashupMemberStoreTypeValues};
constexpr Enumeration kMashupResultGenType{"m2m:mashupResultGenType", kMashupResultGenTypeValues};
constexpr Enumeration kEvalMode{"m2m:evalMode", kEvalModeValues};
constexpr Enumeration kCmdType{"m2m:cmdType", kCmdTypeValues};
constexpr Enumeration kExecModeType{"m2m:execModeType", kExecModeTypeValues};
constexpr Enumeration kExecStatusType{"m2m:execStatusType", kExecStatusTypeValues};
constexpr Enumeration kTransactionMode{"m2m:transactionMode", kTransactionModeValues};
constexpr Enumeration kTransactionControl{"m2m:transactionControl", kTransactionControlValues};
constexpr Enumeration kTransactionState{"m2m:transactionState", kTransactionStateValues};
constexpr Enumeration kTransactionLockType{"m2m:transactionLockType", kTransactionLockTypeValues};
constexpr Enumeration kTransactionMgmtHandling{"m2m:transactionMgmtHandling",
                                               kTransactionMgmtHandlingValues};
constexpr Enumeration kExecResultType{"m2m:execResultType", kExecResultTypeValues};

}  // namespace gatehouse::enumerations
