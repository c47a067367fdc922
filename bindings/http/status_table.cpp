#include "bindings/http/status_table.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace gatehouse::http {
namespace {

struct Row {
  std::uint16_t rsc;
  std::uint16_t status;
};

// TS-0009 table 6.3.2-1, in order of code; 4128 and 4142 are missing there and go as ACME sends
// them.
constexpr std::array kRows = {
    Row{1000, 202},  // ACCEPTED
    Row{1001, 202},  // ACCEPTED
    Row{1002, 202},  // ACCEPTED
    Row{2000, 200},  // OK
    Row{2001, 201},  // CREATED
    Row{2002, 200},  // DELETED
    Row{2004, 200},  // UPDATED
    Row{4000, 400},  // BAD_REQUEST
    Row{4001, 501},  // RELEASE_VERSION_NOT_SUPPORTED
    Row{4004, 404},  // NOT_FOUND
    Row{4005, 405},  // OPERATION_NOT_ALLOWED
    Row{4008, 504},  // REQUEST_TIMEOUT
    Row{4015, 415},  // UNSUPPORTED_MEDIA_TYPE
    Row{4101, 403},  // SUBSCRIPTION_CREATOR_HAS_NO_PRIVILEGE
    Row{4102, 400},  // CONTENTS_UNACCEPTABLE
    Row{4103, 403},  // ORIGINATOR_HAS_NO_PRIVILEGE
    Row{4104, 409},  // GROUP_REQUEST_IDENTIFIER_EXISTS
    Row{4105, 409},  // CONFLICT
    Row{4106, 403},  // ORIGINATOR_NOT_AUTHENTICATED
    Row{4107, 403},  // SECURITY_ASSOCIATION_REQUIRED
    Row{4108, 403},  // INVALID_CHILD_RESOURCE_TYPE
    Row{4109, 403},  // NO_MEMBERS
    Row{4110, 400},  // GROUP_MEMBER_TYPE_INCONSISTENT
    Row{4111, 403},  // ESPRIM_UNSUPPORTED_OPTION
    Row{4112, 403},  // ESPRIM_UNKNOWN_KEY_ID
    Row{4113, 403},  // ESPRIM_UNKNOWN_ORIG_RAND_ID
    Row{4114, 403},  // ESPRIM_UNKNOWN_RECV_RAND_ID
    Row{4115, 403},  // ESPRIM_BAD_MAC
    Row{4116, 403},  // ESPRIM_IMPERSONATION_ERROR
    Row{4117, 403},  // ORIGINATOR_HAS_ALREADY_REGISTERED
    Row{4118, 404},  // ONTOLOGY_NOT_AVAILABLE
    Row{4119, 404},  // LINKED_SEMANTICS_NOT_AVAILABLE
    Row{4120, 400},  // INVALID_SEMANTICS
    Row{4121, 404},  // MASHUP_MEMBER_NOT_FOUND
    Row{4122, 400},  // INVALID_TRIGGER_PURPOSE
    Row{4123, 400},  // ILLEGAL_TRANSACTION_STATE_TRANSITION_ATTEMPTED
    Row{4124, 409},  // BLOCKING_SUBSCRIPTION_ALREADY_EXISTS
    Row{4125, 501},  // SPECIALIZATION_SCHEMA_NOT_FOUND
    Row{4126, 403},  // APP_RULE_VALIDATION_FAILED
    Row{4127, 403},  // OPERATION_DENIED_BY_REMOTE_ENTITY
    Row{4128, 403},  // SERVICE_SUBSCRIPTION_NOT_ESTABLISHED
    Row{4141, 429},  // SERVICE_SUBSCRIPTION_LIMITS_EXCEEDED: not in the table
    Row{4142, 400},  // INVALID_PROCESS_CONFIGURATION
    Row{4143, 400},  // INVALID_SPARQL_QUERY
    Row{5000, 500},  // INTERNAL_SERVER_ERROR
    Row{5001, 501},  // NOT_IMPLEMENTED
    Row{5103, 404},  // TARGET_NOT_REACHABLE
    Row{5105, 403},  // RECEIVER_HAS_NO_PRIVILEGE
    Row{5106, 409},  // ALREADY_EXISTS
    Row{5107, 404},  // REMOTE_ENTITY_NOT_REACHABLE
    Row{5203, 403},  // TARGET_NOT_SUBSCRIBABLE
    Row{5204, 500},  // SUBSCRIPTION_VERIFICATION_INITIATION_FAILED
    Row{5205, 403},  // SUBSCRIPTION_HOST_HAS_NO_PRIVILEGE
    Row{5206, 501},  // NON_BLOCKING_SYNCH_REQUEST_NOT_SUPPORTED
    Row{5207, 406},  // NOT_ACCEPTABLE
    Row{5208, 403},  // DISCOVERY_DENIED_BY_IPE
    Row{5209, 500},  // GROUP_MEMBERS_NOT_RESPONDED
    Row{5210, 500},  // ESPRIM_DECRYPTION_ERROR
    Row{5211, 500},  // ESPRIM_ENCRYPTION_ERROR
    Row{5212, 500},  // SPARQL_UPDATE_ERROR
    Row{5214, 403},  // TARGET_HAS_NO_SESSION_CAPABILITY
    Row{5215, 403},  // SESSION_IS_ONLINE
    Row{5216, 500},  // JOIN_MULTICAST_GROUP_FAILED
    Row{5217, 500},  // LEAVE_MULTICAST_GROUP_FAILED
    Row{5218, 403},  // TRIGGERING_DISABLED_FOR_RECIPIENT
    Row{5219, 409},  // UNABLE_TO_REPLACE_REQUEST
    Row{5220, 409},  // UNABLE_TO_RECALL_REQUEST
    Row{5221, 500},  // CROSS_RESOURCE_OPERATION_FAILURE
    Row{5222, 403},  // TRANSACTION_PROCESSING_IS_INCOMPLETE
    Row{6003, 404},  // EXTERNAL_OBJECT_NOT_REACHABLE
    Row{6005, 404},  // EXTERNAL_OBJECT_NOT_FOUND
    Row{6010, 400},  // MAX_NUMBER_OF_MEMBER_EXCEEDED
    Row{6020, 500},  // MGMT_SESSION_CANNOT_BE_ESTABLISHED
    Row{6021, 500},  // MGMT_SESSION_ESTABLISHMENT_TIMEOUT
    Row{6022, 400},  // INVALID_CMDTYPE
    Row{6023, 400},  // INVALID_ARGUMENTS
    Row{6024, 400},  // INSUFFICIENT_ARGUMENTS
    Row{6025, 500},  // MGMT_CONVERSION_ERROR
    Row{6026, 500},  // MGMT_CANCELLATION_FAILED
    Row{6028, 409},  // ALREADY_COMPLETE
    Row{6029, 409},  // MGMT_COMMAND_NOT_CANCELLABLE
    Row{6030, 504},  // EXTERNAL_OBJECT_NOT_REACHABLE_BEFORE_RQET_TIMEOUT
    Row{6031, 504},  // EXTERNAL_OBJECT_NOT_REACHABLE_BEFORE_OET_TIMEOUT
};
static_assert(std::is_sorted(kRows.begin(), kRows.end(),
                             [](const Row& a, const Row& b) { return a.rsc < b.rsc; }));

constexpr int status_of_class(unsigned rsc) {
  switch (rsc / 1000) {
    case 1:
      return 202;
    case 2:
      return 200;
    case 4:
      return 400;
    default:
      return 500;
  }
}

}  // namespace

int http_status_of(Rsc rsc) {
  if (rsc == Rsc::kOk) return 200;  // nearly always
  const auto number = static_cast<std::uint16_t>(rsc);
  const auto row =
      std::lower_bound(kRows.begin(), kRows.end(), number,
                       [](const Row& r, std::uint16_t wanted) { return r.rsc < wanted; });
  return row != kRows.end() && row->rsc == number ? row->status : status_of_class(number);
}

Rsc rsc_of_http_status(int status) {
  return status >= 200 && status < 300 ? Rsc::kOk : Rsc::kTargetNotReachable;
}

}  // namespace gatehouse::http
