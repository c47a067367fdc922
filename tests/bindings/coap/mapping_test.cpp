#include "bindings/coap/mapping.h"

#include <gmock/gmock.h>

#include "bindings/coap/code_table.h"
#include "cse/codec/json.h"
#include "tests/bindings/coap/test_support.h"

namespace gatehouse::coap {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace testing_support;

std::string hex(const std::string& bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out += kDigits[static_cast<unsigned char>(c) >> 4];
    out += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

class CoapMapping : public testing::Test {
 protected:
  Message write(const Request& request, const std::string& url = "coap://h",
                OptionNumbers numbers = OptionNumbers::kRegistered, bool exact = false) {
    auto message = write_request(request, *parse_url(url), exact, codecs_.preferred(), numbers);
    EXPECT_TRUE(message) << message.error().detail;
    return message ? *message : Message{};
  }
  Incoming read(const Message& message) {
    return read_request(message, codecs_, OptionNumbers::kRegistered);
  }
  static Message get() {
    Message m;
    m.code = kGet;
    m.add(option::kUriPath, "cse-in");
    m.add(279, "CAE1");
    m.add(283, "r1");
    return m;
  }
  Codecs codecs_ = standard_codecs();
};

Request create_of_x() {
  Request r = retrieve("/id/c");
  r.operation = Operation::kCreate;
  r.resource_type = 4;
  r.result_content = 0;
  r.content = Value::object({{"m2m:cin", Value::object({{"con", "x"}})}});
  return r;
}

// Golden bytes: header and token "t"; Uri-Path ~ id c, Content-Format 50, Uri-Query rcn=0, Accept
// 50, then TY, RVI, FR, RQI; payload. TS-0008 table 6.2.2.4-1.
TEST_F(CoapMapping, WritesTheRegisteredNumbers) {
  EXPECT_EQ(hex(datagram_of(write(create_of_x()), 0x0102, "t")),
            "4102010274b17e026964016311323572636e3d302132d1ed0441338443414531427231ff"
            "7b226d326d3a63696e223a7b22636f6e223a2278227d7d");
}

// The same with FR 256 and RQI 257 in place of 279 and 283.
TEST_F(CoapMapping, WritesTheNumbersOfReleaseTwo) {
  const Message message = write(create_of_x(), "coap://h", OptionNumbers::kReleaseTwo);

  EXPECT_EQ(hex(datagram_of(message, 0x0102, "t")),
            "4102010274b17e026964016311323572636e3d302132d4e243414531127231a1044133ff"
            "7b226d326d3a63696e223a7b22636f6e223a2278227d7d");
}

Response created() {
  Response r;
  r.rsc = Rsc::kCreated;
  r.request_identifier = "r1";
  r.release_version = "3";
  r.content_location = "cse/i";
  r.content = Value::object({{"a", 1}});
  return r;
}

// Location-Path cse i, Content-Format 50, RVI, RQI, RSC 2001 as two bytes.
TEST_F(CoapMapping, WritesAnAnswerInBothNumberings) {
  AnswerStyle style{&codecs_.preferred(), false, OptionNumbers::kRegistered};
  EXPECT_EQ(hex(datagram_of(write_response(created(), Operation::kCreate, style), 0x0102, "t")),
            "41410102748363736501694132d1f633c27231d20b07d1ff7b2261223a317d");

  style.numbers = OptionNumbers::kReleaseTwo;
  EXPECT_EQ(hex(datagram_of(write_response(created(), Operation::kCreate, style), 0x0102, "t")),
            "41410102748363736501694132d2e872318207d16133ff7b2261223a317d");
}

TEST_F(CoapMapping, ReadsBothNumberingsAndAnswersInTheSame) {
  for (const OptionNumbers numbers : {OptionNumbers::kRegistered, OptionNumbers::kReleaseTwo}) {
    const Incoming in = read(write(create_of_x(), "coap://h", numbers));

    EXPECT_FALSE(in.refusal) << in.refusal->detail;
    EXPECT_EQ(in.request.from, "CAE1");
    EXPECT_EQ(in.request.request_identifier, "r1");
    EXPECT_EQ(in.request.operation, Operation::kCreate);
    EXPECT_EQ(in.request.to, "/id/c");
    EXPECT_EQ(in.style.numbers, numbers);
  }
}

TEST_F(CoapMapping, CarriesEveryParameter) {
  Request r = create_of_x();
  r.to = "//sp.example/id-mn/cse-mn/c";
  r.desired_identifier_result_type = 2;
  r.response_type = 2;
  r.notification_uris = {"coap://a/n", "CAE2"};
  r.originating_timestamp = "20261121T120000";
  r.request_expiration = "9000";
  r.result_expiration = "9001";
  r.operation_execution_time = "9002";
  r.result_persistence = "PT1H";
  r.event_category = 3;
  r.delivery_aggregation = true;
  r.group_request_identifier = "g";
  r.group_request_target_members = {"a", "b"};
  r.attribute_list = {"ri", "lbl"};
  r.vendor_information = "vendor";
  r.other = Value::object({{"aus", Value::array({"s1"})},
                           {"omr", "o"},
                           {"prpi", "p"},
                           {"msu", "u"},
                           {"rids", Value::array({"r1"})},
                           {"tqi", true},
                           {"auri", true},
                           {"tkns", Value::array({"k1", "k2"})}});
  FilterCriteria f;
  f.labels = {"k:v", "with space", "ä&=%"};
  f.resource_types = {2, 3};
  f.attributes = {{"rn", "t*"}, {"cr", "C1"}};
  f.child_attributes = {{"cnf", "x y"}};
  f.filter_usage = 1;
  f.limit = 10;
  r.filter = f;

  const Incoming in = read(write(r));

  ASSERT_FALSE(in.refusal) << in.refusal->detail;
  const Request& got = in.request;
  EXPECT_EQ(got.to, r.to);
  EXPECT_EQ(got.filter, r.filter);
  EXPECT_EQ(to_json(got.other), to_json(r.other));
  EXPECT_EQ(got.notification_uris, r.notification_uris);
  EXPECT_EQ(got.group_request_target_members, r.group_request_target_members);
  EXPECT_EQ(got.attribute_list, r.attribute_list);
  const auto rest = [](const Request& q) {
    return std::tuple(q.result_content, q.desired_identifier_result_type, q.response_type,
                      q.originating_timestamp, q.request_expiration, q.result_expiration,
                      q.operation_execution_time, q.result_persistence, q.event_category,
                      q.delivery_aggregation, q.group_request_identifier, q.vendor_information);
  };
  EXPECT_EQ(rest(got), rest(r));
}

// TS-0008 clause 6.2.1: a request that is not blocking is a POST that names its operation.
// An option for a timestamp has room for 15 bytes: TS-0008 table 6.2.2.4-1.
TEST_F(CoapMapping, ATimestampLosesTheFractionThatHasNoRoom) {
  Request request = retrieve();
  request.originating_timestamp = "20261121T120000,123456";
  Response response = created();
  response.originating_timestamp = "20261121T120000,123456";
  const AnswerStyle style{&codecs_.preferred(), false, OptionNumbers::kRegistered};

  const Incoming in = read(write(request));
  const auto answer =
      read_response(write_response(response, Operation::kCreate, style), request, codecs_);

  EXPECT_EQ(in.request.originating_timestamp, "20261121T120000");
  ASSERT_TRUE(answer) << answer.error().detail;
  EXPECT_EQ(answer->originating_timestamp, "20261121T120000");
}

TEST_F(CoapMapping, TellsOfTokens) {
  Response response;
  response.rsc = Rsc::kOriginatorHasNoPrivilege;
  response.assigned_token_ids =
      Value::object({{"ltia", Value::array({Value::object({{"lti", "a"}, {"tkid", "t1:x"}})})}});
  response.token_request_information = Value::object({{"dasi", Value::array({"x"})}});
  response.signatures_requested = true;
  response.content = Value::object({{"m2m:dbg", "no"}});
  const AnswerStyle style{&codecs_.preferred(), false, OptionNumbers::kRegistered};

  const auto read =
      read_response(write_response(response, Operation::kRetrieve, style), retrieve(), codecs_);

  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(*read->assigned_token_ids, *response.assigned_token_ids);
  EXPECT_EQ(*read->token_request_information, *response.token_request_information);
  EXPECT_EQ(read->signatures_requested, true);
  EXPECT_TRUE(read->content.empty());
}

TEST_F(CoapMapping, PostsWhatIsNotBlocking) {
  Request r = retrieve();
  r.response_type = 1;

  const Message message = write(r);

  EXPECT_EQ(message.code, kPost);
  EXPECT_EQ(read(message).request.operation, Operation::kRetrieve);
}

TEST_F(CoapMapping, ASubscriberIsNotifiedAtItsUrlAlone) {
  Request r = retrieve("");
  r.operation = Operation::kNotify;

  const Message message =
      write(r, "coap://h/a%20b/c?x=1&ct=json", OptionNumbers::kRegistered, true);

  EXPECT_THAT(message.options,
              ElementsAre(Option{option::kUriPath, "a b"}, Option{option::kUriPath, "c"},
                          Option{option::kUriQuery, "x=1"}, Option{option::kAccept, "\x32"},
                          Option{271, "3"}, Option{279, "CAE1"}, Option{283, "r1"}));
}

// TS-0008 clause 6.2.3: 60 is CBOR; 10010 is a resource in CBOR, and so is the answer then.
TEST_F(CoapMapping, NamesTheSerializationByNumber) {
  const Codec& cbor = *codecs_.by_name("cbor");
  const auto message =
      write_request(create_of_x(), *parse_url("coap://h"), false, cbor, OptionNumbers::kRegistered);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->unsigned_at(option::kContentFormat), 60u);

  Message vendor = *message;
  vendor.remove(option::kAccept);
  vendor.remove(option::kContentFormat);
  vendor.add(option::kContentFormat, 10010u);
  const Incoming in = read(vendor);
  ASSERT_FALSE(in.refusal) << in.refusal->detail;
  EXPECT_EQ(
      write_response(created(), Operation::kCreate, in.style).unsigned_at(option::kContentFormat),
      10010u);
}

TEST_F(CoapMapping, TellsNotifyFromCreateByTheType) {
  Message m = get();
  m.code = kPost;
  EXPECT_EQ(read(m).request.operation, Operation::kNotify);
  m.add(267, 3u);
  EXPECT_EQ(read(m).request.operation, Operation::kCreate);
}

struct Refused {
  std::string name;
  std::uint8_t method;
  std::uint16_t option;
  std::string value;
  Rsc rsc;
  std::uint8_t code;  ///< 0: of the status
  std::string says;
};

class CoapRefusals : public testing::TestWithParam<Refused> {};

TEST_P(CoapRefusals, NameTheOptionAtFault) {
  const Refused& row = GetParam();
  const Codecs codecs = standard_codecs();
  Message m;
  m.code = row.method;
  m.add(option::kUriPath, "cse-in");
  if (row.option != 283) m.add(283, "r1");
  if (row.option != 0) m.add(row.option, row.value);
  if (row.says == "payload" || row.says == "Content-Format") m.payload = "[";

  const Incoming in = read_request(m, codecs, OptionNumbers::kRegistered);

  ASSERT_TRUE(in.refusal);
  EXPECT_EQ(in.refusal->rsc, row.rsc);
  EXPECT_EQ(in.refusal_code, row.code);
  if (row.says != "payload") {
    EXPECT_THAT(in.refusal->detail, HasSubstr(row.says));
  }
  EXPECT_TRUE(in.style.codec);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, CoapRefusals,
    testing::Values(
        Refused{"no_identifier", kGet, 283, "", Rsc::kBadRequest, 0, "oneM2M-RQI"},
        Refused{"fetch", code(0, 5), 0, "", Rsc::kOperationNotAllowed, 0, "method"},
        Refused{"observe", kGet, option::kObserve, "", Rsc::kBadRequest, 0, "subscription"},
        Refused{"if_match", kPut, option::kIfMatch, "x", Rsc::kBadRequest, code(4, 2), "option 1"},
        Refused{"unknown_critical", kGet, 399, "", Rsc::kBadRequest, code(4, 2), "option 399"},
        Refused{"accept", kGet, option::kAccept, "\x2a", Rsc::kNotAcceptable, 0, "Accept"},
        Refused{"slash_in_segment", kGet, option::kUriPath, "a/b", Rsc::kBadRequest, 0, "Uri-Path"},
        Refused{"query_without_value", kGet, option::kUriQuery, "rcn", Rsc::kBadRequest, 0, "rcn"},
        Refused{"query_no_name", kGet, option::kUriQuery, "9=1", Rsc::kBadRequest, 0, "9"},
        Refused{"operation_range", kPost, option::kUriQuery, "op=6", Rsc::kBadRequest, 0, "op"},
        Refused{"operation_differs", kGet, option::kUriQuery, "op=1", Rsc::kBadRequest, 0, "op"},
        Refused{"long_type", kPost, 267, "12345", Rsc::kBadRequest, 0, "oneM2M-TY"},
        Refused{"control_character", kGet, 279, "C\n", Rsc::kBadRequest, 0, "oneM2M-FR"},
        Refused{"long_originator", kGet, 279, std::string(256, 'C'), Rsc::kBadRequest, 0, "255"},
        Refused{"no_format", kPost, 0, "", Rsc::kUnsupportedMediaType, 0, "Content-Format"},
        Refused{"text", kPost, option::kContentFormat, "", Rsc::kUnsupportedMediaType, 0,
                "Content-Format"},
        Refused{"no_json", kPost, option::kContentFormat, "\x32", Rsc::kBadRequest, 0, "payload"}),
    [](const auto& row) { return row.param.name; });

// TS-0008 table 6.2.4-1.
TEST(CoapCodes, FollowTheTable) {
  EXPECT_EQ(code_of(Rsc::kOk, Operation::kRetrieve), code(2, 5));
  EXPECT_EQ(code_of(Rsc::kOk, Operation::kNotify), code(2, 4));
  EXPECT_EQ(code_of(Rsc::kCreated, Operation::kCreate), code(2, 1));
  EXPECT_EQ(code_of(Rsc::kDeleted, Operation::kDelete), code(2, 2));
  EXPECT_EQ(code_of(Rsc::kUpdated, Operation::kUpdate), code(2, 4));
  EXPECT_EQ(code_of(Rsc::kAcceptedNonBlockingSynch, Operation::kRetrieve), code(2, 1));
  EXPECT_EQ(code_of(Rsc::kConflict, Operation::kCreate), code(4, 3));
  EXPECT_EQ(code_of(Rsc::kRequestTimeout, Operation::kRetrieve), code(5, 4));
  EXPECT_EQ(code_of(Rsc::kReleaseVersionNotSupported, Operation::kRetrieve), code(5, 1));
  EXPECT_EQ(code_of(static_cast<Rsc>(4999), Operation::kRetrieve), code(4, 0));
  EXPECT_EQ(code_of(static_cast<Rsc>(5999), Operation::kRetrieve), code(5, 0));
}

TEST(CoapCodes, TellTheStatusWhereThereIsNone) {
  EXPECT_EQ(rsc_of(code(2, 5), Operation::kRetrieve), Rsc::kOk);
  EXPECT_EQ(rsc_of(code(2, 4), Operation::kUpdate), Rsc::kUpdated);
  EXPECT_EQ(rsc_of(code(2, 4), Operation::kNotify), Rsc::kOk);
  EXPECT_EQ(rsc_of(code(4, 4), Operation::kRetrieve), Rsc::kNotFound);
  EXPECT_EQ(rsc_of(code(5, 3), Operation::kRetrieve), Rsc::kTargetNotReachable);
}

TEST_F(CoapMapping, ReadsAnAnswerOfAPeerThatSaysLess) {
  Message answer;
  answer.code = code(4, 4);
  answer.payload = "no such thing";

  const auto response = read_response(answer, retrieve(), codecs_);

  ASSERT_TRUE(response);
  EXPECT_EQ(response->rsc, Rsc::kNotFound);
  EXPECT_EQ(response->request_identifier, "r1");
  EXPECT_EQ(detail(*response), "no such thing");
}

TEST(CoapUrl, IsReadInAllItsForms) {
  const auto url = parse_url("coaps+tcp://[::1]:99/a/b?ct=cbor&x=1#f");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->tls && url->tcp);
  EXPECT_EQ(url->authority(), "coaps+tcp://[::1]:99");
  EXPECT_THAT(url->path, ElementsAre("a", "b"));
  EXPECT_THAT(url->query, ElementsAre("x=1"));
  EXPECT_EQ(url->codec, "cbor");
  EXPECT_EQ(parse_url("coaps://h")->port, 5684);
  for (const char* wrong : {"http://h", "coap://", "coap://u@h", "coap://h:0", "coap://h:65536",
                            "coap://[::1", "coap://h/%2", "coap://h/%zz", "coap://h\n"}) {
    EXPECT_FALSE(parse_url(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace gatehouse::coap
