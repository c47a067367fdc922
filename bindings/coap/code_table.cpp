#include "bindings/coap/code_table.h"

#include <algorithm>
#include <array>

#include "bindings/coap/message.h"

namespace gatehouse::coap {
namespace {

struct Row {
  std::uint16_t rsc;
  std::uint8_t code;
};

// TS-0008 table 6.2.4-1, in order of status; 4128 and 4142 are missing there and go as their
// neighbours.
constexpr std::array kRefusals = {
    Row{4000, code(4, 0)},   // BAD_REQUEST
    Row{4001, code(5, 1)},   // RELEASE_VERSION_NOT_SUPPORTED
    Row{4004, code(4, 4)},   // NOT_FOUND
    Row{4005, code(4, 5)},   // OPERATION_NOT_ALLOWED
    Row{4008, code(5, 4)},   // REQUEST_TIMEOUT
    Row{4015, code(4, 15)},  // UNSUPPORTED_MEDIA_TYPE
    Row{4101, code(4, 3)},   // SUBSCRIPTION_CREATOR_HAS_NO_PRIVILEGE
    Row{4102, code(4, 0)},   // CONTENTS_UNACCEPTABLE
    Row{4103, code(4, 3)},   // ORIGINATOR_HAS_NO_PRIVILEGE
    Row{4104, code(4, 0)},   // GROUP_REQUEST_IDENTIFIER_EXISTS
    Row{4105, code(4, 3)},   // CONFLICT
    Row{4106, code(4, 3)},   // ORIGINATOR_NOT_AUTHENTICATED
    Row{4107, code(4, 3)},   // SECURITY_ASSOCIATION_REQUIRED
    Row{4108, code(4, 3)},   // INVALID_CHILD_RESOURCE_TYPE
    Row{4109, code(4, 3)},   // NO_MEMBERS
    Row{4110, code(4, 0)},   // GROUP_MEMBER_TYPE_INCONSISTENT
    Row{4111, code(4, 3)},   // ESPRIM_UNSUPPORTED_OPTION
    Row{4112, code(4, 3)},   // ESPRIM_UNKNOWN_KEY_ID
    Row{4113, code(4, 3)},   // ESPRIM_UNKNOWN_ORIG_RAND_ID
    Row{4114, code(4, 3)},   // ESPRIM_UNKNOWN_RECV_RAND_ID
    Row{4115, code(4, 3)},   // ESPRIM_BAD_MAC
    Row{4116, code(4, 3)},   // ESPRIM_IMPERSONATION_ERROR
    Row{4117, code(4, 3)},   // ORIGINATOR_HAS_ALREADY_REGISTERED
    Row{4118, code(4, 4)},   // ONTOLOGY_NOT_AVAILABLE
    Row{4119, code(4, 4)},   // LINKED_SEMANTICS_NOT_AVAILABLE
    Row{4120, code(4, 2)},   // INVALID_SEMANTICS
    Row{4121, code(4, 4)},   // MASHUP_MEMBER_NOT_FOUND
    Row{4122, code(4, 2)},   // INVALID_TRIGGER_PURPOSE
    Row{4123, code(4, 0)},   // ILLEGAL_TRANSACTION_STATE_TRANSITION_ATTEMPTED
    Row{4124, code(4, 0)},   // BLOCKING_SUBSCRIPTION_ALREADY_EXISTS
    Row{4125, code(5, 1)},   // SPECIALIZATION_SCHEMA_NOT_FOUND
    Row{4126, code(4, 3)},   // APP_RULE_VALIDATION_FAILED
    Row{4127, code(4, 3)},   // OPERATION_DENIED_BY_REMOTE_ENTITY
    Row{4128, code(4, 3)},   // SERVICE_SUBSCRIPTION_NOT_ESTABLISHED
    Row{4141, code(4, 29)},  // SERVICE_SUBSCRIPTION_LIMITS_EXCEEDED: RFC 8516 (too many requests)
    Row{4142, code(4, 0)},   // INVALID_PROCESS_CONFIGURATION
    Row{4143, code(4, 0)},   // INVALID_SPARQL_QUERY
    Row{5000, code(5, 0)},   // INTERNAL_SERVER_ERROR
    Row{5001, code(5, 1)},   // NOT_IMPLEMENTED
    Row{5103, code(4, 4)},   // TARGET_NOT_REACHABLE
    Row{5105, code(4, 3)},   // RECEIVER_HAS_NO_PRIVILEGE
    Row{5106, code(4, 0)},   // ALREADY_EXISTS
    Row{5107, code(4, 4)},   // REMOTE_ENTITY_NOT_REACHABLE
    Row{5203, code(4, 3)},   // TARGET_NOT_SUBSCRIBABLE
    Row{5204, code(5, 0)},   // SUBSCRIPTION_VERIFICATION_INITIATION_FAILED
    Row{5205, code(4, 3)},   // SUBSCRIPTION_HOST_HAS_NO_PRIVILEGE
    Row{5206, code(5, 1)},   // NON_BLOCKING_SYNCH_REQUEST_NOT_SUPPORTED
    Row{5207, code(4, 6)},   // NOT_ACCEPTABLE
    Row{5208, code(4, 3)},   // DISCOVERY_DENIED_BY_IPE
    Row{5209, code(5, 0)},   // GROUP_MEMBERS_NOT_RESPONDED
    Row{5210, code(5, 0)},   // ESPRIM_DECRYPTION_ERROR
    Row{5211, code(5, 0)},   // ESPRIM_ENCRYPTION_ERROR
    Row{5212, code(5, 0)},   // SPARQL_UPDATE_ERROR
    Row{5214, code(4, 3)},   // TARGET_HAS_NO_SESSION_CAPABILITY
    Row{5215, code(4, 3)},   // SESSION_IS_ONLINE
    Row{5216, code(5, 0)},   // JOIN_MULTICAST_GROUP_FAILED
    Row{5217, code(5, 0)},   // LEAVE_MULTICAST_GROUP_FAILED
    Row{5218, code(4, 3)},   // TRIGGERING_DISABLED_FOR_RECIPIENT
    Row{5219, code(4, 0)},   // UNABLE_TO_REPLACE_REQUEST
    Row{5220, code(4, 0)},   // UNABLE_TO_RECALL_REQUEST
    Row{5221, code(5, 0)},   // CROSS_RESOURCE_OPERATION_FAILURE
    Row{5222, code(4, 3)},   // TRANSACTION_PROCESSING_IS_INCOMPLETE
    Row{6003, code(4, 4)},   // EXTERNAL_OBJECT_NOT_REACHABLE
    Row{6005, code(4, 4)},   // EXTERNAL_OBJECT_NOT_FOUND
    Row{6010, code(4, 0)},   // MAX_NUMBER_OF_MEMBER_EXCEEDED
    Row{6020, code(5, 0)},   // MGMT_SESSION_CANNOT_BE_ESTABLISHED
    Row{6021, code(5, 0)},   // MGMT_SESSION_ESTABLISHMENT_TIMEOUT
    Row{6022, code(4, 0)},   // INVALID_CMDTYPE
    Row{6023, code(4, 0)},   // INVALID_ARGUMENTS
    Row{6024, code(4, 0)},   // INSUFFICIENT_ARGUMENTS
    Row{6025, code(5, 0)},   // MGMT_CONVERSION_ERROR
    Row{6026, code(5, 0)},   // MGMT_CANCELLATION_FAILED
    Row{6028, code(4, 0)},   // ALREADY_COMPLETE
    Row{6029, code(4, 0)},   // MGMT_COMMAND_NOT_CANCELLABLE
    Row{6030, code(5, 4)},   // EXTERNAL_OBJECT_NOT_REACHABLE_BEFORE_RQET_TIMEOUT
    Row{6031, code(5, 4)},   // EXTERNAL_OBJECT_NOT_REACHABLE_BEFORE_OET_TIMEOUT
};
static_assert(std::is_sorted(kRefusals.begin(), kRefusals.end(),
                             [](const Row& a, const Row& b) { return a.rsc < b.rsc; }));

/// The status that a code alone most likely stands for.
struct BackRow {
  std::uint8_t code;
  Rsc rsc;
};
constexpr std::array kBack = {
    BackRow{code(4, 0), Rsc::kBadRequest},
    BackRow{code(4, 2), Rsc::kBadRequest},
    BackRow{code(4, 3), Rsc::kOriginatorHasNoPrivilege},
    BackRow{code(4, 4), Rsc::kNotFound},
    BackRow{code(4, 5), Rsc::kOperationNotAllowed},
    BackRow{code(4, 6), Rsc::kNotAcceptable},
    BackRow{code(4, 13), Rsc::kBadRequest},
    BackRow{code(4, 15), Rsc::kUnsupportedMediaType},
    BackRow{code(5, 0), Rsc::kInternalServerError},
    BackRow{code(5, 1), Rsc::kNotImplemented},
    BackRow{code(5, 4), Rsc::kRequestTimeout},
};

std::uint8_t code_of_success(Rsc rsc, Operation operation) {
  switch (static_cast<int>(rsc)) {
    case 1001:
    case 1002:
    case 2001:
      return code(2, 1);
    case 2002:
      return code(2, 2);
    case 2000:
      return operation == Operation::kRetrieve ? code(2, 5) : code(2, 4);
    default:
      return code(2, 4);
  }
}

}  // namespace

std::uint8_t code_of(Rsc rsc, Operation operation) {
  if (is_success(rsc)) return code_of_success(rsc, operation);
  const auto number = static_cast<std::uint16_t>(rsc);
  const auto row =
      std::lower_bound(kRefusals.begin(), kRefusals.end(), number,
                       [](const Row& r, std::uint16_t wanted) { return r.rsc < wanted; });
  if (row != kRefusals.end() && row->rsc == number) return row->code;
  return number / 1000 == 4 ? code(4, 0) : code(5, 0);
}

Rsc rsc_of(std::uint8_t code, Operation operation) {
  if (code == coap::code(2, 1)) return Rsc::kCreated;
  if (code == coap::code(2, 2)) return Rsc::kDeleted;
  if (code == coap::code(2, 4) && operation == Operation::kUpdate) return Rsc::kUpdated;
  if (class_of(code) == 2) return Rsc::kOk;
  const auto row =
      std::find_if(kBack.begin(), kBack.end(), [code](const BackRow& r) { return r.code == code; });
  return row == kBack.end() ? Rsc::kTargetNotReachable : row->rsc;
}

}  // namespace gatehouse::coap
