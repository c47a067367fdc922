#include "ae-apps/ota/repository/repository_folder.h"

#include "ae-apps/ota/repository/signing.h"
#include "tests/ae-apps/ota/repository/desk_fixture.h"

namespace gatehouse::uptane {
namespace {

// Uptane standard 2.1 section 5.2: what is made verifies, fully and partially.
TEST_F(DeskTest, MakesWhatAVehicleAccepts) {
  create();
  release(1);
  direct("", "");

  EXPECT_EQ(verify(), "accepted") << said_;
  EXPECT_EQ(verify(true), "accepted") << said_;
  EXPECT_NE(said_.find("brake/1"), std::string::npos);
}

TEST_F(DeskTest, ReplacesARelease) {
  create();
  release(1);
  direct("", "");
  ASSERT_EQ(verify(), "accepted") << said_;
  release(2);
  direct("gateway/1", "brake/1");

  EXPECT_EQ(verify(), "accepted") << said_;
  EXPECT_NE(said_.find("brake/2"), std::string::npos);
}

TEST_F(DeskTest, PublishesNothingBelowAThreshold) {
  ASSERT_TRUE(images_.create(roles(), now_));
  sign("root", {&root_[0], &root_[1]});
  sign("targets", {&targets_[0]});

  expect_not_published("targets: signed by 1");
  sign("targets", {&targets_[0]});  // the same signer again is one signer
  expect_not_published("targets: signed by 1");
  sign("targets", {&targets_[1]});
  publish();
}

TEST_F(DeskTest, CountsTheSignaturesThatAreMissing) {
  ASSERT_TRUE(images_.create(roles(), now_));
  sign("root", {&root_[0], &supplier_});

  for (const RoleState& state : images_.states()) {
    if (state.name != "root") continue;
    EXPECT_TRUE(state.drafted);
    EXPECT_EQ(state.signatures, 1u) << "the supplier's counts nothing";
    EXPECT_EQ(state.threshold, 2u);
  }
}

TEST_F(DeskTest, AChangedDraftLosesItsSignatures) {
  create();
  add("brake/1", "brake-hw", 1);
  sign("targets", {&targets_[0], &targets_[1]});
  add("brake/2", "brake-hw", 2);

  expect_not_published("signed by 0");
}

// Uptane standard 2.1 section 5.4.4.3: a root is signed by its predecessor's keys and its own.
TEST_F(DeskTest, RotatesTheRoot) {
  create();
  release(1);
  direct("", "");
  ASSERT_EQ(verify(), "accepted") << said_;
  const crypto::SigningKey fresh = fresh_key();
  ASSERT_TRUE(images_.rotate("root", spec_of({&fresh}, 1), now_));
  sign("root", {&fresh});
  expect_not_published("by the old root's keys");
  sign("root", {&root_[0], &root_[1]});
  publish();
  direct("gateway/1", "brake/1");

  EXPECT_EQ(verify(), "accepted") << said_;
}

TEST_F(DeskTest, RotatesOnlineKeysAndTargets) {
  create();
  release(1);
  direct("", "");
  ASSERT_EQ(verify(), "accepted") << said_;
  const crypto::SigningKey old_timestamp = timestamp_;
  timestamp_ = fresh_key();
  targets_ = {fresh_key(), fresh_key()};
  ASSERT_TRUE(images_.rotate("timestamp", spec_of({&timestamp_}, 1), now_));
  ASSERT_TRUE(images_.rotate("targets", spec_of({&targets_[0], &targets_[1]}, 2), now_));
  sign("root", {&root_[0], &root_[1]});
  sign("targets", {&targets_[0], &targets_[1]});
  const auto with_old_key = images_.publish({&snapshot_, &old_timestamp}, now_);
  ASSERT_FALSE(with_old_key);
  EXPECT_NE(with_old_key.error().detail.find("threshold"), std::string::npos);
  publish();

  EXPECT_EQ(described().size(), 2u) << "what was described stays";
}

TEST_F(DeskTest, RevokesAKeyForGood) {
  create();
  release(1);
  ASSERT_FALSE(images_.revoke(id_of(targets_[0]), now_)) << "2 of 2 cannot lose one";
  ASSERT_FALSE(images_.revoke("00", now_));
  const std::string stolen = id_of(root_[2]);
  ASSERT_TRUE(images_.revoke(stolen, now_));
  sign("root", {&root_[0], &root_[2]});
  expect_not_published("by its own keys");
  sign("root", {&root_[1]});
  publish();

  EXPECT_EQ(images_.metadata().at("2.root.json").find("\"" + stolen + "\":"), std::string::npos);
}

// Uptane standard 2.1 section 5.4.4.7.
TEST_F(DeskTest, DelegatesToASupplierForItsPathsAndHardware) {
  create();
  const DelegationSpec delegation{
      "supplier", spec_of({&supplier_}, 1), {"brake/*"}, {"brake-hw"}, true};
  ASSERT_TRUE(images_.delegate("targets", delegation, now_));
  add("brake/7", "brake-hw", 7, "supplier");
  add("gateway/7", "gateway-hw", 7, "supplier");  // to which it has no right
  sign("targets", {&targets_[0], &targets_[1]});
  expect_not_published("supplier: signed by 0");
  sign("supplier", {&supplier_});
  publish();
  direct("", "");

  const DescribedTargets images = described();
  ASSERT_EQ(images.size(), 1u);
  EXPECT_EQ(images.at("brake/7").role, "supplier");
  EXPECT_EQ(verify(), "accepted") << said_;
}

TEST_F(DeskTest, RefreshesTheTimestampByItself) {
  create();
  release(1);
  direct("", "");
  ASSERT_EQ(verify(), "accepted") << said_;
  now_ = now_ + std::chrono::hours(30);
  EXPECT_EQ(verify(), "expired") << "of a day";
  publish();
  direct("gateway/1", "brake/1");

  EXPECT_EQ(verify(), "accepted") << said_;
}

TEST_F(DeskTest, HandsOnTheNewestOfEachRoleAndAllRoots) {
  create();
  release(1);
  const crypto::SigningKey fresh = fresh_key();
  ASSERT_TRUE(images_.rotate("root", spec_of({&fresh}, 1), now_));
  sign("root", {&fresh, &root_[0], &root_[1]});
  publish();

  const FileSet newest = newest_files(images_.metadata());

  std::vector<std::string> files;
  for (const auto& [name, text] : newest) files.push_back(name);
  EXPECT_EQ(files, (std::vector<std::string>{"1.root.json", "2.root.json", "2.targets.json",
                                             "3.snapshot.json", "timestamp.json"}));
  EXPECT_TRUE(verify_repository(newest, {}, now_));
}

TEST_F(DeskTest, RefusesNamesThatLeadElsewhere) {
  create();
  for (const char* name : {"", "/etc/x", "../x", "a/../../x", "a//b", "x/", "./x"}) {
    TargetSpec target;
    target.name = name;
    EXPECT_FALSE(images_.add_image(target, file_with("x"), 100)) << name;
  }
  for (const char* role : {"", "targets", "a/b", "..", ".hidden"}) {
    EXPECT_FALSE(
        images_.delegate("targets", {role, spec_of({&supplier_}, 1), {"*"}, {}, false}, now_))
        << role;
  }
}

TEST_F(DeskTest, RefusesRolesThatNobodyCanSignFor) {
  RoleSpecs roles = this->roles();
  roles["root"].threshold = 4;
  EXPECT_FALSE(images_.create(roles, now_));
  roles["root"].threshold = 0;
  EXPECT_FALSE(images_.create(roles, now_));
  roles.erase("root");
  EXPECT_FALSE(images_.create(roles, now_));
  roles = this->roles();
  roles["targets"].keys.push_back(roles["targets"].keys.front());
  EXPECT_FALSE(images_.create(roles, now_));
}

TEST_F(DeskTest, IsMadeOnceInAFolder) {
  create();
  const auto again = images_.create(roles(), now_);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().rsc, Rsc::kAlreadyExists);
}

TEST_F(DeskTest, SignsAFileWhereverItLies) {
  const std::string text = unsigned_metadata(make_targets(now_));

  const auto once = add_signature(text, targets_[0]);
  ASSERT_TRUE(once);
  const auto twice = add_signature(*add_signature(*once, targets_[1]), targets_[0]);
  ASSERT_TRUE(twice);

  EXPECT_EQ(parse_envelope(*twice)->signatures.size(), 2u);
  EXPECT_EQ(content_of(*twice)->string_at("_type"), "targets");
  EXPECT_FALSE(add_signature("{}", targets_[0]));
  EXPECT_FALSE(content_of("[]"));
}

}  // namespace
}  // namespace gatehouse::uptane
