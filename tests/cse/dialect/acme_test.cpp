// Switches of the profile acme that do more than accept a request.
#include <gmock/gmock.h>

#include "tests/cse/dialect/dialect_node.h"

namespace gatehouse::test {
namespace {

using testing::Each;
using testing::StartsWith;

std::vector<std::string> found(const Response& answer) {
  const auto tree = tree_of(answer.content);
  return tree ? tree->strings_at("m2m:uril") : std::vector<std::string>{};
}

TEST(UnstructuredWithCseId, AreAnsweredWhereUnstructuredOnesAreAskedFor) {
  DialectNode node(only({Dialect::kUnstructuredWithCseId}));
  Request request = retrieving("cse-in");
  request.filter = FilterCriteria{};
  request.filter->filter_usage = 1;
  request.desired_identifier_result_type = 1;

  const Response structured = node.ask(request);
  request.desired_identifier_result_type = 2;
  const Response unstructured = node.ask(request);

  EXPECT_THAT(found(structured), Each(StartsWith("cse-in/")));
  EXPECT_EQ(structured.dialect, "");
  EXPECT_FALSE(found(unstructured).empty());
  EXPECT_THAT(found(unstructured), Each(StartsWith("/id-in/")));
  EXPECT_EQ(unstructured.dialect, "unstructured_with_cse_id");
}

Request located(const char* type_and_coordinates) {
  return creating(3, "CAE1", R"({"m2m:cnt":{"loc":)" + std::string(type_and_coordinates) + "}}");
}

TEST(DecimalCoordinates, RefuseWhatTheStandardAccepts) {
  const char* whole[] = {R"({"typ":1,"crd":"[1, 2]"})", R"({"typ":1,"crd":"[1.5, 2]"})",
                         R"({"typ":2,"crd":"[[1.0, 2.0], [3, 4.0]]"})"};
  for (const char* each : whole) {
    DialectNode standard({}), acme(only({Dialect::kDecimalCoordinates}));

    EXPECT_EQ(standard.ask(located(each)).rsc, Rsc::kCreated) << each;
    const Response refused = acme.ask(located(each));

    EXPECT_EQ(refused.rsc, Rsc::kBadRequest) << each;
    EXPECT_EQ(refused.dialect, "decimal_coordinates");
    EXPECT_EQ(refused.request_identifier, "1");
    EXPECT_EQ(acme.used(Dialect::kDecimalCoordinates), 1u);
  }
}

TEST(DecimalCoordinates, LeaveOthersAlone) {
  DialectNode node(only({Dialect::kDecimalCoordinates}));

  EXPECT_EQ(node.ask(located(R"({"typ":1,"crd":"[1.0, 2.0]"})")).rsc, Rsc::kCreated);
  EXPECT_EQ(node.ask(creating(3, "CAE1", R"({"m2m:cnt":{"mni":1}})")).rsc, Rsc::kCreated);
}

TEST(FractionalTimes, AreCutOffAndOthersAreNot) {
  DialectNode node(only({Dialect::kFractionalTimes}));
  for (const char* wrong : {"1.", ".5", "1.5.5", "1e3", "-1.0", "99999999999999999.0"}) {
    Request request = retrieving("CAE1/cnt");
    request.request_expiration = wrong;

    const Response refused = node.ask(std::move(request));

    EXPECT_EQ(refused.rsc, Rsc::kBadRequest) << wrong;
    EXPECT_EQ(refused.dialect, "") << wrong;
  }
}

}  // namespace
}  // namespace gatehouse::test
