#include "tests/ae-apps/ota/gateway/gateway_fixture.h"

namespace gatehouse::gateway {
namespace {

using ecu::image_of;
using UpdateTest = GatewayTest;

bool has_line(const std::ostringstream& steps, const std::string& part) {
  return steps.str().find(part) != std::string::npos;
}

TEST_F(UpdateTest, TakesAnImageFromTheServerIntoTheEcu) {
  start();

  const std::string nonce = offer(kFull, image_of({.version = "1.1.0", .release_counter = 6}));
  settle();

  const Value completion = only_report("completion");
  ASSERT_FALSE(completion.is_null());
  EXPECT_EQ(completion.string_at("vehicle"), "/id-mn");
  EXPECT_EQ(completion.string_at("inquiry"), nonce);
  const auto report = image::verify_report(signed_report_in(completion),
                                           ecu::ecu_key().public_key(), from_hex(nonce).value());
  ASSERT_TRUE(report) << report.error().detail;
  EXPECT_EQ(report->version, "1.1.0");
  EXPECT_EQ(sus(kFull), 1);
  EXPECT_EQ(firmware(kFull).string_at("vr"), "1.1.0");
  EXPECT_FALSE(firmware(kFull).bool_at("ud", true));
  EXPECT_EQ(cse_.find("cse-mn/ecu-ECU-0001/device-info").string_at("fwv"), "1.1.0");
  EXPECT_EQ(full_.version(), "1.1.0");
  EXPECT_EQ(constrained_.version(), "1.0.0");
}

TEST_F(UpdateTest, TellsItsStepsInOrder) {
  start();

  offer(kFull, image_of({.version = "1.1.0", .release_counter = 6}));
  settle();

  const std::string text = steps_.str();
  std::size_t at = 0;
  for (const char* step :
       {"STEP E event=offered", "STEP E event=accepted", "STEP E event=downloaded",
        "STEP E event=verified", "STEP F event=accepted", "STEP G event=flashing",
        "STEP G event=flashed", "STEP H event=restarted", "STEP H event=reported"}) {
    const std::size_t found = text.find(step, at);
    ASSERT_NE(found, std::string::npos) << step << " in\n" << text;
    at = found;
  }
}

TEST_F(UpdateTest, VouchesForAConstrainedEcu) {
  start();

  const std::string nonce =
      offer(kConstrained, image_of({.version = "1.1.0", .release_counter = 6}));
  settle();

  const Value completion = only_report("completion");
  ASSERT_FALSE(completion.is_null());
  EXPECT_EQ(completion.find("reports")->as_array()->at(0).string_at("level"), "gateway");
  const auto report = image::verify_report(signed_report_in(completion), gateway_key().public_key(),
                                           from_hex(nonce).value());
  ASSERT_TRUE(report) << report.error().detail;
  EXPECT_EQ(report->serial, kConstrained);
  EXPECT_EQ(report->version, "1.1.0");
  EXPECT_EQ(constrained_.version(), "1.1.0");
}

struct WrongImage {
  std::string why;
  Bytes image;
};

TEST_F(UpdateTest, KeepsAWrongImageAwayFromTheEcu) {
  const ecu::ImageSpec newer{.version = "1.1.0", .release_counter = 6};
  Bytes altered = image_of(newer);
  altered.back() ^= 1;
  Bytes altered_manifest = image_of(newer);
  altered_manifest[gatehouse::text_of(altered_manifest).find("1.1.0")] = '7';
  Bytes cut = image_of(newer);
  cut.pop_back();
  const WrongImage wrong_images[] = {
      {"hash-mismatch", altered},
      {"bad-signature", altered_manifest},
      {"incomplete", cut},
      {"rollback", image_of({.version = "1.1.0", .release_counter = 4})},
      {"wrong-hardware",
       image_of({.version = "1.1.0", .release_counter = 6, .hardware_id = "engine"})},
      {"unknown-key",
       image_of({.version = "1.1.0", .release_counter = 6, .key = &ecu::foreign_key()})},
      {"1.2.0", image_of({.version = "1.2.0", .release_counter = 6})},
      {"malformed", Bytes(100, 'x')},
  };
  start();
  for (const char* serial : {kFull, kConstrained}) {
    for (const WrongImage& wrong : wrong_images) {
      SCOPED_TRACE(std::string(serial) + " " + wrong.why);
      const std::size_t before = reports().size();
      offer(serial, wrong.image);
      settle();

      const auto all = reports();
      ASSERT_EQ(all.size(), before + 1);
      const Value* error = all.back().find("error");
      ASSERT_NE(error, nullptr);
      EXPECT_EQ(error->string_at("stage"), "verify");
      EXPECT_NE(error->string_at("reason").find(wrong.why), std::string::npos)
          << error->string_at("reason");
      EXPECT_EQ(error->string_at("version"), "1.1.0");
      EXPECT_EQ(sus(serial), 2);
      EXPECT_EQ(firmware(serial).string_at("vr"), "1.0.0");
      EXPECT_FALSE(firmware(serial).bool_at("ud", true));
      EXPECT_NE(all.back().find("reports")->as_array()->at(0).string_at("report").find("1.0.0"),
                std::string::npos)
          << "proof of what it runs";
    }
  }
  EXPECT_FALSE(has_line(steps_, "STEP G")) << "no ECU saw a byte";
  EXPECT_EQ(full_.state().refused_images, 0u);
  EXPECT_EQ(full_.version(), "1.0.0");
  EXPECT_EQ(constrained_.version(), "1.0.0");
}

TEST_F(UpdateTest, ReportsAVersionThatFailsItsSelfTest) {
  start();
  for (const char* serial : {kFull, kConstrained}) {
    const std::size_t before = reports().size();
    offer(serial, image_of({.version = "1.1.0",
                            .release_counter = 6,
                            .payload = "version 1.1.0\nself-test failed: no pressure\n"}));
    settle();

    const auto all = reports();
    ASSERT_EQ(all.size(), before + 1);
    const Value* error = all.back().find("error");
    ASSERT_NE(error, nullptr);
    EXPECT_EQ(error->string_at("stage"), "boot");
    EXPECT_NE(error->string_at("reason").find("went back to version 1.0.0"), std::string::npos);
    EXPECT_NE(error->string_at("reason").find("no pressure"), std::string::npos);
    EXPECT_EQ(sus(serial), 2);
    EXPECT_EQ(firmware(serial).string_at("vr"), "1.0.0");
  }
  EXPECT_EQ(full_.version(), "1.0.0");
  EXPECT_EQ(constrained_.version(), "1.0.0");
}

TEST_F(UpdateTest, GoesOnAfterALossOfPowerInEachState) {
  std::uint64_t counter = 6;
  start();
  for (const JobState state : {JobState::kDownloading, JobState::kVerified, JobState::kConsented,
                               JobState::kFlashing, JobState::kRebooted, JobState::kFailed}) {
    SCOPED_TRACE(std::string(name_of(state)));
    const std::size_t before = reports().size();
    const std::string version = "1.1." + std::to_string(counter);
    const bool fails = state == JobState::kFailed;
    restart([state](const Job& job) { return job.state != state; });
    Bytes image = image_of({.version = version, .release_counter = counter++});
    if (fails) image.back() ^= 1;
    offer(kFull, image, version);
    settle();
    ASSERT_EQ(reports().size(), before) << "interrupted before its report";
    ASSERT_EQ(gateway_->journal().open_job_of(kFull)->state, state);

    restart();
    settle();

    ASSERT_EQ(reports().size(), before + 1) << steps_.str() << log_.str();
    EXPECT_EQ(reports().back().string_at("purpose"), fails ? "refusal" : "completion");
    EXPECT_FALSE(gateway_->journal().open_job_of(kFull));
    EXPECT_EQ(sus(kFull), fails ? 2 : 1);
    EXPECT_EQ(full_.version() == version, !fails);
  }
}

TEST_F(UpdateTest, DoesNotFlashAgainWhatRunsAlready) {
  start([](const Job& job) { return job.state != JobState::kRebooted; });
  offer(kFull, image_of({.version = "1.1.0", .release_counter = 6}));
  settle();
  gateway_.reset();
  {
    // The power went after the ECU's restart, and before that was written down.
    const auto journal = JobJournal::open(settings_.state_dir).value();
    Job job = journal->open_job_of(kFull).value();
    job.state = JobState::kFlashing;
    ASSERT_TRUE(journal->save(job));
  }
  const std::uint64_t boots = full_.state().boots;

  start();
  settle();

  EXPECT_FALSE(only_report("completion").is_null());
  EXPECT_EQ(full_.state().boots, boots);
}

TEST_F(UpdateTest, LooksAtTheImageAgainAfterARestart) {
  start([](const Job& job) { return job.state != JobState::kConsented; });
  const Bytes image = image_of({.version = "1.1.0", .release_counter = 6});
  offer(kFull, image);
  settle();
  gateway_.reset();
  const std::string file =
      settings_.state_dir + "/images/ECU-0001/" + to_hex(crypto::sha256(image));
  ASSERT_TRUE(std::filesystem::exists(file));
  std::ofstream(file, std::ios::binary | std::ios::app) << '!';

  start();
  settle();

  expect_refusal(kFull, "flash", "image-length");
  EXPECT_EQ(full_.version(), "1.0.0");
}

TEST_F(UpdateTest, ResumesADownloadThatWasCut) {
  settings_.cut_download_after = 1000;
  start();

  offer(kFull, image_of({.version = "1.1.0", .release_counter = 6, .padding = 5000}));
  settle();

  EXPECT_TRUE(has_line(steps_, "STEP E event=cut")) << steps_.str();
  EXPECT_TRUE(has_line(steps_, "resumed=yes")) << steps_.str();
  EXPECT_FALSE(only_report("completion").is_null());
}

TEST_F(UpdateTest, TakesOrdersThatCameWhileItWasAway) {
  start();
  gateway_.reset();

  offer(kFull, image_of({.version = "1.1.0", .release_counter = 6}));
  start();
  settle();

  EXPECT_FALSE(only_report("completion").is_null());
}

TEST_F(UpdateTest, UpdatesTwoEcusOneAfterTheOther) {
  start();

  const Bytes image = image_of({.version = "1.1.0", .release_counter = 6});
  offer(kFull, image);
  offer(kConstrained, image);
  settle();

  ASSERT_EQ(reports().size(), 2u) << steps_.str() << log_.str();
  for (const Value& report : reports()) EXPECT_EQ(report.string_at("purpose"), "completion");
  EXPECT_EQ(full_.version(), "1.1.0");
  EXPECT_EQ(constrained_.version(), "1.1.0");
}

TEST_F(UpdateTest, PushesItsReportUntilTheServerHasIt) {
  start();
  cse_.inject({.operation = Operation::kCreate,
               .to = "/reports",
               .times = 2,
               .answer = Rsc::kTargetNotReachable});

  offer(kFull, image_of({.version = "1.1.0", .release_counter = 6}));
  settle();

  auto all = reports();
  ASSERT_EQ(all.size(), 3u);
  for (Value& each : all) each.erase("signatures");  // of the gateway, made for each try
  EXPECT_EQ(all[0], all[2]) << "the same report, since the nonce is used up";
  EXPECT_FALSE(gateway_->journal().open_job_of(kFull));
}

TEST_F(UpdateTest, SaysWhenThereIsNoRoom) {
  settings_.min_free_bytes = std::uint64_t{1} << 60;
  start();

  offer(kFull, image_of({.version = "1.1.0", .release_counter = 6}));
  settle();

  expect_refusal(kFull, "download", "not enough free space");
  EXPECT_EQ(images_.requests, 0u);
}

TEST_F(UpdateTest, SaysWhenTheImageIsNotThere) {
  start();

  repositories_.release(kFull, Bytes(100, 'x'), "demo-ecu");
  order(kFull, images_.url() + "absent", "1.1.0");
  settle();

  expect_refusal(kFull, "download", "could not be fetched");
}

TEST_F(UpdateTest, SaysWhenTheImageIsTooLarge) {
  settings_.max_image_bytes = 2000;
  start();

  offer(kFull, image_of({.version = "1.1.0", .release_counter = 6, .padding = 5000}));
  settle();

  expect_refusal(kFull, "download", "larger than");
}

TEST_F(UpdateTest, SaysWhenTheEcuDoesNotAnswer) {
  start();
  full_.power_off();

  offer(kFull, image_of({.version = "1.1.0", .release_counter = 6}));
  settle();

  expect_refusal(kFull, "download", "does not answer");
  EXPECT_EQ(only_report("refusal").find("reports")->size(), 0u);
}

TEST_F(UpdateTest, SaysWhyTheEcuRefuses) {
  full_.settings().precondition_fault = uds::Nrc::kFailurePreventsExecution;
  full_.power_off();
  full_.power_on();
  start();

  offer(kFull, image_of({.version = "1.1.0", .release_counter = 6}));
  settle();

  expect_refusal(kFull, "flash", "0x26");
}

TEST_F(UpdateTest, ReportsAnEcuThatDoesNotBelieveItAsAnAttack) {
  settings_.ecus[0].access_key = Bytes(32, 0x99);
  start();

  offer(kFull, image_of({.version = "1.1.0", .release_counter = 6}));
  settle();

  expect_refusal(kFull, "flash", "access-refused: the ECU refused (key: NRC 0x35");
}

TEST_F(UpdateTest, DoesNotTalkToAnotherEcuAtTheSameAddress) {
  settings_.ecus[0].port = constrained_.port();
  start();

  offer(kFull, image_of({.version = "1.1.0", .release_counter = 6}));
  settle();

  expect_refusal(kFull, "download", "another ECU answers");
  EXPECT_EQ(images_.requests, 0u);
}

// The ECU's own clock is wrong; what counts is the time that was attested over its own nonce.
TEST_F(UpdateTest, HandsTheAttestedTimeOnToAnEcuThatVerifies) {
  const ota::TimeKeys keys{{repositories_.key.public_key()}, 1};
  settings_.time = TimeEntry{{images_.root() + "time/"}, keys};
  full_.settings().time_keys = keys;
  full_.settings().clock = [this] { return repositories_.now + std::chrono::hours(24 * 300); };
  full_.power_off();
  full_.power_on();
  start();

  offer(kFull, image_of({.version = "1.1.0", .release_counter = 6}));
  settle();

  EXPECT_FALSE(only_report("completion").is_null()) << steps_.str();
  EXPECT_EQ(full_.version(), "1.1.0");
  EXPECT_EQ(images_.time_requests, 2U) << "the gateway's own, and the ECU's";
}

class WrongOrder : public UpdateTest {
 protected:
  void expect_refused(const std::string& reason) {
    settle();
    expect_refusal(kFull, "offer", reason);
    EXPECT_EQ(images_.requests, 0u) << "nothing is fetched for it";
    EXPECT_EQ(only_report("refusal").find("reports")->size(), 0u);
  }
};

TEST_F(WrongOrder, FromAnotherServer) {
  start();
  order(kFull, "http://127.0.0.1:1/images/x", "1.1.0");
  expect_refused("not at the known server");
}

TEST_F(WrongOrder, WithAPathOutOfTheImages) {
  start();
  order(kFull, images_.url() + "../secret", "1.1.0");
  expect_refused("not at the known server");
}

TEST_F(WrongOrder, WithoutANonce) {
  start();
  order(kFull, images_.url() + "x", "1.1.0", "12");
  expect_refused("no label nonce");
}

TEST_F(WrongOrder, WithoutAVersion) {
  start();
  order(kFull, images_.url() + "x", "newest");
  expect_refused("vr is no version");
}

TEST_F(UpdateTest, RefusesAnOrderThatIsMadeTwice) {
  start();
  const Bytes image = image_of({.version = "1.1.0", .release_counter = 6});
  const std::string nonce = offer(kFull, image);
  settle();
  const unsigned fetched = images_.requests;

  order(kFull, images_.url() + to_hex(crypto::sha256(image)), "1.1.0", nonce);
  settle();

  const auto all = reports();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[1].string_at("purpose"), "refusal");
  EXPECT_NE(all[1].find("error")->string_at("reason").find("used before"), std::string::npos);
  EXPECT_EQ(images_.requests, fetched);
}

}  // namespace
}  // namespace gatehouse::gateway
