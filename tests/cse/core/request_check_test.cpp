// Checks of a request primitive that need no resource. Source: TS-0004 clause 7.3.2.1.
#include <gtest/gtest.h>

#include <functional>

#include "cse/core/cse.h"

namespace gatehouse {
namespace {

constexpr Timestamp kNow{1'800'000'000'000'000};  // 2027-01-15T08:00:00

Request valid(Operation operation) {
  Request request;
  request.operation = operation;
  request.to = "cse-in";
  request.from = "CAE1";
  request.request_identifier = "1";
  request.release_version = "3";
  if (operation == Operation::kCreate) request.resource_type = 3;
  if (operation != Operation::kRetrieve && operation != Operation::kDelete)
    request.content = Value::object({{"m2m:cnt", Value::object()}});
  return request;
}

/// nullopt: accepted.
std::optional<Error> refusal(const Request& request) {
  const auto checked = check_request(request, CseSettings{}, kNow);
  return checked ? std::nullopt : std::optional<Error>(checked.error());
}

struct Case {
  std::string name;
  Operation operation;
  std::function<void(Request&)> change;
  std::optional<Rsc> expected;  ///< nullopt: accepted
  std::string named = {};       ///< what the text must begin with
};

class RequestCheck : public testing::TestWithParam<Case> {};

TEST_P(RequestCheck, AnswersWithTheParameterAtFault) {
  Request request = valid(GetParam().operation);
  GetParam().change(request);

  const auto refused = refusal(request);

  EXPECT_EQ(refused ? std::optional(refused->rsc) : std::nullopt, GetParam().expected)
      << (refused ? refused->detail : "");
  if (refused) {
    EXPECT_TRUE(refused->detail.starts_with(GetParam().named)) << refused->detail;
  }
}

const auto name_of_case = [](const auto& each) { return each.param.name; };

FilterCriteria& filter(Request& request) {
  if (!request.filter) request.filter.emplace();
  return *request.filter;
}

constexpr auto kC = Operation::kCreate, kR = Operation::kRetrieve, kU = Operation::kUpdate,
               kD = Operation::kDelete, kN = Operation::kNotify;
constexpr auto kBad = Rsc::kBadRequest;
const std::optional<Rsc> kFine;

INSTANTIATE_TEST_SUITE_P(
    Parameters, RequestCheck,
    testing::Values(
        Case{"create", kC, [](Request&) {}, kFine}, Case{"retrieve", kR, [](Request&) {}, kFine},
        Case{"update", kU, [](Request&) {}, kFine}, Case{"remove", kD, [](Request&) {}, kFine},
        Case{"notify", kN, [](Request&) {}, kFine},
        Case{"op_0", kR, [](Request& r) { r.operation = Operation{0}; }, kBad, "op"},
        Case{"op_6", kR, [](Request& r) { r.operation = Operation{6}; }, kBad, "op"},
        Case{"rqi_absent", kR, [](Request& r) { r.request_identifier.clear(); }, kBad, "rqi"},
        Case{"ty_absent_in_create", kC, [](Request& r) { r.resource_type.reset(); }, kBad, "ty"},
        Case{"ty_in_retrieve", kR, [](Request& r) { r.resource_type = 3; }, kBad, "ty"},
        Case{"ty_in_update", kU, [](Request& r) { r.resource_type = 3; }, kBad, "ty"},
        Case{"ty_in_delete", kD, [](Request& r) { r.resource_type = 3; }, kBad, "ty"},
        Case{"ty_in_notify", kN, [](Request& r) { r.resource_type = 3; }, kBad, "ty"},
        Case{"fc_in_create", kC, [](Request& r) { filter(r); }, kBad, "fc"},
        Case{"fc_in_retrieve", kR, [](Request& r) { filter(r); }, kFine},
        Case{"fc_in_delete", kD, [](Request& r) { filter(r); }, kFine},
        Case{"pc_absent_in_update", kU, [](Request& r) { r.content.reset(); }, kBad, "pc"},
        Case{"atrl_in_retrieve", kR, [](Request& r) { r.attribute_list = {"rn"}; }, kFine},
        Case{"atrl_in_delete", kD, [](Request& r) { r.attribute_list = {"rn"}; }, kBad, "atrl"},
        Case{"pc_absent_in_notify", kN, [](Request& r) { r.content.reset(); }, kBad, "pc"}),
    name_of_case);

INSTANTIATE_TEST_SUITE_P(
    Releases, RequestCheck,
    testing::Values(Case{"r2a", kR, [](Request& r) { r.release_version = "2a"; }, kFine},
                    Case{"r4", kR, [](Request& r) { r.release_version = "4"; }, kFine},
                    Case{"absent_means_1", kR, [](Request& r) { r.release_version.reset(); },
                         Rsc::kReleaseVersionNotSupported, "rvi"},
                    Case{"empty", kR, [](Request& r) { r.release_version = ""; },
                         Rsc::kReleaseVersionNotSupported, "rvi"},
                    Case{"r5", kR, [](Request& r) { r.release_version = "5"; },
                         Rsc::kReleaseVersionNotSupported, "rvi"}),
    name_of_case);

INSTANTIATE_TEST_SUITE_P(
    Ranges, RequestCheck,
    testing::Values(
        Case{"rt_1", kR, [](Request& r) { r.response_type = 1; }, kFine},
        Case{"rt_5", kR, [](Request& r) { r.response_type = 5; }, kFine},
        Case{"rt_0", kR, [](Request& r) { r.response_type = 0; }, kBad, "rt"},
        Case{"rt_6", kR, [](Request& r) { r.response_type = 6; }, kBad, "rt"},
        Case{"drt_2", kR, [](Request& r) { r.desired_identifier_result_type = 2; }, kFine},
        Case{"drt_3", kR, [](Request& r) { r.desired_identifier_result_type = 3; }, kBad, "drt"},
        Case{"fu_3", kR, [](Request& r) { filter(r).filter_usage = 3; }, kFine},
        Case{"fu_0", kR, [](Request& r) { filter(r).filter_usage = 0; }, kBad, "fu"},
        Case{"fu_4", kR, [](Request& r) { filter(r).filter_usage = 4; }, kBad, "fu"},
        Case{"fo_3", kR, [](Request& r) { filter(r).filter_operation = 3; }, kFine},
        Case{"fo_4", kR, [](Request& r) { filter(r).filter_operation = 4; }, kBad, "fo"},
        Case{"lim_1", kR, [](Request& r) { filter(r).limit = 1; }, kFine},
        Case{"lim_0", kR, [](Request& r) { filter(r).limit = 0; }, kBad, "lim"},
        Case{"lvl_0", kR, [](Request& r) { filter(r).level = 0; }, kBad, "lvl"},
        Case{"ofst_negative", kR, [](Request& r) { filter(r).offset = -1; }, kBad, "ofst"}),
    name_of_case);

INSTANTIATE_TEST_SUITE_P(
    Times, RequestCheck,
    testing::Values(
        Case{"rqet_relative", kR, [](Request& r) { r.request_expiration = "5000"; }, kFine},
        Case{"rqet_now", kR, [](Request& r) { r.request_expiration = to_text(kNow); }, kFine},
        Case{
            "rqet_passed", kR,
            [](Request& r) { r.request_expiration = to_text(kNow - std::chrono::microseconds(1)); },
            Rsc::kRequestTimeout, "rqet"},
        Case{"rqet_negative", kR, [](Request& r) { r.request_expiration = "-1"; },
             Rsc::kRequestTimeout, "rqet"},
        Case{"rqet_no_time", kR, [](Request& r) { r.request_expiration = "soon"; }, kBad, "rqet"},
        Case{"rset_passed", kR, [](Request& r) { r.result_expiration = "20200101T000000"; },
             Rsc::kRequestTimeout, "rset"},
        Case{"rset_no_date", kR, [](Request& r) { r.result_expiration = "20270230T000000"; }, kBad,
             "rset"},
        Case{"oet_relative", kR, [](Request& r) { r.operation_execution_time = "1000"; }, kFine},
        Case{"oet_no_time", kR, [](Request& r) { r.operation_execution_time = "later"; }, kBad,
             "oet"},
        Case{"rp_relative", kR, [](Request& r) { r.result_persistence = "60000"; }, kFine},
        Case{"rp_no_time", kR, [](Request& r) { r.result_persistence = "for ever"; }, kBad, "rp"},
        Case{"ot_no_time", kR, [](Request& r) { r.originating_timestamp = "12:00"; }, kBad, "ot"},
        Case{"ot_relative_is_no_time", kR, [](Request& r) { r.originating_timestamp = "12"; }, kBad,
             "ot"},
        Case{"crb_no_time", kR, [](Request& r) { filter(r).created_before = "x"; }, kBad, "crb"},
        Case{"cra_no_time", kR, [](Request& r) { filter(r).created_after = "x"; }, kBad, "cra"},
        Case{"ms_no_time", kR, [](Request& r) { filter(r).modified_since = "x"; }, kBad, "ms"},
        Case{"us_no_time", kR, [](Request& r) { filter(r).unmodified_since = "x"; }, kBad, "us"},
        Case{"exb_no_time", kR, [](Request& r) { filter(r).expire_before = "x"; }, kBad, "exb"},
        Case{"exa_no_time", kR, [](Request& r) { filter(r).expire_after = "x"; }, kBad, "exa"}),
    name_of_case);

/// One row of TS-0001 table 8.1.2-1: which resultContent an operation may ask for.
struct ContentRow {
  std::string name;
  Operation operation;
  std::vector<int> valid;
};
class ResultContents : public testing::TestWithParam<ContentRow> {};

TEST_P(ResultContents, AreThoseOfTheOperation) {
  for (int rcn = -1; rcn <= 13; ++rcn) {
    const auto is_in = [rcn](const std::vector<int>& list) {
      return std::find(list.begin(), list.end(), rcn) != list.end();
    };
    Request request = valid(GetParam().operation);
    request.result_content = rcn;

    const auto refused = refusal(request);

    const std::optional<Rsc> expected =
        is_in(GetParam().valid) ? std::nullopt : std::optional(Rsc::kBadRequest);
    EXPECT_EQ(refused ? std::optional(refused->rsc) : std::nullopt, expected) << "rcn " << rcn;
  }
}
INSTANTIATE_TEST_SUITE_P(Operations, ResultContents,
                         testing::Values(ContentRow{"create", kC, {0, 1, 2, 3, 9}},
                                         ContentRow{"retrieve", kR, {1, 4, 5, 6, 7, 8, 10, 12}},
                                         ContentRow{"update", kU, {0, 1, 9}},
                                         ContentRow{"remove", kD, {0, 1, 4, 5, 6, 8}},
                                         ContentRow{"notify", kN, {0, 1}}),
                         name_of_case);

// TS-0001 table 8.1.2-1: a discovery answers references
TEST(ResultContentsOfDiscovery, AreReferences) {
  for (int rcn = 0; rcn <= 12; ++rcn) {
    Request request = valid(Operation::kRetrieve);
    filter(request).filter_usage = 1;
    request.result_content = rcn;

    EXPECT_EQ(!refusal(request), rcn == 6 || rcn == 11) << "rcn " << rcn;
  }
}

}  // namespace
}  // namespace gatehouse
