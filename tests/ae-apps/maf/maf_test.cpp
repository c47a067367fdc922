// Who may register, fetch and change a key, and when it ends.
#include "ae-apps/maf/maf.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "ae-apps/maf/state.h"
#include "cse/codec/json.h"

namespace gatehouse::maf {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

/// The one member of the content.
Value resource_of(const Response& response) {
  const Value* tree = response.content.tree();
  return tree && tree->size() == 1 ? tree->as_object()->front().value : Value();
}

class MafTest : public testing::Test {
 protected:
  static std::shared_ptr<const Peer> peer(std::vector<std::string> identities) {
    Peer made;
    made.transport = "https";
    made.authenticated = true;
    made.identities = std::move(identities);
    return std::make_shared<const Peer>(std::move(made));
  }
  static Request request(Operation operation, const std::string& from, const std::string& to,
                         const std::string& content = {}) {
    Request made;
    made.operation = operation;
    made.from = from;
    made.to = to;
    made.request_identifier = "1";
    made.peer = peer(from.starts_with("/") ? std::vector<std::string>{from}
                                           : std::vector<std::string>{from, "/id-in/" + from});
    if (!content.empty()) made.content = *parse_json(content);
    return made;
  }
  Response create(const std::string& from, const std::string& content) {
    return maf_.serve(request(Operation::kCreate, from, "maf", content));
  }
  /// Registers a key for /id-in; gives its resource.
  Value key_of(const std::string& from, const std::string& more = {}) {
    const Response response =
        create(from, R"({"sec:skr":{"suid":32,"tgis":["/id-in"])" + more + "}}");
    EXPECT_EQ(response.rsc, Rsc::kCreated) << to_json(response.content);
    return resource_of(response);
  }
  Rsc retrieve(const std::string& from, const Value& key) {
    return maf_.serve(request(Operation::kRetrieve, from, "maf/" + key.string_at("rn"))).rsc;
  }

  Timestamp now_ = *parse_timestamp("20270101T000000");
  int drawn_ = 0;
  Value saved_;
  bool disk_full_ = false;
  const Outside outside_{[this] { return now_; },
                         [this] {
                           std::string digits(64, '0');
                           const std::string number = std::to_string(++drawn_);
                           return digits.replace(0, number.size(), number);
                         },
                         [this](const Value& state) -> Result<void> {
                           if (disk_full_) return fail(Rsc::kInternalServerError, "no room");
                           saved_ = state;
                           return {};
                         }};
  Maf maf_{Settings{}, outside_};
};

// TS-0003 clause 8.8.2
TEST_F(MafTest, AClientRegistersAKeyAndItsTargetFetchesIt) {
  EXPECT_EQ(create("CAE1", R"({"sec:macr":{}})").rsc, Rsc::kCreated);

  const Value made = key_of("CAE1");
  const Response fetched =
      maf_.serve(request(Operation::kRetrieve, "/id-in", "maf/" + made.string_at("rn")));

  EXPECT_EQ(fetched.rsc, Rsc::kOk);
  EXPECT_THAT(made.string_at("rn"), SizeIs(32));
  EXPECT_THAT(made.string_at("kv"), SizeIs(64));
  EXPECT_EQ(made.string_at("cr"), "/id-in/CAE1") << "the certificate says where it is";
  EXPECT_EQ(resource_of(fetched), made);
}

TEST_F(MafTest, AKeyOfTheClientsOwnIsKept) {
  create("CAE1", R"({"sec:macr":{}})");

  const Value made = key_of("CAE1", R"(,"kv":"00112233445566778899aabbccddeeff")");

  EXPECT_EQ(made.string_at("kv"), "00112233445566778899aabbccddeeff");
}

TEST_F(MafTest, OnlyTargetsAndTheCreatorMayFetch) {
  create("CAE1", R"({"sec:macr":{}})");
  const Value made = key_of("CAE1");

  EXPECT_EQ(retrieve("/id-in", made), Rsc::kOk);
  EXPECT_EQ(retrieve("CAE1", made), Rsc::kOk);
  EXPECT_EQ(retrieve("/id-mn", made), Rsc::kOriginatorHasNoPrivilege);
  EXPECT_EQ(retrieve("CAE2", made), Rsc::kOriginatorHasNoPrivilege);
}

TEST_F(MafTest, WhoIsNotProvenIsNotServed) {
  create("CAE1", R"({"sec:macr":{}})");
  const Value made = key_of("CAE1");
  Request forged = request(Operation::kRetrieve, "/id-in", "maf/" + made.string_at("rn"));
  forged.peer = peer({"/id-evil"});
  Request nameless = forged;
  nameless.peer = std::make_shared<const Peer>();
  Request silent = forged;
  silent.from.clear();

  for (const Request& each : {forged, nameless, silent}) {
    EXPECT_EQ(maf_.serve(each).rsc, Rsc::kOriginatorNotAuthenticated);
  }
}

TEST_F(MafTest, OnlyItsCreatorChangesAKey) {
  create("CAE1", R"({"sec:macr":{}})");
  const Value made = key_of("CAE1");
  const std::string to = "maf/" + made.string_at("rn");
  const char* targets = R"({"sec:skr":{"tgis":["/id-mn"]}})";

  EXPECT_EQ(maf_.serve(request(Operation::kUpdate, "/id-in", to, targets)).rsc,
            Rsc::kOriginatorHasNoPrivilege);
  EXPECT_EQ(maf_.serve(request(Operation::kDelete, "/id-in", to)).rsc,
            Rsc::kOriginatorHasNoPrivilege);
  EXPECT_EQ(maf_.serve(request(Operation::kUpdate, "CAE1", to, targets)).rsc, Rsc::kUpdated);
  EXPECT_EQ(retrieve("/id-mn", made), Rsc::kOk);
  EXPECT_EQ(retrieve("/id-in", made), Rsc::kOriginatorHasNoPrivilege);
}

TEST_F(MafTest, ADeletedKeyIsRevoked) {
  create("CAE1", R"({"sec:macr":{}})");
  const Value made = key_of("CAE1"), other = key_of("CAE1");

  EXPECT_EQ(maf_.serve(request(Operation::kDelete, "CAE1", "maf/" + made.string_at("rn"))).rsc,
            Rsc::kDeleted);

  EXPECT_EQ(retrieve("/id-in", made), Rsc::kNotFound);
  EXPECT_EQ(retrieve("/id-in", other), Rsc::kOk);
}

TEST_F(MafTest, KeysEndWithTheirTimeAndWithTheirCreatorsRegistration) {
  const Value client = resource_of(create("CAE1", R"({"sec:macr":{"et":"20270103T000000"}})"));
  const Value shorter = key_of("CAE1", R"(,"et":"20270102T000000")");
  const Value longer = key_of("CAE1", R"(,"et":"20270110T000000")");
  EXPECT_EQ(longer.string_at("et").substr(0, 8), "20270103") << "never beyond its creator's";

  now_ = *parse_timestamp("20270102T000001");
  EXPECT_EQ(retrieve("/id-in", shorter), Rsc::kNotFound);
  EXPECT_EQ(retrieve("/id-in", longer), Rsc::kOk);
  EXPECT_EQ(maf_.serve(request(Operation::kDelete, "CAE1", "maf/" + client.string_at("rn"))).rsc,
            Rsc::kDeleted);
  EXPECT_EQ(retrieve("/id-in", longer), Rsc::kNotFound);
}

TEST_F(MafTest, AKeyLivesAsLongAsTheMafAllows) {
  create("CAE1", R"({"sec:macr":{}})");

  const Value made = key_of("CAE1", R"(,"et":"20290101T000000")");

  EXPECT_EQ(made.string_at("et").substr(0, 8), "20270131");
}

TEST_F(MafTest, OutlivesARestart) {
  create("CAE1", R"({"sec:macr":{}})");
  const Value made = key_of("CAE1");
  Maf again(Settings{}, outside_);

  ASSERT_TRUE(again.load(saved_));

  EXPECT_EQ(again.serve(request(Operation::kRetrieve, "/id-in", "maf/" + made.string_at("rn"))).rsc,
            Rsc::kOk);
  EXPECT_FALSE(again.load(*parse_json(R"({"keys":[{"rn":"x"}]})")));
}

TEST_F(MafTest, WhatCannotBeKeptIsNotPromised) {
  disk_full_ = true;
  EXPECT_EQ(create("CAE1", R"({"sec:macr":{}})").rsc, Rsc::kInternalServerError);
}

struct Refusal {
  const char* name;
  const char* content;
  Rsc rsc;
};
class MafRefusals : public MafTest, public testing::WithParamInterface<Refusal> {};

TEST_P(MafRefusals, AreSaid) {
  create("CAE1", R"({"sec:macr":{}})");
  EXPECT_EQ(create("CAE1", GetParam().content).rsc, GetParam().rsc);
}
INSTANTIATE_TEST_SUITE_P(
    Contents, MafRefusals,
    testing::Values(
        Refusal{"registered_twice", R"({"sec:macr":{}})", Rsc::kOriginatorHasAlreadyRegistered},
        Refusal{"neither", R"({"m2m:cnt":{}})", Rsc::kBadRequest},
        Refusal{"no_usage", R"({"sec:skr":{}})", Rsc::kBadRequest},
        Refusal{"usage_of_a_certificate", R"({"sec:skr":{"suid":42}})", Rsc::kBadRequest},
        Refusal{"short_key", R"({"sec:skr":{"suid":32,"kv":"0011"}})", Rsc::kBadRequest},
        Refusal{"no_hex", R"({"sec:skr":{"suid":32,"kv":"zz112233445566778899aabbccddeeff"}})",
                Rsc::kBadRequest},
        Refusal{"wildcard", R"({"sec:skr":{"suid":32,"tgis":["*"]}})", Rsc::kBadRequest},
        Refusal{"past", R"({"sec:skr":{"suid":32,"et":"20260101T000000"}})", Rsc::kBadRequest},
        Refusal{"creator_given", R"({"sec:skr":{"suid":32,"cr":"/id-in"}})", Rsc::kBadRequest}),
    [](const auto& row) { return row.param.name; });

TEST_F(MafTest, OnlyClientsRegisterKeysAndOnlyTheInvitedBecomeClients) {
  EXPECT_EQ(create("CAE1", R"({"sec:skr":{"suid":32}})").rsc, Rsc::kOriginatorHasNoPrivilege);
  Settings closed;
  closed.clients = {"/id-in/CAE1"};
  Maf invited(closed, outside_);
  const auto ask = [&](const char* from) {
    return invited.serve(request(Operation::kCreate, from, "maf", R"({"sec:macr":{}})")).rsc;
  };
  EXPECT_EQ(ask("CAE1"), Rsc::kCreated);
  EXPECT_EQ(ask("CAE2"), Rsc::kOriginatorHasNoPrivilege);
}

TEST_F(MafTest, HasLimits) {
  Settings few;
  few.max_keys_of_one = 1;
  Maf small(few, outside_);
  const auto ask = [&](const char* content) {
    return small.serve(request(Operation::kCreate, "CAE1", "maf", content)).rsc;
  };
  ask(R"({"sec:macr":{}})");
  EXPECT_EQ(ask(R"({"sec:skr":{"suid":32}})"), Rsc::kCreated);
  EXPECT_EQ(ask(R"({"sec:skr":{"suid":32}})"), Rsc::kNotAcceptable);
}

TEST_F(MafTest, AddressesAreThoseBelowItsBase) {
  create("CAE1", R"({"sec:macr":{}})");
  const Value made = key_of("CAE1");
  const auto rsc = [&](const std::string& to) {
    return maf_.serve(request(Operation::kRetrieve, "CAE1", to)).rsc;
  };
  EXPECT_EQ(rsc("maf"), Rsc::kOk);
  EXPECT_EQ(rsc("//maf.gatehouse.example/maf/" + made.string_at("rn")), Rsc::kOk);
  EXPECT_EQ(rsc("elsewhere"), Rsc::kNotFound);
  EXPECT_EQ(rsc("maf/none"), Rsc::kNotFound);
  EXPECT_EQ(maf_.serve(request(Operation::kNotify, "CAE1", "maf")).rsc, Rsc::kOperationNotAllowed);
}

TEST(MafFile, IsItsOwnersOnly) {
  const std::filesystem::path file =
      std::filesystem::temp_directory_path() / ("gatehouse-maf-" + std::to_string(::getpid()));
  ASSERT_TRUE(save_file(file, *parse_json(R"({"clients":[]})")));
  struct stat status {};
  ::stat(file.c_str(), &status);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_TRUE(load_file(file));
  std::filesystem::permissions(file, std::filesystem::perms(0644));
  const auto open_to_all = load_file(file);
  ASSERT_FALSE(open_to_all);
  EXPECT_THAT(open_to_all.error().detail, HasSubstr("chmod 600"));
  std::filesystem::permissions(file, std::filesystem::perms(0600));
  std::ofstream(file) << "no JSON";
  EXPECT_FALSE(load_file(file));
  std::filesystem::remove(file);
  EXPECT_TRUE(load_file(file)) << "a first start";
}

}  // namespace
}  // namespace gatehouse::maf
