// The Center as the dynamic authorization system of what is for trusted devices alone.
#include "ae-apps/attestation/center/process/trust_desk.h"

#include <gtest/gtest.h>

#include "ae-apps/sdk/fake_cse.h"
#include "tests/ae-apps/ota/temporary_folder.h"

namespace gatehouse::center {
namespace {

class TrustDeskTest : public testing::Test {
 protected:
  TrustDeskTest() {
    sdk::AeSettings settings;
    settings.name = "center";
    settings.ae_id = "Ccenter";
    ae_ = *sdk::Ae::connect(settings, cse_.link());
    policy_ = *ae_->ensure_policy("own", {{{"Ccenter"}, sdk::kMayDoAll}});
    start();
  }
  void start() {
    desk_.emplace(*ae_, folder_.path(), TrustDesk::Originators{{"car-1", {"/id-mn/Csupport"}}});
    ASSERT_TRUE(desk_->prepare("bulletins", policy_, 10));
  }
  /// What is granted to that originator; null: nothing.
  Value granted(const std::string& originator) const {
    const auto said = desk_->answer(Value::object(
        {{"m2m:seci",
          Value::object({{"sit", 1}, {"dreq", Value::object({{"or", originator}})}})}}));
    EXPECT_TRUE(said) << said.error().detail;
    EXPECT_EQ(said->find("m2m:seci")->integer_at("sit"), 2);
    const Value* information = said->find("m2m:seci")->find("dres")->find("dai");
    return information != nullptr ? *information : Value();
  }

  TemporaryFolder folder_;
  sdk::FakeCse cse_;
  std::unique_ptr<sdk::Ae> ae_;
  std::string policy_;
  std::optional<TrustDesk> desk_;
};

constexpr const char* kCar = "//gatehouse.example/id-mn/Csupport";

// TS-0003 clause 7.3.2.2
TEST_F(TrustDeskTest, GrantsToReadForAMomentWhileItTrusts) {
  EXPECT_TRUE(granted(kCar).is_null()) << "never attested";
  ASSERT_TRUE(desk_->set("car-1", true));

  const Value given = granted(kCar);

  ASSERT_FALSE(given.is_null());
  const Value& rule = (*given.find("gp")->find("acr")->as_array())[0];
  EXPECT_EQ(rule, Value::object({{"acor", Value::array({"/id-mn/Csupport"})}, {"acop", 34}}));
  EXPECT_TRUE(parse_timestamp(given.string_at("pl")));
  EXPECT_TRUE(granted("//gatehouse.example/id-mn/Cother").is_null());
}

TEST_F(TrustDeskTest, TakesBackWhatWasGrantedWhenTrustEnds) {
  ASSERT_TRUE(desk_->set("car-1", true));
  const std::string by_das = *ae_->ensure_policy("granted", {{{"/id-mn/Csupport"}, 34}});
  cse_.update("cse-in/center/bulletins",
              Value::object({{"acpi", Value::array({policy_, by_das})}}));

  ASSERT_TRUE(desk_->set("car-1", false));

  EXPECT_EQ(cse_.find("cse-in/center/bulletins").strings_at("acpi"),
            std::vector<std::string>{policy_});
  EXPECT_TRUE(cse_.find(by_das).is_null());
  EXPECT_TRUE(granted(kCar).is_null());
}

TEST_F(TrustDeskTest, RemembersOverARestart) {
  ASSERT_TRUE(desk_->set("car-1", true));
  start();
  EXPECT_FALSE(granted(kCar).is_null());
  ASSERT_TRUE(desk_->set("car-1", false));
  start();
  EXPECT_TRUE(granted(kCar).is_null());
}

TEST_F(TrustDeskTest, ChangesNothingWhenTheCseCannotBeAsked) {
  ASSERT_TRUE(desk_->set("car-1", true));
  cse_.inject({.kind = sdk::Fault::Kind::kAnswer, .operation = Operation::kRetrieve});

  EXPECT_FALSE(desk_->set("car-1", false));

  EXPECT_TRUE(granted(kCar).is_null()) << "nothing new is granted";
  EXPECT_TRUE(desk_->set("car-1", false)) << "and it is tried again";
}

TEST_F(TrustDeskTest, AnswersNoOtherMessage) {
  EXPECT_FALSE(desk_->answer(Value::object({{"m2m:sgn", Value::object()}})));
  EXPECT_FALSE(desk_->answer(
      Value::object({{"m2m:seci", Value::object({{"sit", 2}, {"dreq", Value::object()}})}})));
  EXPECT_FALSE(desk_->answer(Value()));
}

}  // namespace
}  // namespace gatehouse::center
