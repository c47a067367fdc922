#include "cse/services/network/network.h"

#include <gmock/gmock.h>

#include "tests/cse/core/test_cse.h"

namespace gatehouse {
namespace {

using test::TestCse;
using testing::HasSubstr;
using namespace type_number;

class Network : public testing::Test {
 protected:
  Network() { add_network_types(node_.cse()); }

  Value attributes(const std::string& address) {
    return TestCse::attributes(node_.retrieve("CAdmin", address));
  }
  Response create_session() {
    return node_.create("CAE1", "CAE1", kMultimediaSession,
                        Value::object({{"rn", "s"}, {"soi", "CAE1"}, {"osd", description("a")}}));
  }
  static Value description(const char* text) {
    return Value::object({{"sdc", Value::array({text})}});
  }
  Response trigger(Value more = Value::object()) {
    Value attributes =
        Value::object({{"rn", "t"}, {"mei", "x@example"}, {"tri", 3010}, {"tvt", "PT1H"}});
    for (const Member& member : *more.as_object()) attributes.set(member.name, member.value);
    return node_.create("CAE1", "CAE1", kTriggerRequest, std::move(attributes));
  }

  TestCse node_;
};

// TS-0004 clause 7.4.56.2.1
TEST_F(Network, RefusesASessionOfAnAeWithoutSessionCapabilities) {
  node_.add_ae("CAE1");

  EXPECT_EQ(create_session().rsc, Rsc::kTargetHasNoSessionCapability);
  EXPECT_EQ(node_.find("CAE1/s"), nullptr);
}

// TS-0004 clause 7.4.56.2.3
TEST_F(Network, KeepsTheDescriptionsOfASessionWhileItIsOnline) {
  node_.add_ae("CAE1", Value::object({{"scp", Value::array({"audio:AVP"})}}));
  ASSERT_EQ(create_session().rsc, Rsc::kCreated);
  EXPECT_EQ(attributes("CAE1/s").integer_at("sst"), 1) << "OFFLINE at first";
  const auto update = [&](Value change) {
    return node_.update("CAE1", "CAE1/s", "m2m:mms", std::move(change)).rsc;
  };

  EXPECT_EQ(update(Value::object({{"asd", description("b")}, {"sst", 2}})), Rsc::kUpdated);
  EXPECT_EQ(update(Value::object({{"osd", description("c")}})), Rsc::kSessionIsOnline);
  EXPECT_EQ(update(Value::object({{"asd", description("c")}})), Rsc::kSessionIsOnline);
  EXPECT_EQ(update(Value::object({{"lbl", Value::array({"l"})}})), Rsc::kUpdated);
  EXPECT_EQ(update(Value::object({{"osd", description("c")}, {"sst", 1}})), Rsc::kUpdated);
}

// TS-0004 clause 7.4.57.2: no network service entity can be determined.
TEST_F(Network, FindsNoNetworkForATrigger) {
  node_.add_ae("CAE1");

  ASSERT_EQ(trigger().rsc, Rsc::kCreated);

  const Value made = attributes("CAE1/t");
  EXPECT_EQ(made.integer_at("tst"), 2) << "ERROR_NSE_NOT_FOUND";
  EXPECT_EQ(made.integer_at("tpe"), 1) << "establishConnection";
  EXPECT_FALSE(made.string_at("trf").empty());
  EXPECT_EQ(node_.update("CAE1", "CAE1/t", "m2m:tgr", Value::object({{"tri", 5}})).rsc,
            Rsc::kUnableToReplaceRequest);
  EXPECT_EQ(node_.remove("CAE1", "CAE1/t").rsc, Rsc::kUnableToRecallRequest);
  EXPECT_EQ(node_.remove("CAE1", "CAE1").rsc, Rsc::kDeleted) << "with its AE it goes";
}

TEST_F(Network, TriggersNobodyWhoWantsNoTriggers) {
  node_.add_ae("CAE1");
  node_.add_ae("CAE2", Value::object({{"tri", 3010}, {"tren", false}}));
  node_.add_ae("CAE3", Value::object({{"tri", 3011}, {"tren", true}}));

  EXPECT_EQ(trigger().rsc, Rsc::kTriggeringDisabledForRecipient);
  EXPECT_EQ(trigger(Value::object({{"tri", 3011}})).rsc, Rsc::kCreated);
}

struct PurposeCase {
  const char* name;
  Value attributes;
  bool accepted;
};
class Purpose : public Network, public testing::WithParamInterface<PurposeCase> {};

// TS-0001 table 9.6.49-2
TEST_P(Purpose, SaysWhatElseATriggerNeeds) {
  node_.add_ae("CAE1");

  const Response response = trigger(GetParam().attributes);

  EXPECT_EQ(response.rsc, GetParam().accepted ? Rsc::kCreated : Rsc::kBadRequest);
  if (!GetParam().accepted) {
    EXPECT_THAT(TestCse::debug_text(response), HasSubstr("tpe (triggerPurpose)"));
  }
}

Value execution() {
  return Value::object({{"tpe", 3}, {"tiae", "CAE1"}, {"tia", "cnt"}, {"tio", 1}, {"tirt", 4}});
}
Value execution_without(const char* name) {
  Value attributes = execution();
  attributes.erase(name);
  return attributes;
}

INSTANTIATE_TEST_SUITE_P(
    Rows, Purpose,
    testing::Values(PurposeCase{"connect", Value::object({{"tpe", 1}}), true},
                    PurposeCase{"execute", execution(), true},
                    PurposeCase{"execute_without_ae", execution_without("tiae"), false},
                    PurposeCase{"execute_without_address", execution_without("tia"), false},
                    PurposeCase{"execute_without_operation", execution_without("tio"), false},
                    PurposeCase{"execute_without_type", execution_without("tirt"), false},
                    PurposeCase{"connect_with_operation", Value::object({{"tio", 1}}), false}),
    [](const auto& test) { return test.param.name; });

// TS-0001 clause 9.6.60
TEST_F(Network, KeepsABackgroundDataTransferAsAskedFor) {
  node_.add_ae("CAE1");
  node_.put(kContainer, "cnt", "CAE1", Value::object());
  const auto create = [&](const char* name, Value members) {
    return node_.create("CAdmin", "cse-in", kBackgroundDataTransfer,
                        Value::object({{"rn", name},
                                       {"vpn", 1000},
                                       {"non", 2},
                                       {"dtw", "* 0-5 2,6,10 * * * *"},
                                       {"mid", std::move(members)}}));
  };

  EXPECT_EQ(create("a", Value::array({"CAE1", "/id-mn/CAE9"})).rsc, Rsc::kCreated);
  EXPECT_EQ(create("b", Value::array({"cnt"})).rsc, Rsc::kBadRequest);
  EXPECT_EQ(create("c", Value::array({"nobody"})).rsc, Rsc::kBadRequest);

  const Value kept = attributes("cse-in/a");
  EXPECT_EQ(kept.string_at("dtw"), "* 0-5 2,6,10 * * * *");
  EXPECT_EQ(*kept.find("tsg"), Value::array({1})) << "lowest cost, if nothing is asked for";
}

// TS-0004 clause 7.4.55.2.1
TEST_F(Network, JoinsNoMulticastGroup) {
  const Response refused =
      node_.create("CAdmin", "cse-in", kLocalMulticastGroup,
                   Value::object({{"mad", Value::object({{"ip4", "239.1.1.1"}})},
                                  {"mgft", "/id-mn/f"},
                                  {"mli", Value::array({"CAE1"})}}));

  EXPECT_EQ(refused.rsc, Rsc::kJoinMulticastGroupFailed) << TestCse::debug_text(refused);
}

}  // namespace
}  // namespace gatehouse
