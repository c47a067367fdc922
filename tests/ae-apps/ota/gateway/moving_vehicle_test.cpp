// A vehicle that drives off in the middle of an update, also while the gateway has no power.
#include <mutex>
#include <streambuf>

#include "ae-apps/ota/program/state_files.h"
#include "tests/ae-apps/ota/gateway/gateway_fixture.h"

namespace gatehouse::gateway {
namespace {

/// The gateway's steps, readable at any time; at one of them something happens, before the gateway
/// goes on.
class StepWatch final : public std::streambuf {
 public:
  void at(std::string part, std::function<void()> what) {
    const std::lock_guard lock(mutex_);
    part_ = std::move(part);
    what_ = std::move(what);
  }
  bool saw(const std::string& part) const {
    const std::lock_guard lock(mutex_);
    return text_.find(part) != std::string::npos;
  }
  std::string text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  int_type overflow(int_type c) override {
    if (c != traits_type::eof()) add({static_cast<char>(c)});
    return traits_type::not_eof(c);
  }
  std::streamsize xsputn(const char* text, std::streamsize size) override {
    add({text, static_cast<std::size_t>(size)});
    return size;
  }
  void add(const std::string& text) {
    const std::lock_guard lock(mutex_);
    text_ += text;
    if (!what_ || text_.find(part_) == std::string::npos) return;
    what_();
    what_ = nullptr;
  }

  mutable std::mutex mutex_;
  std::string text_, part_;
  std::function<void()> what_;
};

class MovingVehicle : public GatewayTest {
 protected:
  MovingVehicle() {
    static_cast<std::ios&>(steps_).rdbuf(&watch_);
    settings_.preconditions.status_file = folder_ / "status.json";
    settings_.retry_most = std::chrono::milliseconds(8);
    park();
  }
  void say(const char* status) const {
    ASSERT_TRUE(ota::replace_file(folder_ / "status.json", status));
  }
  void park() const { say(R"({"parked":true})"); }
  void drive_off() const { say(R"({"parked":false})"); }
  void drive_off_at(const std::string& step) {
    watch_.at(step, [this] { drive_off(); });
  }
  static Bytes update(const std::string& payload = "") {
    return ecu::image_of({.version = "1.1.0", .release_counter = 6, .payload = payload});
  }
  void order_both(const Bytes& constrained) {
    const Bytes full = update();
    for (const auto& [serial, image] : {std::pair{kFull, &full}, {kConstrained, &constrained}}) {
      images_.put(to_hex(crypto::sha256(*image)), *image);
      repositories_.release(serial, *image, "demo-ecu", {}, {}, "R-1");
    }
    order(kFull, images_.url() + to_hex(crypto::sha256(full)), "1.1.0");
    order(kConstrained, images_.url() + to_hex(crypto::sha256(constrained)), "1.1.0");
  }
  /// The gateway is never at rest as long as it waits for the vehicle.
  template <class Condition>
  bool comes(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition() && std::chrono::steady_clock::now() < deadline) {
      (void)gateway_->settle(std::chrono::milliseconds(5));
    }
    return condition();
  }
  bool waits() {
    return comes([&] { return watch_.saw("event=waiting") || watch_.saw("event=delayed"); });
  }
  std::size_t count(const std::string& purpose) {
    std::size_t n = 0;
    for (const Value& each : reports()) n += each.string_at("purpose") == purpose ? 1 : 0;
    return n;
  }

  StepWatch watch_;
};

// --- one ECU ---------------------------------------------------------------------------------

TEST_F(MovingVehicle, IsNotWrittenToAfterARestart) {
  start([](const Job& job) { return job.state != JobState::kFlashing; });
  offer(kFull, update());
  settle();
  drive_off();

  restart();
  EXPECT_TRUE(waits()) << watch_.text();
  EXPECT_FALSE(watch_.saw("event=flashing")) << watch_.text();

  park();
  settle();
  EXPECT_FALSE(only_report("completion").is_null());
}

TEST_F(MovingVehicle, IsGivenUpInTheEndIfNothingWasWritten) {
  settings_.preconditions.patience = std::chrono::seconds(-1);
  start([](const Job& job) { return job.state != JobState::kFlashing; });
  offer(kFull, update());
  settle();
  drive_off();

  restart();
  settle();

  expect_refusal(kFull, "preconditions", "the vehicle is moving");
  EXPECT_FALSE(watch_.saw("event=flashing")) << watch_.text();
  EXPECT_EQ(full_.version(), "1.0.0");
}

TEST_F(MovingVehicle, HasNoEcuResetThatWasWrittenBefore) {
  settings_.preconditions.patience =
      std::chrono::seconds(-1);  // it is written: there is no way back
  start();
  drive_off_at("event=flashed");
  offer(kFull, update());

  EXPECT_TRUE(waits()) << watch_.text();
  EXPECT_FALSE(watch_.saw("event=restarted")) << watch_.text();

  park();
  settle();
  EXPECT_FALSE(only_report("completion").is_null());
  EXPECT_EQ(full_.version(), "1.1.0");
}

/// Nothing runs on it: what it does not get it does not have.
TEST_F(MovingVehicle, GetsAnEcuBackThatHasOneSlot) {
  ecu::EcuSettings one_slot = ecu::constrained_ecu();
  one_slot.serial = "ECU-0003";
  one_slot.slots = 1;
  const Bytes before = ecu::image_of({.version = "1.0.0", .release_counter = 5});
  TestEcu other(one_slot, before);
  EcuEntry entry = entry_of("ECU-0003", other, EcuLevel::kConstrained);
  entry.slots = 1;
  entry.factory_image = folder_ / "factory.ghfw";
  std::ofstream(entry.factory_image, std::ios::binary) << gatehouse::text_of(before);
  settings_.ecus.push_back(entry);
  start();
  drive_off_at("event=flashed");

  offer("ECU-0003", update());
  settle();

  EXPECT_FALSE(only_report("completion").is_null());
  EXPECT_EQ(other.version(), "1.1.0");
  gateway_.reset();
}

// --- a release -------------------------------------------------------------------------------

TEST_F(MovingVehicle, HasNothingPreparedAfterARestart) {
  start([](const Job& job) { return job.state != JobState::kFlashing; });
  order_both(update());
  settle();
  drive_off();

  restart();
  EXPECT_TRUE(waits()) << watch_.text();
  EXPECT_FALSE(watch_.saw("event=flashing")) << watch_.text();

  park();
  settle();
  EXPECT_EQ(count("completion"), 2U) << watch_.text();
}

TEST_F(MovingVehicle, HasNothingTriedThatWasPreparedBefore) {
  start();
  drive_off_at("state=trying");
  order_both(update());

  EXPECT_TRUE(waits()) << watch_.text();
  EXPECT_TRUE(comes([&] { return count("delayed") == 2; })) << "each offer is told of";
  EXPECT_FALSE(watch_.saw("event=restarted")) << watch_.text();

  park();
  settle();
  EXPECT_EQ(count("completion"), 2U) << watch_.text();
}

TEST_F(MovingVehicle, HasNothingTriedAfterARestart) {
  start();
  drive_off_at("state=trying");
  order_both(update());
  EXPECT_TRUE(waits()) << watch_.text();

  restart();
  const std::string waiting = "event=waiting";
  EXPECT_TRUE(comes([&] { return watch_.text().rfind(waiting) != watch_.text().find(waiting); }));
  EXPECT_FALSE(watch_.saw("event=restarted")) << watch_.text();

  park();
  settle();
  EXPECT_EQ(count("completion"), 2U) << watch_.text();
}

TEST_F(MovingVehicle, HasAReleaseGivenUpInTheEndIfNothingIsTried) {
  settings_.preconditions.patience = std::chrono::seconds(-1);
  start();
  drive_off_at("state=trying");

  order_both(update());
  settle();

  EXPECT_EQ(count("refusal"), 2U) << watch_.text();
  EXPECT_TRUE(watch_.saw("stage=preconditions")) << watch_.text();
  EXPECT_FALSE(watch_.saw("event=restarted")) << watch_.text();
  EXPECT_TRUE(full_.state().held.empty());
}

/// Nothing is reset by that word.
TEST_F(MovingVehicle, HasConfirmedWhatRunsOnTrial) {
  start();
  drive_off_at("state=committed");

  order_both(update());
  settle();

  EXPECT_EQ(count("completion"), 2U) << watch_.text();
  EXPECT_EQ(full_.version(), "1.1.0");
  EXPECT_EQ(constrained_.version(), "1.1.0");
}

TEST_F(MovingVehicle, GoesBackOnceItIsParked) {
  start();
  drive_off_at("state=rolling-back");
  order_both(update("version 1.1.0\nself-test failed\n"));

  EXPECT_TRUE(waits()) << watch_.text();
  EXPECT_TRUE(watch_.saw("event=delayed ecu=ECU-0001")) << watch_.text();
  EXPECT_FALSE(watch_.saw("event=rolled-back ecu=ECU-0001")) << watch_.text();

  park();
  settle();
  EXPECT_EQ(count("refusal"), 2U) << watch_.text();
  EXPECT_EQ(full_.version(), "1.0.0");
}

TEST_F(MovingVehicle, CarriesADecisionOutOnceItIsParked) {
  start([](const Job& job) { return job.state != JobState::kRebooted; });
  order_both(update());
  settle();
  constrained_.power_off();  // and with it what it had on trial
  constrained_.power_on();
  drive_off();

  restart();
  EXPECT_TRUE(waits()) << watch_.text();
  EXPECT_FALSE(watch_.saw("event=confirmed ecu=ECU-0002")) << watch_.text();

  park();
  settle();
  EXPECT_EQ(count("completion"), 2U) << watch_.text();
  EXPECT_EQ(constrained_.version(), "1.1.0");
}

TEST_F(MovingVehicle, IsNotLeftHalfWayBecauseTheWindowCloses) {
  settings_.window = MaintenanceWindow{};
  settings_.window->closes = std::chrono::hours(6);
  start();
  watch_.at("event=restarted ecu=ECU-0001", [this] { seconds_later_ = 12 * 3600; });

  order_both(update());
  settle();

  EXPECT_EQ(count("completion"), 2U) << watch_.text();
}

TEST_F(MovingVehicle, IsNotWrittenToAfterTheWindowHasClosed) {
  settings_.window = MaintenanceWindow{};
  settings_.window->closes = std::chrono::hours(6);
  start();
  watch_.at("state=preparing", [this] { seconds_later_ = 12 * 3600; });
  order_both(update());

  EXPECT_TRUE(waits()) << watch_.text();
  EXPECT_FALSE(watch_.saw("event=flashing")) << watch_.text();

  seconds_later_ = 25 * 3600;  // it is open again
  settle();
}

}  // namespace
}  // namespace gatehouse::gateway
