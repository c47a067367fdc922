#include "ae-apps/ota/node/field_node.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "ae-apps/ota/node/image_chunks.h"
#include "ae-apps/sdk/fake_cse.h"
#include "bindings/http/file_page.h"
#include "bindings/http/server.h"
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

// --- images in chunks ----------------------------------------------------------------------------

class ImageInChunks : public FieldNodeTest {
 protected:
  void order_only(const std::string& version = "1.1.0") {
    cse_.update("cse-mn/node-LAMP-1/firmware",
                Value::object({{"url", "cse-mn/manager/images"}, {"vr", version}, {"ud", true}}));
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (firmware().bool_at("ud", true) && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();  // another thread carries it out
    }
  }
  const Bytes image_ = image_of({.version = "1.1.0", .release_counter = 6, .padding = 3'000});
  const std::string name_ = to_hex(crypto::sha256(image_)).substr(0, 16);
};

TEST_F(ImageInChunks, AreFetchedOneByOneAndInstalled) {
  ASSERT_TRUE(publish_image(*manager_, "images", image_, 1'000));
  start();

  order_only();

  EXPECT_EQ(node_->version(), "1.1.0") << steps_.str() << says_.str();
  EXPECT_EQ(sus(), 1);
}

TEST_F(ImageInChunks, AFetchGoesOnWhereItWasCut) {
  ASSERT_TRUE(publish_image(*manager_, "images", image_, 1'000));
  const ChunkIndex index{to_hex(crypto::sha256(image_)), image_.size(),
                         (image_.size() + 999) / 1'000, 1'000};
  const std::filesystem::path part = folder_ / "part";
  // Two chunks and a half were written when the power was cut.
  std::ofstream(part, std::ios::binary) << gatehouse::text_of(ByteView(image_).first(2'500));

  const auto fetched = fetch_image(*manager_, "cse-mn/manager/images", index, part);

  ASSERT_TRUE(fetched) << fetched.error().detail;
  EXPECT_TRUE(fetched->image == image_);
  EXPECT_EQ(fetched->fetched_chunks, index.chunks - 2) << "at most one chunk is lost";
  EXPECT_FALSE(std::filesystem::exists(part));
}

TEST_F(ImageInChunks, AMissingOrForeignChunkEndsIt) {
  ASSERT_TRUE(publish_image(*manager_, "images", image_, 1'000));
  const ChunkIndex index{to_hex(crypto::sha256(image_)), image_.size(),
                         (image_.size() + 999) / 1'000, 1'000};
  ChunkIndex lie = index;
  lie.sha256[63] = lie.sha256[63] == '0' ? '1' : '0';

  EXPECT_NE(fetch_image(*manager_, "cse-mn/manager/images", lie, folder_ / "part")
                .error()
                .detail.find("another chunk"),
            std::string::npos);
  ASSERT_TRUE(manager_->remove("cse-mn/manager/images/" + name_ + "-1"));
  EXPECT_EQ(fetch_image(*manager_, "cse-mn/manager/images", index, folder_ / "part").error().rsc,
            Rsc::kNotFound);
}

TEST_F(ImageInChunks, AnAlteredPartIsFoundAtTheEndAndForgotten) {
  ASSERT_TRUE(publish_image(*manager_, "images", image_, 1'000));
  const ChunkIndex index{to_hex(crypto::sha256(image_)), image_.size(),
                         (image_.size() + 999) / 1'000, 1'000};
  std::ofstream(folder_ / "part", std::ios::binary) << std::string(1'000, 'x');

  EXPECT_NE(fetch_image(*manager_, "cse-mn/manager/images", index, folder_ / "part")
                .error()
                .detail.find("another SHA-256"),
            std::string::npos);
  EXPECT_TRUE(fetch_image(*manager_, "cse-mn/manager/images", index, folder_ / "part"));
}

TEST_F(ImageInChunks, AnIndexThatDoesNotFitIsRefused) {
  const std::string sha256(64, 'a');
  const auto index = [&](std::int64_t bytes, std::int64_t chunks, std::int64_t chunk_bytes) {
    return parse_index(Value::object({{"image", sha256},
                                      {"bytes", bytes},
                                      {"chunks", chunks},
                                      {"chunk_bytes", chunk_bytes}}),
                       1'000'000);
  };

  EXPECT_TRUE(index(1'000, 10, 100));
  EXPECT_TRUE(index(1'001, 11, 100));
  EXPECT_FALSE(index(1'001, 10, 100));
  EXPECT_FALSE(index(0, 0, 100));
  EXPECT_FALSE(index(1'000, 10, 0));
  EXPECT_FALSE(index(-5, 1, 100));
  EXPECT_FALSE(index(1'000'001, 1, 2'000'000)) << "larger than what is taken";
  EXPECT_FALSE(index(100'000, 100'000, 1)) << "too many chunks";
  EXPECT_FALSE(parse_index(Value("x"), 10));
  EXPECT_FALSE(publish_image(*manager_, "images", image_, 0));
}

// --- limits of a download ------------------------------------------------------------------------

class LimitedDownload : public ImageInChunks {
 protected:
  LimitedDownload() {
    settings_.download_clock = [this] { return now_; };
    settings_.download_pause = [this](std::chrono::milliseconds wait) {
      now_ += wait;
      paused_ += wait;
      return true;
    };
  }
  /// Each chunk takes so long on its way.
  void slow_down(std::chrono::milliseconds each) {
    settings_.download_clock = [this, each] { return now_ += each; };
  }
  bool asked_for(const std::string& part) {
    const auto all = cse_.requests();
    return std::any_of(all.begin(), all.end(), [&](const Request& request) {
      return request.operation == Operation::kRetrieve &&
             request.to.find(part) != std::string::npos;
    });
  }
  std::chrono::milliseconds now_{0}, paused_{0};
};

// Uptane standard 2.1 section 4.3.2
TEST_F(LimitedDownload, ThatIsTooSlowIsGivenUp) {
  slow_down(std::chrono::seconds(40));
  ASSERT_TRUE(publish_image(*manager_, "images", image_, 1'000));
  start();

  order_only();

  EXPECT_EQ(sus(), 2);
  EXPECT_EQ(node_->version(), "1.0.0");
  EXPECT_NE(steps_.str().find("slow-retrieval"), std::string::npos) << steps_.str();
  EXPECT_FALSE(asked_for(name_ + "-2"));
}

TEST_F(LimitedDownload, HasALeastRateOfItsOwn) {
  slow_down(std::chrono::seconds(40));
  settings_.download.least.least_bytes_per_second = 1;
  ASSERT_TRUE(publish_image(*manager_, "images", image_, 1'000));
  start();

  order_only();

  EXPECT_EQ(node_->version(), "1.1.0") << steps_.str();
}

TEST_F(LimitedDownload, IsNeverFasterThanAllowed) {
  const Bytes image = image_of({.version = "1.1.0", .release_counter = 6, .padding = 200'000});
  settings_.download.most_bytes_per_second = 10'000;
  ASSERT_TRUE(publish_image(*manager_, "images", image, 20'000));
  start();

  order_only();

  EXPECT_EQ(node_->version(), "1.1.0") << steps_.str();
  // Of what came behind the first chunk, 64 KiB were saved up.
  EXPECT_GE(paused_, std::chrono::seconds((200'000 - 20'000 - 65'536) / 10'000));
}

TEST_F(LimitedDownload, ThatDoesNotFitIsNotBegun) {
  settings_.min_free_bytes = std::uint64_t{1} << 60;
  ASSERT_TRUE(publish_image(*manager_, "images", image_, 1'000));
  start();

  order_only();

  EXPECT_EQ(sus(), 2);
  EXPECT_NE(steps_.str().find("not enough free space"), std::string::npos) << steps_.str();
  EXPECT_FALSE(asked_for(name_ + "-0"));
}

TEST_F(LimitedDownload, OfOneWholeInstanceNeedsItsRoomToo) {
  settings_.min_free_bytes = std::uint64_t{1} << 60;
  start();

  order(image_);

  EXPECT_EQ(sus(), 2);
  EXPECT_EQ(node_->version(), "1.0.0");
}

// Whoever stops the node during the cap's waiting finds the order as it was, and goes on with it.
TEST_F(LimitedDownload, ThatIsStoppedGoesOnAtTheNextStart) {
  const Bytes image = image_of({.version = "1.1.0", .release_counter = 6, .padding = 200'000});
  settings_.download.most_bytes_per_second = 1'000;
  settings_.download_clock = nullptr;  // it waits for real, 14 s behind the fourth chunk
  settings_.download_pause = nullptr;
  ASSERT_TRUE(publish_image(*manager_, "images", image, 20'000));
  start();
  cse_.update("cse-mn/node-LAMP-1/firmware",
              Value::object({{"url", "cse-mn/manager/images"}, {"vr", "1.1.0"}, {"ud", true}}));
  const std::string fourth = to_hex(crypto::sha256(image)).substr(0, 16) + "-3";
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!asked_for(fourth) && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();  // another thread carries it out
  }

  node_.reset();

  EXPECT_TRUE(firmware().bool_at("ud"));
  settings_.download.most_bytes_per_second = 0;
  start();
  EXPECT_EQ(node_->version(), "1.1.0") << steps_.str();
  EXPECT_EQ(sus(), 1);
}

class DownloadFromTheWeb : public LimitedDownload {
 protected:
  DownloadFromTheWeb() {
    server_.set_pages([this](const http::PageRequest& request) -> std::optional<http::Page> {
      return http::file_page(request, folder_ / "served", request.path.substr(1));
    });
    EXPECT_TRUE(server_.start());
    std::filesystem::create_directories(folder_ / "served");
    std::ofstream(folder_ / "served/lamp", std::ios::binary) << gatehouse::text_of(image_);
    settings_.images = {url()};
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.port()) + "/"; }
  class Nobody final : public PrimitiveHandler {
    void handle(Request&& request, Reply reply) override {
      reply(error_response(request, {Rsc::kNotFound, "no primitives here"}));
    }
  };
  const Bytes image_ = image_of({.version = "1.1.0", .release_counter = 6, .padding = 300'000});
  Nobody nobody_;
  Codecs codecs_ = standard_codecs();
  http::Server server_{http::ServerSettings{}, nobody_, codecs_};
};

TEST_F(DownloadFromTheWeb, IsInstalledAndLeavesNothingBehind) {
  start();

  order(image_, "1.1.0", url() + "lamp");

  EXPECT_EQ(node_->version(), "1.1.0") << steps_.str();
  EXPECT_FALSE(std::filesystem::exists(folder_ / "download.img"));
}

TEST_F(DownloadFromTheWeb, HasTheSameLimits) {
  slow_down(std::chrono::seconds(400));
  start();

  order(image_, "1.1.0", url() + "lamp");

  EXPECT_EQ(sus(), 2);
  EXPECT_NE(steps_.str().find("slow-retrieval"), std::string::npos) << steps_.str();

  settings_.min_free_bytes = std::uint64_t{1} << 60;
  settings_.download_clock = {};
  node_.reset();
  start();
  order(image_, "1.1.0", url() + "lamp");

  EXPECT_EQ(sus(), 2);
  EXPECT_NE(steps_.str().find("not enough free space"), std::string::npos) << steps_.str();
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
