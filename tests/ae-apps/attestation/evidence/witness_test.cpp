#include "ae-apps/attestation/evidence/witness/witness.h"

#include <gtest/gtest.h>

#include "ae-apps/attestation/evidence/witness/service.h"
#include "tests/ae-apps/attestation/evidence/child_process.h"
#include "tests/ae-apps/attestation/evidence/log_fixture.h"
#include "tests/ae-apps/ota/temporary_folder.h"

namespace gatehouse::evidence {
namespace {

/// A witness on a simulated disk, with a clock that the test sets.
struct SimulatedWitness {
  SimulatedWitness(const std::string& name, std::vector<VerifierKey> log_keys)
      : signer(make_signer(name, SignatureType::kCosignature)), keys(std::move(log_keys)) {
    restart();
  }
  void restart() {
    witness.emplace(medium, signer, WitnessSettings{keys}, [this] { return now_s; });
  }
  WitnessLink link() const { return {"http://" + signer.verifier().name, signer.verifier()}; }

  SimulatedMedium medium;
  NoteSigner signer;
  std::vector<VerifierKey> keys;
  std::uint64_t now_s = 1'800'000'000;
  std::optional<Witness> witness;
};

struct TwoWitnesses : testing::Test {
  WitnessTransport transport() {
    return [this](const std::string& url, const std::string& body) -> Result<WitnessAnswer> {
      for (SimulatedWitness* one : {&first, &second}) {
        if (url == one->link().url + "/add-checkpoint") return one->witness->add_checkpoint(body);
      }
      return fail(Rsc::kTargetNotReachable, "nobody there");
    };
  }
  std::vector<WitnessLink> links() const { return {first.link(), second.link()}; }

  LogOnDisk disk;
  SimulatedWitness first{"witness.example/1", {disk.signer.verifier()}};
  SimulatedWitness second{"witness.example/2", {disk.signer.verifier()}};
};

// C2SP tlog-witness
TEST_F(TwoWitnesses, CosignEveryCheckpointOfALogThatGrows) {
  Log log = *disk.open();
  for (int round = 0; round < 4; ++round) {
    ASSERT_TRUE(log.append(numbered_entries(log.size(), 100)));
    ASSERT_TRUE(log.publish());

    const auto cosigned = collect_cosignatures(log, links(), 2, transport());

    ASSERT_TRUE(cosigned) << cosigned.error().detail;
    const auto good =
        check_signatures(cosigned->note, {first.signer.verifier(), second.signer.verifier()});
    EXPECT_EQ(good->size(), 2U);
    EXPECT_EQ(good->at(0).time_s, 1'800'000'000U);
  }
  EXPECT_EQ(disk.open()->published().note.signatures.size(), 3U) << "kept with the checkpoint";
}

TEST_F(TwoWitnesses, SeeASplitViewAndKeepTheProof) {
  LogOnDisk other(2);  // the same key, another history
  other.signer = disk.signer;
  Log shown_to_first = *disk.open();
  Log shown_to_second = *other.open();
  ASSERT_TRUE(shown_to_first.append(numbered_entries(0, 8)));
  ASSERT_TRUE(shown_to_second.append(numbered_entries(100, 8)));
  ASSERT_TRUE(shown_to_first.publish());
  ASSERT_TRUE(shown_to_second.publish());
  ASSERT_TRUE(ask_witness(shown_to_first, first.link(), transport()));
  ASSERT_TRUE(ask_witness(shown_to_second, second.link(), transport()));

  const auto split = collect_cosignatures(shown_to_first, links(), 2, transport());

  ASSERT_FALSE(split);
  EXPECT_EQ(split.error().rsc, Rsc::kTargetNotReachable);
  EXPECT_NE(split.error().detail.find("another tree"), std::string::npos);
  bool kept = false;
  for (const auto& [name, content] : second.medium.contents()) {
    kept = kept || name.starts_with("refused/");
  }
  EXPECT_TRUE(kept);
}

TEST_F(TwoWitnesses, SeeARollback) {
  Log log = *disk.open();
  ASSERT_TRUE(log.append(numbered_entries(0, 8)));
  ASSERT_TRUE(log.publish());
  ASSERT_TRUE(collect_cosignatures(log, links(), 2, transport()));
  LogOnDisk restored(3);
  restored.signer = disk.signer;
  Log shorter = *restored.open();
  ASSERT_TRUE(shorter.append(numbered_entries(0, 5)));
  ASSERT_TRUE(shorter.publish());

  const auto asked = ask_witness(shorter, first.link(), transport());

  EXPECT_EQ(asked.error().rsc, Rsc::kConflict);
  EXPECT_NE(asked.error().detail.find("rolled back"), std::string::npos);
}

TEST_F(TwoWitnesses, RefuseToBeOneTooFew) {
  Log log = *disk.open();
  ASSERT_TRUE(log.append(numbered_entries(0, 1)));
  ASSERT_TRUE(log.publish());
  std::vector<WitnessLink> with_one_away = links();
  with_one_away[1].url = "http://away.example";
  EXPECT_FALSE(collect_cosignatures(log, with_one_away, 2, transport()));
  EXPECT_TRUE(collect_cosignatures(log, with_one_away, 1, transport()));
}

struct RefusedBody {
  std::string name;
  int status;
  std::function<std::string(Log&)> body;
};
class WitnessRefuses : public testing::TestWithParam<RefusedBody> {};

// C2SP tlog-witness: the status of each kind of refusal
TEST_P(WitnessRefuses, WithTheStatusOfTheSpecification) {
  LogOnDisk disk;
  SimulatedWitness one("witness.example/1", {disk.signer.verifier()});
  Log log = *disk.open();
  ASSERT_TRUE(log.append(numbered_entries(0, 5)));
  ASSERT_TRUE(log.publish());
  ASSERT_EQ(one.witness->add_checkpoint(submission_of(0, {}, log.published().note)).status, 200);
  ASSERT_TRUE(log.append(numbered_entries(5, 4)));
  ASSERT_TRUE(log.publish());

  const WitnessAnswer answer = one.witness->add_checkpoint(GetParam().body(log));

  EXPECT_EQ(answer.status, GetParam().status) << answer.body;
  if (answer.status == 409) {
    EXPECT_EQ(answer.body, "5\n");
    EXPECT_EQ(answer.content_type, "text/x.tlog.size");
  }
}

INSTANTIATE_TEST_SUITE_P(
    Bodies, WitnessRefuses,
    testing::Values(
        RefusedBody{"nothing", 400, [](Log&) { return std::string(); }},
        RefusedBody{"no_old", 400, [](Log& log) { return to_text(log.published().note); }},
        RefusedBody{"leading_zero", 400,
                    [](Log& log) { return "old 05\n\n" + to_text(log.published().note); }},
        RefusedBody{"long_proof", 400,
                    [](Log& log) { return submission_of(5, Proof(64), log.published().note); }},
        RefusedBody{"old_above_size", 400,
                    [](Log& log) { return submission_of(10, {}, log.published().note); }},
        RefusedBody{"unknown_log", 404,
                    [](Log&) {
                      const NoteSigner other = make_signer("log.example/2");
                      return submission_of(
                          0, {},
                          sign_checkpoint({"log.example/2", 0, empty_root(), {}}, {other})->note);
                    }},
        RefusedBody{"unsigned_by_log", 403,
                    [](Log& log) {
                      const NoteSigner other = make_signer("log.example/1");
                      return submission_of(
                          5, *log.prove_consistency(5),
                          sign_checkpoint(log.published().checkpoint, {other})->note);
                    }},
        RefusedBody{"forged_signature", 403,
                    [](Log& log) {
                      Note note = log.published().note;
                      note.signatures[0].signature[0] ^= 1;
                      return submission_of(5, *log.prove_consistency(5), note);
                    }},
        RefusedBody{"other_old_size", 409,
                    [](Log& log) {
                      return submission_of(4, *log.prove_consistency(4), log.published().note);
                    }},
        RefusedBody{"bad_proof", 422,
                    [](Log& log) { return submission_of(5, Proof(3), log.published().note); }},
        RefusedBody{"no_proof", 422,
                    [](Log& log) { return submission_of(5, {}, log.published().note); }}),
    [](const auto& one) { return one.param.name; });

TEST(Witness, ShowsWhatItCosignedLast) {
  LogOnDisk disk;
  SimulatedWitness one("witness.example/1", {disk.signer.verifier()});
  const std::string hash = to_hex(crypto::sha256(view_of("log.example/1")));
  EXPECT_EQ(one.witness->latest(hash).status, 404);
  Log log = *disk.open();
  ASSERT_EQ(one.witness->add_checkpoint(submission_of(0, {}, log.published().note)).status, 200);
  const auto shown = parse_signed_checkpoint(one.witness->latest(hash).body);
  ASSERT_TRUE(shown);
  EXPECT_EQ(check_signatures(shown->note, {disk.signer.verifier(), one.signer.verifier()})->size(),
            2U);
  EXPECT_EQ(one.witness->latest("00").status, 404);
}

TEST(Witness, WithItsClockSetBackDoesNotSayLess) {
  LogOnDisk disk;
  SimulatedWitness one("witness.example/1", {disk.signer.verifier()});
  Log log = *disk.open();
  ASSERT_EQ(one.witness->add_checkpoint(submission_of(0, {}, log.published().note)).status, 200);
  one.now_s = 5;
  const WitnessAnswer answer =
      one.witness->add_checkpoint(submission_of(0, {}, log.published().note));
  const auto note = parse_note(log.published().note.text + "\n" + answer.body);
  EXPECT_EQ(check_signatures(*note, {one.signer.verifier()})->at(0).time_s, 1'800'000'000U);
}

TEST(Witness, WithDamagedStateSaysNothing) {
  LogOnDisk disk;
  SimulatedWitness one("witness.example/1", {disk.signer.verifier()});
  Log log = *disk.open();
  const std::string body = submission_of(0, {}, log.published().note);
  ASSERT_EQ(one.witness->add_checkpoint(body).status, 200);
  for (const auto& [name, content] : one.medium.contents()) {
    Bytes altered = content;
    altered[altered.size() / 2] ^= 1;
    one.medium.tamper(name, altered);
  }
  EXPECT_EQ(one.witness->add_checkpoint(body).status, 500);
}

/// After a power cut at any write, the witness never cosigns what contradicts an earlier answer.
TEST(WitnessPowerCut, ForgetsNothingThatItSaid) {
  for (std::uint64_t point = 1; point <= 5; ++point) {
    LogOnDisk disk;
    SimulatedWitness one("witness.example/1", {disk.signer.verifier()});
    Log log = *disk.open();
    ASSERT_TRUE(log.append(numbered_entries(0, 5)));
    ASSERT_TRUE(log.publish());
    std::uint64_t said = 0;
    one.medium.cut_power_at(point);
    try {
      const auto answer = one.witness->add_checkpoint(submission_of(0, {}, log.published().note));
      if (answer.status == 200) said = 5;
    } catch (const PowerCut&) {
    }
    one.medium.power_cut();
    one.restart();
    ASSERT_TRUE(log.append(numbered_entries(5, 2)));
    ASSERT_TRUE(log.publish());
    const auto answer = one.witness->add_checkpoint(submission_of(0, {}, log.published().note));
    EXPECT_TRUE(said != 5 || answer.status == 409) << point;
    EXPECT_TRUE(answer.status == 200 || answer.body == "5\n") << answer.body;
  }
}

TEST(WitnessProgram, KeepsItsWordWhenKilled) {
  const TemporaryFolder folder;
  LogOnDisk disk;
  Log log = *disk.open();
  std::vector<std::string> command = {GATEHOUSE_WITNESS_PROGRAM, "--name", "witness.example/1",
                                      "--key", folder / "key.pem"};
  std::vector<std::string> show = command;
  show.push_back("--show-key");
  int code = -1;
  std::string key_text = output_of(show, code);
  ASSERT_EQ(code, 0);
  key_text.pop_back();
  const VerifierKey key = *VerifierKey::parse(key_text);
  command.insert(command.end(),
                 {"--state", folder / "state", "--log", disk.signer.verifier().to_text()});
  const WitnessTransport transport = http_transport();
  for (int round = 0; round < 3; ++round) {
    ChildProcess program(command);
    const std::string ready = program.line();
    ASSERT_TRUE(ready.starts_with("READY url=")) << ready;
    ASSERT_TRUE(log.append(numbered_entries(log.size(), 10)));
    ASSERT_TRUE(log.publish());
    const auto asked = ask_witness(log, {ready.substr(10), key}, transport);
    EXPECT_TRUE(asked) << asked.error().detail;
    program.kill_now();
  }
  LogOnDisk fork(7);
  fork.signer = disk.signer;
  Log other = *fork.open();
  ASSERT_TRUE(other.append(numbered_entries(500, 40)));
  ASSERT_TRUE(other.publish());
  ChildProcess program(command);
  const auto asked = ask_witness(other, {program.line().substr(10), key}, transport);
  EXPECT_EQ(asked.error().rsc, Rsc::kConflict);
}

}  // namespace
}  // namespace gatehouse::evidence
