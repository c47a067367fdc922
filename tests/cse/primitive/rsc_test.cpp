#include "cse/primitive/rsc.h"

#include <gtest/gtest.h>

#include "cse/primitive/request.h"

namespace gatehouse {
namespace {

// TS-0004 clause 6.6.3
TEST(Rsc, HasTheNameOfTheStandard) {
  EXPECT_EQ(name_of(Rsc::kAccepted), "ACCEPTED");
  EXPECT_EQ(name_of(Rsc::kNotFound), "NOT_FOUND");
  EXPECT_EQ(name_of(Rsc::kInsufficientArguments), "INSUFFICIENT_ARGUMENTS");
}

TEST(Rsc, OutsideTheTableHasNoName) {
  EXPECT_EQ(name_of(static_cast<Rsc>(999)), "");
  EXPECT_EQ(name_of(static_cast<Rsc>(4003)), "");
  EXPECT_EQ(name_of(static_cast<Rsc>(9999)), "");
}

TEST(Rsc, SucceedsBelow3000) {
  EXPECT_TRUE(is_success(Rsc::kAcceptedNonBlockingSynch));
  EXPECT_TRUE(is_success(Rsc::kUpdated));
  EXPECT_FALSE(is_success(Rsc::kBadRequest));
  EXPECT_FALSE(is_success(Rsc::kInternalServerError));
  EXPECT_FALSE(is_success(Rsc::kExternalObjectNotFound));
}

TEST(Operation, HasTheNameOfTheStandard) {
  EXPECT_EQ(name_of(Operation::kCreate), "CREATE");
  EXPECT_EQ(name_of(Operation::kNotify), "NOTIFY");
  EXPECT_EQ(name_of(static_cast<Operation>(77)), "?");
}

// TS-0004 clause 7.1.2
TEST(ErrorResponse, CopiesTheRequestIdentifierAndExplains) {
  Request request;
  request.request_identifier = "r1";
  request.release_version = "3";

  const Response response = error_response(request, {Rsc::kNotFound, "no such resource"});

  EXPECT_EQ(response.rsc, Rsc::kNotFound);
  EXPECT_EQ(response.request_identifier, "r1");
  EXPECT_EQ(response.release_version, "3");
  ASSERT_NE(response.content.tree(), nullptr);
  EXPECT_EQ(*response.content.tree(), Value::object({{"m2m:dbg", "no such resource"}}));
}

TEST(ErrorResponse, WithoutATextHasNoContent) {
  EXPECT_TRUE(error_response(Request{}, {Rsc::kNotFound, ""}).content.empty());
}

}  // namespace
}  // namespace gatehouse
