// The programs together: a log, two witnesses, a stamp, a certificate, an audit; each a process of
// its own.
#include <gtest/gtest.h>

#include <ctime>

#include "tests/ae-apps/attestation/evidence/child_process.h"
#include "tests/ae-apps/attestation/evidence/operation_fixture.h"

namespace gatehouse::evidence {
namespace {

using Words = std::vector<std::string>;

struct Programs : testing::Test {
  Programs() {
    // Records signed by the parties; the log that holds them is the program's.
    world.run_operation(1);
    std::string lines;
    for (std::uint64_t i = 0; i < 14; ++i) {
      static_cast<void>(world.log->publish());
      lines += std::string(text_of(*world.log->entry(i))) + "\n";
    }
    write("records", lines);
    write("quote", std::string(text_of(world.quote)));
    write("center.pem", world.center.public_key().to_pem());
    write("verifier.pem", world.verifier.public_key().to_pem());
    write("car.pem", world.car_chain);
  }
  void write(const std::string& name, const std::string& content) {
    std::ofstream(folder / name, std::ios::binary) << content;
  }
  /// gatehouse-evidence COMMAND with what all commands need; expects that it succeeds.
  std::string run(const std::string& command, const Words& more = {},
                  const std::string& input = {}) {
    Words words = {
        GATEHOUSE_EVIDENCE_PROGRAM, command, "--key", folder / key, "--origin", "log.example/1"};
    if (command != "key") words.insert(words.end(), {"--folder", folder / "log"});
    words.insert(words.end(), more.begin(), more.end());
    std::string output = output_of(words, code, input);
    return output;
  }
  std::string line_of(std::string text) { return text.substr(0, text.find('\n')); }

  /// The programs stamp and witness by the wall clock: the records are of the day before yesterday.
  World world{std::time(nullptr) - 3 * 86'400};
  TemporaryFolder folder;
  std::string key = "log.pem";
  int code = -1;
};

TEST_F(Programs, MakeACertificateThatTheAuditorVerifies) {
  const std::string log_key = line_of(run("key"));
  run("append", {}, folder / "records");
  ASSERT_EQ(code, 0);
  Words publish;
  std::vector<std::unique_ptr<ChildProcess>> witnesses;
  for (const std::string name : {"witness.example/1", "witness.example/2"}) {
    const std::string file = folder / ("w" + name.substr(name.size() - 1));
    Words words = {GATEHOUSE_WITNESS_PROGRAM, "--name", name, "--key", file + ".pem", "--show-key"};
    const std::string vkey = line_of(output_of(words, code));
    words.back() = "--state";
    words.insert(words.end(), {file, "--log", log_key});
    witnesses.push_back(std::make_unique<ChildProcess>(words));
    publish.insert(publish.end(), {"--witness", witnesses.back()->line().substr(10) + "=" + vkey});
    if (name.ends_with('1')) world.anchors.witnesses.clear();
    world.anchors.witnesses.push_back(*VerifierKey::parse(vkey));
  }
  publish.insert(publish.end(), {"--quorum", "2", "--out", folder / "checkpoint"});
  run("publish", publish);
  ASSERT_EQ(code, 0);
  run("stamp", {"--identity", folder / "stamps", "--out", folder / "stamp.tsr"});
  ASSERT_EQ(code, 0);
  run("receipt", {"--index", "13", "--out", folder / "receipt"});
  ASSERT_EQ(code, 0);
  run("certify",
      {"--device", "car-1", "--operation", "1", "--stamp", folder / "stamp.tsr", "--signer",
       folder / "center.pem", "--signer", folder / "verifier.pem", "--signer", folder / "car.pem",
       "--file", folder / "quote", "--out", folder / "certificate.json"});
  ASSERT_EQ(code, 0);
  world.anchors.logs = {*VerifierKey::parse(log_key)};
  world.anchors.stamps_pem = World::text_of_file(folder / "stamps/anchor.pem");
  write("anchors.json", encode(world.anchors));

  const std::string said = output_of(
      {GATEHOUSE_AUDIT_PROGRAM, folder / "certificate.json", "--trust", folder / "anchors.json"},
      code);
  EXPECT_EQ(code, 0);
  EXPECT_TRUE(said.starts_with("VERIFIED: Operation 1 on car-1")) << said;

  output_of({GATEHOUSE_AUDIT_PROGRAM, "log", folder / "log", "--trust", folder / "anchors.json",
             "--older", folder / "receipt", "--older", folder / "checkpoint"},
            code);
  EXPECT_EQ(code, 0);
}

TEST_F(Programs, HandTheLogOverToAnotherKey) {
  run("append", {}, folder / "records");
  const std::string old_key = line_of(run("key"));
  run("change-key", {"--next", folder / "next.pem"});
  ASSERT_EQ(code, 0);
  key = "next.pem";
  run("append", {"--former", old_key}, folder / "quote");
  EXPECT_EQ(code, 0);
  key = "log.pem";
  run("append", {}, folder / "quote");
  EXPECT_EQ(code, 1) << "the old key opens the log no more";
}

TEST_F(Programs, WrongUseIsTwoAndARefusalIsOne) {
  run("nothing");
  EXPECT_EQ(code, 2);
  run("receipt", {"--index", "1000"});
  EXPECT_EQ(code, 1);
  run("publish", {"--witness", "nonsense"});
  EXPECT_EQ(code, 1);
  run("stamp-request", {"--out", folder / "request.tsq"});
  EXPECT_EQ(code, 0);
}

}  // namespace
}  // namespace gatehouse::evidence
