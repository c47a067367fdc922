#include <gmock/gmock.h>

#include "bindings/http/mapping.h"
#include "bindings/http/status_table.h"

namespace gatehouse::http {
namespace {

using testing::HasSubstr;
using testing::Not;

class WriteResponse : public testing::Test {
 protected:
  std::string write(const Response& response, bool vendor_type = false, bool keep_alive = true) {
    std::string out;
    append_response(out, response, {{&codecs_.preferred(), vendor_type}, keep_alive, 0, ""});
    return out;
  }
  Codecs codecs_ = standard_codecs();
};

TEST_F(WriteResponse, IsExactlyTheseBytes) {
  Response response;
  response.request_identifier = "r1";
  response.release_version = "3";
  response.content =
      Content::from_json(std::make_shared<const std::string>(R"({"m2m:cnt":{"rn":"t"}})"));

  EXPECT_EQ(write(response),
            "HTTP/1.1 200 \r\nX-M2M-RSC: 2000\r\nX-M2M-RI: r1\r\nX-M2M-RVI: 3\r\n"
            "Content-Type: application/json\r\nContent-Length: 22\r\n\r\n"
            R"({"m2m:cnt":{"rn":"t"}})");
}

TEST_F(WriteResponse, CarriesEveryParameter) {
  Response response;
  response.rsc = Rsc::kCreated;
  response.request_identifier = "r1";
  response.from = "/id-in";
  response.originating_timestamp = "20261121T120000";
  response.result_expiration = "20261121T120001";
  response.event_category = 2;
  response.content_status = 1;
  response.content_offset = 77;
  response.signatures_requested = true;
  response.vendor_information = "v";
  response.content_location = "/id-in/cnt1";
  response.content = Value::object({{"m2m:uri", "x"}});

  EXPECT_EQ(write(response, true, false),
            "HTTP/1.1 201 \r\nX-M2M-RSC: 2001\r\nX-M2M-RI: r1\r\nX-M2M-Origin: /id-in\r\n"
            "X-M2M-OT: 20261121T120000\r\nX-M2M-RST: 20261121T120001\r\nX-M2M-EC: 2\r\n"
            "X-M2M-CTS: 1\r\nX-M2M-CTO: 77\r\nX-M2M-ASRI: true\r\nX-M2M-VSI: "
            "v\r\nContent-Location: /~/id-in/cnt1\r\n"
            "Connection: close\r\nContent-Type: application/vnd.onem2m-res+json\r\n"
            "Content-Length: 15\r\n\r\n{\"m2m:uri\":\"x\"}");
}

// TS-0009 clauses 6.2.3 and 6.4.18: the local names of tokens in a field, and what tokens are
// needed in the body of a refusal.
TEST_F(WriteResponse, TellsOfTokens) {
  Response response;
  response.rsc = Rsc::kOriginatorHasNoPrivilege;
  response.request_identifier = "r1";
  response.assigned_token_ids =
      Value::object({{"ltia", Value::array({Value::object({{"lti", "a"}, {"tkid", "t1:x"}}),
                                            Value::object({{"lti", "b"}, {"tkid", "t2"}})})}});
  response.token_request_information = Value::object({{"dasi", Value::array({"x"})}});
  response.content = Value::object({{"m2m:dbg", "no"}});

  EXPECT_EQ(write(response),
            "HTTP/1.1 403 \r\nX-M2M-RSC: 4103\r\nX-M2M-RI: r1\r\nX-M2M-ATI: a:t1:x+b:t2\r\n"
            "Content-Type: application/json\r\nContent-Length: 26\r\n\r\n"
            R"({"m2m:tqf":{"dasi":["x"]}})");
  const std::vector<HeaderField> fields = {{"X-M2M-RSC", "4103"}, {"x-m2m-ati", " a:t1:x + b:t2"}};
  const auto read = read_response({403, &fields, R"({"m2m:tqf":{"dasi":["x"]}})"}, {}, codecs_);
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(*read->assigned_token_ids, *response.assigned_token_ids);
  EXPECT_EQ(*read->token_request_information, *response.token_request_information);
  EXPECT_TRUE(read->content.empty());
}

TEST_F(WriteResponse, HasNoTypeWithoutBody) {
  Response response;
  response.rsc = Rsc::kDeleted;
  response.request_identifier = "r1";
  EXPECT_EQ(write(response),
            "HTTP/1.1 200 \r\nX-M2M-RSC: 2002\r\nX-M2M-RI: r1\r\nContent-Length: 0\r\n\r\n");
}

TEST_F(WriteResponse, LetsNobodySmuggleALine) {
  Response response;
  response.request_identifier = "r1\r\nX-Evil: 1";
  EXPECT_THAT(write(response), Not(HasSubstr("\r\nX-Evil")));
}

TEST_F(WriteResponse, TellsSerialisedPrimitivesByTheirVendorType) {
  Response response;
  response.content = Value::object({{"m2m:rqp", Value::object()}});
  EXPECT_THAT(write(response, true), HasSubstr("application/vnd.onem2m-preq+json"));
  response.content = Content::from_json(std::make_shared<const std::string>(R"({"m2m:rsp":{}})"));
  EXPECT_THAT(write(response, true), HasSubstr("application/vnd.onem2m-prsp+json"));
}

// TS-0009 table 6.3.2-1
TEST(StatusTable, MapsEveryCodeOfOurs) {
  const std::pair<Rsc, int> rows[] = {
      {Rsc::kAccepted, 202},
      {Rsc::kAcceptedNonBlockingSynch, 202},
      {Rsc::kAcceptedNonBlockingAsynch, 202},
      {Rsc::kOk, 200},
      {Rsc::kCreated, 201},
      {Rsc::kDeleted, 200},
      {Rsc::kUpdated, 200},
      {Rsc::kBadRequest, 400},
      {Rsc::kReleaseVersionNotSupported, 501},
      {Rsc::kNotFound, 404},
      {Rsc::kOperationNotAllowed, 405},
      {Rsc::kRequestTimeout, 504},
      {Rsc::kUnsupportedMediaType, 415},
      {Rsc::kSubscriptionCreatorHasNoPrivilege, 403},
      {Rsc::kContentsUnacceptable, 400},
      {Rsc::kOriginatorHasNoPrivilege, 403},
      {Rsc::kGroupRequestIdentifierExists, 409},
      {Rsc::kConflict, 409},
      {Rsc::kOriginatorNotAuthenticated, 403},
      {Rsc::kSecurityAssociationRequired, 403},
      {Rsc::kInvalidChildResourceType, 403},
      {Rsc::kNoMembers, 403},
      {Rsc::kGroupMemberTypeInconsistent, 400},
      {Rsc::kOriginatorHasAlreadyRegistered, 403},
      {Rsc::kOntologyNotAvailable, 404},
      {Rsc::kLinkedSemanticsNotAvailable, 404},
      {Rsc::kInvalidSemantics, 400},
      {Rsc::kIllegalTransactionStateTransitionAttempted, 400},
      {Rsc::kBlockingSubscriptionAlreadyExists, 409},
      {Rsc::kSpecializationSchemaNotFound, 501},
      {Rsc::kAppRuleValidationFailed, 403},
      {Rsc::kOperationDeniedByRemoteEntity, 403},
      {Rsc::kServiceSubscriptionNotEstablished, 403},
      {Rsc::kInvalidProcessConfiguration, 400},
      {Rsc::kInvalidSparqlQuery, 400},
      {Rsc::kServiceSubscriptionLimitsExceeded, 429},
      {Rsc::kInternalServerError, 500},
      {Rsc::kNotImplemented, 501},
      {Rsc::kTargetNotReachable, 404},
      {Rsc::kReceiverHasNoPrivilege, 403},
      {Rsc::kAlreadyExists, 409},
      {Rsc::kRemoteEntityNotReachable, 404},
      {Rsc::kTargetNotSubscribable, 403},
      {Rsc::kSubscriptionVerificationInitiationFailed, 500},
      {Rsc::kSubscriptionHostHasNoPrivilege, 403},
      {Rsc::kNonBlockingSynchRequestNotSupported, 501},
      {Rsc::kNotAcceptable, 406},
      {Rsc::kGroupMembersNotResponded, 500},
      {Rsc::kSparqlUpdateError, 500},
      {Rsc::kTargetHasNoSessionCapability, 403},
      {Rsc::kSessionIsOnline, 403},
      {Rsc::kJoinMulticastGroupFailed, 500},
      {Rsc::kLeaveMulticastGroupFailed, 500},
      {Rsc::kTriggeringDisabledForRecipient, 403},
      {Rsc::kUnableToReplaceRequest, 409},
      {Rsc::kUnableToRecallRequest, 409},
      {Rsc::kCrossResourceOperationFailure, 500},
      {Rsc::kTransactionProcessingIsIncomplete, 403},
      {Rsc::kExternalObjectNotReachable, 404},
      {Rsc::kExternalObjectNotFound, 404},
      {Rsc::kMaxNumberOfMemberExceeded, 400},
      {Rsc::kMgmtSessionCannotBeEstablished, 500},
      {Rsc::kInvalidCmdType, 400},
      {Rsc::kInvalidArguments, 400},
      {Rsc::kInsufficientArguments, 400},
      {Rsc::kMgmtConversionError, 500},
      {Rsc::kMgmtCancellationFailed, 500},
      {Rsc::kAlreadyComplete, 409},
      {Rsc::kMgmtCommandNotCancellable, 409},
  };
  int known = 0;
  for (int code = 1000; code < 7000; ++code) known += !name_of(static_cast<Rsc>(code)).empty();
  EXPECT_EQ(known, static_cast<int>(std::size(rows)));
  for (const auto& [rsc, status] : rows) EXPECT_EQ(http_status_of(rsc), status) << name_of(rsc);
}

TEST(StatusTable, GoesByTheFirstDigitOtherwise) {
  EXPECT_EQ(http_status_of(static_cast<Rsc>(1999)), 202);
  EXPECT_EQ(http_status_of(static_cast<Rsc>(2999)), 200);
  EXPECT_EQ(http_status_of(static_cast<Rsc>(4999)), 400);
  EXPECT_EQ(http_status_of(static_cast<Rsc>(5999)), 500);
  EXPECT_EQ(http_status_of(static_cast<Rsc>(6999)), 500);
}

}  // namespace
}  // namespace gatehouse::http
