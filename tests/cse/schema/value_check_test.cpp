#include <gmock/gmock.h>

#include "cse/schema/complex_types.h"
#include "cse/schema/enumerations.h"
#include "cse/schema/schema.h"
#include "tests/cse/schema/sample_values.h"

namespace gatehouse {
namespace {

using namespace shape;
using namespace complex_types;
using test::refusal;

struct Case {
  std::string name;
  DataType type;
  Value value;
  std::string refused;  ///< what follows "x: "; empty: accepted
};

class ValueCheck : public testing::TestWithParam<Case> {};

// TS-0004 clause 6.3.3
TEST_P(ValueCheck, AcceptsOrSaysWhatIsWrongAndWhere) {
  const Case& c = GetParam();

  const Result<void> result = validate_value("x", c.type, c.value);

  EXPECT_EQ(refusal(result), c.refused.empty() ? "" : "x" + c.refused);
  if (!result) {
    EXPECT_EQ(result.error().rsc, Rsc::kBadRequest);
  }
}

const Value kNull;
const std::string kUnsignedText = ": must be a non-negative integer, not ";
const std::string kNameText =
    ": must be a name of letters, digits, '-', '.' and '_' that starts with a letter or '_', not ";
const std::string kTokenText =
    ": must be a text that is not empty, without tabs, line breaks or double spaces, not ";
const std::string kMediaText =
    ": must be a media type such as application/json, application/cbor or application/xml, not ";
const std::string kTimeText = ": must be a timestamp such as 20270131T120000, not ";
const std::string kIdText =
    ": must be an identifier: a string that is not empty and has no spaces, not ";

INSTANTIATE_TEST_SUITE_P(
    Simple, ValueCheck,
    testing::Values(
        Case{"string", kString, "", ""},
        Case{"string_number", kString, 1, ": must be a string, not the number 1"},
        Case{"token", kToken, "a label", ""},
        Case{"token_empty", kToken, "", kTokenText + "the string \"\""},
        Case{"token_double", kToken, "a  b", kTokenText + "the string \"a  b\""},
        Case{"token_tab", kToken, "a\tb", kTokenText + "the string \"a\tb\""},
        Case{"token_line", kToken, "a\nb", kTokenText + "the string \"a\nb\""},
        Case{"token_space_behind", kToken, "a ", kTokenText + "the string \"a \""},
        Case{"serialization", kSerialization, "application/cbor", ""},
        Case{"serialization_vendor", kSerialization, "application/vnd.onem2m-res+json", ""},
        Case{"serialization_other", kSerialization, "text/plain",
             kMediaText + "the string \"text/plain\""},
        Case{"ncname", kNcName, "a-b", ""},
        Case{"ncname_colon", kNcName, "a:b", kNameText + "the string \"a:b\""},
        Case{"ncname_digit", kNcName, "1a", kNameText + "the string \"1a\""},
        Case{"ncname_plus", kNcName, "a+b", kNameText + "the string \"a+b\""},
        Case{"ncname_underscore", kNcName, "_a.b", ""},
        Case{"resource_name", kResourceName, "a.b-1", ""},
        Case{"resource_name_slash", kResourceName, "a/b",
             ": must be a name of letters, digits, '-', '.' and '_' that starts with a letter or "
             "digit, not the string \"a/b\""},
        Case{"id", kId, "/id-in/CAE1", ""}, Case{"id_empty", kId, "", kIdText + "the string \"\""},
        Case{"id_space", kId, "a b", kIdText + "the string \"a b\""},
        Case{"id_control", kId, "a\x01", kIdText + "the string \"a\x01\""},
        Case{"uri", kUri, "mqtt://h:1883", ""},
        Case{"uri_list", kUri, Value::array({"a"}),
             ": must be a URI: a string that is not empty and has no spaces, not a list"},
        Case{"boolean", kBoolean, false, ""},
        Case{"boolean_number", kBoolean, 1, ": must be true or false, not the number 1"},
        Case{"integer_negative", kInteger, -5, ""},
        Case{"integer_fraction", kInteger, 1.5, ": must be an integer, not the number 1.5"},
        Case{"unsigned_zero", kUnsigned, 0, ""},
        Case{"unsigned_minus_one", kUnsigned, -1, kUnsignedText + "the number -1"},
        Case{"unsigned_text", kUnsigned, "ten", kUnsignedText + "the string \"ten\""},
        Case{"unsigned_truth", kUnsigned, true, kUnsignedText + "true"},
        Case{"unsigned_null", kUnsigned, kNull, kUnsignedText + "null"},
        Case{"positive_one", kPositive, 1, ""},
        Case{"positive_zero", kPositive, 0, ": must be a positive integer, not the number 0"},
        Case{"float_integer", kFloat, 3, ""}, Case{"float_fraction", kFloat, 0.5, ""},
        Case{"float_text", kFloat, "1", ": must be a number, not the string \"1\""},
        Case{"any", kAny, Value::array(), ""},
        Case{"any_null", kAny, kNull, ": must be a value, not null"}),
    [](const auto& test_case) { return test_case.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Encoded, ValueCheck,
    testing::Values(Case{"timestamp", kTimestamp, "20270131T120000", ""},
                    Case{"timestamp_fraction", kTimestamp, "20270131T120000,123456", ""},
                    Case{"timestamp_no_such_day", kTimestamp, "20270231T120000",
                         kTimeText + "the string \"20270231T120000\""},
                    Case{"timestamp_number", kTimestamp, 5, kTimeText + "the number 5"},
                    Case{"abs_rel_absolute", kAbsRelTimestamp, "20270131T120000", ""},
                    Case{"abs_rel_text", kAbsRelTimestamp, "60000", ""},
                    Case{"abs_rel_number", kAbsRelTimestamp, 60000, ""},
                    Case{"abs_rel_nonsense", kAbsRelTimestamp, "soon",
                         ": must be a timestamp such as 20270131T120000, or a number of "
                         "milliseconds, not the string \"soon\""},
                    Case{"duration", kDuration, "PT10S", ""},
                    Case{"duration_nonsense", kDuration, "10S",
                         ": must be a duration of days, hours, minutes and seconds such as PT10S, "
                         "not the string \"10S\""},
                    Case{"base64", kBase64, "AA==", ""}, Case{"base64_empty", kBase64, "", ""},
                    Case{"base64_length", kBase64, "AAA",
                         ": must be base64 text, not the string \"AAA\""},
                    Case{"base64_padding_inside", kBase64, "A=AA",
                         ": must be base64 text, not the string \"A=AA\""},
                    Case{"base64_too_much_padding", kBase64,
                         "A===", ": must be base64 text, not the string \"A===\""}),
    [](const auto& test_case) { return test_case.param.name; });

const DataType kCst = one_of(enumerations::kCseType);
const std::string kCstText = ": must be one of 1 (IN_CSE), 2 (MN_CSE), 3 (ASN_CSE), not ";

INSTANTIATE_TEST_SUITE_P(
    Enumerated, ValueCheck,
    testing::Values(Case{"first", kCst, 1, ""}, Case{"last", kCst, 3, ""},
                    Case{"below", kCst, 0, kCstText + "the number 0"},
                    Case{"above", kCst, 4, kCstText + "the number 4"},
                    Case{"text", kCst, "1", kCstText + "the string \"1\""},
                    Case{"operations_all", one_of(enumerations::kAccessControlOperations), 63, ""},
                    Case{"operations_too_many", one_of(enumerations::kAccessControlOperations), 64,
                         ": must be one of 1..63, not the number 64"},
                    Case{"category_user", one_of(enumerations::kEventCategory), 100, ""},
                    Case{"category_gap", one_of(enumerations::kEventCategory), 99,
                         ": must be one of 2..4, 100..999, not the number 99"},
                    Case{"category_default", one_of(enumerations::kEventCategoryOrDefault), 0, ""},
                    Case{"member_type_mixed", one_of(enumerations::kMemberType), 0, ""},
                    Case{"percent_full", one_of(enumerations::kPercent), 100, ""},
                    Case{"percent_over", one_of(enumerations::kPercent), 101,
                         ": must be one of 0..100, not the number 101"}),
    [](const auto& test_case) { return test_case.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Lists, ValueCheck,
    testing::Values(Case{"empty", list_of(kUri), Value::array(), ""},
                    Case{"two", list_of(kUri), Value::array({"a", "b"}), ""},
                    Case{"no_list", list_of(kUri), "a",
                         ": must be a list of URIs, not the string \"a\""},
                    Case{"wrong_item", list_of(kUnsigned), Value::array({0, -1}),
                         "[1]: must be a non-negative integer, not the number -1"},
                    Case{"nested", list_of(kString), Value::array({Value::array()}),
                         "[0]: must be a string, not an empty list"},
                    Case{"some_one", some_of(kUri), Value::array({"a"}), ""},
                    Case{"some_none", some_of(kUri), Value::array(),
                         ": must be a non-empty list of URIs, not an empty list"}),
    [](const auto& test_case) { return test_case.param.name; });

Value rule(Value acor, Value acop) {
  return Value::object({{"acor", std::move(acor)}, {"acop", std::move(acop)}});
}

/// A rule for all with one context of that one condition.
Value context(const char* condition, Value value) {
  Value made = rule(Value::array({"all"}), 2);
  made.set("acco", Value::array({Value::object({{condition, std::move(value)}})}));
  return made;
}

Value addresses(const char* family, const char* address) {
  return context("acip", Value::object({{family, Value::array({address})}}));
}

Value rules(Value one) { return Value::object({{"acr", Value::array({std::move(one)})}}); }

// TS-0004 clause 6.3.5
INSTANTIATE_TEST_SUITE_P(
    Complex, ValueCheck,
    testing::Values(
        Case{"privileges", kPrivileges, rules(rule(Value::array({"all"}), 63)), ""},
        Case{"privileges_empty", kPrivileges, Value::object(), ""},
        Case{"self_privileges_empty", kSelfPrivileges, Value::object(),
             "/acr (accessControlRules): is mandatory"},
        Case{"self_privileges_no_rule", kSelfPrivileges, Value::object({{"acr", Value::array()}}),
             "/acr (accessControlRules): must be a non-empty list of objects, not an empty list"},
        Case{"operations", kPrivileges, rules(rule(Value::array({"all"}), 64)),
             "/acr[0]/acop (accessControlOperations): must be one of 1..63, not the number 64"},
        Case{"missing", kPrivileges, rules(Value::object({{"acop", 1}})),
             "/acr[0]/acor (accessControlOriginators): is mandatory"},
        Case{"unknown", kBatchNotify, Value::object({{"nim", 1}}), ": has no member \"nim\""},
        Case{"unknown_deep", kPrivileges, rules(Value::object({{"acox", 1}})),
             "/acr[0] (accessControlRules): has no member \"acox\""},
        Case{"no_object", kRateLimit, "PT1S", ": must be an object, not the string \"PT1S\""},
        Case{"rate", kRateLimit, Value::object({{"mnn", 1}, {"tww", "PT1S"}}), ""},
        Case{"window_context", kPrivileges,
             rules(Value::object({{"acor", Value::array({"all"})},
                                  {"acop", 2},
                                  {"acco", Value::array({Value::object(
                                               {{"actw", Value::array({"* * 8 * * * *"})}})})}})),
             ""},
        Case{"window_of_six_fields", kPrivileges,
             rules(context("actw", Value::array({"* * * * * *"}))),
             "/acr[0]/acco[0]/actw[0] (accessControlWindow): must be a schedule entry of seven "
             "fields (second minute hour day-of-month month day-of-week year), each '*' or a list "
             "of numbers and ranges, not the string \"* * * * * *\""},
        Case{"ipv4_network", kPrivileges, rules(addresses("ipv4", "10.0.0.0/8")), ""},
        Case{"ipv4_of_too_many_bits", kPrivileges, rules(addresses("ipv4", "10.0.0.0/33")),
             "/acr[0]/acco[0]/acip/ipv4[0] (ipv4Addresses): must be an IPv4 address, maybe with "
             "\"/bits\", not the string \"10.0.0.0/33\""},
        Case{"ipv6_network", kPrivileges, rules(addresses("ipv6", "2001:db8::/32")), ""},
        Case{"ipv6_in_the_wrong_list", kPrivileges, rules(addresses("ipv4", "2001:db8::1")),
             "/acr[0]/acco[0]/acip/ipv4[0] (ipv4Addresses): must be an IPv4 address, maybe with "
             "\"/bits\", not the string \"2001:db8::1\""},
        Case{"event", kEventNotificationCriteria,
             Value::object({{"net", Value::array({1, 3})}, {"atr", Value::array({"mni"})}}), ""},
        Case{"status", kActionStatus, Value::object({{"acn", "update"}, {"sus", 1}}), ""},
        Case{"schedule", kScheduleEntries,
             Value::object({{"sce", Value::array({"* * * * * * *"})}}), ""},
        Case{"schedule_empty", kScheduleEntries, Value::object(),
             "/sce (scheduleEntry): is mandatory"},
        Case{"link", kMgmtLinkRef,
             Value::object({{"val", "cse-in/nod/fw"}, {"nm", "fw"}, {"typ", 1001}}), ""},
        Case{"missing_data", kEventNotificationCriteria,
             Value::object({{"md", Value::object({{"num", 0}, {"dur", "PT1S"}})}}),
             "/md/num (number): must be a positive integer, not the number 0"}),
    [](const auto& test_case) { return test_case.param.name; });

TEST(ValueCheckText, NamesTheItemOfAListByItsAttribute) {
  const Value criteria = Value::object({{"net", Value::array({1, 99})}});

  const std::string text = refusal(validate_value("enc", kEventNotificationCriteria, criteria));

  EXPECT_THAT(text,
              testing::StartsWith(
                  "enc/net[1] (notificationEventType): must be one of 1 (Update_of_Resource), "));
  EXPECT_THAT(text, testing::EndsWith("not the number 99"));
}

TEST(ValueCheckText, CutsALongForeignTextBetweenCharacters) {
  const std::string long_text = std::string(39, 'a') + "ä" + std::string(1000, 'b');

  const std::string text = refusal(validate_value("x", kUnsigned, long_text));

  EXPECT_EQ(text,
            "x: must be a non-negative integer, not the string \"" + std::string(39, 'a') + "…\"");
}

}  // namespace
}  // namespace gatehouse
