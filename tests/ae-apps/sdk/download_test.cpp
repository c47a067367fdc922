#include "ae-apps/sdk/download.h"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <optional>
#include <random>
#include <set>

#include "bindings/http/file_page.h"
#include "bindings/http/server.h"
#include "tests/bindings/security/test_certificates.h"

namespace gatehouse::sdk {
namespace {

namespace fs = std::filesystem;
using testing_support::TemporaryFolder;

constexpr std::size_t kBlock = 1'000;

std::string noise(std::size_t size, unsigned seed) {
  std::mt19937 generator(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(generator());
  return bytes;
}

void write(const fs::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}

std::string read(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

class Nobody final : public PrimitiveHandler {
  void handle(Request&& request, Reply reply) override {
    reply(error_response(request, {Rsc::kNotFound, "no primitives here"}));
  }
};

/// A server of one folder that can go down and come back at the same port.
class ImageServer {
 public:
  explicit ImageServer(fs::path folder) : folder_(std::move(folder)) { start(); }
  void start() {
    http::ServerSettings settings;
    settings.port = port_;
    server_.emplace(settings, nobody_, codecs_);
    server_->set_pages([this](const http::PageRequest& request) -> std::optional<http::Page> {
      if (const int number = ++requests; too_much_at.contains(number)) {
        http::Page page;
        page.status = 429;
        return page;
      }
      return http::file_page(request, folder_, request.path.substr(1));
    });
    const auto started = server_->start();
    ASSERT_TRUE(started) << started.error().detail;
    port_ = server_->port();
  }
  void stop() { server_.reset(); }
  std::string url(const std::string& name) const {
    return "http://127.0.0.1:" + std::to_string(port_) + "/" + name;
  }

  std::atomic<int> requests{0};
  std::set<int> too_much_at;  ///< requests, the first is 1; set before they come

 private:
  const fs::path folder_;
  Nobody nobody_;
  const Codecs codecs_ = standard_codecs();
  std::uint16_t port_ = 0;
  std::optional<http::Server> server_;
};

class Download : public testing::Test {
 protected:
  void SetUp() override {
    write(folder_.path() / "image", image_);
    settings_.block_bytes = kBlock;
    settings_.wait = [](unsigned) {};
  }
  fs::path target() const { return folder_.path() / "got"; }

  const std::string image_ = noise(10'300, 1);
  TemporaryFolder folder_;
  ImageServer server_{folder_.path()};
  DownloadSettings settings_;
};

TEST_F(Download, FetchesBlockByBlock) {
  const auto done = download(server_.url("image"), target(), settings_);

  ASSERT_TRUE(done) << done.error().detail;
  EXPECT_EQ(read(target()), image_);
  EXPECT_EQ(done->bytes, image_.size());
  EXPECT_EQ(done->fetched_bytes, image_.size());
  EXPECT_EQ(server_.requests, 11);
  EXPECT_FALSE(fs::exists(folder_.path() / "got.part"));
  EXPECT_FALSE(fs::exists(folder_.path() / "got.etag"));
}

TEST_F(Download, GoesOnWithinACallWhenTheServerComesBack) {
  settings_.progress = [this](std::uint64_t bytes, std::uint64_t) {
    if (bytes == 5 * kBlock) server_.stop();
    return true;
  };
  settings_.wait = [this](unsigned attempt) {
    if (attempt == 2) server_.start();
  };

  const auto done = download(server_.url("image"), target(), settings_);

  ASSERT_TRUE(done) << done.error().detail;
  EXPECT_EQ(read(target()), image_);
  EXPECT_EQ(done->failures, 2u);
  EXPECT_LE(done->fetched_bytes, image_.size() + kBlock);
}

TEST_F(Download, WaitsForAServerThatSaysItIsTooMuchAndLosesNothing) {
  server_.too_much_at = {1, 6, 7};

  const auto done = download(server_.url("image"), target(), settings_);

  ASSERT_TRUE(done) << done.error().detail;
  EXPECT_EQ(read(target()), image_);
  EXPECT_EQ(done->failures, 3u);
  EXPECT_EQ(done->fetched_bytes, image_.size()) << "it did not start anew";
}

TEST_F(Download, GoesOnInTheNextCallWhereTheLastOneWasCut) {
  settings_.max_failures = 2;
  settings_.progress = [this](std::uint64_t bytes, std::uint64_t) {
    if (bytes == 7 * kBlock) server_.stop();
    return true;
  };
  const auto cut = download(server_.url("image"), target(), settings_);
  const bool appeared = fs::exists(target());
  server_.start();
  settings_.progress = {};

  const auto done = download(server_.url("image"), target(), settings_);

  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().rsc, Rsc::kTargetNotReachable);
  EXPECT_FALSE(appeared) << "an incomplete file must not appear";
  ASSERT_TRUE(done) << done.error().detail;
  EXPECT_EQ(read(target()), image_);
  EXPECT_LE(done->fetched_bytes, image_.size() - 7 * kBlock + kBlock);
  EXPECT_EQ(done->restarts, 0u);
}

class ChangedDownload : public Download, public testing::WithParamInterface<std::size_t> {};
TEST_P(ChangedDownload, StartsAnewWhenTheResourceHasChanged) {
  settings_.progress = [](std::uint64_t bytes, std::uint64_t) { return bytes < 3 * kBlock; };
  const auto stopped = download(server_.url("image"), target(), settings_);
  const std::string other = noise(GetParam(), 2);
  write(folder_.path() / "new", other);
  fs::rename(folder_.path() / "new", folder_.path() / "image");
  settings_.progress = {};

  const auto done = download(server_.url("image"), target(), settings_);

  ASSERT_FALSE(stopped);
  ASSERT_TRUE(done) << done.error().detail;
  EXPECT_EQ(read(target()), other);
  EXPECT_EQ(done->restarts, 1u);
}
INSTANTIATE_TEST_SUITE_P(Sizes, ChangedDownload, testing::Values(10'300, 12'000, 500));

TEST_F(Download, RefusesWhatIsTooLargeOrNotThere) {
  settings_.max_bytes = image_.size() - 1;

  const auto large = download(server_.url("image"), target(), settings_);
  const auto absent = download(server_.url("absent"), target(), settings_);
  const auto no_http = download("ftp://127.0.0.1/x", target(), settings_);

  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().rsc, Rsc::kNotAcceptable);
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().rsc, Rsc::kNotFound);
  ASSERT_FALSE(no_http);
  EXPECT_EQ(no_http.error().rsc, Rsc::kBadRequest);
  EXPECT_FALSE(fs::exists(target()));
}

TEST_F(Download, BlockBoundaryAndEmptyFile) {
  write(folder_.path() / "two", noise(2 * kBlock, 3));
  write(folder_.path() / "none", "");

  const auto two = download(server_.url("two"), target(), settings_);
  const auto none = download(server_.url("none"), folder_.path() / "empty", settings_);

  ASSERT_TRUE(two) << two.error().detail;
  EXPECT_EQ(two->bytes, 2 * kBlock);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().rsc, Rsc::kBadRequest) << "there is no range of nothing";
}

}  // namespace
}  // namespace gatehouse::sdk
