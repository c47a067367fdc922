#include "ae-apps/ota/server/service.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "ae-apps/sdk/fake_cse.h"
#include "tests/ae-apps/ota/server/vehicle_fixture.h"
#include "tests/ae-apps/ota/temporary_folder.h"

namespace gatehouse::ota_server {
namespace {

using testing::HasSubstr;

constexpr const char* kInquiries = "cse-in/ota-gateway/inquiries";
constexpr const char* kFirmware = "cse-in/ecu-BRK-1/firmware";
constexpr const char* kPayload = "1111";

/// The service at a CSE in memory that is the vehicle's, too; the clock stands still unless moved.
class ServiceTest : public testing::Test {
 protected:
  ServiceTest() {
    settings_.ae.name = "ota-server";
    settings_.ae.ae_id = "CotaServer";
    settings_.state_dir = folder_ / "state";
    settings_.rules.images_url = "https://ota.example/images/";
    settings_.vehicles = {test_vehicle("/id-in", "cse-in")};
    gateway_ = connect("ota-gateway", "CotaGateway");
    admin_ = connect("admin", "CAdmin");
    EXPECT_TRUE(gateway_->container("inquiries").ensure());
    EXPECT_TRUE(gateway_->node("ecu-BRK-1").ensure("ecu-BRK-1"));
    EXPECT_TRUE(gateway_->node("ecu-BRK-1").firmware().ensure({"1.0.0", "brake", "none"}));
    start();
  }
  ~ServiceTest() override { stop(); }

  std::unique_ptr<sdk::Ae> connect(const std::string& name, const std::string& ae_id) {
    sdk::AeSettings settings;
    settings.name = name;
    settings.ae_id = ae_id;
    return *sdk::Ae::connect(settings, cse_.link());
  }
  void start() {
    auto opened = Service::open(settings_, {random_, log_, [this] { return now_; }}, images_);
    ASSERT_TRUE(opened) << opened.error().detail;
    service_ = *std::move(opened);
    ae_ = *sdk::Ae::connect(settings_.ae, cse_.link());
    const auto attached = service_->attach(*ae_);
    ASSERT_TRUE(attached) << attached.error().detail;
  }
  void stop() {
    if (service_) service_->detach();
    ae_.reset();
    service_.reset();
  }
  void run() {
    ASSERT_TRUE(ae_->settle());
    service_->tick();
  }
  void command(const Value& content) {
    ASSERT_TRUE(admin_->container("cse-in/ota-server/commands").push(content));
    run();
  }
  void report(const Value& content) {
    ASSERT_TRUE(gateway_->container("cse-in/ota-server/reports").push(content));
    run();
  }
  Value latest(const std::string& container) const {
    const Value content = cse_.find(container + "/la");
    return content.is_null() ? Value() : *content.find("con");
  }
  Value history() const { return latest("cse-in/ota-server/history-BRK-1"); }
  std::string nonce() const { return label(cse_.find(kFirmware), "nonce:"); }

  void upload() {
    const ImageFacts image{"file11",  kPayload, "brake", "1.1.0",
                           "brake-2", 11,       5'000,   "brake/1.1.0"};
    images_ = {image};
    service_->image_uploaded(image);
    run();
  }
  void answer_inquiry() {
    const Value inquiry = latest(kInquiries);
    report(message("inventory", inquiry.string_at("inquiry"),
                   {brake_report(inquiry.string_at("nonce"), "1.0.0", 10, "0a0a").entry()},
                   "/id-in"));
  }
  Value completion() const {
    return message("completion", nonce(), {brake_report(nonce(), "1.1.0", 11, kPayload).entry()},
                   "/id-in");
  }

  TemporaryFolder folder_;
  sdk::FakeCse cse_;
  ServerSettings settings_;
  crypto::SeededRandom random_{1};
  std::ostringstream steps_, said_;
  ota::StepLog log_{steps_, said_};
  Timestamp now_{1'800'000'000'000'000};
  std::vector<ImageFacts> images_;
  std::unique_ptr<sdk::Ae> gateway_, admin_, ae_;
  std::unique_ptr<Service> service_;
};

TEST_F(ServiceTest, MakesItsResourcesForThoseWhoMayUseThem) {
  const Value policy = cse_.find("cse-in/ota-server/reports-policy");
  EXPECT_THAT(to_json(policy), HasSubstr(R"({"acor":["/id-in/CotaGateway"],"acop":1})"));
  EXPECT_THAT(to_json(cse_.find("cse-in/ota-server/commands-policy")),
              HasSubstr(R"({"acor":["CAdmin"],"acop":35})"));
  for (const char* name : {"reports", "commands", "history-BRK-1", "history-LMP-2"}) {
    const Value container = cse_.find(std::string("cse-in/ota-server/") + name);
    EXPECT_EQ(container.strings_at("acpi").size(), 1u) << name;
  }
}

TEST_F(ServiceTest, FromUploadToVerifiedCompletion) {
  upload();
  EXPECT_EQ(latest(kInquiries).strings_at("ecus"), std::vector<std::string>{"BRK-1"});
  answer_inquiry();
  const Value firmware = cse_.find(kFirmware);
  EXPECT_EQ(firmware.string_at("url"), "https://ota.example/images/file11");
  EXPECT_EQ(firmware.string_at("vr"), "1.1.0");
  EXPECT_TRUE(firmware.bool_at("ud"));
  report(completion());

  EXPECT_EQ(history().string_at("event"), "updated");
  EXPECT_EQ(history().string_at("from"), "1.0.0");
  EXPECT_EQ(history().string_at("to"), "1.1.0");
  EXPECT_TRUE(history().bool_at("verified"));
  EXPECT_EQ(history().string_at("key_id"), to_hex(TestKeys::get().brake.public_key().key_id()));
  EXPECT_THAT(steps_.str(), HasSubstr("STEP H event=updated ecu=BRK-1 from=1.0.0 to=1.1.0"));
}

TEST_F(ServiceTest, RestartsBetweenOfferAndCompletion) {
  upload();
  answer_inquiry();
  const std::string offered = nonce();
  stop();
  start();
  run();
  EXPECT_EQ(nonce(), offered) << "the offer is not made a second time";
  report(completion());

  EXPECT_EQ(history().string_at("event"), "updated");
  stop();
  start();
  report(completion());
  EXPECT_EQ(history().string_at("event"), "report-rejected");
  EXPECT_EQ(history().string_at("reason"), "the nonce was used already");
}

TEST_F(ServiceTest, TakesWhatCameWhileItWasAway) {
  upload();
  answer_inquiry();
  stop();
  ASSERT_TRUE(gateway_->container("cse-in/ota-server/reports").push(completion()));
  start();
  run();

  EXPECT_EQ(history().string_at("event"), "updated");
}

TEST_F(ServiceTest, NoCommandIsExecutedTwice) {
  command(Value::object({{"ask", "/id-in"}}));
  const Value first = latest(kInquiries);
  stop();
  start();
  run();

  EXPECT_FALSE(first.is_null());
  EXPECT_EQ(latest(kInquiries), first);
}

TEST_F(ServiceTest, KeepsTryingToReachTheVehicle) {
  cse_.inject({.kind = sdk::Fault::Kind::kAnswer,
               .operation = Operation::kCreate,
               .to = "inquiries",
               .times = 2,
               .answer = Rsc::kTargetNotReachable});
  command(Value::object({{"ask", "/id-in"}}));
  EXPECT_TRUE(latest(kInquiries).is_null());
  service_->tick();
  EXPECT_TRUE(latest(kInquiries).is_null()) << "not before its time";
  now_ = now_ + std::chrono::seconds(2);
  service_->tick();
  EXPECT_TRUE(latest(kInquiries).is_null());
  now_ = now_ + std::chrono::seconds(4);
  service_->tick();

  EXPECT_EQ(latest(kInquiries).string_at("nonce").size(), 64u);
}

TEST_F(ServiceTest, AnOfferThatDidNotGetThroughIsSentAfterARestart) {
  upload();
  cse_.inject({.kind = sdk::Fault::Kind::kAnswer,
               .operation = Operation::kUpdate,
               .to = "firmware",
               .times = 1,
               .answer = Rsc::kTargetNotReachable});
  answer_inquiry();
  ASSERT_FALSE(cse_.find(kFirmware).bool_at("ud"));
  stop();
  start();
  run();

  EXPECT_TRUE(cse_.find(kFirmware).bool_at("ud"));
  report(completion());
  EXPECT_EQ(history().string_at("event"), "updated");
}

TEST_F(ServiceTest, AnOfferWithoutAnEndHasFailedAfterItsTime) {
  upload();
  answer_inquiry();
  now_ = now_ + settings_.rules.offer_timeout;
  service_->tick();

  EXPECT_EQ(history().string_at("event"), "failed");
  EXPECT_EQ(history().string_at("reason"), "no completion report");
  EXPECT_EQ(history().integer_at("failures"), 1);
}

TEST_F(ServiceTest, SendsNothingThatItCouldNotStore) {
  std::filesystem::remove_all(settings_.state_dir);
  std::ofstream(settings_.state_dir) << "a file where the folder was";
  command(Value::object({{"ask", "/id-in"}}));
  EXPECT_TRUE(latest(kInquiries).is_null());
  EXPECT_THAT(said_.str(), HasSubstr("nothing is sent until it works"));
  std::filesystem::remove(settings_.state_dir);
  std::filesystem::create_directories(settings_.state_dir);
  service_->tick();

  EXPECT_FALSE(latest(kInquiries).is_null());
}

// It dies when one of the files that a report changes is written, and the other is not.
TEST_F(ServiceTest, LosesNoReportWhenItDiesBetweenTwoFiles) {
  upload();
  answer_inquiry();
  const std::string record = settings_.state_dir + "/ecu-BRK-1.json";
  std::filesystem::rename(record, record + ".before");
  std::filesystem::create_directory(record);
  report(completion());
  ASSERT_THAT(said_.str(), HasSubstr("ecu-BRK-1.json: cannot be written"));
  stop();
  std::filesystem::remove(record);
  std::filesystem::rename(record + ".before", record);

  start();
  run();

  EXPECT_EQ(history().string_at("event"), "updated");
  EXPECT_EQ(history().integer_at("failures"), 0);
  report(completion());
  EXPECT_EQ(history().string_at("reason"), "the nonce was used already");
}

TEST_F(ServiceTest, DoesNotStartOnAHalfWrittenPlan) {
  stop();
  const std::string plan = settings_.state_dir + "/replacing.json";
  for (const char* text : {"{", R"({"../exchange.json":"{}"})", R"({"exchange.json":1})"}) {
    std::ofstream(plan) << text;
    const auto opened = Service::open(settings_, {random_, log_, [this] { return now_; }}, images_);
    ASSERT_FALSE(opened) << text;
    EXPECT_EQ(opened.error().detail, "state_dir: replacing.json: cannot be read");
  }
  std::filesystem::remove(plan);
  start();
}

TEST_F(ServiceTest, DoesNotStartOnStateThatItCannotRead) {
  upload();
  stop();
  std::ofstream(settings_.state_dir + "/exchange.json") << "{";
  const auto opened = Service::open(settings_, {random_, log_, [this] { return now_; }}, images_);

  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().detail, HasSubstr("exchange.json"));
}

/// What the CSE keeps of a large fleet is made when it is needed.
TEST_F(ServiceTest, ALargeFleetGetsItsHistoriesOneByOne) {
  stop();
  for (int i = 0; i < 1'100; ++i) {
    const std::string number = std::to_string(i);
    Vehicle vehicle = test_vehicle("/car-" + number, "cse-mn");
    vehicle.ecus.resize(1);
    vehicle.ecus[0].serial = "E" + number;
    settings_.vehicles.push_back(std::move(vehicle));
  }
  settings_.gateways = {"/*/CotaGateway"};
  start();
  EXPECT_THAT(to_json(cse_.find("cse-in/ota-server/reports-policy")),
              HasSubstr(R"({"acor":["/*/CotaGateway"],"acop":1})"));
  EXPECT_FALSE(cse_.find("cse-in/ota-server/history-E900").is_null());
  EXPECT_TRUE(cse_.find("cse-in/ota-server/history-E1099").is_null());

  command(Value::object({{"offer", "none"}, {"ecu", "E1099"}, {"vehicle", "/car-1099"}}));

  const Value history = latest("cse-in/ota-server/history-E1099");
  EXPECT_EQ(history.string_at("event"), "refused");
  EXPECT_EQ(cse_.find("cse-in/ota-server/history-E1099").strings_at("acpi"),
            cse_.find("cse-in/ota-server/history-BRK-1").strings_at("acpi"));
  stop();
  start();
  EXPECT_EQ(latest("cse-in/ota-server/history-E1099").string_at("event"), "refused");
}

/// What is ordered by [dmFirmware] is told in the CSE's question, and its answer.
TEST_F(ServiceTest, ShowsEcusAsDevicesIfItShall) {
  EXPECT_TRUE(cse_.find("cse-in/fleet-BRK-1").is_null());
  stop();
  settings_.shows_ecus = true;
  start();
  upload();
  answer_inquiry();
  for (int i = 0; i < 20; ++i) run();

  const std::string flex = "cse-in/fleet-BRK-1/flexNode";
  EXPECT_EQ(cse_.find(flex).string_at("nodLk"), "/id-in/cse-in/ecu-BRK-1");
  EXPECT_EQ(cse_.find(flex + "/dmFirmware").string_at("priVn"), "1.0.0");
  EXPECT_EQ(cse_.find(flex + "/dmFirmware").integer_at("priSe"), 3) << "the offer is open";
  report(completion());
  for (int i = 0; i < 20; ++i) run();
  EXPECT_EQ(cse_.find(flex + "/dmFirmware").string_at("priVn"), "1.1.0");
  EXPECT_EQ(cse_.find(flex + "/dmFirmware").integer_at("priSe", -1), 0);
  EXPECT_EQ(cse_.find(flex + "/dmFirmware").string_at("priUl"),
            "https://ota.example/images/file11");
  const Value guard = cse_.find(flex + "/dmFirmware/updateFirmware/consent");
  EXPECT_TRUE(guard.bool_at("eeno"));
}

}  // namespace
}  // namespace gatehouse::ota_server
