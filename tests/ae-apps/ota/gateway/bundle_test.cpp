// Updates from a USB stick, and bills of materials.
#include "ae-apps/ota/gateway/bundle.h"

#include "ae-apps/ota/clock/time_page.h"
#include "ae-apps/ota/coding/encoder.h"
#include "tests/ae-apps/ota/gateway/gateway_fixture.h"

namespace gatehouse::gateway {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSbom =
    R"({"bomFormat":"CycloneDX","specVersion":"1.5","components":[{"name":"<zlib>","version":"1.3"}]})";

class BundleTest : public GatewayTest {
 protected:
  BundleTest() {
    settings_.bundles = folder_ / "media";
    repositories_.releases = 5;  // what the ECUs run
  }

  static std::string sha256_of(ByteView bytes) { return to_hex(crypto::sha256(bytes)); }
  void write(const std::string& name, std::string_view content) {
    const fs::path file = fs::path(settings_.bundles) / "stick" / name;
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
  }
  Value sbom_value() const {
    const std::string_view text = kSbom;
    return Value::object({{"length", text.size()}, {"sha256", sha256_of(view_of(text))}});
  }
  /// What the repositories say, and this image for the ECU, on a stick.
  void put_on_stick(const std::string& serial, const Bytes& image, const Value& forms = {}) {
    repositories_.release(serial, image, "demo-ecu", forms, sbom_value());
    for (const auto& [name, text] : repositories_.director) write("director/" + name, text);
    for (const auto& [name, text] : repositories_.images) write("images/" + name, text);
    write("files/" + sha256_of(image), gatehouse::text_of(image));
    write("files/" + sha256_of(view_of(kSbom)), kSbom);
    write("gatehouse-bundle.json", "{}");
  }
  static Bytes new_image() { return ecu::image_of({.version = "1.1.0", .release_counter = 6}); }
  bool said(const std::string& text) const { return steps_.str().find(text) != std::string::npos; }
  http::Page page(const std::string& path) {
    const std::vector<http::HeaderField> headers = {{"Host", "localhost"}};
    http::PageRequest request;
    request.method = "GET";
    request.path = path;
    request.headers = &headers;
    return gateway_->pages()(request).value();
  }
};

TEST_F(BundleTest, AStickUpdatesAVehicleWithoutAnyServer) {
  put_on_stick(kFull, new_image());
  settings_.uptane->director_url = settings_.uptane->images_url = "http://127.0.0.1:1/";
  settings_.images_url = "http://127.0.0.1:1/images/";

  start();
  settle();

  EXPECT_EQ(full_.version(), "1.1.0") << steps_.str() << log_.str();
  EXPECT_EQ(images_.requests, 0U);
  const Value report = only_report("completion");
  EXPECT_TRUE(report.bool_at("offline")) << "the server asks the ECU again by itself";
}

TEST_F(BundleTest, NoInventoryShowsTheNewVersionBeforeTheServerWasTold) {
  put_on_stick(kFull, new_image());
  start(
      [](const Job& job) { return job.state != JobState::kRebooted; });  // as if it lost its power
  settle();

  ask(fresh_nonce(), Value::object({{"ecus", Value::array({kFull})}}));
  settle();

  const auto inventories = reports_of("inventory");
  ASSERT_EQ(inventories.size(), 1U) << steps_.str() << log_.str();
  EXPECT_FALSE(inventories[0].find("reports") != nullptr &&
               inventories[0].find("reports")->size() > 0)
      << "the server would take it for an intrusion";
  EXPECT_EQ(inventories[0].find("error")->string_at("reason"),
            "its update from a bundle is about to be reported");
}

TEST_F(BundleTest, AStickIsTakenUpWhenTheUserLooksForUpdatesAndOnlyOnce) {
  start();
  settle();
  put_on_stick(kConstrained, new_image());
  for (int i = 0; i < 2; ++i) {
    const std::string token = [&] {
      const std::string html = page("/").body;
      const std::size_t at = html.find("name=token value=\"") + 18;
      return html.substr(at, html.find('"', at) - at);
    }();
    const std::vector<http::HeaderField> headers = {{"Host", "localhost"}};
    const std::string form = "token=" + token;
    http::PageRequest request;
    request.method = "POST";
    request.path = "/check";
    request.headers = &headers;
    request.body = form;
    EXPECT_EQ(gateway_->pages()(request)->status, 303);
    settle();
  }

  EXPECT_EQ(constrained_.version(), "1.1.0") << steps_.str() << log_.str();
  EXPECT_EQ(gateway_->journal().jobs().size(), 1U);
}

TEST_F(BundleTest, AnExpiredStickIsRefusedWithAReason) {
  put_on_stick(kFull, new_image());
  repositories_.now = repositories_.now + std::chrono::hours(48);

  start();
  settle();

  EXPECT_TRUE(said("event=bundle-refused")) << steps_.str();
  EXPECT_TRUE(said("expired")) << steps_.str();
  EXPECT_EQ(full_.version(), "1.0.0");
  EXPECT_TRUE(gateway_->journal().jobs().empty());
}

TEST_F(BundleTest, AStickOlderThanWhatTheVehicleHasSeenIsRefused) {
  put_on_stick(kFull, new_image());
  const std::string stick = settings_.bundles;
  settings_.bundles.clear();
  start();
  const Bytes newer = ecu::image_of({.version = "1.2.0", .release_counter = 7});
  offer(kFull, newer, "1.2.0");
  settle();
  ASSERT_EQ(full_.version(), "1.2.0") << steps_.str() << log_.str();
  settings_.bundles = stick;

  restart();
  settle();

  EXPECT_TRUE(said("event=bundle-refused")) << steps_.str();
  EXPECT_EQ(full_.version(), "1.2.0");
}

TEST_F(BundleTest, AnAlteredImageOnAStickIsRefused) {
  const Bytes image = new_image();
  put_on_stick(kFull, image);
  write("files/" + sha256_of(image), std::string(image.size(), 'x'));

  start();
  settle();

  EXPECT_EQ(full_.version(), "1.0.0");
  const Value report = only_report("refusal");
  EXPECT_EQ(report.find("error")->string_at("stage"), "verify") << to_json(report);
  EXPECT_NE(report.find("error")->string_at("reason").find("image-hash"), std::string::npos);
}

TEST_F(BundleTest, AMissingImageIsNamed) {
  const Bytes image = new_image();
  put_on_stick(kFull, image);
  fs::remove(fs::path(settings_.bundles) / "stick/files" / sha256_of(image));

  start();
  settle();

  const Value report = only_report("refusal");
  EXPECT_NE(report.find("error")->string_at("reason").find("the bundle does not have this file"),
            std::string::npos)
      << to_json(report);
}

TEST_F(BundleTest, ACompressedFormOnAStickIsUsed) {
  const Bytes image = ecu::image_of({.version = "1.1.0", .release_counter = 6, .padding = 90'000});
  const Bytes coded = coding::encode({image}).value();
  coding::Form form;
  form.length = coded.size();
  form.sha256 = sha256_of(coded);
  write("files/" + form.sha256, gatehouse::text_of(coded));
  put_on_stick(kFull, image, coding::value_of({form}));
  fs::remove(fs::path(settings_.bundles) / "stick/files" / sha256_of(image));

  start();
  settle();

  EXPECT_EQ(full_.version(), "1.1.0") << steps_.str() << log_.str();
}

TEST_F(BundleTest, FoldersThatAreNoBundlesAreLeftAlone) {
  write("holiday.jpg", "x");

  EXPECT_TRUE(bundles_in(settings_.bundles).empty());
  EXPECT_TRUE(bundles_in("").empty());
  EXPECT_TRUE(bundles_in(folder_ / "nowhere").empty());
  EXPECT_FALSE(bundle_of("http://x/files/y"));
  EXPECT_EQ(bundle_of(url_in_bundle("/media/a", std::string(64, 'a'))), fs::path("/media/a"));
}

// --- bills of materials --------------------------------------------------------------------------

TEST_F(BundleTest, TheBillOfMaterialsOfWhatRunsIsShown) {
  put_on_stick(kFull, new_image());
  start();
  settle();
  ASSERT_EQ(full_.version(), "1.1.0") << steps_.str() << log_.str();

  EXPECT_EQ(page("/sbom/ECU-0001").body, kSbom);
  EXPECT_EQ(page("/sbom/ECU-0002").status, 404);
  EXPECT_EQ(page("/sbom/../job").status, 404);
  EXPECT_NE(page("/").body.find("&lt;zlib&gt;"), std::string::npos) << "escaped";
  EXPECT_NE(page("/state").body.find("\"components\":1"), std::string::npos);
}

TEST_F(BundleTest, AnotherBillOfMaterialsThanTheSignedOneIsNotShown) {
  put_on_stick(kFull, new_image());
  write("files/" + sha256_of(view_of(kSbom)), std::string(std::string_view(kSbom).size(), ' '));
  start();
  settle();

  EXPECT_EQ(full_.version(), "1.1.0") << "it decides nothing";
  EXPECT_TRUE(said("event=no-sbom")) << steps_.str();
  EXPECT_EQ(page("/sbom/ECU-0001").status, 404);
}

// --- attested time -------------------------------------------------------------------------------

/// A time server of its own, and a gateway whose system clock is wrong.
class AttestedTime : public GatewayTest {
 protected:
  AttestedTime() : server_(http::ServerSettings{}, nobody_, codecs_) {
    server_.set_pages(ota::time_pages(key_, [this] { return server_time_; }));
    EXPECT_TRUE(server_.start());
    settings_.time = TimeEntry{{"http://127.0.0.1:" + std::to_string(server_.port()) + "/time/"},
                               {{key_.public_key()}, 1}};
  }
  void offer_new() {
    offer(kConstrained, ecu::image_of({.version = "1.1.0", .release_counter = 6}));
  }

  class Nobody final : public PrimitiveHandler {
    void handle(Request&& request, Reply reply) override {
      reply(error_response(request, {Rsc::kNotFound, "no primitives here"}));
    }
  };
  crypto::SigningKey key_ = crypto::SigningKey::generate(crypto::Algorithm::kEd25519).value();
  Timestamp server_time_ = repositories_.now;
  Nobody nobody_;
  Codecs codecs_ = standard_codecs();
  http::Server server_;
};

TEST_F(AttestedTime, AllowsWhatTheTimeServerSaysIsFresh) {
  start();
  offer_new();
  settle();

  EXPECT_EQ(constrained_.version(), "1.1.0") << steps_.str() << log_.str();
}

TEST_F(AttestedTime, ASystemClockThatWasSetBackMakesNothingFresh) {
  server_time_ = repositories_.now + std::chrono::hours(48);  // metadata holds for 24 hours
  start();
  offer_new();
  settle();

  expect_refusal(kConstrained, "verify", "expired");
}

TEST_F(AttestedTime, WithoutAnyAttestedTimeNothingIsBelieved) {
  settings_.time->keys.keys = {gateway_key().public_key()};
  start();
  offer_new();
  settle();

  expect_refusal(kConstrained, "verify", "threshold: time");
}

}  // namespace
}  // namespace gatehouse::gateway
