#pragma once
#include "cse/schema/schema.h"

/// The enumerations that the attribute tables name. Source: TS-0004 clause 6.3.4.2.
namespace gatehouse::enumerations {

extern const Enumeration kCseType;
extern const Enumeration kOperation;
extern const Enumeration kResponseType;
extern const Enumeration kResultContent;
extern const Enumeration kDesiredIdentifierResultType;
extern const Enumeration kRequestStatus;
extern const Enumeration kContentStatus;
extern const Enumeration kConsistencyStrategy;
extern const Enumeration kPendingNotification;
extern const Enumeration kNotificationContentType;
extern const Enumeration kNotificationEventType;
extern const Enumeration kFilterOperation;
extern const Enumeration kStatus;
extern const Enumeration kBatteryStatus;
extern const Enumeration kLogType;
extern const Enumeration kLogStatus;
extern const Enumeration kStationaryIndication;
extern const Enumeration kNetworkAction;
extern const Enumeration kAeRegistrationStatus;
extern const Enumeration kMulticastCapability;
extern const Enumeration kEsprimKeyGenAlgorithm;
extern const Enumeration kEsprimProtocolAndAlgorithm;
extern const Enumeration kSuid;
extern const Enumeration kGeometryType;
extern const Enumeration kEvalCriteriaOperator;
extern const Enumeration kBeaconCriteria;
extern const Enumeration kLocationSource;
extern const Enumeration kLocationInformationType;
extern const Enumeration kGeofenceEventCriteria;
extern const Enumeration kLocationUpdateEventCriteria;
extern const Enumeration kSemanticFormat;
extern const Enumeration kMashupMemberStoreType;
extern const Enumeration kMashupResultGenType;
extern const Enumeration kEvalMode;
extern const Enumeration kCmdType;
extern const Enumeration kExecModeType;
extern const Enumeration kExecStatusType;
extern const Enumeration kTransactionMode;
extern const Enumeration kTransactionControl;
extern const Enumeration kTransactionState;
extern const Enumeration kTransactionLockType;
extern const Enumeration kTransactionMgmtHandling;
extern const Enumeration kExecResultType;
extern const Enumeration kEventType;
extern const Enumeration kStatsRuleStatus;
extern const Enumeration kStatModel;
extern const Enumeration kAuthorizationDecision;
extern const Enumeration kAuthorizationStatus;
extern const Enumeration kCombiningAlgorithm;
extern const Enumeration kSessionState;
extern const Enumeration kTriggerPurpose;
extern const Enumeration kTriggerStatus;
extern const Enumeration kTransferSelectionGuidance;
extern const Enumeration kPrimitiveProfileApplicability;
extern const Enumeration kProcessStatus;
extern const Enumeration kProcessControl;
extern const Enumeration kResourceType;
extern const Enumeration kMgmtDefinition;
extern const Enumeration kMemberType;

extern const Enumeration kAccessControlOperations;  ///< a sum of 1 2 4 8 16 32
extern const Enumeration kEventCategory;            ///< m2m:eventCat: 2..4 and 100..999
extern const Enumeration kEventCategoryOrDefault;   ///< m2m:eventCatWithDef: those and 0
extern const Enumeration kPercent;                  ///< 0..100
extern const Enumeration kStoragePriority;          ///< 1..10

}  // namespace gatehouse::enumerations
