#include "cse/schema/standard_types.h"

#include "cse/schema/flex_containers.h"

namespace gatehouse {

void add_standard_types(Schemas& schemas) {
  using namespace standard;
  static constexpr const TypeSchema* kAll[] = {
      &kCseBaseType,
      &kCseBaseAnncType,
      &kAeType,
      &kRemoteCseType,
      &kContainerType,
      &kContentInstanceType,
      &kAccessControlPolicyType,
      &kGroupType,
      &kSubscriptionType,
      &kScheduleType,
      &kPollingChannelType,
      &kNodeType,
      &kRequestType,
      &kFlexContainerType,
      &kFlexContainerInstanceType,
      &kTimeSeriesType,
      &kTimeSeriesInstanceType,
      &kTimeSyncBeaconType,
      &kActionType,
      &kDependencyType,
      &kLocationPolicyType,
      &kSemanticDescriptorType,
      &kOntologyRepositoryType,
      &kOntologyType,
      &kSemanticMashupJobProfileType,
      &kSemanticMashupInstanceType,
      &kSemanticMashupResultType,
      &kMgmtCmdType,
      &kExecInstanceType,
      &kTransactionMgmtType,
      &kTransactionType,
      &kDeliveryType,
      &kCrossResourceSubscriptionType,
      &kNotificationTargetMgmtPolicyRefType,
      &kNotificationTargetPolicyType,
      &kPolicyDeletionRulesType,
      &kAeContactListType,
      &kAeContactListPerCseType,
      &kServiceSubscriptionProfileType,
      &kServiceSubscribedNodeType,
      &kServiceSubscribedAppRuleType,
      &kRoleType,
      &kTokenType,
      &kConsultationType,
      &kStatsConfigType,
      &kEventConfigType,
      &kStatsCollectType,
      &kAuthorizationDecisionType,
      &kAuthorizationPolicyType,
      &kAuthorizationInformationType,
      &kLocalMulticastGroupType,
      &kMultimediaSessionType,
      &kTriggerRequestType,
      &kBackgroundDataTransferType,
      &kPrimitiveProfileType,
      &kProcessManagementType,
      &kStateType,
  };
  for (const TypeSchema* type : kAll) schemas.add(*type);
  schemas.set_specialisations(std::make_shared<const FlexContainers>());
}

}  // namespace gatehouse
