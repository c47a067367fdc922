// Each switch: the standard refuses and names it; switched on it accepts, counts and reports.
#include "tests/cse/dialect/dialect_node.h"

namespace gatehouse::test {
namespace {

/// A request that is valid but for one thing.
struct DialectCase {
  std::string name;
  Dialect id;
  Rsc strict;
  std::function<Request()> make;
  Rsc lenient;
};
std::ostream& operator<<(std::ostream& out, const DialectCase& row) { return out << row.name; }

constexpr const char* kSub = R"({"m2m:sub":{"nu":["http://a"],"enc":{"net":)";

const std::vector<DialectCase>& cases() {
  using enum Rsc;
  static const std::vector<DialectCase> rows = {
      {"user_and_password", Dialect::kMappedOriginator, kOriginatorNotAuthenticated,
       [] { return retrieving("CAE1/cnt", "admin:admin"); }, kOk},
      {"user_and_password_registers", Dialect::kMappedOriginator, kBadRequest,
       [] {
         return creating(2, "cse-in", R"({"m2m:ae":{"api":"Nx","rr":false,"srv":["3"]}})",
                         "admin:admin");
       },
       kCreated},
      {"no_release", Dialect::kNoReleaseVersion, kReleaseVersionNotSupported,
       [] {
         Request request = retrieving("cse-in");
         request.release_version.reset();
         return request;
       },
       kOk},
      {"no_identifier", Dialect::kNoRequestId, kBadRequest,
       [] {
         Request request = retrieving("cse-in");
         request.request_identifier.clear();
         return request;
       },
       kOk},
      {"type_in_an_update", Dialect::kTypeOutsideCreate, kBadRequest,
       [] {
         Request request = updating("CAE1/cnt", R"({"m2m:cnt":{"lbl":["a"]}})");
         request.resource_type = 3;
         return request;
       },
       kUpdated},
      {"type_in_a_retrieve", Dialect::kTypeOutsideCreate, kBadRequest,
       [] {
         Request request = retrieving("CAE1/cnt");
         request.resource_type = 3;
         return request;
       },
       kOk},
      {"attribute_of_a_later_release", Dialect::kLaterRelease, kBadRequest,
       [] {
         Request request = updating("CAE1/cnt", R"({"m2m:cnt":{"cstn":"CAE1"}})");
         request.release_version = "3";
         return request;
       },
       kUpdated},
      {"base_name_behind_a_slash", Dialect::kAddressWithoutCseId, kNotFound,
       [] { return retrieving("/cse-in/CAE1"); }, kOk},
      {"identifier_behind_a_slash", Dialect::kAddressWithoutCseId, kNotFound,
       [] { return retrieving("/CAE1"); }, kOk},
      {"cse_id_alone", Dialect::kCseIdAsBase, kBadRequest, [] { return retrieving("/id-in"); },
       kOk},
      {"absolute_cse_id_alone", Dialect::kCseIdAsBase, kBadRequest,
       [] { return retrieving("//gatehouse.example/id-in"); }, kOk},
      {"truth_as_text", Dialect::kCoerceScalars, kBadRequest,
       [] {
         return creating(2, "cse-in", R"({"m2m:ae":{"api":"Nx","rr":"true","srv":["3"]}})", "C");
       },
       kCreated},
      {"number_as_text", Dialect::kCoerceScalars, kBadRequest,
       [] { return creating(3, "CAE1", R"({"m2m:cnt":{"mni":"10"}})"); }, kCreated},
      {"number_as_text_in_an_update", Dialect::kCoerceScalars, kBadRequest,
       [] { return updating("CAE1/cnt", R"({"m2m:cnt":{"mni":"10"}})"); }, kUpdated},
      {"whole_number_with_a_point", Dialect::kCoerceScalars, kBadRequest,
       [] { return creating(3, "CAE1", R"({"m2m:cnt":{"mni":10.0}})"); }, kCreated},
      {"lone_item_of_a_member", Dialect::kCoerceScalars, kBadRequest,
       [] { return creating(23, "CAE1/cnt", std::string(kSub) + "3}}}"); }, kCreated},
      {"lone_item", Dialect::kCoerceScalars, kBadRequest,
       [] { return creating(23, "CAE1/cnt", R"({"m2m:sub":{"nu":"http://a"}})"); }, kCreated},
      {"item_as_text", Dialect::kCoerceScalars, kBadRequest,
       [] { return creating(23, "CAE1/cnt", std::string(kSub) + R"(["3"]}}})"); }, kCreated},
      {"ae_without_releases", Dialect::kAeWithoutReleases, kBadRequest,
       [] { return creating(2, "cse-in", R"({"m2m:ae":{"api":"Nx","rr":false}})", "C"); },
       kCreated},
      {"api_without_prefix", Dialect::kApiWithoutPrefix, kBadRequest,
       [] {
         return creating(2, "cse-in", R"({"m2m:ae":{"api":"app","rr":false,"srv":["3"]}})", "C");
       },
       kCreated},
      {"modified_attributes_of_all_events", Dialect::kDowngradedContentType, kBadRequest,
       [] { return creating(23, "CAE1/cnt", std::string(kSub) + R"([1,2,3,4]},"nct":2}})"); },
       kCreated},
      {"monitor_of_acme", Dialect::kAcmeMonitor, kBadRequest,
       [] {
         return creating(
             23, "CAE1/cnt",
             R"({"m2m:sub":{"nu":["http://a"],"enc":{"om":[{"ops":3,"org":"CAE1"}]}}})");
       },
       kCreated},
      {"content_type_in_the_criteria", Dialect::kNestedContentType, kBadRequest,
       [] { return creating(23, "CAE1/cnt", std::string(kSub) + R"([1],"nct":1}}})"); }, kCreated},
      {"fraction_of_a_millisecond", Dialect::kFractionalTimes, kBadRequest,
       [] {
         Request request = retrieving("CAE1/cnt");
         request.request_expiration = "60000.0";
         return request;
       },
       kOk},
      {"anybody_at_the_base", Dialect::kPublicCsebase, kOriginatorNotAuthenticated,
       [] { return retrieving("cse-in", "Sbrowser"); }, kOk},
      {"anybody_below_it", Dialect::kAdmitUnregistered, kOriginatorNotAuthenticated,
       [] { return retrieving("CAE1/cnt", "Cnobody"); }, kOriginatorHasNoPrivilege},
      {"an_ae_of_an_unknown_cse", Dialect::kAdmitUnregistered, kSecurityAssociationRequired,
       [] { return retrieving("CAE1/cnt", "/id-x/Cnobody"); }, kOriginatorHasNoPrivilege},
  };
  return rows;
}

class EachDialect : public testing::TestWithParam<DialectCase> {};

TEST_P(EachDialect, IsRefusedByTheStandardWhichNamesTheSwitch) {
  const Switch& row = switch_of(GetParam().id);
  DialectNode node({});

  const Response refused = node.ask(GetParam().make());

  EXPECT_EQ(refused.rsc, GetParam().strict);
  EXPECT_TRUE(TestCse::debug_text(refused).ends_with(would_accept(row.name)))
      << TestCse::debug_text(refused);
  EXPECT_EQ(refused.dialect, "");
  EXPECT_EQ(node.named(row.id), 1u);
  EXPECT_EQ(node.used(row.id), 0u);
}

TEST_P(EachDialect, IsAcceptedCountedAndReportedBySwitch) {
  const Switch& row = switch_of(GetParam().id);
  DialectNode node(only({row.id}));

  const Response accepted = node.ask(GetParam().make());

  EXPECT_EQ(accepted.rsc, GetParam().lenient) << TestCse::debug_text(accepted);
  EXPECT_EQ(accepted.dialect, row.name);
  EXPECT_EQ(node.used(row.id), 1u);
  EXPECT_EQ(node.named(row.id), 0u);
}

TEST_P(EachDialect, IsAcceptedByItsProfilesToo) {
  const Switch& row = switch_of(GetParam().id);
  for (const Profile& profile : all_profiles()) {
    DialectNode node(switches_of(profile.name, {}));

    const Response answer = node.ask(GetParam().make());

    SCOPED_TRACE(std::string(profile.name) + ": " + TestCse::debug_text(answer));
    if (profile.bit & row.profiles) {
      EXPECT_EQ(answer.rsc, GetParam().lenient);
    }
    if (profile.bit == 0) {
      EXPECT_EQ(answer.rsc, GetParam().strict);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Table, EachDialect, testing::ValuesIn(cases()),
                         [](const auto& each) { return each.param.name; });

// What follows the standard is nobody's dialect, whatever is switched on.
TEST(AllSwitches, LeaveWhatIsValidAlone) {
  DialectNode node(SwitchSet().set());
  const Request requests[] = {
      retrieving("cse-in"),
      retrieving("/id-in/cse-in/CAE1", "CAE1"),
      creating(2, "cse-in", R"({"m2m:ae":{"api":"Nx","rr":true,"srv":["3"]}})", "C"),
      creating(3, "CAE1", R"({"m2m:cnt":{"mni":10,"lbl":["a"]}})"),
      creating(23, "CAE1/cnt", R"({"m2m:sub":{"nu":["http://a"],"enc":{"net":[1]},"nct":2}})"),
      updating("CAE1/cnt", R"({"m2m:cnt":{"mni":5}})"),
  };
  for (const Request& request : requests) {
    const Response answer = node.ask(request);
    EXPECT_TRUE(is_success(answer.rsc)) << TestCse::debug_text(answer);
    const bool translated = request.to.starts_with('/');  // answer_in_asked_form
    EXPECT_EQ(answer.dialect, translated ? "answer_in_asked_form" : "") << request.to;
  }
}

TEST(Advice, IsSilentWhereTheSwitchWouldNotHelp) {
  DialectNode node({});
  const Request requests[] = {
      creating(3, "CAE1", R"({"m2m:cnt":{"mni":"ten"}})"),  // no number
      creating(3, "CAE1", R"({"m2m:cnt":{"mni":"-5"}})"),   // a number, but a wrong one
      creating(3, "CAE1", R"({"m2m:cnt":{"nix":"5"}})"),    // no attribute
      retrieving("/id-elsewhere/cse/x"),                    // another CSE
      retrieving("CAE1/nothing"),
  };
  for (const Request& request : requests) {
    const Response refused = node.ask(request);
    EXPECT_FALSE(is_success(refused.rsc));
    EXPECT_EQ(TestCse::debug_text(refused).find("switch"), std::string::npos)
        << TestCse::debug_text(refused);
  }
}

TEST(Profiles, AreRowsOfTheTable) {
  const SwitchSet acme =
      only({Dialect::kAcmeMonitor, Dialect::kAdmitUnregistered, Dialect::kNestedContentType,
            Dialect::kFractionalTimes, Dialect::kUnstructuredWithCseId,
            Dialect::kDecimalCoordinates, Dialect::kLaterRelease});
  EXPECT_TRUE(switches_of("strict", {}).none());
  EXPECT_EQ(switches_of("acme", {}), acme);
  EXPECT_EQ(switches_of("acme", {"no_rvi", "nonsense"}), acme | only({Dialect::kNoReleaseVersion}));
  for (const Switch& row : all_switches()) {
    EXPECT_NE(row.profiles, 0u) << row.name << " helps nobody";
    EXPECT_EQ(find_switch(row.name), &row);
  }
}

}  // namespace
}  // namespace gatehouse::test
