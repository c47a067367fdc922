#include <condition_variable>

#include "tests/ae-apps/ota/gateway/gateway_fixture.h"

namespace gatehouse::gateway {
namespace {

using ecu::image_of;

/// Orders that come at moments when the gateway has its hands full.
class GatewayOrders : public GatewayTest {
 protected:
  void TearDown() override { gateway_.reset(); }  // its threads see this object
  static Bytes update(std::uint64_t counter) {
    return image_of({.version = "1.1." + std::to_string(counter), .release_counter = 6 + counter});
  }
  std::string order_update(std::uint64_t counter, const std::string& serial = kFull) {
    return offer(serial, update(counter), "1.1." + std::to_string(counter));
  }
  static bool is_report(const Request& request) {
    return request.operation == Operation::kCreate && request.to.ends_with("/reports");
  }
  static bool is_look(const Request& request) {
    return request.operation == Operation::kRetrieve && request.to.ends_with("/firmware");
  }
  static bool closes(const Request& request) {
    return request.operation == Operation::kUpdate && request.to.ends_with("/device-info");
  }
  /// Orders in the middle of whatever the gateway does, and waits until it has looked at it. The
  /// thread that waits is one of the gateway's own: what comes next on it has not happened yet.
  std::string order_and_wait(std::uint64_t counter) {
    std::unique_lock lock(mutex_);
    const unsigned before = looks_;
    lock.unlock();
    const std::string nonce = order_update(counter);
    lock.lock();
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(30), [&] { return looks_ > before; }));
    return nonce;
  }
  enum class When : std::uint8_t { kSent, kAnswered };
  /// Once, at the first request of that kind.
  void at(bool (*kind)(const Request&), When when, std::function<void()> what) {
    on_request_ = [this, kind, when, what = std::move(what),
                   done = std::make_shared<std::atomic<bool>>(false)](const Request& request,
                                                                      bool answered) {
      if (is_look(request) && answered) note([this] { ++looks_; });
      const bool now = answered == (when == When::kAnswered);
      if (now && kind(request) && !done->exchange(true)) what();
      return answered || !cut_ || !is_report(request);
    };
  }
  void note(const std::function<void()>& change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }
  /// While it is never at rest.
  bool comes(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!condition() && std::chrono::steady_clock::now() < deadline) {
      (void)gateway_->settle(std::chrono::milliseconds(2));
    }
    return condition();
  }
  void wait_for(const bool& flag) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, std::chrono::seconds(60), [&] { return flag; }))
        << steps_.str();
  }
  /// Purposes of all reports, and of refusals the reason.
  std::string told() {
    std::string out;
    for (const Value& report : reports()) {
      out += report.string_at("inquiry").substr(0, 8) + " " + report.string_at("purpose");
      if (const Value* error = report.find("error")) out += " (" + error->string_at("reason") + ")";
      out += "\n";
    }
    return out;
  }
  Value report_for(const std::string& nonce) {
    Value found;
    for (const Value& report : outcomes()) {
      if (report.string_at("inquiry") != nonce) continue;
      EXPECT_TRUE(found.is_null()) << "told twice: " << told();
      found = report;
    }
    return found;
  }
  std::string purpose_for(const std::string& nonce) {
    return report_for(nonce).string_at("purpose");
  }
  std::string reason_for(const std::string& nonce) {
    const Value report = report_for(nonce);
    const Value* error = report.find("error");
    return error == nullptr ? "none" : error->string_at("reason");
  }
  void expect_nothing_ordered(const std::string& serial = kFull) {
    EXPECT_FALSE(firmware(serial).bool_at("ud", true)) << steps_.str() << log_.str() << told();
    EXPECT_FALSE(gateway_->journal().open_job_of(serial));
  }

  std::atomic<bool> cut_{false};  ///< no report reaches the server

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  unsigned looks_ = 0;
};

// The [firmware] is closed already, the report is not there yet.
TEST_F(GatewayOrders, BetweenTheEndOfAnOrderAndItsReportAreTakenThen) {
  start();
  std::string second;
  at(is_report, When::kSent, [&] { second = order_and_wait(2); });

  const std::string first = order_update(1);
  settle();

  EXPECT_EQ(purpose_for(first), "completion") << told();
  EXPECT_EQ(purpose_for(second), "completion") << told();
  EXPECT_EQ(full_.version(), "1.1.2");
  EXPECT_EQ(sus(kFull), 1);
  expect_nothing_ordered();
}

// The server orders the next as soon as it has the report, before the gateway has noted that.
TEST_F(GatewayOrders, BetweenAReportAndItsNoteAreTakenThen) {
  start();
  std::string second;
  at(is_report, When::kAnswered, [&] { second = order_and_wait(2); });

  const std::string first = order_update(1);
  settle();

  EXPECT_EQ(purpose_for(first), "completion") << told();
  EXPECT_EQ(purpose_for(second), "completion") << told();
  EXPECT_EQ(full_.version(), "1.1.2");
  expect_nothing_ordered();
}

TEST_F(GatewayOrders, AfterTheRestartOfTheEcuAreTakenWhenItHasReported) {
  std::string second;
  start([&](const Job& job) {
    if (job.state == JobState::kRebooted && second.empty()) second = order_and_wait(2);
    return true;
  });
  at(is_report, When::kSent, [] {});

  const std::string first = order_update(1);
  settle();

  EXPECT_EQ(purpose_for(first), "completion") << told();
  EXPECT_EQ(purpose_for(second), "completion") << told();
  EXPECT_EQ(full_.version(), "1.1.2");
  EXPECT_EQ(cse_.find("cse-mn/ecu-ECU-0001/device-info").string_at("fwv"), "1.1.2");
  expect_nothing_ordered();
}

// Between our look at the [firmware] and the UPDATE that closes it: it is overwritten.
TEST_F(GatewayOrders, ThatAreClosedUnseenAreToldToTheServer) {
  start();
  std::string second;
  at(closes, When::kSent, [&] { second = order_and_wait(2); });

  const std::string first = order_update(1);
  settle();

  EXPECT_EQ(purpose_for(first), "completion") << told();
  EXPECT_EQ(purpose_for(second), "refusal") << told();
  EXPECT_NE(reason_for(second).find("order again"), std::string::npos) << told();
  EXPECT_EQ(full_.version(), "1.1.1");
  expect_nothing_ordered();
  const std::string third = order_update(3);
  settle();
  EXPECT_EQ(purpose_for(third), "completion") << told();
}

TEST_F(GatewayOrders, AfterAFailureAreTakenToo) {
  start();
  std::string second;
  at(is_report, When::kSent, [&] { second = order_and_wait(2); });
  Bytes wrong = update(1);
  wrong.back() ^= 1;

  const std::string first = offer(kFull, wrong, "1.1.1");
  settle();

  EXPECT_EQ(purpose_for(first), "refusal") << told();
  EXPECT_EQ(purpose_for(second), "completion") << told();
  EXPECT_EQ(full_.version(), "1.1.2");
  expect_nothing_ordered();
}

TEST_F(GatewayOrders, WithoutANonceAtTheEndOfAnotherAreRefusedOnce) {
  start();
  at(is_report, When::kSent, [&] {
    cse_.update("cse-mn/ecu-ECU-0001/firmware",
                Value::object({{"ud", true}, {"lbl", Value::array({"nothing"})}}));
  });

  const std::string first = order_update(1);
  settle();

  ASSERT_EQ(reports().size(), 2U) << told();
  EXPECT_EQ(purpose_for(first), "completion");
  EXPECT_NE(told().find("no label nonce"), std::string::npos) << told();
  EXPECT_EQ(full_.version(), "1.1.1");
  expect_nothing_ordered();
}

TEST_F(GatewayOrders, DuringAnotherAreRefusedOnceAlsoAfterARestart) {
  std::string second;
  start([&](const Job& job) {
    if (job.state == JobState::kConsented && second.empty()) second = order_and_wait(2);
    return true;
  });
  at(is_report, When::kSent, [] {});

  const std::string first = order_update(1);
  settle();
  restart();
  settle();

  EXPECT_EQ(purpose_for(first), "completion") << told();
  EXPECT_EQ(purpose_for(second), "refusal") << told();
  EXPECT_NE(reason_for(second).find("under way"), std::string::npos) << told();
  EXPECT_EQ(full_.version(), "1.1.1");
  EXPECT_EQ(firmware(kFull).string_at("vr"), "1.1.1");
  expect_nothing_ordered();
}

// The server cannot be told until the gateway has lost its power and is back.
TEST_F(GatewayOrders, ThatWereRefusedAreToldAfterARestart) {
  std::string second;
  bool refused = false;
  cut_ = true;
  start([&](const Job& job) {
    if (job.state == JobState::kConsented && second.empty()) second = order_and_wait(2);
    return job.state != JobState::kRebooted;
  });
  at(is_report, When::kSent, [&] { note([&] { refused = true; }); });
  order_update(1);
  wait_for(refused);
  gateway_.reset();
  ASSERT_TRUE(reports().empty());
  cut_ = false;

  start();
  settle();

  EXPECT_EQ(purpose_for(second), "refusal") << told();
  EXPECT_EQ(reports().size(), 2U) << told();
  EXPECT_EQ(full_.version(), "1.1.1");
  expect_nothing_ordered();
}

// The power goes between the end of an order at the [firmware] and its report, with the next order
// there already; and once more in the middle of that.
TEST_F(GatewayOrders, SurviveALossOfPowerAtTheEndOfAnother) {
  start();
  std::string second;
  bool ordered = false;
  cut_ = true;
  at(is_report, When::kSent, [&] {
    second = order_and_wait(2);
    note([&] { ordered = true; });
  });
  const std::string first = order_update(1);
  wait_for(ordered);
  gateway_.reset();
  ASSERT_TRUE(reports().empty()) << told();
  ASSERT_EQ(firmware(kFull).string_at("vr"), "1.1.2");
  cut_ = false;

  start([](const Job& job) { return job.state != JobState::kFlashing; });
  settle();
  EXPECT_EQ(purpose_for(first), "completion") << told();
  restart();
  settle();

  EXPECT_EQ(purpose_for(first), "completion") << told();
  EXPECT_EQ(purpose_for(second), "completion") << told();
  EXPECT_EQ(full_.version(), "1.1.2");
  expect_nothing_ordered();
}

// No more are kept than the gateway can bear; the one after them waits where it stands.
TEST_F(GatewayOrders, BeyondALimitWaitForTheEndOfTheOneBefore) {
  settings_.auto_consent = false;
  cut_ = true;
  start();
  at(is_report, When::kSent, [] {});
  const std::string first = order_update(1);
  ASSERT_TRUE(comes([&] { return gateway_->desk().pending().has_value(); })) << steps_.str();
  std::vector<std::string> others;
  for (std::uint64_t i = 2; i <= 66; ++i) others.push_back(order_and_wait(i));
  ASSERT_FALSE(gateway_->journal().find(others.back()));

  cut_ = false;
  const std::string by = "the display";
  ASSERT_TRUE(gateway_->desk().answer(gateway_->desk().pending()->job, false, by));
  ASSERT_TRUE(comes([&] { return gateway_->desk().pending().has_value(); })) << steps_.str();
  ASSERT_TRUE(gateway_->desk().answer(gateway_->desk().pending()->job, true, by));
  settle();

  EXPECT_EQ(purpose_for(others.back()), "completion") << told();
  EXPECT_EQ(outcomes().size(), 66U) << "each order, once";
  EXPECT_NE(reason_for(first).find("declined"), std::string::npos) << told();
  EXPECT_EQ(full_.version(), "1.1.66");
  expect_nothing_ordered();
}

TEST_F(GatewayOrders, AreLookedAtAgainIfTheCseDoesNotAnswer) {
  start();
  cse_.inject({.operation = Operation::kRetrieve,
               .to = "/firmware",
               .times = 3,
               .answer = Rsc::kTargetNotReachable});

  const std::string nonce = order_update(1);
  settle();

  EXPECT_EQ(purpose_for(nonce), "completion") << told();
  expect_nothing_ordered();
}

// --- a server that is out of reach ---------------------------------------------------------------

class GatewayWaits : public GatewayOrders {
 protected:
  GatewayWaits() {
    settings_.server_wait = std::chrono::seconds(600);
    settings_.retry_most = std::chrono::milliseconds(4);
  }
  /// Until the job in the journal says that it waits.
  std::optional<Job> waiting_job() {
    const auto job = [this] { return gateway_->journal().open_job_of(kFull); };
    EXPECT_TRUE(comes([&] { return job() && !job()->waits.empty(); })) << "it does not wait";
    return job();
  }
};

TEST_F(GatewayWaits, ForMetadataAndGoesOn) {
  images_.down = true;
  start();

  const std::string nonce = order_update(1);
  const auto job = waiting_job();
  ASSERT_TRUE(job);
  EXPECT_EQ(job->state, JobState::kOffered);
  EXPECT_NE(job->waits.find("cannot be reached"), std::string::npos) << job->waits;
  EXPECT_TRUE(reports().empty()) << told();
  EXPECT_EQ(sus(kFull), 3) << "in process";
  images_.down = false;
  settle();

  EXPECT_EQ(purpose_for(nonce), "completion") << told();
  const std::string text = steps_.str();
  const std::size_t waits = text.find("STEP E event=waiting");
  ASSERT_NE(waits, std::string::npos);
  EXPECT_EQ(text.find("STEP E event=waiting", waits + 1), std::string::npos) << "told once";
  EXPECT_TRUE(gateway_->journal().find(nonce)->waits.empty());
}

TEST_F(GatewayWaits, ForMetadataUntilItsTimeIsOverAlsoAcrossARestart) {
  settings_.uptane = repositories_.entry("http://127.0.0.1:1/");
  start();
  order_update(1);
  ASSERT_TRUE(waiting_job());
  seconds_later_ = 400;
  restart();
  const auto job = waiting_job();
  ASSERT_TRUE(job);
  EXPECT_TRUE(reports().empty()) << told();

  seconds_later_ = 601;
  settle();

  expect_refusal(kFull, "verify", "the OTA server could not be reached in time");
  EXPECT_EQ(images_.requests, 0U);
}

TEST_F(GatewayWaits, ForTheImageAndGoesOn) {
  start([&](const Job& job) {
    images_.down = job.state == JobState::kDownloading;
    return true;
  });

  const std::string nonce = order_update(1);
  const auto job = waiting_job();
  ASSERT_TRUE(job);
  EXPECT_EQ(job->state, JobState::kDownloading);
  EXPECT_TRUE(reports().empty()) << told();
  images_.down = false;
  settle();

  EXPECT_EQ(purpose_for(nonce), "completion") << told();
}

TEST_F(GatewayWaits, ForTheImageUntilItsTimeIsOver) {
  start([&](const Job& job) {
    images_.down = job.state == JobState::kDownloading;
    return true;
  });
  order_update(1);
  ASSERT_TRUE(waiting_job());

  seconds_later_ = 601;
  settle();

  expect_refusal(kFull, "download", "the OTA server could not be reached in time");
}

TEST_F(GatewayWaits, ForNobodyWhoseMetadataIsNotThere) {
  settings_.uptane->director_url = images_.root() + "uptane/director/id-other/";
  start();

  order_update(1);
  settle();

  expect_refusal(kFull, "verify", "missing");
}

// --- a field node that is silent -----------------------------------------------------------------

TEST_F(GatewayOrders, OfOthersGoOnWhileAFieldNodeIsSilent) {
  constexpr const char* kLamp = "LAMP-1";
  settings_.node_silence = std::chrono::hours(1);
  EcuEntry lamp;
  lamp.serial = kLamp;
  lamp.hardware_id = "demo-ecu";
  lamp.node = NodeEntry{"/id-mn/cse-mn/lamp", "/id-mn/Clamp"};
  settings_.ecus.push_back(lamp);
  start();  // it has not registered yet, so nobody waits for it here
  sdk::AeSettings of_lamp = settings_.ae;
  of_lamp.ae_id = "Clamp";
  of_lamp.name = "lamp";
  const auto lamp_ae = sdk::Ae::connect(of_lamp, cse_.link()).value();
  ASSERT_TRUE(lamp_ae->container("orders").ensure());
  bool reported = false;
  at(is_report, When::kAnswered, [&] { note([&] { reported = true; }); });

  const std::string silent = order_update(1, kLamp);
  const std::string nonce = order_update(2);
  wait_for(reported);

  EXPECT_EQ(purpose_for(nonce), "completion") << told();
  gateway_.reset();
  EXPECT_EQ(full_.version(), "1.1.2");
  EXPECT_EQ(JobJournal::open(settings_.state_dir).value()->find(silent)->state, JobState::kOffered);
}

// --- the queue ---------------------------------------------------------------------------------

TEST(TaskQueue, LetsOthersGoBeforeWhatHasToWait) {
  TaskQueue queue;
  std::string order;
  ASSERT_TRUE(queue.post_after(std::chrono::milliseconds(50), [&] { order += "late "; }));
  ASSERT_TRUE(queue.post([&] { order += "now "; }));
  ASSERT_TRUE(queue.post_after(std::chrono::milliseconds(0), [&] { order += "soon "; }));

  ASSERT_TRUE(queue.settle(std::chrono::seconds(60)));

  EXPECT_TRUE(order == "now soon late " || order == "soon now late ") << order;
}

TEST(TaskQueue, WakesTheGroupThatIsCalled) {
  TaskQueue queue;
  std::atomic<int> ran{0};
  queue.post_after(
      std::chrono::hours(1), [&] { ran += 1; }, "one");
  queue.post_after(
      std::chrono::hours(1), [&] { ran += 10; }, "other");

  queue.wake("one");
  while (ran == 0) std::this_thread::yield();
  queue.stop();

  EXPECT_EQ(ran, 1);
}

TEST(TaskQueue, DropsWhatWaitsForItsTimeWhenItStops) {
  TaskQueue queue;
  bool ran = false;
  ASSERT_TRUE(queue.post_after(std::chrono::hours(1), [&] { ran = true; }));
  EXPECT_FALSE(queue.settle(std::chrono::milliseconds(1)));

  queue.stop();

  EXPECT_FALSE(ran);
  EXPECT_FALSE(queue.post_after(std::chrono::milliseconds(0), [] {}));
}

}  // namespace
}  // namespace gatehouse::gateway
