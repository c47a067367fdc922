#include "cse/schema/enumerations.h"

// Enumerations of statistics, distributed authorization, underlying networks, primitive profiles
// and processes. Source: TS-0004 clause 6.3.4.2; those marked R4 are of Release 4.

namespace gatehouse::enumerations {

namespace {

/// m2m:eventType
constexpr Enumerator kEventTypeValues[] = {
    {1, "DATAOPERATION"},
    {2, "STORAGEBASED"},
    {3, "TIMERBASED"},
};

/// m2m:statsRuleStatusType
constexpr Enumerator kStatsRuleStatusValues[] = {
    {1, "ACTIVE"},
    {2, "INACTIVE"},
};

/// m2m:statModelType
constexpr Enumerator kStatModelValues[] = {
    {1, "EVENTBASED"},
};

/// m2m:authorizationDecision
constexpr Enumerator kAuthorizationDecisionValues[] = {
    {1, "PERMIT"},
    {2, "DENY"},
};

/// m2m:authorizationStatus
constexpr Enumerator kAuthorizationStatusValues[] = {
    {1, "OK"},           {2, "NOT_APPLICABLE"},   {3, "MISSING_ATTRIBUTE"},
    {4, "SYNTAX_ERROR"}, {5, "PROCESSING_ERROR"},
};

/// m2m:acpCombiningAlgorithm
constexpr Enumerator kCombiningAlgorithmValues[] = {
    {1, "PERMIT_OVERRIDES"},
};

/// m2m:sessionState
constexpr Enumerator kSessionStateValues[] = {
    {1, "OFFLINE"},
    {2, "ONLINE"},
};

/// m2m:triggerPurpose
constexpr Enumerator kTriggerPurposeValues[] = {
    {1, "establishConnection"},
    {2, "registrationRequest"},
    {3, "executeCRUD"},
    {4, "enrolmentRequest"},
};

/// m2m:triggerStatus
constexpr Enumerator kTriggerStatusValues[] = {
    {1, "PROCESSING"},        {2, "ERROR_NSE_NOT_FOUND"}, {3, "TRIGGER_TRIGGERED"},
    {4, "TRIGGER_DELIVERED"}, {5, "TRIGGER_EXPIRED"},     {6, "TRIGGER_FAILED"},
    {7, "TRIGGER_REPLACED"},  {8, "TRIGGER_UNCONFIRMED"}, {9, "TRIGGER_TERMINATED"},
};

/// m2m:transferSelectionGuidance
constexpr Enumerator kTransferSelectionGuidanceValues[] = {
    {1, "lowestCost"},
    {2, "bestDataRates"},
};

/// m2m:primitiveProfileApplicability (R4)
constexpr Enumerator kPrimitiveProfileApplicabilityValues[] = {
    {1, "REQUESTS_TO_CSE"},
    {2, "RESPONSES_FROM_CSE"},
    {4, "NOTIFICATIONS_FROM_CSE"},
};

/// m2m:processStatus (R4)
constexpr Enumerator kProcessStatusValues[] = {
    {1, "Disabled"}, {2, "Enabled"},   {3, "Activated"},
    {4, "Paused"},   {5, "Completed"}, {6, "Aborted"},
};

/// m2m:processControl (R4)
constexpr Enumerator kProcessControlValues[] = {
    {1, "Enable"},
    {2, "Disable"},
    {3, "Pause"},
    {4, "Reactivate"},
};

}  // namespace

constexpr Enumeration kEventType{"m2m:eventType", kEventTypeValues};
constexpr Enumeration kStatsRuleStatus{"m2m:statsRuleStatusType", kStatsRuleStatusValues};
constexpr Enumeration kStatModel{"m2m:statModelType", kStatModelValues};
constexpr Enumeration kAuthorizationDecision{"m2m:authorizationDecision",
                                             kAuthorizationDecisionValues};
constexpr Enumeration kAuthorizationStatus{"m2m:authorizationStatus", kAuthorizationStatusValues};
constexpr Enumeration kCombiningAlgorithm{"m2m:acpCombiningAlgorithm", kCombiningAlgorithmValues};
constexpr Enumeration kSessionState{"m2m:sessionState", kSessionStateValues};
constexpr Enumeration kTriggerPurpose{"m2m:triggerPurpose", kTriggerPurposeValues};
constexpr Enumeration kTriggerStatus{"m2m:triggerStatus", kTriggerStatusValues};
constexpr Enumeration kTransferSelectionGuidance{"m2m:transferSelectionGuidance",
                                                 kTransferSelectionGuidanceValues};
constexpr Enumeration kPrimitiveProfileApplicability{"m2m:primitiveProfileApplicability",
                                                     kPrimitiveProfileApplicabilityValues};
constexpr Enumeration kProcessStatus{"m2m:processStatus", kProcessStatusValues};
constexpr Enumeration kProcessControl{"m2m:processControl", kProcessControlValues};

}  // namespace gatehouse::enumerations
