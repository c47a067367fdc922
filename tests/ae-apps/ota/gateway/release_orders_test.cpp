// Releases as the whole gateway carries them out: orders, field nodes, an ECU that is long gone.
#include <algorithm>

#include "ae-apps/ota/node/field_node.h"
#include "tests/ae-apps/ota/gateway/gateway_fixture.h"

namespace gatehouse::gateway {
namespace {

class ReleaseOrders : public GatewayTest {
 protected:
  static Bytes update(const std::string& payload = "",
                      std::vector<std::string> requirements = {"release=R-1/2"}) {
    return ecu::image_of({.version = "1.1.0",
                          .release_counter = 6,
                          .payload = payload,
                          .requirements = std::move(requirements)});
  }
  /// The Director orders both; then the server tells of them.
  void order_both(const Bytes& full, const Bytes& other, const char* others = kConstrained) {
    for (const auto& [serial, image] : {std::pair{kFull, &full}, {others, &other}}) {
      images_.put(to_hex(crypto::sha256(*image)), *image);
      repositories_.release(serial, *image, "demo-ecu", {}, {}, "R-1");
    }
    order(kFull, images_.url() + to_hex(crypto::sha256(full)), "1.1.0");
    order(others, images_.url() + to_hex(crypto::sha256(other)), "1.1.0");
  }
  std::size_t count(const std::string& purpose) {
    const auto all = reports();
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](const Value& each) {
      return each.string_at("purpose") == purpose;
    }));
  }
};

TEST_F(ReleaseOrders, UpdateBothEcusTogether) {
  start();
  order_both(update(), update());
  settle();

  EXPECT_EQ(full_.version(), "1.1.0") << steps_.str() << log_.str();
  EXPECT_EQ(constrained_.version(), "1.1.0");
  EXPECT_EQ(count("completion"), 2U);
  EXPECT_EQ(sus(kFull), 1);
  EXPECT_EQ(sus(kConstrained), 1);
  EXPECT_NE(steps_.str().find("state=committed"), std::string::npos);
}

TEST_F(ReleaseOrders, LeaveBothEcusAloneIfOneDoesNotRun) {
  start();
  order_both(update(), update("version 1.1.0\nself-test failed\n"));
  settle();

  EXPECT_EQ(full_.version(), "1.0.0") << steps_.str() << log_.str();
  EXPECT_EQ(constrained_.version(), "1.0.0");
  EXPECT_EQ(count("refusal"), 2U);
  EXPECT_EQ(sus(kFull), 2);
  EXPECT_EQ(full_.state().release_counter, 5U);
  EXPECT_TRUE(full_.state().held.empty());
  EXPECT_NE(steps_.str().find("ECU-0002: the new image does not run"), std::string::npos);
}

TEST_F(ReleaseOrders, CountAsInstalledForWhatTheirImagesRequire) {
  start();
  order_both(update("", {"release=R-1/2", "ECU-0002>=1.1"}), update());
  settle();

  EXPECT_EQ(full_.version(), "1.1.0") << steps_.str() << log_.str();
  EXPECT_EQ(constrained_.version(), "1.1.0");
}

TEST_F(ReleaseOrders, AreGivenUpTogetherIfOneImageRequiresMore) {
  start();
  order_both(update("", {"release=R-1/2", "ECU-0002>=1.2"}), update());
  settle();

  EXPECT_EQ(count("refusal"), 2U) << steps_.str() << log_.str();
  EXPECT_NE(steps_.str().find("the image requires ECU-0002>=1.2; ECU-0002 would run 1.1.0"),
            std::string::npos);
  EXPECT_EQ(full_.version(), "1.0.0");
  EXPECT_EQ(constrained_.version(), "1.0.0");
}

TEST_F(ReleaseOrders, WaitForAllAndGiveUpInTheEnd) {
  settings_.gather_limit = std::chrono::milliseconds(0);
  start();
  const Bytes image = update();
  images_.put(to_hex(crypto::sha256(image)), image);
  repositories_.release(kFull, image, "demo-ecu", {}, {}, "R-1");
  repositories_.release(kConstrained, image, "demo-ecu", {}, {}, "R-1");
  order(kFull, images_.url() + to_hex(crypto::sha256(image)), "1.1.0");
  settle();

  expect_refusal(kFull, "release", "there is no order for ECU-0002");
  EXPECT_EQ(full_.version(), "1.0.0");
}

TEST_F(ReleaseOrders, AreGivenUpTogetherIfOneOfThemIsRefusedEarly) {
  start();
  const Bytes image = update();
  images_.put(to_hex(crypto::sha256(image)), image);
  repositories_.release(kFull, image, "demo-ecu", {}, {}, "R-1");
  repositories_.release(kConstrained, image, "demo-ecu", {}, {}, "R-1");
  order(kFull, images_.url() + to_hex(crypto::sha256(image)), "1.1.0");
  order(kConstrained, "http://elsewhere/image", "1.1.0");
  settle();

  EXPECT_EQ(count("refusal"), 2U) << steps_.str() << log_.str();
  EXPECT_NE(steps_.str().find("ECU-0002 is not updated"), std::string::npos);
  EXPECT_EQ(full_.version(), "1.0.0");
}

TEST_F(ReleaseOrders, LeaveNoRecordBehindIfTheirJobsWentOnBeforeALossOfPower) {
  std::filesystem::create_directories(settings_.state_dir);
  ReleaseJournal journal(settings_.state_dir);
  Release done;
  done.id = "R-0";
  done.state = ReleaseState::kCommitted;
  ASSERT_TRUE(journal.save(done));
  ASSERT_EQ(journal.pending(), std::vector<std::string>{"R-0"});

  start();
  settle();

  EXPECT_TRUE(journal.pending().empty());
}

TEST_F(ReleaseOrders, AreNotSplit) {
  start();
  offer(kFull, update());
  settle();

  expect_refusal(kFull, "verify", "only together with others: release R-1 of 2 ECUs");
  EXPECT_EQ(full_.version(), "1.0.0");
}

TEST_F(ReleaseOrders, GoOnAfterALossOfPowerOfTheGateway) {
  // Stopped at each state that is stored until nothing is left to stop.
  start([](const Job& job) { return job.state != JobState::kFlashing; });
  order_both(update(), update());
  settle();
  ASSERT_EQ(count("completion"), 0U);

  restart();
  settle();

  EXPECT_EQ(full_.version(), "1.1.0") << steps_.str() << log_.str();
  EXPECT_EQ(constrained_.version(), "1.1.0");
  EXPECT_EQ(count("completion"), 2U);
}

// --- with a field node of oneM2M -----------------------------------------------------------------

/// The full ECU, and a lamp that is an application dedicated node with an AE of its own.
class ReleaseWithFieldNode : public ReleaseOrders {
 protected:
  static constexpr const char* kLamp = "LAMP-1";

  ReleaseWithFieldNode() {
    settings_.node_silence = std::chrono::seconds(20);
    // Orders are dated by the system's clock, years before the vehicle's: none is to be too late.
    settings_.gather_limit = std::chrono::hours(24 * 365 * 100);
    settings_.ecus.pop_back();
    EcuEntry lamp;
    lamp.serial = kLamp;
    lamp.hardware_id = "demo-ecu";
    lamp.node = NodeEntry{"/id-mn/cse-mn/lamp", "/id-mn/Clamp"};
    lamp.verifies = true;
    lamp.public_key = ecu::ecu_key().public_key();
    settings_.ecus.push_back(std::move(lamp));
  }
  void start_lamp(bool verifies = true) {
    node::FieldNodeSettings lamp;
    lamp.ae.cse_id = "/id-mn";
    lamp.ae.csebase = "cse-mn";
    lamp.ae.ae_id = "Clamp";
    lamp.ae.name = "lamp";
    lamp.ecu = verifies ? verifying_settings() : ecu::full_ecu();
    lamp.ecu.serial = kLamp;
    if (lamps_time_keys_) {
      lamp.ecu.time_keys = lamps_time_keys_;
      lamp.ecu.clock = [this] { return repositories_.now + std::chrono::hours(24 * 300); };
    }
    lamp.state_dir = folder_ / "lamp";
    lamp.images = {"/id-mn/cse-mn/ota-gateway/", "cse-mn/ota-server/"};
    lamp.gateway = "/id-mn/CotaGateway";
    lamp.answers = "/id-mn/cse-mn/ota-gateway/node-answers";
    std::filesystem::create_directories(lamp.state_dir);
    auto started =
        node::FieldNode::start(lamp, ecu::image_of({.version = "1.0.0", .release_counter = 5}),
                               lamp_disk_, lamp_runner_, lamp_log_, cse_.link());
    ASSERT_TRUE(started) << started.error().detail;
    lamp_ = *std::move(started);
  }
  void order_both_with_lamp(const Bytes& full, const Bytes& lamp) { order_both(full, lamp, kLamp); }
  Value lamps_own_firmware() { return cse_.find("cse-mn/node-LAMP-1/firmware"); }

  std::optional<ota::TimeKeys> lamps_time_keys_;  ///< with them its own clock is wrong
  ecu::SimulatedDisk lamp_disk_;
  ecu::SimulatedRunner lamp_runner_;
  std::ostringstream lamp_steps_, lamp_says_;
  ota::StepLog lamp_log_{lamp_steps_, lamp_says_};
  std::unique_ptr<node::FieldNode> lamp_;
};

TEST_F(ReleaseWithFieldNode, UpdatesEcuAndNodeTogether) {
  start_lamp();
  start();
  order_both_with_lamp(update(), update());
  settle();

  EXPECT_EQ(full_.version(), "1.1.0") << steps_.str() << log_.str() << lamp_says_.str();
  EXPECT_EQ(lamp_->version(), "1.1.0") << lamp_steps_.str();
  EXPECT_EQ(count("completion"), 2U);
  EXPECT_EQ(sus(kLamp), 1);
  EXPECT_EQ(lamps_own_firmware().string_at("vr"), "1.1.0");
  EXPECT_EQ(lamps_own_firmware().find("uds")->string_at("acn"), "release");
  EXPECT_EQ(lamps_own_firmware().find("uds")->integer_at("sus"), 1);
  EXPECT_NE(lamp_steps_.str().find("do=prepare"), std::string::npos);
  EXPECT_NE(lamp_steps_.str().find("do=confirm"), std::string::npos);
}

// What counts is the time that was attested over the node's own nonce.
TEST_F(ReleaseWithFieldNode, HandsTheAttestedTimeOnToTheNode) {
  lamps_time_keys_ = ota::TimeKeys{{repositories_.key.public_key()}, 1};
  settings_.time = TimeEntry{{images_.root() + "time/"}, *lamps_time_keys_};
  start_lamp();
  start();
  order_both_with_lamp(update(), update());
  settle();

  EXPECT_EQ(lamp_->version(), "1.1.0") << steps_.str() << log_.str() << lamp_steps_.str();
  EXPECT_EQ(count("completion"), 2U);
}

TEST_F(ReleaseWithFieldNode, IsRefusedByANodeToWhichNobodyAttestsTheTime) {
  lamps_time_keys_ = ota::TimeKeys{{repositories_.key.public_key()}, 1};
  start_lamp();
  start();
  order_both_with_lamp(update(), update());
  settle();

  EXPECT_EQ(lamp_->version(), "1.0.0");
  EXPECT_EQ(full_.version(), "1.0.0");
  EXPECT_EQ(count("refusal"), 2U);
  EXPECT_NE(steps_.str().find("LAMP-1"), std::string::npos) << steps_.str();
}

TEST_F(ReleaseWithFieldNode, LeavesBothAloneIfTheNodesImageDoesNotRun) {
  start_lamp();
  start();
  order_both_with_lamp(update(), update("version 1.1.0\nself-test failed\n"));
  settle();

  EXPECT_EQ(full_.version(), "1.0.0") << steps_.str() << log_.str();
  EXPECT_EQ(lamp_->version(), "1.0.0") << lamp_steps_.str();
  EXPECT_EQ(count("refusal"), 2U);
  EXPECT_EQ(lamps_own_firmware().string_at("vr"), "1.0.0");
  EXPECT_EQ(lamps_own_firmware().find("uds")->integer_at("sus"), 2);
  EXPECT_NE(steps_.str().find("LAMP-1: the new image does not run"), std::string::npos)
      << steps_.str();
}

TEST_F(ReleaseWithFieldNode, IsGivenUpIfTheNodeIsAway) {
  start_lamp();
  start();
  lamp_.reset();
  settings_.node_silence = std::chrono::milliseconds(50);
  restart();
  order_both_with_lamp(update(), update());
  settle();

  EXPECT_EQ(full_.version(), "1.0.0") << steps_.str() << log_.str();
  EXPECT_EQ(count("refusal"), 2U);
  EXPECT_NE(steps_.str().find("the node does not answer"), std::string::npos) << steps_.str();
}

/// Orders as the gateway gives them, one by one.
class OrdersToFieldNode : public ReleaseWithFieldNode {
 protected:
  void connect() {
    gateway_ae_ = sdk::Ae::connect(settings_.ae, cse_.link()).value();
    desk_ = std::make_unique<NodeDesk>(settings_, *gateway_ae_);
    ASSERT_TRUE(desk_->prepare());
    link_.emplace(settings_.ecus.back(), *desk_);
  }
  Result<void> prepare(const Bytes& image) {
    const std::string file = folder_ / "image.ghfw";
    std::ofstream(file, std::ios::binary) << gatehouse::text_of(image);
    const auto header = header_of_file(file).value();
    return link_->flash_held(file, header, header.manifest.payload_sha256, "", {});
  }
  std::unique_ptr<sdk::Ae> gateway_ae_;
  std::unique_ptr<NodeDesk> desk_;
  std::optional<NodeLink> link_;
};

TEST_F(OrdersToFieldNode, AreRefusedWhereTheDirectorOrderedNothing) {
  start_lamp();
  connect();

  const auto refused = prepare(update());
  const Result<EcuStand> stand = link_->stand();

  EXPECT_EQ(refused.error().rsc, Rsc::kNotAcceptable);
  ASSERT_TRUE(stand) << stand.error().detail;
  EXPECT_FALSE(stand->on_trial);
  EXPECT_TRUE(stand->held.empty());
  EXPECT_FALSE(link_->settle(Word::kConfirm)) << "nothing is held";
}

TEST_F(OrdersToFieldNode, ThatAreNoneAreAnswered) {
  start_lamp();
  connect();

  const auto ask = [&](Value order) {
    return desk_->exchange(settings_.ecus.back(), std::move(order), {}).value();
  };

  EXPECT_EQ(ask(Value::object({{"do", "explode"}})).string_at("reason"),
            "do: there is no such order");
  EXPECT_FALSE(ask(Value::object({{"do", "report"}, {"nonce", "12"}})).bool_at("done", true));
  EXPECT_EQ(ask(Value::object({{"do", "prepare"}, {"image", "cse-mn/stranger/image"}}))
                .string_at("reason"),
            "the image could not be fetched: the image is not at a known place");
}

TEST_F(OrdersToFieldNode, AreWaitedForBrieflyOnceItWasSilent) {
  settings_.node_silence = std::chrono::milliseconds(50);
  start_lamp();
  lamp_.reset();
  connect();
  const EcuEntry& lamp = settings_.ecus.back();
  EXPECT_EQ(desk_->patience_with(kLamp), std::chrono::milliseconds(50));

  const auto silence = desk_->exchange(lamp, Value::object({{"do", "look"}}), {});

  EXPECT_EQ(silence.error().rsc, Rsc::kTargetNotReachable);
  EXPECT_EQ(desk_->patience_with(kLamp), std::chrono::milliseconds(5));
  // Its answer comes after all.
  const std::string number = cse_.find("cse-mn/lamp/orders/la").find("con")->string_at("order");
  ASSERT_TRUE(server_ae_->container("cse-mn/ota-gateway/node-answers")
                  .push(Value::object({{"order", number}, {"done", true}})));
  ASSERT_TRUE(gateway_ae_->settle());
  EXPECT_EQ(desk_->patience_with(kLamp), std::chrono::milliseconds(50));
}

// Its own management server must not write into the slot that a release holds; a loss of power
// takes it back, and it says so.
TEST_F(OrdersToFieldNode, HoldUntilTheGatewayDecides) {
  start_lamp(false);
  connect();
  ASSERT_TRUE(server_ae_->container("images").ensure());
  const Bytes other = ecu::image_of({.version = "1.2.0", .release_counter = 7});
  ASSERT_TRUE(server_ae_->container("images").push(to_base64(other)));
  const auto held = prepare(update("", {}));
  ASSERT_TRUE(held) << held.error().detail;
  ASSERT_TRUE(link_->reset());
  EXPECT_TRUE(link_->stand()->on_trial);
  EXPECT_EQ(lamps_own_firmware().find("uds")->integer_at("sus"), 3);

  cse_.update("cse-mn/node-LAMP-1/firmware",
              Value::object({{"url", "cse-mn/ota-server/images"}, {"vr", "1.2.0"}, {"ud", true}}));
  const Result<EcuFacts> after = link_->look();  // after it in the node's queue

  ASSERT_TRUE(after) << after.error().detail;
  EXPECT_EQ(after->version, "1.1.0") << lamp_steps_.str();
  EXPECT_NE(lamp_steps_.str().find("a release of the vehicle is under way"), std::string::npos)
      << lamp_steps_.str();
  lamp_.reset();
  lamp_disk_.power_cut();
  start_lamp(false);
  EXPECT_EQ(lamp_->version(), "1.0.0");
  EXPECT_EQ(link_->stand()->held.size(), 64U) << "it still waits for a word";
  ASSERT_TRUE(link_->settle(Word::kDiscard));
  EXPECT_EQ(lamps_own_firmware().find("uds")->integer_at("sus"), 2);
  EXPECT_EQ(lamps_own_firmware().string_at("vr"), "1.0.0");
}

// --- an ECU that is gone after the decision --------------------------------------------------

/// A third ECU, which is no member of the release.
class DelayedRelease : public ReleaseOrders {
 protected:
  static constexpr const char* kOther = "ECU-0003";

  DelayedRelease() {
    settings_.ecus.push_back(entry_of(kOther, other_, EcuLevel::kConstrained));
    settings_.retry_most = std::chrono::milliseconds(8);
  }
  static ecu::EcuSettings other_settings() {
    ecu::EcuSettings settings = ecu::constrained_ecu();
    settings.serial = kOther;
    return settings;
  }
  /// The gateway loses its power as soon as the first ECU has settled, the constrained one for
  /// longer.
  void lose_one(const Bytes& constrained, JobState state) {
    start([state](const Job& job) { return job.state != state; });
    order_both(update(), constrained);
    settle();
    ASSERT_EQ(ReleaseJournal(settings_.state_dir).pending(), std::vector<std::string>{"R-1"});
    constrained_.power_off();
    restart();
  }
  /// The gateway is never at rest as long as the ECU is gone.
  template <class Condition>
  bool comes(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!condition() && std::chrono::steady_clock::now() < deadline) {
      (void)gateway_->settle(std::chrono::milliseconds(5));
    }
    return condition();
  }
  bool answered(const std::string& inquiry, const std::string& serial) {
    for (const Value& each : reports_of("inventory")) {
      if (each.string_at("inquiry") != inquiry) continue;
      for (const Value& entry : *each.find("reports")->as_array()) {
        if (entry.string_at("ecu") == serial) return true;
      }
    }
    return false;
  }
  Value row(const std::string& serial) {
    const std::vector<http::HeaderField> headers = {{"Host", "127.0.0.1:8090"}};
    http::PageRequest request;
    request.method = "GET";
    request.path = "/state";
    request.headers = &headers;
    const Value state = parse_json(gateway_->pages()(request).value().body).value();
    for (const Value& each : *state.find("ecus")->as_array()) {
      if (each.string_at("serial") == serial) return each;
    }
    return {};
  }

  TestEcu other_{other_settings(), ecu::image_of({.version = "1.0.0", .release_counter = 5})};
};

TEST_F(DelayedRelease, HoldsUpNobodyElse) {
  lose_one(update(), JobState::kRebooted);

  // Its own other member is reported; inquiries are answered; another ECU is updated.
  EXPECT_TRUE(comes([&] { return count("completion") == 1; }));
  const std::string nonce = fresh_nonce();
  ask(nonce);
  EXPECT_TRUE(comes([&] { return answered("i-" + nonce.substr(0, 8), kFull); }));
  EXPECT_TRUE(answered("i-" + nonce.substr(0, 8), kOther));
  offer(kOther, update("", {}));
  EXPECT_TRUE(comes([&] { return count("completion") == 2; }));
  EXPECT_EQ(other_.version(), "1.1.0");
  EXPECT_EQ(full_.version(), "1.1.0");

  constrained_.power_on();
  settle();
  EXPECT_EQ(constrained_.version(), "1.1.0") << steps_.str() << log_.str();
  EXPECT_EQ(count("completion"), 3U);
  EXPECT_EQ(count("refusal"), 0U);
  EXPECT_TRUE(ReleaseJournal(settings_.state_dir).pending().empty());
}

TEST_F(DelayedRelease, IsHeldUpByNoQuestion) {
  settings_.auto_consent = true;
  start([](const Job& job) { return job.state != JobState::kRebooted; });
  order_both(update(), update());
  settle();
  constrained_.power_off();
  gateway_.reset();
  settings_.auto_consent = false;
  start();

  offer(kOther, update("", {}));
  EXPECT_TRUE(comes([&] { return gateway_->desk().pending().has_value(); }));
  constrained_.power_on();

  EXPECT_TRUE(comes([&] { return count("completion") == 2; })) << "of both members";
  EXPECT_TRUE(gateway_->desk().pending()) << "the question is still open";
}

TEST_F(DelayedRelease, IsToldToTheOperatorOnce) {
  lose_one(update(), JobState::kRebooted);

  ASSERT_TRUE(comes([&] { return count("delayed") == 1; }));
  const Value report = reports_of("delayed").front();
  const Value* error = report.find("error");
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(error->string_at("ecu"), kConstrained);
  EXPECT_EQ(error->string_at("stage"), "release");
  EXPECT_NE(error->string_at("reason").find("release R-1 is decided (committed), but the ECU does"),
            std::string::npos)
      << error->string_at("reason");
  EXPECT_EQ(row(kConstrained).string_at("state"), "delayed");
  EXPECT_NE(row(kConstrained).string_at("last").find("does not answer"), std::string::npos);
  EXPECT_EQ(sus(kConstrained), 3) << "in process";

  constrained_.power_on();
  settle();
  EXPECT_EQ(count("delayed"), 1U);
  EXPECT_EQ(sus(kConstrained), 1);
  EXPECT_EQ(row(kConstrained).string_at("state"), "idle");
}

TEST_F(DelayedRelease, LetsNoMemberGetAheadOfTheOthers) {
  lose_one(update(), JobState::kRebooted);
  ASSERT_TRUE(comes([&] { return sus(kFull) == 1; }));
  ASSERT_TRUE(comes([&] { return !gateway_->journal().open_job_of(kFull); }));

  const Bytes next = ecu::image_of({.version = "1.2.0", .release_counter = 7});
  offer(kFull, next, "1.2.0");
  ASSERT_TRUE(comes([&] { return count("refusal") == 1; }));
  EXPECT_NE(reports_of("refusal").front().find("error")->string_at("reason").find("release R-1"),
            std::string::npos);

  constrained_.power_on();
  settle();
  EXPECT_EQ(full_.version(), "1.1.0");
  EXPECT_EQ(constrained_.version(), "1.1.0");
  EXPECT_FALSE(firmware(kFull).bool_at("ud", true)) << "the order that was refused is closed";
  EXPECT_EQ(firmware(kFull).string_at("vr"), "1.1.0");
  EXPECT_EQ(sus(kFull), 2);
  EXPECT_EQ(count("refusal"), 1U);
}

TEST_F(DelayedRelease, GoesBackOnTheOthersToo) {
  lose_one(update("version 1.1.0\nself-test failed\n"), JobState::kFailed);

  EXPECT_TRUE(comes([&] { return count("refusal") == 1; })) << "the full one's";
  EXPECT_TRUE(comes([&] { return count("delayed") == 1; }));
  EXPECT_EQ(full_.version(), "1.0.0");

  constrained_.power_on();
  settle();
  EXPECT_EQ(constrained_.version(), "1.0.0") << steps_.str() << log_.str();
  EXPECT_EQ(count("refusal"), 2U);
  EXPECT_TRUE(ReleaseJournal(settings_.state_dir).pending().empty());
}

TEST_F(DelayedRelease, EndsWithoutAnEcuThatIsInTheVehicleNoMore) {
  start([](const Job& job) { return job.state != JobState::kRebooted; });
  order_both(update(), update());
  settle();
  std::erase_if(settings_.ecus, [](const EcuEntry& each) { return each.serial == kConstrained; });

  restart();
  settle();

  EXPECT_EQ(full_.version(), "1.1.0");
  EXPECT_EQ(count("completion"), 1U) << steps_.str() << log_.str();
  EXPECT_TRUE(ReleaseJournal(settings_.state_dir).pending().empty());
}

}  // namespace
}  // namespace gatehouse::gateway
