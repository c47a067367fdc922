#pragma once
#include "cse/schema/schema.h"

/// The tables that add_standard_types() adds, one per resource type.
namespace gatehouse::standard {

extern const TypeSchema kCseBaseType;
extern const TypeSchema kCseBaseAnncType;
extern const TypeSchema kAeType;
extern const TypeSchema kRemoteCseType;
extern const TypeSchema kContainerType;
extern const TypeSchema kContentInstanceType;
extern const TypeSchema kAccessControlPolicyType;
extern const TypeSchema kGroupType;
extern const TypeSchema kSubscriptionType;
extern const TypeSchema kScheduleType;
extern const TypeSchema kPollingChannelType;
extern const TypeSchema kNodeType;
extern const TypeSchema kRequestType;
extern const TypeSchema kServiceSubscriptionProfileType;
extern const TypeSchema kServiceSubscribedNodeType;
extern const TypeSchema kServiceSubscribedAppRuleType;
extern const TypeSchema kRoleType;
extern const TypeSchema kTokenType;
extern const TypeSchema kConsultationType;
extern const TypeSchema kActionType;
extern const TypeSchema kDependencyType;
extern const TypeSchema kLocationPolicyType;
extern const TypeSchema kSemanticDescriptorType;
extern const TypeSchema kOntologyRepositoryType;
extern const TypeSchema kOntologyType;
extern const TypeSchema kSemanticMashupJobProfileType;
extern const TypeSchema kSemanticMashupInstanceType;
extern const TypeSchema kSemanticMashupResultType;
extern const TypeSchema kMgmtCmdType;
extern const TypeSchema kExecInstanceType;
extern const TypeSchema kTransactionMgmtType;
extern const TypeSchema kTransactionType;
extern const TypeSchema kDeliveryType;
extern const TypeSchema kCrossResourceSubscriptionType;
extern const TypeSchema kNotificationTargetMgmtPolicyRefType;
extern const TypeSchema kNotificationTargetPolicyType;
extern const TypeSchema kPolicyDeletionRulesType;
extern const TypeSchema kAeContactListType;
extern const TypeSchema kAeContactListPerCseType;
extern const TypeSchema kStatsConfigType;
extern const TypeSchema kEventConfigType;
extern const TypeSchema kStatsCollectType;
extern const TypeSchema kAuthorizationDecisionType;
extern const TypeSchema kAuthorizationPolicyType;
extern const TypeSchema kAuthorizationInformationType;
extern const TypeSchema kLocalMulticastGroupType;
extern const TypeSchema kMultimediaSessionType;
extern const TypeSchema kTriggerRequestType;
extern const TypeSchema kBackgroundDataTransferType;
extern const TypeSchema kPrimitiveProfileType;
extern const TypeSchema kProcessManagementType;
extern const TypeSchema kStateType;

extern const TypeSchema kFlexContainerType;
extern const TypeSchema kFlexContainerInstanceType;
extern const TypeSchema kTimeSeriesType;
extern const TypeSchema kTimeSeriesInstanceType;
extern const TypeSchema kTimeSyncBeaconType;

}  // namespace gatehouse::standard
