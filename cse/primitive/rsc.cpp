#include "cse/primitive/rsc.h"

#include <algorithm>
#include <array>

namespace gatehouse {
namespace {

struct Row {
  Rsc rsc;
  std::string_view name;
};

// TS-0004 clause 6.6.3, in order of number.
constexpr std::array kRows = {
    Row{Rsc::kAccepted, "ACCEPTED"},
    Row{Rsc::kAcceptedNonBlockingSynch, "ACCEPTED"},
    Row{Rsc::kAcceptedNonBlockingAsynch, "ACCEPTED"},
    Row{Rsc::kOk, "OK"},
    Row{Rsc::kCreated, "CREATED"},
    Row{Rsc::kDeleted, "DELETED"},
    Row{Rsc::kUpdated, "UPDATED"},
    Row{Rsc::kBadRequest, "BAD_REQUEST"},
    Row{Rsc::kReleaseVersionNotSupported, "RELEASE_VERSION_NOT_SUPPORTED"},
    Row{Rsc::kNotFound, "NOT_FOUND"},
    Row{Rsc::kOperationNotAllowed, "OPERATION_NOT_ALLOWED"},
    Row{Rsc::kRequestTimeout, "REQUEST_TIMEOUT"},
    Row{Rsc::kUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE"},
    Row{Rsc::kSubscriptionCreatorHasNoPrivilege, "SUBSCRIPTION_CREATOR_HAS_NO_PRIVILEGE"},
    Row{Rsc::kContentsUnacceptable, "CONTENTS_UNACCEPTABLE"},
    Row{Rsc::kOriginatorHasNoPrivilege, "ORIGINATOR_HAS_NO_PRIVILEGE"},
    Row{Rsc::kGroupRequestIdentifierExists, "GROUP_REQUEST_IDENTIFIER_EXISTS"},
    Row{Rsc::kConflict, "CONFLICT"},
    Row{Rsc::kOriginatorNotAuthenticated, "ORIGINATOR_NOT_AUTHENTICATED"},
    Row{Rsc::kSecurityAssociationRequired, "SECURITY_ASSOCIATION_REQUIRED"},
    Row{Rsc::kInvalidChildResourceType, "INVALID_CHILD_RESOURCE_TYPE"},
    Row{Rsc::kNoMembers, "NO_MEMBERS"},
    Row{Rsc::kGroupMemberTypeInconsistent, "GROUP_MEMBER_TYPE_INCONSISTENT"},
    Row{Rsc::kOriginatorHasAlreadyRegistered, "ORIGINATOR_HAS_ALREADY_REGISTERED"},
    Row{Rsc::kOntologyNotAvailable, "ONTOLOGY_NOT_AVAILABLE"},
    Row{Rsc::kLinkedSemanticsNotAvailable, "LINKED_SEMANTICS_NOT_AVAILABLE"},
    Row{Rsc::kInvalidSemantics, "INVALID_SEMANTICS"},
    Row{Rsc::kIllegalTransactionStateTransitionAttempted,
        "ILLEGAL_TRANSACTION_STATE_TRANSITION_ATTEMPTED"},
    Row{Rsc::kBlockingSubscriptionAlreadyExists, "BLOCKING_SUBSCRIPTION_ALREADY_EXISTS"},
    Row{Rsc::kSpecializationSchemaNotFound, "SPECIALIZATION_SCHEMA_NOT_FOUND"},
    Row{Rsc::kAppRuleValidationFailed, "APP_RULE_VALIDATION_FAILED"},
    Row{Rsc::kOperationDeniedByRemoteEntity, "OPERATION_DENIED_BY_REMOTE_ENTITY"},
    Row{Rsc::kServiceSubscriptionNotEstablished, "SERVICE_SUBSCRIPTION_NOT_ESTABLISHED"},
    Row{Rsc::kServiceSubscriptionLimitsExceeded, "SERVICE_SUBSCRIPTION_LIMITS_EXCEEDED"},
    Row{Rsc::kInvalidProcessConfiguration, "INVALID_PROCESS_CONFIGURATION"},
    Row{Rsc::kInvalidSparqlQuery, "INVALID_SPARQL_QUERY"},
    Row{Rsc::kInternalServerError, "INTERNAL_SERVER_ERROR"},
    Row{Rsc::kNotImplemented, "NOT_IMPLEMENTED"},
    Row{Rsc::kTargetNotReachable, "TARGET_NOT_REACHABLE"},
    Row{Rsc::kReceiverHasNoPrivilege, "RECEIVER_HAS_NO_PRIVILEGE"},
    Row{Rsc::kAlreadyExists, "ALREADY_EXISTS"},
    Row{Rsc::kRemoteEntityNotReachable, "REMOTE_ENTITY_NOT_REACHABLE"},
    Row{Rsc::kTargetNotSubscribable, "TARGET_NOT_SUBSCRIBABLE"},
    Row{Rsc::kSubscriptionVerificationInitiationFailed,
        "SUBSCRIPTION_VERIFICATION_INITIATION_FAILED"},
    Row{Rsc::kSubscriptionHostHasNoPrivilege, "SUBSCRIPTION_HOST_HAS_NO_PRIVILEGE"},
    Row{Rsc::kNonBlockingSynchRequestNotSupported, "NON_BLOCKING_SYNCH_REQUEST_NOT_SUPPORTED"},
    Row{Rsc::kNotAcceptable, "NOT_ACCEPTABLE"},
    Row{Rsc::kGroupMembersNotResponded, "GROUP_MEMBERS_NOT_RESPONDED"},
    Row{Rsc::kSparqlUpdateError, "SPARQL_UPDATE_ERROR"},
    Row{Rsc::kTargetHasNoSessionCapability, "TARGET_HAS_NO_SESSION_CAPABILITY"},
    Row{Rsc::kSessionIsOnline, "SESSION_IS_ONLINE"},
    Row{Rsc::kJoinMulticastGroupFailed, "JOIN_MULTICAST_GROUP_FAILED"},
    Row{Rsc::kLeaveMulticastGroupFailed, "LEAVE_MULTICAST_GROUP_FAILED"},
    Row{Rsc::kTriggeringDisabledForRecipient, "TRIGGERING_DISABLED_FOR_RECIPIENT"},
    Row{Rsc::kUnableToReplaceRequest, "UNABLE_TO_REPLACE_REQUEST"},
    Row{Rsc::kUnableToRecallRequest, "UNABLE_TO_RECALL_REQUEST"},
    Row{Rsc::kCrossResourceOperationFailure, "CROSS_RESOURCE_OPERATION_FAILURE"},
    Row{Rsc::kTransactionProcessingIsIncomplete, "TRANSACTION_PROCESSING_IS_INCOMPLETE"},
    Row{Rsc::kExternalObjectNotReachable, "EXTERNAL_OBJECT_NOT_REACHABLE"},
    Row{Rsc::kExternalObjectNotFound, "EXTERNAL_OBJECT_NOT_FOUND"},
    Row{Rsc::kMaxNumberOfMemberExceeded, "MAX_NUMBER_OF_MEMBER_EXCEEDED"},
    Row{Rsc::kMgmtSessionCannotBeEstablished, "MGMT_SESSION_CANNOT_BE_ESTABLISHED"},
    Row{Rsc::kInvalidCmdType, "INVALID_CMDTYPE"},
    Row{Rsc::kInvalidArguments, "INVALID_ARGUMENTS"},
    Row{Rsc::kInsufficientArguments, "INSUFFICIENT_ARGUMENTS"},
    Row{Rsc::kMgmtConversionError, "MGMT_CONVERSION_ERROR"},
    Row{Rsc::kMgmtCancellationFailed, "MGMT_CANCELLATION_FAILED"},
    Row{Rsc::kAlreadyComplete, "ALREADY_COMPLETE"},
    Row{Rsc::kMgmtCommandNotCancellable, "MGMT_COMMAND_NOT_CANCELLABLE"},
};
static_assert(std::is_sorted(kRows.begin(), kRows.end(),
                             [](const Row& a, const Row& b) { return a.rsc < b.rsc; }));

}  // namespace

std::string_view name_of(Rsc rsc) {
  const auto row = std::lower_bound(kRows.begin(), kRows.end(), rsc,
                                    [](const Row& r, Rsc wanted) { return r.rsc < wanted; });
  return row != kRows.end() && row->rsc == rsc ? row->name : std::string_view{};
}

}  // namespace gatehouse
