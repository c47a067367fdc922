// Who may speak for a target, and the workflow of a plain TUF client.
#include "ae-apps/ota/uptane/tuf.h"

#include <gtest/gtest.h>

#include "tests/ae-apps/ota/uptane/vehicle_world.h"

namespace gatehouse::uptane {
namespace {

// --- delegations -------------------------------------------------------------------------------

/// A TUF repository whose only target "t" is described where the test wants it.
class DelegationWorld {
 public:
  RepositoryMaker maker;
  TufState state;

  RepositoryMaker::DelegatedRoleMaker& add(const std::string& name) {
    RepositoryMaker::DelegatedRoleMaker role;
    role.signers = Signers::make(1, 1);
    role.paths = Value::array({"*"});
    maker.delegated.emplace_back(name, std::move(role));
    return maker.delegated.back().second;
  }
  RepositoryMaker::DelegatedRoleMaker& role(const std::string& name) {
    for (auto& [its_name, made] : maker.delegated) {
      if (its_name == name) return made;
    }
    throw std::logic_error(name);
  }
  /// `below` is delegated to by `above` in place of the top.
  void hang(const std::string& below, const std::string& above) {
    Value keys = Value::object();
    role(below).signers.add_to(keys);
    role(below).delegated_by_top = false;
    role(above).delegations =
        Value::object({{"keys", keys},
                       {"roles", Value::array({RepositoryMaker::delegation(below, role(below))})}});
  }
  void describe(const std::string& where, const std::string& content) {
    role(where).targets.set("t", target_value(content, Value::object()));
  }
  /// The role that is believed, or the reason why none is.
  std::string believed(Profile profile = Profile::kTuf) {
    maker.publish();
    TrustedRepository trusted;
    trusted.root = maker.files.files.at("1.root.json");
    RepositoryClient client({"images", profile, *parse_iso_time("2030-01-01T00:00:00Z"), {}},
                            maker.files, trusted);
    if (const auto done = client.refresh(); !done) return word_of(done.error());
    const auto found = client.find_target("t", {});
    return found ? found->role : word_of(found.error());
  }
};

TEST(Delegations, AreFollowedInTheirOrder) {
  DelegationWorld world;
  world.add("a");
  world.add("b");
  world.describe("b", "of b");
  EXPECT_EQ(world.believed(), "b");

  world.describe("a", "of a");
  EXPECT_EQ(world.believed(), "a");
}

// Uptane standard 2.1 section 5.4.4.7 step 3; TUF 1.0 section 5.6.7.2
TEST(Delegations, EndAtATerminatingOne) {
  DelegationWorld world;
  world.add("a").terminating = true;
  world.add("b");
  world.describe("b", "of b");
  EXPECT_EQ(world.believed(), "not-in-images");

  world.add("c");
  world.describe("c", "of c");
  world.hang("c", "a");
  EXPECT_EQ(world.believed(Profile::kTuf), "c") << "TUF looks below it";
  EXPECT_EQ(world.believed(Profile::kImages), "not-in-images") << "Uptane does not";
}

TEST(Delegations, ReachAnyDepthAndSurviveACircle) {
  DelegationWorld world;
  for (const char* name : {"a", "b", "c"}) world.add(name);
  world.describe("c", "of c");
  world.hang("c", "b");
  world.hang("b", "a");
  EXPECT_EQ(world.believed(), "c");

  world.role("c").targets = Value::object();
  Value keys = Value::object();
  world.role("a").signers.add_to(keys);
  world.role("c").delegations =
      Value::object({{"keys", keys},
                     {"roles", Value::array({RepositoryMaker::delegation("a", world.role("a"))})}});
  EXPECT_EQ(world.believed(), "not-in-images");
}

TEST(Delegations, AreVerifiedByTheKeysOfWhoeverDelegates) {
  DelegationWorld world;
  world.add("a");
  world.describe("a", "of a");
  world.maker.publish();
  const auto thief = Signers::make(1, 1);
  const auto honest = world.role("a").signers;
  world.role("a").signers = thief;
  world.maker.publish_delegated("a", world.role("a"));
  const std::string forged = world.maker.files.files.at("delegations/a.json");
  world.role("a").signers = honest;
  world.maker.publish();
  world.maker.files.files["delegations/a.json"] = forged;
  TrustedRepository trusted;
  trusted.root = world.maker.files.files.at("1.root.json");
  RepositoryClient client({"images", Profile::kImages, *parse_iso_time("2030-01-01T00:00:00Z"), {}},
                          world.maker.files, trusted);
  ASSERT_TRUE(client.refresh());

  EXPECT_EQ(client.find_target("t", {}).error().reason, Reason::kThreshold);
}

TEST(Delegations, ExpireAndMustBeListed) {
  DelegationWorld world;
  world.add("a").expires = "2029-01-01T00:00:00Z";
  EXPECT_EQ(world.believed(), "expired");

  world.role("a").expires = "2031-01-01T00:00:00Z";
  world.maker.publish_root();
  world.maker.publish_targets();
  const auto roles = world.maker.delegated;
  world.maker.delegated.clear();
  world.maker.publish_snapshot();
  world.maker.publish_timestamp();
  TrustedRepository trusted;
  trusted.root = world.maker.files.files.at("1.root.json");
  RepositoryClient client({"tuf", Profile::kTuf, *parse_iso_time("2030-01-01T00:00:00Z"), {}},
                          world.maker.files, trusted);
  ASSERT_TRUE(client.refresh());
  EXPECT_EQ(client.find_target("t", {}).error().reason, Reason::kDelegation);
}

/// TAP 3: `roles` of one delegation, of which `agreeing` must say the same.
Value several(DelegationWorld& world, const std::vector<std::string>& names, int agreeing) {
  Value keys = Value::object();
  Value roles = Value::array();
  for (const std::string& name : names) {
    world.role(name).signers.add_to(keys);
    world.role(name).delegated_by_top = false;
    Value role = world.role(name).signers.role();
    role.set("name", name);
    roles.push_back(role);
  }
  const Value delegation = Value::object({{"paths", Value::array({"*"})},
                                          {"roles", roles},
                                          {"min_roles_in_agreement", agreeing},
                                          {"terminating", true}});
  return Value::object({{"keys", keys}, {"roles", Value::array({delegation})}});
}

// Uptane standard 2.1 section 5.4.4.8
TEST(Delegations, ToSeveralRolesNeedTheirAgreement) {
  DelegationWorld world;
  for (const char* name : {"top", "a", "b", "c"}) world.add(name);
  world.role("top").delegations = several(world, {"a", "b", "c"}, 2);
  world.describe("a", "one");
  world.describe("b", "another");
  EXPECT_EQ(world.believed(), "not-in-images");

  world.describe("c", "another");
  EXPECT_EQ(world.believed(), "b");

  world.role("top").delegations = several(world, {"a", "b", "c"}, 4);
  EXPECT_EQ(world.believed(), "illegal-threshold");
}

// --- TUF ---------------------------------------------------------------------------------------

// TUF 1.0 section 5: what was verified is kept, step by step
TEST(TufClient, KeepsEachStepThatWasVerified) {
  RepositoryMaker maker;
  maker.targets.set("t", target_value("content", Value::object()));
  maker.files.files["targets/t"] = "content";
  maker.publish();
  TufState state;
  state.repository.root = maker.files.files.at("1.root.json");
  TufRequest request;
  request.now = *parse_iso_time("2030-01-01T00:00:00Z");
  request.targets = {"t"};
  ASSERT_EQ(word_of(verify_tuf(state, maker.files, request).refusal), "accepted");

  maker.next_versions();
  maker.publish();
  maker.files.files.erase("snapshot.json");
  EXPECT_EQ(word_of(verify_tuf(state, maker.files, request).refusal), "missing");
  EXPECT_EQ(state.repository.timestamp->version, 2U);
  EXPECT_EQ(state.repository.snapshot->version, 1U);
}

// TUF 1.0.31 section 5.4.3.1
TEST(TufClient, KeepsItsTimestampWhenOneOfTheSameVersionSaysOtherwise) {
  RepositoryMaker maker;
  maker.consistent_snapshot = true;
  maker.publish();
  TufState state;
  TufRequest request;
  request.now = *parse_iso_time("2030-01-01T00:00:00Z");
  request.trust_first_root = true;
  ASSERT_EQ(word_of(verify_tuf(state, maker.files, request).refusal), "accepted");

  maker.versions["snapshot"] = 100;
  maker.publish();
  ASSERT_TRUE(maker.files.files.contains("100.snapshot.json"));
  EXPECT_EQ(word_of(verify_tuf(state, maker.files, request).refusal), "accepted");
  EXPECT_EQ(state.repository.timestamp->snapshot_version, 1U);
  EXPECT_EQ(state.repository.snapshot->version, 1U);
}

TEST(TufClient, RefusesARoleThatIsNotBelievedIfNoTargetIsNamed) {
  DelegationWorld world;
  world.add("a");
  world.describe("a", "of a");
  world.maker.publish();
  const auto outcome = [&] {
    TufState state;
    state.repository.root = world.maker.files.files.at("1.root.json");
    TufRequest request;
    request.now = *parse_iso_time("2030-01-01T00:00:00Z");
    return word_of(verify_tuf(state, world.maker.files, request).refusal);
  };
  EXPECT_EQ(outcome(), "accepted");

  world.role("a").signers = Signers::make(1, 1);
  world.maker.publish_delegated("a", world.role("a"));
  EXPECT_EQ(outcome(), "threshold");
  world.maker.files.files.erase("delegations/a.json");
  EXPECT_EQ(outcome(), "delegation");
}

TEST(TufClient, LooksAtAllTargetsIfNoneIsNamedAndExcusesThoseThatAreNotThere) {
  RepositoryMaker maker;
  maker.targets.set("here", target_value("content", Value::object()));
  maker.targets.set("not-here", target_value("other", Value::object()));
  maker.files.files["here"] = "content";
  maker.publish();
  TufState state;
  TufRequest request;
  request.now = *parse_iso_time("2030-01-01T00:00:00Z");
  request.trust_first_root = true;

  EXPECT_EQ(word_of(verify_tuf(state, maker.files, request).refusal), "accepted");
  request.targets = {"not-here"};
  EXPECT_EQ(word_of(verify_tuf(state, maker.files, request).refusal), "image-missing");
  request.targets.clear();
  maker.files.files["here"] = "c0ntent";
  EXPECT_EQ(word_of(verify_tuf(state, maker.files, request).refusal), "image-hash");
}

}  // namespace
}  // namespace gatehouse::uptane
