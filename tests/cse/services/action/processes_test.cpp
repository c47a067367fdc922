#include "cse/services/action/processes.h"

#include <gmock/gmock.h>

#include "tests/cse/core/test_cse.h"

namespace gatehouse {
namespace {

using test::TestCse;
using testing::HasSubstr;
using namespace type_number;

class Processes : public testing::Test {
 protected:
  Processes() {
    add_processes(node_.cse());
    node_.add_ae("CAE1");
    for (const char* name : {"p", "q"})
      EXPECT_EQ(node_.create("CAE1", "CAE1", kProcessManagement, Value::object({{"rn", name}})).rsc,
                Rsc::kCreated);
    EXPECT_EQ(node_.create("CAE1", "CAE1/p", kState, Value::object({{"rn", "s"}})).rsc,
              Rsc::kCreated);
  }

  Response update(const char* process, Value change) {
    return node_.update("CAE1", std::string("CAE1/") + process, "m2m:prmr", std::move(change));
  }
  Value attributes(const char* address) {
    return TestCse::attributes(node_.retrieve("CAE1", address));
  }

  TestCse node_;
};

TEST_F(Processes, BeginDisabledWithStatesThatAreNotActive) {
  EXPECT_EQ(attributes("CAE1/p").integer_at("prst"), 1);
  EXPECT_EQ(attributes("CAE1/p/s").find("sact")->as_bool(), false);
}

TEST_F(Processes, BeginInOneOfTheirOwnStates) {
  EXPECT_EQ(update("p", Value::object({{"inst", "CAE1/p/s"}})).rsc, Rsc::kUpdated);
  EXPECT_EQ(update("q", Value::object({{"inst", "CAE1/p/s"}})).rsc,
            Rsc::kInvalidProcessConfiguration);
  EXPECT_EQ(update("p", Value::object({{"inst", "CAE1"}})).rsc, Rsc::kInvalidProcessConfiguration);
  EXPECT_EQ(update("p", Value::object({{"inst", "nothing"}})).rsc,
            Rsc::kInvalidProcessConfiguration);
}

TEST_F(Processes, AreNotRunHereAndSaySo) {
  const Response enabled = update("p", Value::object({{"prct", 1}}));

  EXPECT_EQ(enabled.rsc, Rsc::kNotImplemented);
  EXPECT_THAT(TestCse::debug_text(enabled), HasSubstr("prct (processControl)"));
  for (const int control : {2, 3, 4}) {
    EXPECT_EQ(update("p", Value::object({{"prct", control}})).rsc, Rsc::kOperationNotAllowed)
        << control;
  }
  EXPECT_EQ(attributes("CAE1/p").integer_at("prst"), 1);
}

}  // namespace
}  // namespace gatehouse
