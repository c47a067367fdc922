#include "ae-apps/attestation/evidence/operation/audit.h"

#include <gtest/gtest.h>

#include "tests/ae-apps/attestation/evidence/audit_fixture.h"
#include "tests/ae-apps/attestation/evidence/child_process.h"

namespace gatehouse::evidence {
namespace {

TEST_F(Audit, TellsWhatHappenedWhenAndByWhoseKey) {
  const auto report = audit_certificate(certificate, world.anchors);

  ASSERT_TRUE(report) << report.error().detail;
  EXPECT_EQ(report->outcome, "done");
  ASSERT_EQ(report->happened.size(), 14U);
  EXPECT_EQ(report->happened[7].text, "car-1 changed its part brake to version 2.0: installed.");
  EXPECT_EQ(report->happened[7].signer, "car-1 (device)");
  const std::string text = to_text(*report);
  for (const char* part :
       {"VERIFIED: Operation 2 on car-1", "no number is missing",
        "The witness witness.example/2 saw", "Stamps confirms", "a TPM emulator"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part;
  }
}

TEST_F(Audit, ReadsBackTheCertificateFile) {
  EXPECT_EQ(*parse_certificate(encode(certificate)), certificate);
  EXPECT_EQ(encode(*parse_anchors(encode(world.anchors))), encode(world.anchors));
}

TEST_F(Audit, ReportIsOnePageThatNothingInItCanScript) {
  auto report = *audit_certificate(certificate, world.anchors);
  report.happened[0].text = "<script>\"&";
  const std::string page = to_html(report);
  EXPECT_EQ(page.find("<script>"), std::string::npos);
  EXPECT_NE(page.find("&lt;script&gt;&quot;&amp;"), std::string::npos);
  EXPECT_EQ(page.find("http"), std::string::npos);
  report.outcome = "\x1b[2J";
  EXPECT_EQ(to_text(report).find('\x1b'), std::string::npos);
}

struct Tampering {
  std::string name;
  std::string reason;  ///< part of it
  std::function<void(World&, Certificate&)> tamper;
};
class TamperedCertificate : public testing::TestWithParam<Tampering> {};

TEST_P(TamperedCertificate, IsRefusedWithItsReason) {
  World world;
  world.run_operation(1);
  world.run_operation(2);
  Certificate certificate = world.certificate(2);
  GetParam().tamper(world, certificate);

  const auto report = audit_certificate(certificate, world.anchors);

  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().rsc, Rsc::kNotAcceptable);
  EXPECT_NE(report.error().detail.find(GetParam().reason), std::string::npos)
      << report.error().detail;
}

/// Replaces one record by another version of it, as the log's operator could, who owns the log's
/// key and both witnesses' cooperation: everything is consistent again but what only others can
/// sign.
void relog(World& world, Certificate& certificate,
           const std::function<void(std::size_t, Record&)>& change) {
  std::vector<Record> records;
  for (const LoggedEntry& one : certificate.records) records.push_back(*decode_record(one.entry));
  std::string previous = records[0].previous;
  world.places.records.clear();
  for (std::size_t i = 0; i < records.size(); ++i) {
    records[i].previous = previous;
    if (row_of(records[i].kind).role == "center") {
      static_cast<void>(sign(records[i], world.center));
    } else {
      static_cast<void>(sign(records[i], world.key_for(records[i].kind)));
    }
    change(i, records[i]);
    const std::string entry = encode(records[i]);
    previous = to_hex(leaf_hash(view_of(entry)));
    world.places.records.push_back(*world.log->append({bytes_of(entry)}));
  }
  certificate = world.certificate(2);
}

std::function<void(World&, Certificate&)> relogged(
    std::function<void(std::size_t, Record&)> change) {
  return [change](World& world, Certificate& certificate) { relog(world, certificate, change); };
}

INSTANTIATE_TEST_SUITE_P(
    Records, TamperedCertificate,
    testing::Values(
        Tampering{"one_letter_of_a_fact", "record 5 is not in the log",
                  [](World&, Certificate& c) {
                    c.records[4].entry.replace(c.records[4].entry.find("2.0"), 3, "2.1");
                  }},
        Tampering{"one_record_missing", "record 5 is missing",
                  [](World&, Certificate& c) { c.records.erase(c.records.begin() + 4); }},
        Tampering{"first_missing", "record 1 is missing",
                  [](World&, Certificate& c) { c.records.erase(c.records.begin()); }},
        Tampering{"last_missing", "not closed",
                  [](World&, Certificate& c) { c.records.pop_back(); }},
        Tampering{"all_missing", "no record", [](World&, Certificate& c) { c.records.clear(); }},
        Tampering{"two_swapped", "missing or out of order",
                  [](World&, Certificate& c) { std::swap(c.records[3], c.records[4]); }},
        Tampering{
            "one_twice", "missing or out of order",
            [](World&, Certificate& c) { c.records.insert(c.records.begin() + 2, c.records[1]); }},
        Tampering{"index_of_another", "not in the log",
                  [](World&, Certificate& c) { ++c.records[2].index; }},
        Tampering{"index_outside", "outside of the tree",
                  [](World&, Certificate& c) { c.records[2].index = 1u << 30; }},
        Tampering{"proof_of_another", "not in the log",
                  [](World&, Certificate& c) { c.records[2].proof = c.records[3].proof; }},
        Tampering{"proof_of_64_hashes", "too long",
                  [](World&, Certificate& c) { c.records[2].proof = Proof(64); }},
        Tampering{"other_device", "of another device",
                  [](World&, Certificate& c) { c.device = "car-2"; }},
        Tampering{"relogged_other_time", "record 8: its signature",
                  relogged([](std::size_t i, Record& r) {
                    if (i == 7) r.time.microseconds += 1'000'000;
                  })},
        Tampering{"relogged_other_fact", "record 8: its signature",
                  relogged([](std::size_t i, Record& r) {
                    if (i == 7) r.facts["outcome"] = "failed";
                  })},
        Tampering{"relogged_other_file", "record 3: its signature",
                  relogged([](std::size_t i, Record& r) {
                    if (i == 2) r.files["quote"] = std::string(64, '0');
                  })},
        Tampering{"relogged_other_signature", "record 4: its signature",
                  relogged([](std::size_t i, Record& r) {
                    if (i == 3) r.signature[10] ^= 1;
                  })},
        Tampering{"relogged_other_position", "record 6", relogged([](std::size_t i, Record& r) {
                    if (i == 5) r.position = 9;
                  })},
        Tampering{"relogged_other_operation", "of another operation",
                  relogged([](std::size_t i, Record& r) {
                    if (i == 5) r.operation = 3;
                  })},
        Tampering{"relogged_broken_chain", "does not continue",
                  relogged([](std::size_t i, Record& r) {
                    if (i == 5) r.previous = std::string(64, '1');
                  })}),
    [](const auto& one) { return one.param.name; });

/// The Center signs in the place of others.
std::function<void(World&, Certificate&)> by_center(std::size_t position) {
  return [position](World& world, Certificate& certificate) {
    const crypto::SigningKey center = world.center;
    relog(world, certificate, [&](std::size_t i, Record& r) {
      if (i == position) static_cast<void>(sign(r, center));
    });
  };
}

INSTANTIATE_TEST_SUITE_P(
    Signers, TamperedCertificate,
    testing::Values(
        Tampering{"center_signs_for_the_car", "its signer is no device", by_center(7)},
        Tampering{"center_signs_for_the_verifier", "its signer is no verifier", by_center(3)},
        Tampering{"key_not_enclosed", "not enclosed",
                  [](World& w, Certificate& c) { c.signers.erase(World::id_of(w.car)); }},
        Tampering{"key_replaced", "its signature is not good",
                  [](World& w, Certificate& c) {
                    c.signers[World::id_of(w.verifier)] = w.center.public_key().to_pem();
                    w.anchors.roles["verifier"] = w.center.public_key().to_pem();
                  }},
        Tampering{"other_car_signs", "another device",
                  [](World& w, Certificate& c) {
                    const crypto::SigningKey other = World::new_key();
                    w.signers[World::id_of(other)] = w.certify_car("car-2", other);
                    relog(w, c, [&](std::size_t i, Record& r) {
                      if (i == 7) static_cast<void>(sign(r, other));
                    });
                  }},
        Tampering{"anchor_of_another_maker", "does not lead to an anchor",
                  [](World& w, Certificate&) {
                    w.anchors.roles["device"] = World().anchors.roles["device"];
                  }},
        Tampering{"anchor_of_another_center", "not among the anchors",
                  [](World& w, Certificate&) {
                    w.anchors.roles["center"] = w.verifier.public_key().to_pem();
                  }},
        Tampering{"car_without_a_certificate", "needs a certificate",
                  [](World& w, Certificate& c) {
                    c.signers[World::id_of(w.car)] = w.car.public_key().to_pem();
                    w.anchors.roles["device"] += w.car.public_key().to_pem();
                  }},
        Tampering{"garbage_for_a_key", "its signer is no device",
                  [](World& w, Certificate& c) {
                    c.signers[World::id_of(w.car)] = "-----BEGIN CERTIFICATE-----\nAAAA";
                  }}),
    [](const auto& one) { return one.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Numbering, TamperedCertificate,
    testing::Values(Tampering{"predecessor_left_out", "operation 1 is missing",
                              [](World&, Certificate& c) { c.predecessor.reset(); }},
                    Tampering{"predecessor_altered", "the operation before is not in the log",
                              [](World&, Certificate& c) { c.predecessor->entry[20] ^= 1; }},
                    Tampering{"predecessor_not_closed", "was not closed",
                              [](World& w, Certificate& c) {
                                w.places.predecessor = *w.places.predecessor - 1;
                                c = w.certificate(2);
                              }},
                    Tampering{"number_skipped", "operation 3 is missing",
                              [](World& w, Certificate& c) {
                                w.run_operation(4);
                                c = w.certificate(4);
                              }},
                    Tampering{"number_zero", "numbered from 1",
                              [](World&, Certificate& c) { c.operation = 0; }},
                    Tampering{"first_with_predecessor", "has none before",
                              [](World&, Certificate& c) { c.operation = 1; }}),
    [](const auto& one) { return one.param.name; });

/// Another checkpoint in the certificate, with the same witnesses' cosignatures and a fresh stamp.
void swap_checkpoint(World& world, Certificate& certificate, const Checkpoint& other,
                     const NoteSigner& log) {
  certificate.checkpoint = *sign_checkpoint(other, {log});
  Note& note = certificate.checkpoint.note;
  for (const NoteSigner* witness : {&world.witness_1, &world.witness_2}) {
    note.signatures.push_back(*witness->sign(note.text, static_cast<std::uint64_t>(world.now_s)));
  }
  certificate.stamp = world.stamp_of(certificate.checkpoint);
}

INSTANTIATE_TEST_SUITE_P(
    Checkpoints, TamperedCertificate,
    testing::Values(
        Tampering{
            "signature_of_the_log", "log.example/1 is forged",
            [](World&, Certificate& c) { c.checkpoint.note.signatures[0].signature[3] ^= 1; }},
        Tampering{"log_did_not_sign", "not signed by a key of the log",
                  [](World&, Certificate& c) {
                    c.checkpoint.note.signatures.erase(c.checkpoint.note.signatures.begin());
                  }},
        Tampering{"one_witness_too_few", "1 of the trusted witnesses",
                  [](World&, Certificate& c) { c.checkpoint.note.signatures.pop_back(); }},
        Tampering{
            "forged_witness", "witness.example/2 is forged",
            [](World&, Certificate& c) { c.checkpoint.note.signatures.back().signature[40] ^= 1; }},
        Tampering{
            "witness_time_altered", "witness.example/1 is forged",
            [](World&, Certificate& c) { c.checkpoint.note.signatures[1].signature[7] ^= 1; }},
        Tampering{"one_witness_twice", "1 of the trusted witnesses",
                  [](World&, Certificate& c) {
                    c.checkpoint.note.signatures[2] = c.checkpoint.note.signatures[1];
                  }},
        Tampering{"witness_clock_wrong", "disagree",
                  [](World& w, Certificate& c) {
                    c.checkpoint.note.signatures[1] =
                        *w.witness_1.sign(c.checkpoint.note.text, 1'000'000'000);
                  }},
        Tampering{"untrusted_witnesses", "0 of the trusted witnesses",
                  [](World& w, Certificate&) {
                    w.anchors.witnesses = {
                        make_signer("w/1", SignatureType::kCosignature).verifier(),
                        make_signer("w/2", SignatureType::kCosignature).verifier()};
                  }},
        Tampering{"untrusted_log", "not signed by a key of the log",
                  [](World& w, Certificate&) {
                    w.anchors.logs = {make_signer("log.example/1").verifier()};
                  }},
        Tampering{"checkpoint_of_another_log", "not in the log",
                  [](World& w, Certificate& c) {
                    World other;
                    other.run_operation(1);
                    other.run_operation(2);
                    swap_checkpoint(w, c, other.publish().checkpoint, other.disk.signer);
                    w.anchors.logs.push_back(other.disk.signer.verifier());
                  }},
        Tampering{"old_checkpoint", "the operation before is not in the log",
                  [](World& w, Certificate& c) {
                    const SignedCheckpoint old = c.checkpoint;
                    const Bytes old_stamp = c.stamp;
                    w.run_operation(3);
                    c = w.certificate(3);
                    c.checkpoint = old;
                    c.stamp = old_stamp;
                  }},
        Tampering{"split_view", "not in the log",
                  [](World& w, Certificate& c) {
                    Checkpoint fork = c.checkpoint.checkpoint;  // another tree of this size
                    fork.root[0] ^= 1;
                    swap_checkpoint(w, c, fork, w.disk.signer);
                  }},
        Tampering{"stamp_cut", "time stamp is refused",
                  [](World&, Certificate& c) { c.stamp.pop_back(); }},
        Tampering{"stamp_absent", "time stamp is refused",
                  [](World&, Certificate& c) { c.stamp.clear(); }},
        Tampering{"stamp_over_other_data", "time stamp is refused",
                  [](World& w, Certificate& c) {
                    SignedCheckpoint other = c.checkpoint;
                    other.note.text += "x";
                    c.stamp = w.stamp_of(other);
                  }},
        Tampering{"stamp_of_another_authority", "time stamp is refused",
                  [](World& w, Certificate&) { w.anchors.stamps_pem = World().stamps.anchor_pem; }},
        Tampering{"stamp_before_the_records", "after the time stamp",
                  [](World& w, Certificate& c) {
                    w.now_s -= 3600;
                    c = w.certificate(2);
                  }},
        Tampering{"file_altered", "not the one",
                  [](World&, Certificate& c) { c.files.begin()->second[0] ^= 1; }},
        Tampering{"file_missing", "is missing", [](World&, Certificate& c) { c.files.clear(); }},
        Tampering{"file_too_many", "that nothing names",
                  [](World&, Certificate& c) { c.files[std::string(64, '7')] = Bytes{1}; }}),
    [](const auto& one) { return one.param.name; });

TEST_F(Audit, RefusesEveryRecordAndEveryProofHashThatIsAltered) {
  for (std::size_t i = 0; i < certificate.records.size(); ++i) {
    for (std::size_t k = 0; k < certificate.records[i].proof.size(); ++k) {
      Certificate altered = certificate;
      altered.records[i].proof[k][k] ^= 0x80;
      EXPECT_FALSE(audit_certificate(altered, world.anchors)) << i << " " << k;
    }
    for (std::size_t at = 0; at < certificate.records[i].entry.size(); at += 9) {
      Certificate altered = certificate;
      altered.records[i].entry[at] ^= 1;
      EXPECT_FALSE(audit_certificate(altered, world.anchors)) << i << " " << at;
    }
  }
}

TEST_F(Audit, SaysTheSameOrRefusesWhateverByteOfTheFileIsAltered) {
  const std::string file = encode(certificate);
  const std::string good = to_text(*audit_certificate(certificate, world.anchors));
  for (std::size_t at = 0; at < file.size(); at += 23) {
    std::string altered = file;
    altered[at] = static_cast<char>(altered[at] ^ (at % 2 == 0 ? 1 : 4));
    const auto parsed = parse_certificate(altered);
    if (!parsed) continue;
    const auto report = audit_certificate(*parsed, world.anchors);
    EXPECT_TRUE(!report || to_text(*report) == good) << "byte " << at;
  }
}

TEST_F(Audit, OfARepeatedOrderThatIsNotAllowedIsRefused) {
  World other;
  other.open_operation(1);
  other.step(RecordKind::kApply, {{"part", "brake"}, {"version", "3"}, {"outcome", "unmeasured"}});
  other.step(RecordKind::kClose, {{"outcome", "done"}});
  const auto report = audit_certificate(other.certificate(1), other.anchors);
  EXPECT_NE(report.error().detail.find("apply cannot come here"), std::string::npos);
}

TEST_F(Audit, OfAFailedOperationTellsHowItEnded) {
  World other;
  other.open_operation(1);
  other.measure(true);
  other.step(RecordKind::kRefusal, {{"reason", "the same evidence came twice"}});
  other.step(RecordKind::kFailure, {{"reason", "the white list cannot be reached"}});
  other.step(RecordKind::kRollback, {{"part", "brake"}, {"version", "1.0"}});
  other.step(RecordKind::kClose, {{"outcome", "denied, because the white list cannot be reached"}});
  const auto report = audit_certificate(other.certificate(1), other.anchors);
  ASSERT_TRUE(report) << report.error().detail;
  EXPECT_EQ(report->outcome, "denied, because the white list cannot be reached");
}

/// A device that speaks against itself, with keys that are all good.
class AuditOfAContradiction : public Audit {
 protected:
  std::string refusal_of(
      const std::vector<std::pair<RecordKind, std::map<std::string, std::string>>>& steps) {
    World other;
    other.open_operation(1);
    other.measure(true);
    other.step(RecordKind::kSelection, {{"modules", "brake 2.0"}});
    other.step(RecordKind::kDelivery, {{"module", "brake 2.0"}, {"digest", std::string(64, 'a')}});
    for (const auto& [kind, facts] : steps) other.step(kind, facts);
    other.step(RecordKind::kFailure, {{"reason", "whatever"}});
    other.step(RecordKind::kClose, {{"outcome", "done"}});
    const auto report = audit_certificate(other.certificate(1), other.anchors);
    return report ? "" : report.error().detail;
  }
  static std::map<std::string, std::string> consent(const std::string& decision) {
    return {
        {"part", "brake"}, {"version", "2.0"}, {"decision", decision}, {"by", "u"}, {"at", "t"}};
  }
  const std::map<std::string, std::string> applied_ = {
      {"part", "brake"}, {"version", "2.0"}, {"outcome", "successful"}};
};

TEST_F(AuditOfAContradiction, AChangeAgainstTheUsersAnswerIsSeen) {
  EXPECT_EQ(
      refusal_of({{RecordKind::kConsent, consent("accepted")}, {RecordKind::kApply, applied_}}),
      "");
  EXPECT_EQ(refusal_of({{RecordKind::kConsent, consent("no-answer")},
                        {RecordKind::kConsent, consent("accepted")},
                        {RecordKind::kApply, applied_}}),
            "");
  EXPECT_NE(
      refusal_of({{RecordKind::kConsent, consent("declined")}, {RecordKind::kApply, applied_}})
          .find("the part brake was changed though its user did not accept"),
      std::string::npos);
}

TEST_F(AuditOfAContradiction, AChangeThatIsGoneIsSeen) {
  EXPECT_NE(refusal_of({{RecordKind::kApply, applied_},
                        {RecordKind::kFailure, {{"reason", "a bump"}}},
                        {RecordKind::kRollback, {{"part", "brake"}, {"version", "1.0"}}}})
                .find("the part brake was changed with success, and is back"),
            std::string::npos);
}

TEST_F(Audit, SeesWhatWasLoggedBeforeTheChangeByAnEarlierStamp) {
  World other;
  other.open_operation(1);
  other.measure(true);
  const SignedCheckpoint before = other.publish();
  EarlierCheckpoint earlier{before, other.stamp_of(before), {}};
  other.step(RecordKind::kFailure, {{"reason", "none"}});
  other.step(RecordKind::kClose, {{"outcome", "done"}});
  Certificate made = other.certificate(1);
  earlier.growth = *other.log->prove_consistency(before.checkpoint.size);
  made.earlier = {earlier};
  const auto report = audit_certificate(made, other.anchors);
  ASSERT_TRUE(report) << report.error().detail;
  EXPECT_NE(to_text(*report).find("4 of the records were in the log"), std::string::npos);
  made.earlier[0].growth[0][0] ^= 1;
  EXPECT_NE(audit_certificate(made, other.anchors).error().detail.find("rewritten"),
            std::string::npos);
}

// --- the program ----------------------------------------------------------------------------

void write(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

TEST_F(Audit, ByTheProgramEndsWithZeroOneOrTwo) {
  const TemporaryFolder folder;
  write(folder / "good.json", encode(certificate));
  write(folder / "anchors.json", encode(world.anchors));
  Certificate bad = certificate;
  bad.files.clear();
  write(folder / "bad.json", encode(bad));
  write(folder / "garbage.json", "{");
  const auto code_of = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), GATEHOUSE_AUDIT_PROGRAM);
    int code = -1;
    output_of(arguments, code);
    return code;
  };
  EXPECT_EQ(code_of({folder / "good.json", "--trust", folder / "anchors.json", "--html",
                     folder / "page.html"}),
            0);
  EXPECT_TRUE(World::text_of_file(folder / "page.html").starts_with("<!doctype html>"));
  EXPECT_EQ(code_of({folder / "bad.json", "--trust", folder / "anchors.json"}), 1);
  EXPECT_EQ(code_of({folder / "garbage.json", "--trust", folder / "anchors.json"}), 1);
  EXPECT_EQ(code_of({folder / "good.json"}), 2);
  EXPECT_EQ(code_of({"--trust", folder / "anchors.json"}), 2);
  EXPECT_EQ(code_of({folder / "none.json", "--trust", folder / "anchors.json"}), 2);
  EXPECT_EQ(code_of({folder / "good.json", "--trust", folder / "garbage.json"}), 2);
  EXPECT_EQ(code_of({"--wrong"}), 2);
  EXPECT_EQ(code_of({"log", folder / "none", "--trust", folder / "anchors.json"}), 2);
  for (const auto& [name, content] : world.disk.medium.contents()) {
    std::filesystem::create_directories(
        std::filesystem::path(folder / ("log/" + name)).parent_path());
    write(folder / ("log/" + name), std::string(text_of(content)));
  }
  write(folder / "receipt", to_text(*world.log->prove(3)));
  EXPECT_EQ(code_of({"log", folder / "log", "--trust", folder / "anchors.json", "--older",
                     folder / "receipt"}),
            0);
  write(folder / ("log/" + bundle_path(0, world.log->size())), "x");
  EXPECT_EQ(code_of({"log", folder / "log", "--trust", folder / "anchors.json"}), 1);
}

}  // namespace
}  // namespace gatehouse::evidence
