// The audit of a whole log and of the change of its key; what anchors and records look like.
#include "ae-apps/attestation/evidence/operation/audit.h"
#include "tests/ae-apps/attestation/evidence/audit_fixture.h"

namespace gatehouse::evidence {
namespace {

// --- change of the log's key -----------------------------------------------------------------

struct KeyChanged : Audit {
  KeyChanged() {
    world.log.reset();
    index = *change_key(world.disk.medium, world.disk.random, world.disk.settings,
                        world.disk.signer, next);
    world.log.emplace(*Log::open(world.disk.medium, world.disk.random, world.disk.settings, {next},
                                 {world.disk.signer.verifier()}));
    world.run_operation(3);
    world.places.key_changes = {index};
    changed = world.certificate(3);
  }
  NoteSigner next = make_signer("log.example/1");
  std::uint64_t index = 0;
  Certificate changed;
};

TEST_F(KeyChanged, IsFollowedFromTheOldKeyToTheNew) {
  const auto report = audit_certificate(changed, world.anchors);
  ASSERT_TRUE(report) << report.error().detail;
  EXPECT_NE(to_text(*report).find("the old key signed for the new one"), std::string::npos);
  EXPECT_TRUE(audit_certificate(certificate, world.anchors)) << "what was made before stays good";
}

TEST_F(KeyChanged, IsRefusedWithoutItsStatementOrWithTheOldKeyAfterwards) {
  Certificate without = changed;
  without.key_changes.clear();
  EXPECT_FALSE(audit_certificate(without, world.anchors));
  Certificate old_key = changed;
  old_key.checkpoint = *sign_checkpoint(changed.checkpoint.checkpoint,
                                        {world.disk.signer, world.witness_1, world.witness_2});
  const auto refused = audit_certificate(old_key, world.anchors);
  EXPECT_NE(refused.error().detail.find("counts for its size"), std::string::npos);
}

TEST_F(KeyChanged, ByAKeyThatWasNeverTrustedIsRefused) {
  world.anchors.logs = {make_signer("log.example/1").verifier()};
  EXPECT_NE(audit_certificate(changed, world.anchors).error().detail.find("not trusted"),
            std::string::npos);
  world.anchors.logs = {next.verifier()};
  EXPECT_FALSE(audit_certificate(changed, world.anchors)) << "the chain begins with the old key";
}

// --- the whole log ---------------------------------------------------------------------------

TEST_F(KeyChanged, LogAsAWholeIsGood) {
  world.publish();
  const auto proven =
      audit_log(world.disk.medium, world.anchors, {certificate.checkpoint, changed.checkpoint});
  ASSERT_TRUE(proven) << proven.error().detail;
  EXPECT_NE(proven->at(2).find("car-1: operations 1 to 3, none missing"), std::string::npos)
      << proven->at(2);
}

TEST_F(Audit, OfTheLogSeesAMissingNumberAForkAndACut) {
  const SignedCheckpoint before = world.publish();
  EXPECT_TRUE(audit_log(world.disk.medium, world.anchors, {before}));
  Checkpoint fork = before.checkpoint;
  fork.root[0] ^= 1;
  const auto forked = *sign_checkpoint(fork, {world.disk.signer});
  EXPECT_NE(audit_log(world.disk.medium, world.anchors, {forked}).error().detail.find("rewritten"),
            std::string::npos);
  fork.size += 1000;
  const auto larger = *sign_checkpoint(fork, {world.disk.signer});
  EXPECT_NE(audit_log(world.disk.medium, world.anchors, {larger}).error().detail.find("cut back"),
            std::string::npos);
  world.run_operation(4);
  world.publish();
  EXPECT_NE(audit_log(world.disk.medium, world.anchors, {}).error().detail.find("3 is missing"),
            std::string::npos);
}

TEST_F(Audit, OfTheLogRefusesAnyFileThatWasTampered) {
  for (int i = 0; i < 300; ++i)
    ASSERT_TRUE(world.log->append({bytes_of("other " + std::to_string(i))}));
  world.publish();
  ASSERT_TRUE(audit_log(world.disk.medium, world.anchors, {}));
  for (const auto& [name, content] : world.disk.medium.contents()) {
    const bool stale = name.find(".p/") != name.npos &&
                       name != tile_path(0, 1, partial_width(world.log->size(), 0)) &&
                       name != bundle_path(1, partial_width(world.log->size(), 0)) &&
                       name != tile_path(1, 0, 1);
    if (name == "journal" || stale) continue;  // no part of the published tree
    for (std::size_t at = 0; at < content.size(); at += content.size() / 40 + 1) {
      Bytes altered = content;
      altered[at] ^= 1;
      world.disk.medium.tamper(name, altered);
      EXPECT_FALSE(audit_log(world.disk.medium, world.anchors, {})) << name << " " << at;
    }
    world.disk.medium.lose(name);
    EXPECT_FALSE(audit_log(world.disk.medium, world.anchors, {})) << name;
    world.disk.medium.tamper(name, content);
  }
}

// --- forms ----------------------------------------------------------------------------------

TEST(TrustAnchorsText, IsRefusedUnlessComplete) {
  const World world;
  const std::string good = encode(world.anchors);
  EXPECT_TRUE(parse_anchors(good));
  for (const char* member : {"\"logs\"", "\"stamps\"", "\"quorum\"", "\"roles\"", "\"device\"",
                             "\"center\"", "\"verifier\""}) {
    std::string bad = good;
    bad.replace(bad.find(member), 2, "\"x");
    EXPECT_FALSE(parse_anchors(bad)) << member;
  }
  TrustAnchors too_few = world.anchors;
  too_few.quorum = 3;
  EXPECT_FALSE(parse_anchors(encode(too_few)));
  TrustAnchors same = world.anchors;
  same.witnesses[1] = *VerifierKey::make("witness.example/other", SignatureType::kCosignature,
                                         same.witnesses[0].key);
  EXPECT_FALSE(parse_anchors(encode(same)));
}

TEST(OperationRecord, HasOneEncoding) {
  World world;
  world.run_operation(1);
  const std::string entry = world.last_entry;
  EXPECT_EQ(encode(*decode_record(entry)), entry);
  std::string swapped = entry;
  swapped.insert(1, " ");
  EXPECT_FALSE(decode_record(swapped));
  std::string unknown = entry;
  unknown.insert(unknown.size() - 1, ",\"x\":1");
  EXPECT_FALSE(decode_record(unknown));
  EXPECT_FALSE(decode_record(entry + " "));
  EXPECT_FALSE(decode_record("{}"));
}

TEST(OperationKinds, AreATableInOrderWhoseWordsAreItsOwn) {
  std::size_t at = 0;
  for (const KindRow& row : kind_rows()) {
    EXPECT_EQ(static_cast<std::size_t>(row.kind), at++);
    EXPECT_EQ(row_named(row.name)->kind, row.kind);
    EXPECT_TRUE(row.role == "device" || row.role == "center" || row.role == "verifier");
    std::istringstream words{std::string(row.after)};
    for (std::string word; words >> word;) EXPECT_TRUE(word == "*" || row_named(word)) << word;
    EXPECT_FALSE(may_follow(row.kind, RecordKind::kClose) && row.kind != RecordKind::kOpen);
  }
}

}  // namespace
}  // namespace gatehouse::evidence
