// The program itself: real process, real files, real DoIP.
#include <filesystem>

#include "ae-apps/ota/isotp/client.h"
#include "tests/ae-apps/ota/ecu/program_fixture.h"

namespace gatehouse::ecu {
namespace {

using std::chrono::milliseconds;

TEST(ProcessRunner, RunsAScriptUntilItIsStopped) {
  const TemporaryFolder folder;
  ProcessRunner runner(folder.path(), milliseconds(20'000));

  const SelfTest test =
      runner.start(view_of(script("1.0.0", "echo self-test ok\nexec sleep 600\n")));
  runner.drain();
  runner.stop();

  EXPECT_TRUE(test.passed) << test.error;
  EXPECT_EQ(test.version, "1.0.0");
}

struct BadPayload {
  std::string payload;
  std::string error;
};

TEST(ProcessRunner, SaysWhyASelfTestIsNotPassed) {
  const TemporaryFolder folder;
  const BadPayload cases[] = {
      {script("1.0.0", "echo self-test failed: no pressure\nexec sleep 600\n"), "self-test failed"},
      {script("1.0.0", "exit 0\n"), "ended early"},
      {"#!/bin/sh\necho self-test ok\n", "ended early"},
      {"#!/bin/sh\nkill -SEGV $$\n", "ended early"},
      {"\x7f"
       "ELF but not really",
       "does not start"},
      {"#!/bin/sh\nexec yes\n", "writes too much"},
  };
  for (const BadPayload& bad : cases) {
    ProcessRunner runner(folder.path(), milliseconds(20'000));
    const SelfTest test = runner.start(view_of(bad.payload));
    EXPECT_FALSE(test.passed);
    EXPECT_NE(test.error.find(bad.error), std::string::npos) << bad.payload << ": " << test.error;
  }
}

TEST(ProcessRunner, EndsOneThatHangs) {
  const TemporaryFolder folder;
  ProcessRunner runner(folder.path(), milliseconds(50));

  const SelfTest test = runner.start(view_of(script("1.0.0", "exec sleep 600\n")));

  EXPECT_FALSE(test.passed);
  EXPECT_NE(test.error.find("in time"), std::string::npos) << test.error;
}

TEST_F(EcuProgram, IsUpdatedOverDoipAndRemembersIt) {
  {
    Program program(arguments());
    doip::Client transport(client_of(program));
    uds::Flasher flasher(transport, flasher_settings());
    ASSERT_EQ(flasher.inventory()->version, "1.0.0") << program.line();

    const auto flashed =
        flash(flasher, script_image("1.1.0", 2, "echo self-test ok\nexec sleep 600\n"));
    ASSERT_TRUE(flashed) << flashed.error().text;
    const auto back = flasher.reset_and_wait(milliseconds(30'000));
    ASSERT_TRUE(back) << back.error().text;

    EXPECT_EQ(flasher.inventory()->version, "1.1.0");
    EXPECT_EQ(program.terminate(), 0);
  }
  Program again(arguments());
  doip::Client transport(client_of(again));
  uds::Flasher flasher(transport, flasher_settings());
  EXPECT_EQ(flasher.inventory()->version, "1.1.0");
}

TEST_F(EcuProgram, RollsBackWhenTheNewApplicationFailsItsSelfTest) {
  Program program(arguments());
  doip::Client transport(client_of(program));
  uds::Flasher flasher(transport, flasher_settings());
  ASSERT_TRUE(flash(flasher, script_image("1.1.0", 2, "echo self-test failed: no pressure\n")));

  ASSERT_TRUE(flasher.reset_and_wait(milliseconds(30'000)));

  EXPECT_EQ(flasher.inventory()->version, "1.0.0");
  EXPECT_NE(flasher.status()->find("no pressure"), std::string::npos);
}

TEST_F(EcuProgram, RunsConstrainedWithAKeySharedWithItsGateway) {
  ASSERT_TRUE(crypto::create_secret_file(folder / "shared", view_of(to_hex(kSharedKey) + "\n")));
  Program program({"--state", folder / "state", "--port", "0", "--constrained", "--shared-key",
                   folder / "shared", "--access-key", folder / "access", "--initial-image",
                   folder / "initial.ghfw", "--self-test-ms", "20000"});
  doip::Client transport(client_of(program));
  uds::Flasher flasher(transport, flasher_settings());
  const Bytes image = script_image("1.1.0", 2);
  const auto source = [&image](std::uint64_t offset, std::size_t max) -> Result<Bytes> {
    const ByteView rest = ByteView(image).subspan(offset);
    return bytes_of(gatehouse::text_of(rest.first(std::min(max, rest.size()))));
  };
  EXPECT_FALSE(flasher.flash(image.size(), source, {}, Bytes(32, 0))) << "a wrong MAC";

  ASSERT_TRUE(flasher.flash(image.size(), source, {}, mac_for(image)));
  ASSERT_TRUE(flasher.reset_and_wait(milliseconds(30'000)));

  EXPECT_EQ(flasher.inventory()->version, "1.1.0");
}

TEST_F(EcuProgram, SurvivesAPowerCutInADownload) {
  Bytes image =
      script_image("1.1.0", 2, "echo self-test ok\nexec sleep 600\n#" + std::string(60'000, 'x'));
  {
    Program program(arguments({"--fault", "power-cut-after-block=2"}));
    doip::Client transport(client_of(program));
    uds::Flasher flasher(transport, flasher_settings());
    const auto flashed = flash(flasher, image);
    ASSERT_FALSE(flashed);
    EXPECT_EQ(flashed.error().kind, uds::DiagnosticError::Kind::kTransport);
    EXPECT_EQ(program.wait(), 42);
  }
  Program program(arguments());
  doip::Client transport(client_of(program));
  uds::Flasher flasher(transport, flasher_settings());
  EXPECT_EQ(flasher.inventory()->version, "1.0.0");
  ASSERT_TRUE(flash(flasher, image));
  ASSERT_TRUE(flasher.reset_and_wait(milliseconds(30'000)));
  EXPECT_EQ(flasher.inventory()->version, "1.1.0");
}

/// The ECU on a virtual bus between processes; a tester that reaches it by ISO-TP.
class EcuOnBus : public EcuProgram {
 protected:
  isotp::EcuOnBus place(bool fd) const {
    isotp::EcuOnBus out;
    out.bus = "virtual:" + (folder / "can0");
    out.fd = fd;
    return out;
  }
  std::vector<std::string> bus(std::vector<std::string> more = {}) const {
    std::vector<std::string> all{"--socket", folder / "can0",   "--bit-rate",
                                 "10000000", "--data-bit-rate", "10000000"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  std::vector<std::string> on_bus(std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--can", "virtual:" + (folder / "can0")});
    return arguments(more);
  }
};

TEST_F(EcuOnBus, IsUpdatedOverIsoTpAndRemembersIt) {
  for (const bool fd : {false, true}) {
    const Program can(bus(), GATEHOUSE_CAN_PROGRAM);
    std::filesystem::remove_all(folder / "state");
    Program program(on_bus(fd ? std::vector<std::string>{"--can-fd"} : std::vector<std::string>{}));
    isotp::Client transport({isotp::tester_side(place(fd))});
    uds::Flasher flasher(transport, flasher_settings());
    ASSERT_EQ(flasher.inventory()->version, "1.0.0") << program.line();

    const auto flashed = flash(
        flasher, script_image("1.1.0", 2,
                              "echo self-test ok\nexec sleep 600\n#" + std::string(40'000, 'x')));
    ASSERT_TRUE(flashed) << flashed.error().text;
    const auto back = flasher.reset_and_wait(milliseconds(30'000));
    ASSERT_TRUE(back) << back.error().text;

    EXPECT_EQ(flasher.inventory()->version, "1.1.0");
    EXPECT_EQ(program.terminate(), 0);
  }
}

// As some makers want it: addresses in the data, blocks, a pause between frames, padding.
TEST_F(EcuOnBus, SpeaksIsoTpAsTheVehicleWantsIt) {
  const Program can(bus(), GATEHOUSE_CAN_PROGRAM);
  const Program program(
      on_bus({"--can-ecu-address", "0x21", "--can-tester-address", "0xF1", "--can-block-size", "8",
              "--can-st-min-ms", "1", "--can-padding", "0xAA"}));
  isotp::EcuOnBus there = place(false);
  there.n_bs = milliseconds(200);
  isotp::Client stranger({isotp::tester_side(there)});
  ASSERT_TRUE(stranger.connect());
  EXPECT_FALSE(stranger.send(Bytes(64, 0x22))) << "a flow control came to another's frame";
  there.ecu_address = 0x21;
  there.tester_address = 0xF1;
  there.padding = 0xAA;
  there.n_bs = milliseconds(1000);
  isotp::Client transport({isotp::tester_side(there)});
  uds::Flasher flasher(transport, flasher_settings());

  const auto flashed = flash(flasher, script_image("1.1.0", 2));

  ASSERT_TRUE(flashed) << flashed.error().text << program.line();
}

// A frame that is lost costs a request, which is asked again; an error frame costs nothing.
TEST_F(EcuOnBus, IsUpdatedOverABusWithFaults) {
  const Program can(bus({"--lose", "300", "--bit-errors", "20000", "--seed", "3"}),
                    GATEHOUSE_CAN_PROGRAM);
  Program program(on_bus());
  isotp::Client transport({isotp::tester_side(place(false))});
  uds::FlasherSettings settings = flasher_settings();
  settings.client.p2 = milliseconds(2000);
  settings.client.transfer_repeats = 5;
  uds::Flasher flasher(transport, settings);
  const Bytes image =
      script_image("1.1.0", 2, "echo self-test ok\nexec sleep 600\n#" + std::string(30'000, 'x'));

  const auto flashed = flash(flasher, image);

  ASSERT_TRUE(flashed) << flashed.error().text;
}

TEST_F(EcuOnBus, NeedsABusThatIsThere) {
  EXPECT_EQ(Program(on_bus()).wait(), 1) << "no bus runs";
  EXPECT_EQ(Program(arguments({"--can", "can0"})).wait(), 1);
  EXPECT_EQ(Program(on_bus({"--can-request-id", "0x7E8"})).wait(), 1) << "same as the response's";
  EXPECT_EQ(Program({"--socket", folder / "no/such"}, GATEHOUSE_CAN_PROGRAM).wait(), 1);
}

TEST_F(EcuProgram, RefusesBadArguments) {
  EXPECT_EQ(Program(arguments({"--fault", "nonsense"})).wait(), 1);
  EXPECT_EQ(Program(arguments({"--vin", "short"})).wait(), 1);
  EXPECT_EQ(Program({"--state", folder / "s", "--access-key", folder / "access"}).wait(), 1);
  EXPECT_NE(Program({"--bogus"}).wait(), 0);
}

TEST_F(EcuProgram, CountsTestersThatItDoesNotKnow) {
  Program program(arguments());
  doip::ClientSettings stranger = client_of(program);
  stranger.tester = 0x0ABC;
  ASSERT_FALSE(doip::Client(stranger).connect());
  doip::Client transport(client_of(program));
  uds::Flasher flasher(transport, flasher_settings());

  const auto status = flasher.status();

  ASSERT_TRUE(status) << status.error().text;
  EXPECT_NE(status->find("\"refused_frames\":1"), std::string::npos) << *status;
}

TEST_F(EcuProgram, AnswersWhoItIsByDatagram) {
  Program program(arguments({"--vin", "WGATEHOUSE0000042", "--logical-address", "0x1234"}));

  const auto identity = doip::identify("127.0.0.1", program.port(), milliseconds(20'000));

  ASSERT_TRUE(identity) << identity.error().detail;
  EXPECT_EQ(identity->vin, "WGATEHOUSE0000042");
  EXPECT_EQ(identity->logical_address, 0x1234);
}

}  // namespace
}  // namespace gatehouse::ecu
