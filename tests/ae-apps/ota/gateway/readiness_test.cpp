#include "ae-apps/ota/gateway/readiness.h"

#include "ae-apps/ota/program/state_files.h"
#include "tests/ae-apps/ota/gateway/gateway_fixture.h"

namespace gatehouse::gateway {
namespace {

struct StatusCase {
  const char* name;
  const char* status;
  const char* reason;  ///< a part; empty: fit
};
constexpr StatusCase kStatuses[] = {
    {"fit", R"({"parked":true,"ignition":true,"battery_percent":50,"celsius":20})", ""},
    {"moving", R"({"parked":false,"ignition":true,"battery_percent":50,"celsius":20})", "moving"},
    {"off", R"({"parked":true,"ignition":false,"battery_percent":50,"celsius":20})", "off"},
    {"at the least", R"({"parked":true,"ignition":true,"battery_percent":40,"celsius":-10})", ""},
    {"empty", R"({"parked":true,"ignition":true,"battery_percent":39,"celsius":20})", "39 %"},
    {"cold", R"({"parked":true,"ignition":true,"battery_percent":50,"celsius":-11})", "-11"},
    {"hot", R"({"parked":true,"ignition":true,"battery_percent":50,"celsius":51})", "51"},
    {"unknown", "{}", "not known whether the vehicle is parked"},
    {"wrongly typed", R"({"parked":"yes"})", "not known"},
    {"no file", "", "not known"},
    {"cut", R"({"parked":tr)", "not known"},
    {"no charge", R"({"parked":true,"ignition":true,"celsius":20})", "charge is not known"},
    {"no temperature", R"({"parked":true,"ignition":true,"battery_percent":50})", "temperature"},
    {"no ignition", R"({"parked":true,"battery_percent":50,"celsius":20})", "ignition"},
};

TEST(Readiness, NeedsAllThatIsAskedForToBeKnownAndRight) {
  Preconditions rules;
  rules.ignition = true;
  rules.least_battery_percent = 40;
  rules.least_celsius = -10;
  rules.most_celsius = 50;
  for (const StatusCase& each : kStatuses) {
    const std::string reason = unfit(rules, parse_vehicle_status(each.status));
    EXPECT_EQ(reason.empty(), std::string(each.reason).empty()) << each.name << ": " << reason;
    EXPECT_NE(reason.find(each.reason), std::string::npos) << each.name << ": " << reason;
  }
}

struct WindowCase {
  const char* opens;
  const char* closes;
  int utc_offset;
  const char* now;  ///< UTC; 2030-01-01 is a Tuesday
  bool open;
};
constexpr WindowCase kWindows[] = {
    {"22:00", "05:00", 0, "2030-01-01T22:00:00Z", true},  // Tuesday's opens
    {"22:00", "05:00", 0, "2030-01-01T21:59:59Z", false},
    {"22:00", "05:00", 0, "2030-01-02T04:59:59Z", true},  // still Tuesday's
    {"22:00", "05:00", 0, "2030-01-02T05:00:00Z", false},
    {"22:00", "05:00", 0, "2030-01-02T23:00:00Z", false},   // Wednesday's does not open
    {"22:00", "05:00", 0, "2030-01-01T03:00:00Z", false},   // Monday's did not
    {"22:00", "05:00", 540, "2030-01-01T13:30:00Z", true},  // 22:30 in Tokyo
    {"22:00", "05:00", 540, "2030-01-01T22:30:00Z", false},
    {"09:00", "10:00", -60, "2030-01-01T10:30:00Z", true},
    {"09:00", "10:00", 0, "2030-01-01T10:30:00Z", false},
    {"00:00", "00:00", 0, "2030-01-01T12:00:00Z", true},
    {"00:00", "00:00", 0, "2030-01-02T12:00:00Z", false},
};

TEST(Readiness, KeepsTheWindowInLocalTimeOnItsDays) {
  for (const WindowCase& each : kWindows) {
    MaintenanceWindow window;
    window.opens = parse_clock(each.opens).value();
    window.closes = parse_clock(each.closes).value();
    window.utc_offset = std::chrono::minutes(each.utc_offset);
    window.weekdays = {false, false, true, false, false, false, false};
    EXPECT_EQ(is_open(window, uptane::parse_iso_time(each.now).value()), each.open)
        << each.opens << " " << each.utc_offset << " " << each.now;
  }
  for (const char* text : {"", "24:00", "22:60", "2:00", "22-00", "22:0x", "-1:00"}) {
    EXPECT_FALSE(parse_clock(text)) << text;
  }
}

constexpr WindowCase kDaysOfChange[] = {
    // 2030-03-31: Berlin goes from 02:00 (+1) to 03:00 (+2), a Sunday
    {"22:00", "05:00", 0, "2030-03-30T21:00:00Z", true},  // 22:00, Saturday
    {"22:00", "05:00", 0, "2030-03-30T20:59:59Z", false},
    {"22:00", "05:00", 0, "2030-03-31T02:59:59Z", true},  // 04:59
    {"22:00", "05:00", 0, "2030-03-31T03:00:00Z", false},
    {"22:00", "05:00", 0, "2030-03-31T20:00:00Z", true},   // 22:00, Sunday
    {"02:00", "03:00", 0, "2030-03-31T00:59:59Z", false},  // 01:59
    {"02:00", "03:00", 0, "2030-03-31T01:00:00Z", false},  // 03:00
    // 2030-10-27: from 03:00 (+2) back to 02:00 (+1)
    {"22:00", "05:00", 0, "2030-10-26T20:00:00Z", true},  // 22:00, Saturday
    {"22:00", "05:00", 0, "2030-10-26T19:59:59Z", false},
    {"22:00", "05:00", 0, "2030-10-27T03:59:59Z", true},  // 04:59
    {"22:00", "05:00", 0, "2030-10-27T04:00:00Z", false},
    {"02:00", "03:00", 0, "2030-10-27T00:30:00Z", true},  // 02:30, the first
    {"02:00", "03:00", 0, "2030-10-27T01:30:00Z", true},  // and the second
    {"02:00", "03:00", 0, "2030-10-27T02:00:00Z", false},
};

TEST(Readiness, KeepsTheWindowWhenTheClocksAreChanged) {
  const char* before = std::getenv("TZ");
  const std::string zone = before == nullptr ? "" : before;
  ASSERT_TRUE(use_time_zone("Europe/Berlin"));
  for (const WindowCase& each : kDaysOfChange) {
    MaintenanceWindow window;
    window.opens = parse_clock(each.opens).value();
    window.closes = parse_clock(each.closes).value();
    window.local = true;
    EXPECT_EQ(is_open(window, uptane::parse_iso_time(each.now).value()), each.open)
        << each.opens << " " << each.now;
  }
  before == nullptr ? ::unsetenv("TZ") : ::setenv("TZ", zone.c_str(), 1);
  ::tzset();
}

TEST(Readiness, RefusesAZoneThatNobodyKnows) {
  for (const char* name : {"", "Europe/Nowhere", "/etc/hostname", "../zoneinfo/Europe/Berlin",
                           "Europe", "tzdata.zi"}) {
    const auto done = use_time_zone(name);
    ASSERT_FALSE(done) << name;
    EXPECT_EQ(done.error().rsc, Rsc::kBadRequest);
  }
  EXPECT_TRUE(is_time_zone("Asia/Tokyo"));
}

class ReadinessTest : public GatewayTest {
 protected:
  ReadinessTest() {
    settings_.preconditions.status_file = folder_ / "status.json";
    write(R"({"parked":false})");
  }
  void write(const std::string& status) const {
    ASSERT_TRUE(ota::replace_file(folder_ / "status.json", status));
  }
  void await_board(const std::string& part) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (std::chrono::steady_clock::now() < deadline) {
      const std::string state = page("/state");
      if (state.find(part) != std::string::npos) return;
      std::this_thread::yield();
    }
    ADD_FAILURE() << page("/state");
  }
  std::string page(const std::string& path) {
    const std::vector<http::HeaderField> headers = {{"Host", "127.0.0.1:8090"}};
    http::PageRequest request;
    request.method = "GET";
    request.path = path;
    request.headers = &headers;
    return gateway_->pages()(request).value().body;
  }
};

TEST_F(ReadinessTest, WritesNoEcuWhileTheVehicleMoves) {
  start();
  offer(kFull, ecu::image_of({.version = "1.1.0", .release_counter = 6}));
  await_board("Waits: the vehicle is moving.");
  EXPECT_TRUE(outcomes().empty());

  write(R"({"parked":true})");
  settle();

  EXPECT_FALSE(only_report("completion").is_null());
  ASSERT_EQ(reports_of("delayed").size(), 1u) << "the server is told once";
  const Value told = reports_of("delayed").front();
  EXPECT_EQ(told.find("error")->string_at("stage"), "preconditions");
  EXPECT_EQ(told.string_at("until"), to_text(repositories_.now + std::chrono::hours(24)));
}

TEST_F(ReadinessTest, GoesOnWaitingAfterARestart) {
  start();
  offer(kFull, ecu::image_of({.version = "1.1.0", .release_counter = 6}));
  await_board("Waits: the vehicle is moving.");
  gateway_.reset();
  EXPECT_EQ(full_.version(), "1.0.0");

  write(R"({"parked":true})");
  start();
  settle();

  EXPECT_FALSE(only_report("completion").is_null());
}

TEST_F(ReadinessTest, GivesUpInTheEnd) {
  settings_.preconditions.patience = std::chrono::seconds(-1);
  start();

  offer(kFull, ecu::image_of({.version = "1.1.0", .release_counter = 6}));
  settle();

  expect_refusal(kFull, "preconditions", "the vehicle is moving");
  EXPECT_EQ(full_.version(), "1.0.0");
}

// The gateway finds the vehicle fit, the ECU does not: no failure, and the same patience.
TEST_F(ReadinessTest, WaitsForAnEcuThatFindsTheVehicleUnfit) {
  write(R"({"parked":true})");
  full_.settings().precondition_fault = uds::Nrc::kVoltageTooLow;
  full_.power_off();
  full_.power_on();
  start();
  offer(kFull, ecu::image_of({.version = "1.1.0", .release_counter = 6}));
  await_board("NRC 0x93 (voltage too low)");
  EXPECT_TRUE(outcomes().empty());

  full_.power_off();
  full_.settings().precondition_fault.reset();
  full_.power_on();
  settle();

  EXPECT_FALSE(only_report("completion").is_null());
}

TEST_F(ReadinessTest, GivesUpInTheEndOnAnEcuThatWaits) {
  write(R"({"parked":true})");
  settings_.preconditions.patience = std::chrono::seconds(-1);
  full_.settings().precondition_fault = static_cast<uds::Nrc>(0x88);
  full_.power_off();
  full_.power_on();
  start();

  offer(kFull, ecu::image_of({.version = "1.1.0", .release_counter = 6}));
  settle();

  expect_refusal(kFull, "preconditions", "0x88");
}

TEST_F(ReadinessTest, KeepsTheMaintenanceWindow) {
  write(R"({"parked":true})");
  settings_.preconditions.patience = std::chrono::seconds(-1);
  settings_.window = MaintenanceWindow{};
  settings_.window->weekdays.fill(false);
  start();

  offer(kFull, ecu::image_of({.version = "1.1.0", .release_counter = 6}));
  settle();

  expect_refusal(kFull, "preconditions", "the maintenance window is closed");
}

}  // namespace
}  // namespace gatehouse::gateway
