#include "ae-apps/ota/node/field_node.h"

#include <gtest/gtest.h>

#include <sstream>

#include "ae-apps/sdk/fake_cse.h"
#include "tests/ae-apps/ota/ecu/ecu_fixture.h"
#include "tests/ae-apps/ota/temporary_folder.h"

namespace gatehouse::node {
namespace {

using ecu::image_of;

class FieldNodeTest : public testing::Test {
 protected:
  FieldNodeTest() {
    settings_.ae.cse_id = "/id-mn";
    settings_.ae.csebase = "cse-mn";
    settings_.ae.ae_id = "Clamp";
    settings_.ae.name = "lamp";
    settings_.ecu = ecu::full_ecu();
    settings_.ecu.serial = "LAMP-1";
    settings_.state_dir = folder_.path();
    settings_.managers = {"/id-in/Cmanager"};
    settings_.images = {"cse-mn/manager/"};
    sdk::AeSettings manager;
    manager.cse_id = "/id-mn";
    manager.csebase = "cse-mn";
    manager.ae_id = "Cmanager";
    manager.name = "manager";
    manager_ = sdk::Ae::connect(manager, cse_.link()).value();
    EXPECT_TRUE(manager_->container("images").ensure());
  }
  void start() {
    auto node = FieldNode::start(settings_, image_of({.version = "1.0.0", .release_counter = 5}),
                                 disk_, runner_, log_, cse_.link());
    ASSERT_TRUE(node) << node.error().detail;
    node_ = *std::move(node);
  }
  /// Puts the image there and orders it; returns once the order is closed.
  void order(const Bytes& image, const std::string& version = "1.1.0",
             const std::string& url = "cse-mn/manager/images") {
    ASSERT_TRUE(manager_->container("images").push(to_base64(image)));
    cse_.update("cse-mn/node-LAMP-1/firmware",
                Value::object({{"url", url}, {"vr", version}, {"ud", true}}));
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (firmware().bool_at("ud", true) && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();  // another thread carries it out
    }
    ASSERT_FALSE(firmware().bool_at("ud", true));
  }
  Value firmware() { return cse_.find("cse-mn/node-LAMP-1/firmware"); }
  std::int64_t sus() {
    const Value attributes = firmware();
    const Value* uds = attributes.find("uds");
    return uds == nullptr ? 0 : uds->integer_at("sus");
  }

  TemporaryFolder folder_;
  sdk::FakeCse cse_{"/id-mn", "cse-mn"};
  FieldNodeSettings settings_;
  std::unique_ptr<sdk::Ae> manager_;
  ecu::SimulatedDisk disk_;
  ecu::SimulatedRunner runner_;
  std::ostringstream steps_, says_;
  ota::StepLog log_{steps_, says_};
  std::unique_ptr<FieldNode> node_;
};

TEST_F(FieldNodeTest, PublishesItself) {
  start();

  EXPECT_EQ(firmware().string_at("vr"), "1.0.0");
  EXPECT_EQ(cse_.find("cse-mn/node-LAMP-1/device-info").string_at("fwv"), "1.0.0");
}

TEST_F(FieldNodeTest, InstallsWhatIsOrdered) {
  start();

  order(image_of({.version = "1.1.0", .release_counter = 6}));

  EXPECT_EQ(node_->version(), "1.1.0");
  EXPECT_EQ(firmware().string_at("vr"), "1.1.0");
  EXPECT_EQ(sus(), 1);
  EXPECT_EQ(cse_.find("cse-mn/node-LAMP-1/device-info").string_at("fwv"), "1.1.0");
}

TEST_F(FieldNodeTest, StaysAsItIsWhenAnImageIsWrong) {
  start();
  Bytes altered = image_of({.version = "1.1.0", .release_counter = 6});
  altered.back() ^= 1;

  order(altered);

  EXPECT_EQ(sus(), 2);
  EXPECT_EQ(firmware().string_at("vr"), "1.0.0");
  EXPECT_EQ(node_->version(), "1.0.0");
}

TEST_F(FieldNodeTest, GoesBackFromAFailedSelfTest) {
  start();

  order(image_of(
      {.version = "1.1.0", .release_counter = 6, .payload = "version 1.1.0\nself-test failed\n"}));

  EXPECT_EQ(sus(), 2);
  EXPECT_EQ(node_->version(), "1.0.0");
}

TEST_F(FieldNodeTest, TakesNoImageFromElsewhere) {
  start();

  order(image_of({.version = "1.1.0", .release_counter = 6}), "1.1.0", "cse-mn/stranger/images");

  EXPECT_EQ(sus(), 2);
  EXPECT_EQ(node_->version(), "1.0.0");
}

TEST_F(FieldNodeTest, CarriesOutWhatWasOrderedWhileItWasAway) {
  start();
  node_.reset();
  ASSERT_TRUE(manager_->container("images").push(
      to_base64(image_of({.version = "1.1.0", .release_counter = 6}))));
  cse_.update("cse-mn/node-LAMP-1/firmware",
              Value::object({{"url", "cse-mn/manager/images"}, {"vr", "1.1.0"}, {"ud", true}}));

  start();

  EXPECT_EQ(node_->version(), "1.1.0");
  EXPECT_EQ(sus(), 1);
}

}  // namespace
}  // namespace gatehouse::node
