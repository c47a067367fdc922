// gatehouse-ecu behind TLS and certificates (29), written by the gateway's own link.
#include "ae-apps/ota/gateway/ecu_link.h"
#include "tests/ae-apps/ota/ecu/program_fixture.h"
#include "tests/ae-apps/ota/uds/tester_pki.h"

namespace gatehouse::ecu {
namespace {

class SecuredEcuProgram : public EcuProgram {
 protected:
  void SetUp() override {
    EcuProgram::SetUp();
    ecus.issue("brake", pki::Kind::kServer);
    testers.issue("gateway");
    strangers.issue("gateway");
    settings.state_dir = folder / "gateway";
    settings.doip_tls = testers.tls("gateway", ecus);
    settings.credential =
        uds::TesterCredential{testers.certificate("gateway"), testers.key("gateway")};
    settings.uds.p2 = std::chrono::milliseconds(30'000);
    settings.reset_limit = std::chrono::milliseconds(30'000);
    entry.serial = "ECU-9";
    entry.hardware_id = "demo-ecu";
    entry.tls = entry.by_certificate = true;
    entry.public_key = ecu_key().public_key();
  }
  /// Without a key of security access: whoever has no certificate gets nowhere.
  std::vector<std::string> secured() {
    return {"--state",
            folder / "state",
            "--port",
            "0",
            "--serial",
            entry.serial,
            "--hardware-id",
            entry.hardware_id,
            "--key",
            folder / "ecu.pem",
            "--oem-key",
            folder / "oem.pem",
            "--no-seed-key",
            "--tester-ca",
            testers.file("ca.crt"),
            "--tester-crl",
            testers.file("crl.pem"),
            "--tls-certificate",
            ecus.file("brake.crt"),
            "--tls-key",
            ecus.file("brake.key"),
            "--tls-ca",
            testers.file("ca.crt"),
            "--tls-port",
            "0",
            "--require-tls",
            "--initial-image",
            folder / "initial.ghfw",
            "--self-test-ms",
            "20000"};
  }
  Result<void> flash_by_gateway(gateway::EcuLink& link) {
    const Bytes image = script_image("1.1.0", 2);
    write("new.ghfw", image);
    const auto header = image::parse_header(image).value().value();
    return link.flash(folder / "new.ghfw", header,
                      crypto::sha256(ByteView(image).subspan(header.header_bytes)), "", {});
  }

  TesterPki ecus, testers, strangers;
  gateway::GatewaySettings settings;
  gateway::EcuEntry entry;
};

TEST_F(SecuredEcuProgram, IsUpdatedOverTlsByTheOwnerOfACertificate) {
  const Program program(secured());
  entry.port = program.port();  // its first line is the place of TLS
  gateway::EcuLink link(settings, entry);
  const auto before = link.look();
  ASSERT_TRUE(before) << before.error().detail << program.line();
  EXPECT_EQ(before->version, "1.0.0");

  const auto flashed = flash_by_gateway(link);
  ASSERT_TRUE(flashed) << flashed.error().detail;
  const auto back = link.restart();
  ASSERT_TRUE(back) << back.error().detail;

  const auto report = link.report(Bytes(16, 7));
  ASSERT_TRUE(report) << report.error().detail;
  EXPECT_EQ(report->version, "1.1.0");
}

TEST_F(SecuredEcuProgram, IsWrittenByNobodyWhoseCertificateItDoesNotBelieve) {
  const Program program(secured());
  entry.port = program.port();
  settings.credential =
      uds::TesterCredential{strangers.certificate("gateway"), strangers.key("gateway")};
  gateway::EcuLink link(settings, entry);

  const auto flashed = flash_by_gateway(link);

  ASSERT_FALSE(flashed);
  EXPECT_EQ(flashed.error().detail.find("access-refused: "), 0u) << flashed.error().detail;
  EXPECT_EQ(link.look()->version, "1.0.0");
}

TEST_F(SecuredEcuProgram, TakesNoConnectionWithoutItsTls) {
  const Program program(secured());
  entry.port = program.port();
  settings.doip_tls = strangers.tls("gateway", ecus);
  gateway::EcuLink stranger(settings, entry);
  EXPECT_FALSE(stranger.look());

  entry.tls = false;
  gateway::EcuLink plain(settings, entry);
  EXPECT_FALSE(plain.look());
}

}  // namespace
}  // namespace gatehouse::ecu
