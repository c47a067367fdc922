// Announcement between an IN and an MN. Source: TS-0001 clauses 9.6.26 and 10.2.18.
#include "tests/cse/services/two_cses.h"

namespace gatehouse::test {
namespace {

using enum Rsc;

class AnnouncementTest : public ::testing::Test {
 protected:
  AnnouncementTest() : in(&network.add(1, "/id-in")), mn(&network.add(2, "/id-mn", "/id-in")) {
    network.settle();
    EXPECT_TRUE(mn->registration().registered());
    mn->core().add_ae("CAE1");
    in->core().add_ae("CApp");
    network.settle();
  }

  /// The announced address that `at` of an original of the MN has for the IN; empty if none.
  std::string address(const std::string& original) {
    const ResourcePtr found = mn->find(original);
    if (!found) return "";
    for (const std::string& entry : found->attributes().strings_at("at")) {
      if (entry.starts_with("/id-in/")) return entry;
    }
    return "";
  }
  ResourcePtr copy_of(const std::string& original) {
    const std::string there = address(original);
    return there.empty() ? nullptr : in->find(there);
  }
  void make_container(Value attributes = Value::object({{"rn", "cnt"},
                                                        {"at", Value::array({"/id-in"})}})) {
    ASSERT_EQ(mn->create("CAdmin", "cse-mn", 3, std::move(attributes)).rsc, kCreated);
  }
  /// The vehicle of the FOTA use case.
  void make_node() {
    const Value at = Value::array({"/id-in"});
    ASSERT_EQ(mn->create("CAE1", "cse-mn", 14,
                         Value::object({{"rn", "node"},
                                        {"ni", "urn:dev:ops:1"},
                                        {"hael", Value::array({"CAE1"})},
                                        {"lbl", Value::array({"vin:W1"})},
                                        {"at", at},
                                        {"aa", Value::array({"hael"})}}))
                  .rsc,
              kCreated);
    ASSERT_EQ(mn->create("CAE1", "cse-mn/node", 13, "m2m:fwr",
                         Value::object({{"rn", "fw"},
                                        {"mgd", 1001},
                                        {"vr", "1.0"},
                                        {"fwn", "brake"},
                                        {"url", "http://x/y"},
                                        {"ud", false},
                                        {"at", at},
                                        {"aa", Value::array({"vr", "fwn", "url", "ud", "uds"})}}))
                  .rsc,
              kCreated);
    ASSERT_EQ(mn->create("CAE1", "cse-mn/node", 13, "m2m:dvi",
                         Value::object({{"rn", "device"},
                                        {"mgd", 1007},
                                        {"dlb", "a:b"},
                                        {"man", "ACME"},
                                        {"mod", "ECU"},
                                        {"dty", "ecu"},
                                        {"at", at},
                                        {"aa", Value::array({"man", "mod"})}}))
                  .rsc,
              kCreated);
  }
  /// Requests that crossed since the last call, without those of the registration.
  std::vector<std::string> crossed() {
    std::vector<std::string> lines;
    for (std::string& line : std::exchange(network.log(), {})) {
      if (line.find("/id-in/id-mn ") == std::string::npos) lines.push_back(std::move(line));
    }
    return lines;
  }

  Network network;
  NetworkCse* in;
  NetworkCse* mn;
};

TEST_F(AnnouncementTest, CreatesTheBaseAndTheCopyBelowIt) {
  make_container(Value::object({{"rn", "cnt"},
                                {"lbl", Value::array({"k:v"})},
                                {"mni", 7},
                                {"mbs", 900},
                                {"at", Value::array({"/id-in", "/id-in"})},
                                {"aa", Value::array({"mni", "mni", "lbl"})}}));
  const ResourcePtr original = mn->find("cse-mn/cnt");
  EXPECT_EQ(original->attributes().strings_at("at").size(), 1u);
  EXPECT_EQ(original->attributes().strings_at("aa"), std::vector<std::string>{"mni"});
  const ResourcePtr base = in->find("cse-in/cse-mn");
  ASSERT_TRUE(base);
  EXPECT_EQ(base->type(), 10005);
  EXPECT_EQ(base->attributes().string_at("lnk"), "/id-mn/cse-mn");
  EXPECT_EQ(base->attributes().string_at("csi"), "/id-mn");
  const ResourcePtr copy = copy_of("cse-mn/cnt");
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->path(), "cse-in/cse-mn/cnt");
  EXPECT_EQ(copy->type(), 10003);
  const Value& attributes = copy->attributes();
  EXPECT_EQ(attributes.string_at("lnk"), "/id-mn/" + original->id().text);
  EXPECT_EQ(attributes.strings_at("lbl"), std::vector<std::string>{"k:v"});
  EXPECT_EQ(attributes.integer_at("mni"), 7);
  EXPECT_FALSE(attributes.contains("mbs")) << "an OA attribute that aa does not name";
  EXPECT_FALSE(attributes.contains("acpi"));
  EXPECT_EQ(attributes.string_at("et"), original->attributes().string_at("et"));
  EXPECT_TRUE(mn->core().outbox().empty()) << "nothing is left to do";
}

TEST_F(AnnouncementTest, NodeAndManagementObjectsOfTheFotaUseCase) {
  make_node();
  const ResourcePtr node = copy_of("cse-mn/node");
  ASSERT_TRUE(node);
  EXPECT_EQ(node->type(), 10014);
  EXPECT_EQ(node->attributes().string_at("ni"), "urn:dev:ops:1");
  EXPECT_EQ(node->attributes().strings_at("hael"), std::vector<std::string>{"/id-mn/CAE1"});
  const ResourcePtr firmware = copy_of("cse-mn/node/fw");
  ASSERT_TRUE(firmware);
  EXPECT_EQ(firmware->path(), "cse-in/cse-mn/node/fw");
  EXPECT_EQ(firmware->type(), 10013);
  EXPECT_EQ(firmware->schema().root, "m2m:fwrA");
  EXPECT_EQ(firmware->attributes().integer_at("mgd"), 1001);
  EXPECT_EQ(firmware->attributes().string_at("vr"), "1.0");
  const ResourcePtr device = copy_of("cse-mn/node/device");
  ASSERT_TRUE(device);
  EXPECT_EQ(device->attributes().string_at("man"), "ACME");
  EXPECT_FALSE(device->attributes().contains("dlb"));

  crossed();
  const Value status = Value::object({{"acn", "urn:update"}, {"sus", 1}});
  ASSERT_EQ(mn->update("CAE1", "cse-mn/node/fw", "m2m:fwr",
                       Value::object({{"vr", "2.0"}, {"uds", status}}))
                .rsc,
            kUpdated);
  const ResourcePtr updated = copy_of("cse-mn/node/fw");
  EXPECT_EQ(updated->attributes().string_at("vr"), "2.0");
  ASSERT_TRUE(updated->attributes().contains("uds"));
  EXPECT_EQ(*updated->attributes().find("uds"), status);
  EXPECT_EQ(crossed(), std::vector<std::string>{"UPDATE " + address("cse-mn/node/fw") + " 2004"});
}

TEST_F(AnnouncementTest, EntitiesOfTheInCanFindAndReadButNotChangeTheCopies) {
  make_node();
  Request discover = TestCse::request(Operation::kRetrieve, "CApp", "cse-in");
  discover.filter.emplace();
  discover.filter->filter_usage = 1;
  discover.filter->resource_types = {10014};
  const Response found = in->ask(discover);
  EXPECT_NE(to_json(found.content).find("cse-in/cse-mn/node"), std::string::npos)
      << to_json(found.content);
  const std::string firmware = "cse-in/cse-mn/node/fw";
  EXPECT_EQ(in->retrieve("CApp", firmware).rsc, kOk);
  EXPECT_EQ(in->update("CApp", firmware, "m2m:fwrA", Value::object({{"vr", "9"}})).rsc,
            kOriginatorHasNoPrivilege);
  EXPECT_EQ(in->remove("CApp", firmware).rsc, kOriginatorHasNoPrivilege);
  const Value criteria = Value::object({{"net", Value::array({1})}});
  EXPECT_EQ(in->create("CApp", firmware, 23,
                       Value::object({{"enc", criteria}, {"nu", Value::array({"CApp"})}}))
                .rsc,
            kCreated);
  EXPECT_EQ(in->create("CApp", "cse-in/cse-mn", 10003,
                       Value::object({{"lnk", "/id-mn/x"}, {"et", "20290101T000000"}}))
                .rsc,
            kOriginatorHasNoPrivilege);
}

TEST_F(AnnouncementTest, OriginalResourceIsReadThroughTheCopy) {
  const Value rules =
      Value::array({Value::object({{"acor", Value::array({"/id-in/CReader"})}, {"acop", 2}})});
  const Value privileges = Value::object({{"acr", rules}});
  ASSERT_EQ(mn->create("CAdmin", "cse-mn", 1,
                       Value::object({{"rn", "readers"}, {"pv", privileges}, {"pvs", privileges}}))
                .rsc,
            kCreated);
  make_container(Value::object({{"rn", "cnt"},
                                {"acpi", Value::array({"cse-mn/readers"})},
                                {"at", Value::array({"/id-in"})}}));
  in->core().add_ae("CReader");
  Request request = TestCse::request(Operation::kRetrieve, "CReader", "cse-in/cse-mn/cnt");
  request.result_content = 7;
  const Response original = in->ask(request);
  ASSERT_EQ(original.rsc, kOk) << to_json(original.content);
  auto tree = tree_of(original.content);
  ASSERT_TRUE(tree && tree->find("m2m:cnt"));
  EXPECT_EQ(tree->find("m2m:cnt")->string_at("ri"), mn->find("cse-mn/cnt")->id().text);
  request.from = "CApp";
  EXPECT_EQ(in->ask(request).rsc, kOriginatorHasNoPrivilege) << "the original decides";
}

/// One UPDATE of the original, and what the copy has of it then.
struct Propagation {
  const char* what;
  std::vector<Member> update;
  const char* attribute;
  Value expected;  ///< null: absent
  std::size_t requests;
};

TEST_F(AnnouncementTest, UpdatesArePropagated) {
  make_container(Value::object({{"rn", "cnt"},
                                {"mni", 5},
                                {"mbs", 500},
                                {"lbl", Value::array({"a"})},
                                {"at", Value::array({"/id-in"})},
                                {"aa", Value::array({"mni"})}}));
  const std::string there = address("cse-mn/cnt");
  ASSERT_FALSE(there.empty());
  const Propagation cases[] = {
      {"an MA attribute", {{"lbl", Value::array({"b"})}}, "lbl", Value::array({"b"}), 1},
      {"the same again", {{"lbl", Value::array({"b"})}}, "lbl", Value::array({"b"}), 0},
      {"an OA attribute in aa", {{"mni", 6}}, "mni", 6, 1},
      {"an OA attribute not in aa", {{"mbs", 600}}, "mbs", nullptr, 0},
      {"an MA attribute that goes", {{"lbl", nullptr}}, "lbl", nullptr, 1},
      {"aa gets a name", {{"aa", Value::array({"mni", "mbs"})}}, "mbs", 600, 1},
      {"aa loses a name", {{"aa", Value::array({"mbs"})}}, "mni", nullptr, 1},
      {"aa goes", {{"aa", nullptr}}, "mbs", nullptr, 1},
      {"at names the CSE again", {{"at", Value::array({"/id-in"})}}, "lbl", nullptr, 0},
      {"several", {{"lbl", Value::array({"z"})}, {"mni", 1}}, "lbl", Value::array({"z"}), 1},
  };
  for (const Propagation& row : cases) {
    SCOPED_TRACE(row.what);
    crossed();
    Value attributes = Value::object();
    for (const Member& member : row.update) attributes.set(member.name, member.value);
    ASSERT_EQ(mn->update("CAdmin", "cse-mn/cnt", "m2m:cnt", attributes).rsc, kUpdated);
    EXPECT_EQ(crossed().size(), row.requests);
    EXPECT_EQ(address("cse-mn/cnt"), there);
    const ResourcePtr copy = in->find(there);
    ASSERT_TRUE(copy);
    const Value* value = copy->attributes().find(row.attribute);
    EXPECT_EQ(value ? *value : Value(), row.expected);
    EXPECT_TRUE(mn->core().outbox().empty());
  }
}

TEST_F(AnnouncementTest, PoliciesAreAnnouncedByIdentifiersOfTheOriginalsCse) {
  make_container();
  const Value acpi = Value::array({"acpAdministrator"});
  ASSERT_EQ(mn->update("CAdmin", "cse-mn/cnt", "m2m:cnt", Value::object({{"acpi", acpi}})).rsc,
            kUpdated);
  EXPECT_EQ(copy_of("cse-mn/cnt")->attributes().strings_at("acpi"),
            std::vector<std::string>{"/id-mn/acpAdministrator"});
  ASSERT_EQ(mn->update("CAdmin", "cse-mn/cnt", "m2m:cnt", Value::object({{"acpi", nullptr}})).rsc,
            kUpdated);
  EXPECT_FALSE(copy_of("cse-mn/cnt")->attributes().contains("acpi"));
}

// TS-0001 clause 9.6.2: selfPrivileges govern the policy, so its copy too.
TEST_F(AnnouncementTest, TheCopyOfAPolicyIsGovernedByItsSelfPrivileges) {
  const auto rules = [](const char* originator) {
    return *parse_json(R"({"acr":[{"acor":[")" + std::string(originator) + R"("],"acop":63}]})");
  };
  ASSERT_EQ(mn->create("CAdmin", "cse-mn", 1,
                       Value::object({{"rn", "policy"},
                                      {"at", Value::array({"/id-in"})},
                                      {"pv", rules("all")},
                                      {"pvs", rules("CAE1")}}))
                .rsc,
            kCreated);
  const std::string copy = address("cse-mn/policy");
  ASSERT_FALSE(copy.empty());

  EXPECT_EQ(in->retrieve("CApp", copy).rsc, kOriginatorHasNoPrivilege);
  EXPECT_EQ(in->retrieve("CAE1", copy).rsc, kOriginatorHasNoPrivilege)
      << "another one of that name";
  EXPECT_EQ(in->retrieve("/id-mn/CAE1", copy).rsc, kOk);
  EXPECT_EQ(in->retrieve("/id-mn", copy).rsc, kOk) << "keeps it up to date";
}

TEST_F(AnnouncementTest, TakingTheEntryFromAtDeletesTheCopy) {
  make_container();
  const std::string there = address("cse-mn/cnt");
  ASSERT_EQ(mn->update("CAdmin", "cse-mn/cnt", "m2m:cnt", Value::object({{"at", nullptr}})).rsc,
            kUpdated);
  EXPECT_FALSE(in->find(there));
  ASSERT_EQ(mn->update("CAdmin", "cse-mn/cnt", "m2m:cnt",
                       Value::object({{"at", Value::array({"/id-in"})}}))
                .rsc,
            kUpdated);
  EXPECT_NE(address("cse-mn/cnt"), "");
  EXPECT_NE(address("cse-mn/cnt"), there);
  EXPECT_TRUE(copy_of("cse-mn/cnt"));
}

TEST_F(AnnouncementTest, DeletingTheOriginalDeletesTheCopies) {
  make_node();
  const std::string node = address("cse-mn/node"), firmware = address("cse-mn/node/fw");
  crossed();
  ASSERT_EQ(mn->remove("CAE1", "cse-mn/node").rsc, kDeleted);
  EXPECT_FALSE(in->find(node));
  EXPECT_FALSE(in->find(firmware));
  EXPECT_EQ(crossed(), std::vector<std::string>{"DELETE " + node + " 2002"});
  EXPECT_TRUE(mn->core().outbox().empty());
  make_node();
  EXPECT_TRUE(copy_of("cse-mn/node/fw"));
}

TEST_F(AnnouncementTest, WhatWasBelowADeletedCopyIsAnnouncedElsewhere) {
  make_node();
  ASSERT_EQ(mn->update("CAE1", "cse-mn/node", "m2m:nod", Value::object({{"at", nullptr}})).rsc,
            kUpdated);
  EXPECT_FALSE(in->find("cse-in/cse-mn/node"));
  ASSERT_TRUE(copy_of("cse-mn/node/fw"));
  EXPECT_EQ(copy_of("cse-mn/node/fw")->path(), "cse-in/cse-mn/fw");
}

TEST_F(AnnouncementTest, InstancesGoBelowTheirContainersCopyOrNowhere) {
  make_container();
  const Value instance = Value::object({{"rn", "i"},
                                        {"con", "21"},
                                        {"at", Value::array({"/id-in"})},
                                        {"aa", Value::array({"con"})}});
  ASSERT_EQ(mn->create("CAdmin", "cse-mn/cnt", 4, instance).rsc, kCreated);
  ASSERT_TRUE(copy_of("cse-mn/cnt/i"));
  EXPECT_EQ(copy_of("cse-mn/cnt/i")->path(), "cse-in/cse-mn/cnt/i");
  EXPECT_EQ(copy_of("cse-mn/cnt/i")->attributes().string_at("con"), "21");

  make_container(Value::object({{"rn", "private"}}));
  ASSERT_EQ(mn->create("CAdmin", "cse-mn/private", 4, instance).rsc, kCreated);
  EXPECT_FALSE(mn->find("cse-mn/private/i")->attributes().contains("at"));
}

TEST_F(AnnouncementTest, EntriesThatCannotBeAreDropped) {
  struct Row {
    const char* what;
    const char* entry;
  };
  for (const Row& row : {Row{"an address of this CSE", "cse-mn/x"},
                         Row{"a parent that does not exist", "/id-in/cse-in/none"},
                         Row{"a parent that refuses us", "/id-in/CApp"}}) {
    SCOPED_TRACE(row.what);
    make_container(Value::object({{"rn", "cnt"}, {"at", Value::array({row.entry})}}));
    EXPECT_FALSE(mn->find("cse-mn/cnt")->attributes().contains("at"));
    EXPECT_TRUE(mn->core().outbox().empty());
    EXPECT_EQ(mn->remove("CAdmin", "cse-mn/cnt").rsc, kDeleted);
  }
}

// TS-0001 clause 10.2.18: the answer tells where the copies are, or that there is none.
TEST_F(AnnouncementTest, AnswersWaitForTheOtherCse) {
  const Response made = mn->create(
      "CAdmin", "cse-mn", 3, Value::object({{"rn", "cnt"}, {"at", Value::array({"/id-in"})}}));
  const auto told = TestCse::attributes(made).strings_at("at");
  ASSERT_EQ(told.size(), 1u);
  EXPECT_TRUE(in->find(told[0])) << told[0];

  mn->update("CAdmin", "cse-mn/cnt", "m2m:cnt", Value::object({{"lbl", Value::array({"new"})}}));
  EXPECT_EQ(in->find(told[0])->attributes().strings_at("lbl"), std::vector<std::string>{"new"});

  EXPECT_EQ(mn->remove("CAdmin", "cse-mn/cnt").rsc, kDeleted);
  EXPECT_FALSE(in->find(told[0]));
}

TEST_F(AnnouncementTest, AnswersDoNotWaitForACseThatCannotBeReached) {
  network.set_down("/id-in", true);

  const Response made = mn->create(
      "CAdmin", "cse-mn", 3, Value::object({{"rn", "cnt"}, {"at", Value::array({"/id-in"})}}));

  EXPECT_EQ(made.rsc, kCreated);
  EXPECT_EQ(TestCse::attributes(made).strings_at("at"), std::vector<std::string>{"/id-in"});
  EXPECT_EQ(mn->remove("CAdmin", "cse-mn/cnt").rsc, kDeleted);
}

// TS-0001 table 9.6.1.3.2-1 (announcedAttribute)
TEST_F(AnnouncementTest, OnlyAttributesOfTheResourceCanBeAnnounced) {
  const auto create = [this](const char* name) {
    return mn->create(
        "CAdmin", "cse-mn", 3,
        Value::object({{"at", Value::array({"/id-in"})}, {"aa", Value::array({name})}}));
  };

  EXPECT_EQ(create("nonsense").rsc, Rsc::kBadRequest);
  EXPECT_EQ(create("1mni").rsc, Rsc::kBadRequest);
  EXPECT_EQ(create("mni").rsc, kCreated);
  EXPECT_FALSE(TestCse::attributes(create("cni")).contains("aa")) << "never announced";
}

TEST_F(AnnouncementTest, AResourceCanBeAnnouncedAtItsOwnCse) {
  const Response made = mn->create(
      "CAdmin", "cse-mn", 3, Value::object({{"rn", "cnt"}, {"at", Value::array({"/id-mn"})}}));

  const auto told = TestCse::attributes(made).strings_at("at");
  ASSERT_EQ(told.size(), 1u);
  const ResourcePtr copy = mn->find(told[0]);
  ASSERT_TRUE(copy) << told[0];
  EXPECT_EQ(copy->type(), 10003);
}

// TS-0023: the announced variant of a specialisation has its own name.
TEST_F(AnnouncementTest, FlexContainersAreAnnouncedWithTheirCustomAttributes) {
  const Response made =
      mn->create("CAdmin", "cse-mn", 28, "cod:tempe",
                 Value::object({{"rn", "t"},
                                {"cnd", "org.onem2m.common.moduleclass.temperature"},
                                {"curT0", 20.5},
                                {"tarTe", 25},
                                {"at", Value::array({"/id-in"})},
                                {"aa", Value::array({"curT0"})}}));

  const auto told = TestCse::attributes(made).strings_at("at");
  ASSERT_EQ(told.size(), 1u);
  const ResourcePtr copy = in->find(told[0]);
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->schema().root, "cod:tempeAnnc");
  EXPECT_EQ(copy->attributes().find("curT0")->as_number(), 20.5);
  EXPECT_FALSE(copy->attributes().contains("tarTe"));
  EXPECT_TRUE(copy->attributes().contains("cnd"));

  mn->update("CAdmin", "cse-mn/t", "cod:tempe", Value::object({{"curT0", 21.5}}));

  EXPECT_EQ(in->find(told[0])->attributes().find("curT0")->as_number(), 21.5);
}

TEST_F(AnnouncementTest, WaitsUntilTheOtherCseIsBack) {
  network.set_down("/id-in", true);
  make_node();
  network.advance(std::chrono::seconds(300));
  EXPECT_EQ(address("cse-mn/node"), "");
  EXPECT_EQ(mn->find("cse-mn/node")->attributes().strings_at("at"),
            std::vector<std::string>{"/id-in"});
  EXPECT_LT(crossed().size(), 100u) << "the pauses grow";
  ASSERT_EQ(mn->update("CAE1", "cse-mn/node/fw", "m2m:fwr", Value::object({{"vr", "3"}})).rsc,
            kUpdated);
  network.set_down("/id-in", false);
  network.advance(std::chrono::seconds(70));
  ASSERT_TRUE(copy_of("cse-mn/node"));
  ASSERT_TRUE(copy_of("cse-mn/node/fw"));
  EXPECT_EQ(copy_of("cse-mn/node/fw")->attributes().string_at("vr"), "3");
  ASSERT_TRUE(copy_of("cse-mn/node/device"));
  EXPECT_TRUE(mn->core().outbox().empty());

  network.set_down("/id-in", true);  // many changes while down: one UPDATE afterwards
  for (const char* version : {"4", "5", "6"})
    mn->update("CAE1", "cse-mn/node/fw", "m2m:fwr", Value::object({{"vr", version}}));
  network.advance(std::chrono::seconds(5));
  crossed();
  network.set_down("/id-in", false);
  network.advance(std::chrono::seconds(70));
  EXPECT_EQ(copy_of("cse-mn/node/fw")->attributes().string_at("vr"), "6");
  EXPECT_EQ(crossed(), std::vector<std::string>{"UPDATE " + address("cse-mn/node/fw") + " 2004"});
}

TEST_F(AnnouncementTest, DeletesWhatIsGoneWhenTheOtherCseIsBack) {
  make_container();
  const std::string there = address("cse-mn/cnt");
  network.set_down("/id-in", true);
  ASSERT_EQ(mn->remove("CAdmin", "cse-mn/cnt").rsc, kDeleted);
  make_container();  // of the same name, before the old copy is gone
  network.advance(std::chrono::seconds(10));
  EXPECT_TRUE(in->find(there));
  network.set_down("/id-in", false);
  network.advance(std::chrono::seconds(70));
  EXPECT_FALSE(in->find(there));
  ASSERT_TRUE(copy_of("cse-mn/cnt"));
  EXPECT_EQ(copy_of("cse-mn/cnt")->path(), "cse-in/cse-mn/cnt");
}

TEST_F(AnnouncementTest, ResumesAfterARestart) {
  make_container();
  network.set_down("/id-in", true);
  mn->create("CAdmin", "cse-mn", 3,
             Value::object({{"rn", "late"}, {"at", Value::array({"/id-in"})}}));
  const std::string there = address("cse-mn/cnt");
  ASSERT_EQ(mn->remove("CAdmin", "cse-mn/cnt").rsc, kDeleted);
  const auto store = mn->store();
  network.remove("/id-mn");
  network.set_down("/id-in", false);
  network.advance(std::chrono::seconds(5));
  EXPECT_TRUE(in->find(there));
  mn = &network.add(2, "/id-mn", "/id-in", store);
  network.advance(std::chrono::seconds(5));
  EXPECT_FALSE(in->find(there));
  ASSERT_TRUE(copy_of("cse-mn/late"));
  EXPECT_EQ(copy_of("cse-mn/late")->path(), "cse-in/cse-mn/late");
  EXPECT_TRUE(mn->core().outbox().empty());
}

TEST_F(AnnouncementTest, AnAnswerThatWasLostDoesNotMakeASecondCopy) {
  make_container();
  const std::string there = address("cse-mn/cnt");
  // As if the MN had died before it kept what the IN answered.
  mn->cse().submit([](OperationContext& context) {
    auto original = context.resources.find_path("cse-mn/cnt", "cse-mn", ResourceId{"id-mn"});
    Value attributes = (*original)->attributes();
    attributes.set("at", Value::array({"/id-in"}));
    attributes.set("lbl", Value::array({"new"}));
    context.resources.update(context.resources.update_internal(*original, Value::object()),
                             std::move(attributes));
    return Response{};
  });
  network.settle();
  EXPECT_EQ(address("cse-mn/cnt"), there);
  EXPECT_EQ(in->find(there)->attributes().strings_at("lbl"), std::vector<std::string>{"new"});
}

TEST_F(AnnouncementTest, AnEntryMayNameTheParentOfTheCopy) {
  make_container(Value::object({{"rn", "cnt"}, {"at", Value::array({"/id-in/cse-in/id-mn"})}}));
  ASSERT_TRUE(copy_of("cse-mn/cnt"));
  EXPECT_EQ(copy_of("cse-mn/cnt")->path(), "cse-in/id-mn/cnt");
  EXPECT_FALSE(in->find("cse-in/cse-mn")) << "no <CSEBaseAnnc> was needed";
}

TEST_F(AnnouncementTest, AnOriginalThatGoesBeforeTheAnswerComesLeavesNoCopy) {
  make_container(Value::object({{"rn", "first"}, {"at", Value::array({"/id-in"})}}));
  crossed();
  const auto made = mn->core().send(mn->core().create_request(
      "CAdmin", "cse-mn", 3, Value::object({{"rn", "cnt"}, {"at", Value::array({"/id-in"})}})));
  mn->cse().run_pending();
  const auto gone = mn->core().send(TestCse::request(Operation::kDelete, "CAdmin", "cse-mn/cnt"));
  network.settle();
  ASSERT_TRUE(*made && *gone);
  EXPECT_EQ((*gone)->rsc, kDeleted);
  EXPECT_EQ(crossed().size(), 2u) << "a CREATE and its DELETE";
  EXPECT_FALSE(in->find("cse-in/cse-mn/cnt"));
  EXPECT_TRUE(mn->core().outbox().empty());
}

TEST_F(AnnouncementTest, ManyAtOnceAllArrive) {
  network.set_down("/id-in", true);
  for (int i = 0; i < 60; ++i) {
    make_container(
        Value::object({{"rn", "cnt" + std::to_string(i)}, {"at", Value::array({"/id-in"})}}));
  }
  network.set_down("/id-in", false);
  network.advance(std::chrono::seconds(70));
  for (int i = 0; i < 60; ++i) EXPECT_TRUE(copy_of("cse-mn/cnt" + std::to_string(i))) << i;
  EXPECT_TRUE(mn->core().outbox().empty());
}

TEST_F(AnnouncementTest, ACopyThatVanishedIsMadeAnew) {
  make_node();
  ASSERT_EQ(in->remove("CAdmin", "cse-in/cse-mn").rsc, kDeleted);
  ASSERT_EQ(mn->update("CAE1", "cse-mn/node", "m2m:nod",
                       Value::object({{"lbl", Value::array({"again"})}}))
                .rsc,
            kUpdated);
  network.advance(std::chrono::seconds(20));
  ASSERT_TRUE(copy_of("cse-mn/node"));
  ASSERT_TRUE(copy_of("cse-mn/node/fw"));
  EXPECT_EQ(copy_of("cse-mn/node/fw")->path(), "cse-in/cse-mn/node/fw");
}

TEST_F(AnnouncementTest, OnlyTheCseOfTheLinkMayAnnounceAndChange) {
  NetworkCse& other = network.add(2, "/id-other", "/id-in");
  network.settle();
  make_container();
  const std::string there = address("cse-mn/cnt");
  const Value stolen = Value::object({{"lnk", "/id-mn/x"}, {"et", "20290101T000000"}});
  EXPECT_EQ(other.create("/id-other", "/id-in/cse-in", 10005, stolen).rsc,
            kOriginatorHasNoPrivilege);
  const Value own = Value::object({{"lnk", "/id-other/x"}, {"et", "20290101T000000"}});
  EXPECT_EQ(other.create("/id-other", "/id-in/cse-in/cse-mn", 10003, own).rsc,
            kOriginatorHasNoPrivilege);
  EXPECT_EQ(other.remove("/id-other", there).rsc, kOriginatorHasNoPrivilege);
  EXPECT_EQ(mn->update("/id-mn", there, "m2m:cntA", Value::object({{"lnk", "/id-other/x"}})).rsc,
            kBadRequest);
  EXPECT_TRUE(in->find(there));
}

/// A container of the MN that the administrator of the IN may change too, there and here.
class TwoWay : public AnnouncementTest {
 protected:
  void make(int sync_type) {
    const auto grant = [](const char* originator) {
      return *parse_json(R"({"acr":[{"acor":[")" + std::string(originator) +
                         R"(","CAdmin"],"acop":63}]})");
    };
    ASSERT_EQ(mn->create("CAdmin", "cse-mn", 1,
                         Value::object({{"rn", "policy"},
                                        {"pv", grant("/id-in/CAdmin")},
                                        {"pvs", grant("CAdmin")}}))
                  .rsc,
              kCreated);
    make_container(Value::object({{"rn", "cnt"},
                                  {"mni", 5},
                                  {"mbs", 500},
                                  {"ast", sync_type},
                                  {"acpi", Value::array({"cse-mn/policy"})},
                                  {"at", Value::array({"/id-in"})},
                                  {"aa", Value::array({"mni"})}}));
    there = address("cse-mn/cnt");
    ASSERT_FALSE(there.empty());
  }
  Rsc set(const char* who, Value attributes) {
    return in->update(who, there, "m2m:cntA", std::move(attributes)).rsc;
  }
  std::int64_t mni(NetworkCse& cse, const std::string& where) {
    return cse.find(where)->attributes().integer_at("mni");
  }
  std::string there;
};

// TS-0001 (R4) clause 9.6.1.3 (announceSyncType)
TEST_F(TwoWay, AnUpdateOfTheCopyReachesTheOriginal) {
  make(2);

  EXPECT_EQ(set("CAdmin", Value::object({{"mni", 9}})), kUpdated);

  EXPECT_EQ(mni(*mn, "cse-mn/cnt"), 9);
  EXPECT_EQ(mni(*in, there), 9);
  EXPECT_TRUE(mn->core().outbox().empty());
}

TEST_F(TwoWay, TheOriginalStillReachesTheCopy) {
  make(2);

  ASSERT_EQ(mn->update("CAdmin", "cse-mn/cnt", "m2m:cnt", Value::object({{"mni", 7}})).rsc,
            kUpdated);

  EXPECT_EQ(mni(*in, there), 7);
}

TEST_F(TwoWay, WhatTheOriginalRefusesDoesNotChangeTheCopy) {
  make(2);

  EXPECT_EQ(set("CAdmin", Value::object({{"mni", -1}})), kBadRequest);
  EXPECT_EQ(set("CAdmin", Value::object({{"lnk", "/id-mn/x"}})), kBadRequest);
  EXPECT_EQ(set("CAdmin", Value::object({{"ast", 1}})), kBadRequest);
  EXPECT_EQ(set("CApp", Value::object({{"mni", 9}})), kOriginatorHasNoPrivilege);
  mn->core().settle();
  network.set_down("/id-mn", true);
  EXPECT_NE(set("CAdmin", Value::object({{"mni", 9}})), kUpdated) << "nobody answers for it";

  EXPECT_EQ(mni(*in, there), 5);
  EXPECT_EQ(mni(*mn, "cse-mn/cnt"), 5);
}

TEST_F(TwoWay, OneWayCopiesBelongToTheirCse) {
  make(1);

  EXPECT_EQ(set("CApp", Value::object({{"mni", 9}})), kOriginatorHasNoPrivilege);
  EXPECT_EQ(mni(*mn, "cse-mn/cnt"), 5);
}

}  // namespace
}  // namespace gatehouse::test
