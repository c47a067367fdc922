#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace gatehouse {

/// Response status code of a primitive. Source: TS-0004 clause 6.6.3.
enum class Rsc : std::uint16_t {
  kAccepted = 1000,
  kAcceptedNonBlockingSynch = 1001,
  kAcceptedNonBlockingAsynch = 1002,
  kOk = 2000,
  kCreated = 2001,
  kDeleted = 2002,
  kUpdated = 2004,
  kBadRequest = 4000,
  kReleaseVersionNotSupported = 4001,
  kNotFound = 4004,
  kOperationNotAllowed = 4005,
  kRequestTimeout = 4008,
  kUnsupportedMediaType = 4015,
  kSubscriptionCreatorHasNoPrivilege = 4101,
  kContentsUnacceptable = 4102,
  kOriginatorHasNoPrivilege = 4103,
  kGroupRequestIdentifierExists = 4104,
  kConflict = 4105,
  kOriginatorNotAuthenticated = 4106,
  kSecurityAssociationRequired = 4107,
  kInvalidChildResourceType = 4108,
  kNoMembers = 4109,
  kGroupMemberTypeInconsistent = 4110,
  kOriginatorHasAlreadyRegistered = 4117,
  kOntologyNotAvailable = 4118,
  kLinkedSemanticsNotAvailable = 4119,
  kInvalidSemantics = 4120,
  kIllegalTransactionStateTransitionAttempted = 4123,
  kBlockingSubscriptionAlreadyExists = 4124,
  kSpecializationSchemaNotFound = 4125,
  kAppRuleValidationFailed = 4126,
  kOperationDeniedByRemoteEntity = 4127,
  kServiceSubscriptionNotEstablished = 4128,
  kServiceSubscriptionLimitsExceeded = 4141,
  kInvalidProcessConfiguration = 4142,
  kInvalidSparqlQuery = 4143,
  kInternalServerError = 5000,
  kNotImplemented = 5001,
  kTargetNotReachable = 5103,
  kReceiverHasNoPrivilege = 5105,
  kAlreadyExists = 5106,
  kRemoteEntityNotReachable = 5107,
  kTargetNotSubscribable = 5203,
  kSubscriptionVerificationInitiationFailed = 5204,
  kSubscriptionHostHasNoPrivilege = 5205,
  kNonBlockingSynchRequestNotSupported = 5206,
  kNotAcceptable = 5207,
  kGroupMembersNotResponded = 5209,
  kSparqlUpdateError = 5212,
  kTargetHasNoSessionCapability = 5214,
  kSessionIsOnline = 5215,
  kJoinMulticastGroupFailed = 5216,
  kLeaveMulticastGroupFailed = 5217,
  kTriggeringDisabledForRecipient = 5218,
  kUnableToReplaceRequest = 5219,
  kUnableToRecallRequest = 5220,
  kCrossResourceOperationFailure = 5221,
  kTransactionProcessingIsIncomplete = 5222,
  kExternalObjectNotReachable = 6003,
  kExternalObjectNotFound = 6005,
  kMaxNumberOfMemberExceeded = 6010,
  kMgmtSessionCannotBeEstablished = 6020,
  kInvalidCmdType = 6022,
  kInvalidArguments = 6023,
  kInsufficientArguments = 6024,
  kMgmtConversionError = 6025,
  kMgmtCancellationFailed = 6026,
  kAlreadyComplete = 6028,
  kMgmtCommandNotCancellable = 6029,
};

/// The standard's name, such as "NOT_FOUND"; empty for a code that is not in the table above.
std::string_view name_of(Rsc rsc);

/// True for 2xxx and for the acknowledgements 1xxx.
constexpr bool is_success(Rsc rsc) { return static_cast<int>(rsc) < 3000; }

}  // namespace gatehouse
