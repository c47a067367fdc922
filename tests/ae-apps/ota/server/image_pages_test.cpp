#include "ae-apps/ota/server/image_pages.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>

#include "bindings/http/client.h"
#include "certs/authority.h"
#include "tests/ae-apps/ota/server/vehicle_fixture.h"
#include "tests/ae-apps/ota/temporary_folder.h"

namespace gatehouse::ota_server {
namespace {

using testing::HasSubstr;

/// The certificates of this program's tests; making them takes time.
const TemporaryFolder& pki_folder() {
  static const TemporaryFolder folder;
  static const bool made = [] {
    const auto authority = pki::Authority::create(folder / "pki", "gatehouse.example");
    const auto issue = [&](const std::string& name, std::vector<std::string> identities) {
      pki::Request request;
      request.name = name;
      request.identities = std::move(identities);
      request.addresses = {"127.0.0.1"};
      return authority->issue(request).has_value();
    };
    return issue("server", {"/id-in/CotaServer"}) && issue("oem", {"/id-in/Coem"}) &&
           issue("false-oem", {"/id-mn/Coem"}) && issue("gateway", {"/id-mn/CotaGateway"}) &&
           issue("stranger", {"/id-mn/Cstranger"});
  }();
  EXPECT_TRUE(made);
  return folder;
}

TlsSettings tls_of(const std::string& name) {
  TlsSettings out;
  out.certificate_file = pki_folder() / ("pki/" + name + ".crt");
  out.key_file = pki_folder() / ("pki/" + name + ".key");
  out.ca_file = pki_folder() / "pki/ca.crt";
  return out;
}

class ImagePagesTest : public testing::Test {
 protected:
  ImagePagesTest() {
    settings_.tls = tls_of("server");
    settings_.uploaders = {"/id-in/Coem"};
    settings_.downloaders = {"/id-mn/CotaGateway"};
    open_store();
    pages_.emplace(
        settings_, *store_, log_, [] { return Timestamp{1'000'000'000}; },
        [this](const ImageFacts& image) { uploaded_.push_back(image); });
    server_.emplace(settings_, 128 * 1024, *pages_);
    EXPECT_TRUE(server_->start());
  }
  void open_store() {
    StoreSettings store;
    store.folder = folder_ / "images";
    store.oem_keys = {TestKeys::get().oem.public_key()};
    store.max_image_bytes = 100'000;
    store.max_images = 3;
    auto opened = ImageStore::open(store);
    ASSERT_TRUE(opened) << opened.error().detail;
    store_ = *std::move(opened);
  }
  std::string url(const std::string& name) const {
    const std::string server = "https://127.0.0.1:" + std::to_string(server_->port());
    if (name.starts_with("../")) return server + name.substr(2);
    return server + "/images" + (name.empty() ? "" : "/" + name);
  }
  http::ClientSettings client_settings(const std::string& who) const {
    http::ClientSettings out;
    out.tls = tls_of(who);
    return out;
  }
  Result<http::Stored> put(const std::string& who, const std::string& name, const Bytes& image) {
    std::promise<Result<http::Stored>> answered;
    http::Client client(client_settings(who), codecs_);
    client.put(url(name), "application/octet-stream", text_of(image),
               [&](Result<http::Stored> answer) { answered.set_value(std::move(answer)); });
    return answered.get_future().get();
  }
  Result<http::Fetched> fetch(const std::string& who, const std::string& name,
                              std::uint64_t first = 0, std::optional<std::uint64_t> last = {},
                              const std::string& etag = {}) {
    std::promise<Result<http::Fetched>> answered;
    http::Client client(client_settings(who), codecs_);
    client.fetch_range(url(name), first, last, etag, [&](Result<http::Fetched> answer) {
      answered.set_value(std::move(answer));
    });
    return answered.get_future().get();
  }
  void expect_refused(const std::string& who, const std::string& name, const Bytes& image,
                      int status, const std::string& reason) {
    const auto answer = put(who, name, image);
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_EQ(answer->status, status);
    EXPECT_THAT(answer->body, HasSubstr(reason));
    EXPECT_TRUE(std::filesystem::is_empty(folder_ / "images")) << "nothing is stored";
    EXPECT_TRUE(uploaded_.empty());
  }

  TemporaryFolder folder_;
  const Codecs codecs_ = standard_codecs();
  std::ostringstream steps_, said_;
  ota::StepLog log_{steps_, said_};
  ImageServerSettings settings_;
  std::unique_ptr<ImageStore> store_;
  std::vector<ImageFacts> uploaded_;
  std::optional<ImagePages> pages_;
  std::optional<ImageServer> server_;
};

TEST_F(ImagePagesTest, TakesASignedImageAndTellsOfItOnce) {
  const Bytes image = test_image("1.1.0", 11);
  const std::string sha256 = to_hex(crypto::sha256(image));

  EXPECT_EQ(put("oem", "brake-1.1.0.ghfw", image)->status, 201);
  EXPECT_EQ(put("oem", sha256, image)->status, 200) << "a repetition changes nothing";

  ASSERT_EQ(uploaded_.size(), 1u);
  EXPECT_EQ(uploaded_[0].sha256, sha256);
  EXPECT_EQ(uploaded_[0].version, "1.1.0");
  EXPECT_EQ(uploaded_[0].release_counter, 11u);
  EXPECT_TRUE(std::filesystem::exists(folder_ / ("images/" + sha256 + ".img")));
  EXPECT_THAT(steps_.str(), HasSubstr("STEP A event=uploaded by=/id-in/Coem image=" + sha256));
  EXPECT_THAT(steps_.str(), HasSubstr("STEP C event=secured peer=/id-in/Coem tls=1.3"));
}

TEST_F(ImagePagesTest, RefusesAnAlteredPayload) {
  Bytes image = test_image("1.1.0", 11);
  image.back() ^= 1;
  expect_refused("oem", "x", image, 422, "hash-mismatch");
}

TEST_F(ImagePagesTest, RefusesAnAlteredManifest) {
  Bytes image = test_image("1.1.0", 11);
  const std::string_view text = text_of(image);
  image[text.find("\"1.1.0\"") + 1] = '9';
  expect_refused("oem", "x", image, 422, "bad-signature");
}

TEST_F(ImagePagesTest, RefusesAnUnknownKey) {
  expect_refused("oem", "x", test_image("1.1.0", 11, TestKeys::get().stranger), 422, "unknown-key");
}

TEST_F(ImagePagesTest, RefusesHalfAnImageAndNoImage) {
  Bytes image = test_image("1.1.0", 11);
  image.resize(image.size() / 2);
  expect_refused("oem", "x", image, 422, "incomplete");
  expect_refused("oem", "x", bytes_of("<html>"), 422, "malformed");
}

TEST_F(ImagePagesTest, RefusesUploadsOfAnyOtherIdentity) {
  const Bytes image = test_image("1.1.0", 11);
  expect_refused("gateway", "x", image, 403, "may not upload");
  expect_refused("stranger", "x", image, 403, "may not upload");
  expect_refused("false-oem", "x", image, 403, "may not upload");
}

TEST_F(ImagePagesTest, RefusesAPeerWithoutACertificate) {
  http::ClientSettings naked = client_settings("oem");
  naked.tls->certificate_file.clear();
  naked.tls->key_file.clear();
  std::promise<Result<http::Stored>> answered;
  http::Client client(naked, codecs_);
  client.put(url("x"), "application/octet-stream", "x",
             [&](Result<http::Stored> answer) { answered.set_value(std::move(answer)); });

  EXPECT_FALSE(answered.get_future().get());
}

TEST_F(ImagePagesTest, RefusesNamesThatAreWrong) {
  const Bytes image = test_image("1.1.0", 11);
  expect_refused("oem", std::string(64, 'a'), image, 400, "the SHA-256 of the image is");
  expect_refused("oem", ".hidden", image, 400, "a name has");
  expect_refused("oem", "a/b", image, 400, "a name has");
}

TEST_F(ImagePagesTest, RefusesWhatIsTooLarge) {
  expect_refused("oem", "x", test_image("1.1.0", 11, TestKeys::get().oem, 110'000), 422,
                 "too-long");
  const auto answer = put("oem", "x", Bytes(200'000, 1));
  EXPECT_TRUE(!answer || answer->status == 413);
}

TEST_F(ImagePagesTest, RefusesMoreImagesThanThereIsRoomFor) {
  for (int i = 1; i <= 3; ++i) {
    EXPECT_EQ(put("oem", "x", test_image("1.0." + std::to_string(i), 10 + i))->status, 201);
  }
  const auto answer = put("oem", "x", test_image("1.0.4", 14));
  EXPECT_EQ(answer->status, 507);
  EXPECT_EQ(store_->images().size(), 3u);
}

TEST_F(ImagePagesTest, ServesRangesToGateways) {
  const Bytes image = test_image("1.1.0", 11);
  const std::string sha256 = to_hex(crypto::sha256(image));
  ASSERT_EQ(put("oem", sha256, image)->status, 201);

  const auto first = fetch("gateway", sha256, 0, 999);
  ASSERT_TRUE(first) << first.error().detail;
  EXPECT_EQ(first->status, 206);
  EXPECT_EQ(first->total_bytes, image.size());
  EXPECT_FALSE(first->etag.empty());
  const auto rest = fetch("gateway", sha256, 1000, std::nullopt, first->etag);
  ASSERT_TRUE(rest) << rest.error().detail;

  EXPECT_EQ(first->body + rest->body, text_of(image));
  EXPECT_EQ(rest->etag, first->etag);
  EXPECT_THAT(steps_.str(), HasSubstr("STEP E event=download by=/id-mn/CotaGateway"));
}

TEST_F(ImagePagesTest, ServesNothingToStrangers) {
  const Bytes image = test_image("1.1.0", 11);
  const std::string sha256 = to_hex(crypto::sha256(image));
  ASSERT_EQ(put("oem", sha256, image)->status, 201);

  EXPECT_FALSE(fetch("stranger", sha256));
  EXPECT_FALSE(fetch("stranger", ""));
  EXPECT_TRUE(fetch("gateway", sha256));
}

TEST_F(ImagePagesTest, AnswersNobodyMoreThanItsShare) {
  Timestamp now{1'000'000'000};
  settings_.rate = {2, 3};
  ImagePages pages(settings_, *store_, log_, [&] { return now; }, {});
  Peer peer;
  peer.authenticated = true;
  const std::vector<http::HeaderField> headers;
  const auto ask = [&](const std::string& who) {
    peer.identities = {who};
    http::PageRequest request;
    request.method = "GET";
    request.path = "/images";
    request.headers = &headers;
    request.peer = &peer;
    return pages.answer(request);
  };
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask("/id-mn/CotaGateway").status, 200) << i;

  for (int i = 0; i < 5; ++i) {
    const http::Page refused = ask("/id-mn/CotaGateway");
    EXPECT_EQ(refused.status, 429);
    ASSERT_EQ(refused.headers.size(), 1u);
    EXPECT_EQ(refused.headers[0], (std::pair<std::string, std::string>{"Retry-After", "1"}));
  }
  EXPECT_EQ(ask("/id-in/Coem").status, 200) << "another's share is its own";
  now = now + std::chrono::milliseconds(500);
  EXPECT_EQ(ask("/id-mn/CotaGateway").status, 200);

  const std::string told = steps_.str();
  EXPECT_EQ(told.find("too many requests"), told.rfind("too many requests")) << "once: " << told;
  EXPECT_NE(told.find("too many requests"), std::string::npos) << told;
}

TEST_F(ImagePagesTest, ListsWhatThereIs) {
  ASSERT_EQ(put("oem", "x", test_image("1.1.0", 11))->status, 201);

  const auto list = fetch("gateway", "");
  ASSERT_TRUE(list) << list.error().detail;
  const auto tree = parse_json(list->body);
  ASSERT_TRUE(tree && tree->is_array() && tree->size() == 1u);
  EXPECT_EQ(tree->as_array()->front().string_at("hardware_id"), "brake-2");
  EXPECT_EQ(tree->as_array()->front().integer_at("release_counter"), 11);
}

TEST_F(ImagePagesTest, AStoreThatIsOpenedAgainVerifiesAgain) {
  const Bytes good = test_image("1.1.0", 11);
  const Bytes bad = test_image("1.2.0", 12);
  ASSERT_TRUE(store_->put("x", good) && store_->put("y", bad));
  const std::string file = folder_ / ("images/" + to_hex(crypto::sha256(bad)) + ".img");
  {
    std::fstream out(file, std::ios::in | std::ios::out | std::ios::binary);
    out.seekp(-1, std::ios::end);
    out.put('x');
  }
  std::ofstream(folder_ / "images/half.img.new") << "cut off";

  open_store();

  ASSERT_EQ(store_->images().size(), 1u);
  EXPECT_EQ(store_->images()[0].version, "1.1.0");
  EXPECT_EQ(store_->set_aside().size(), 1u);
  EXPECT_FALSE(std::filesystem::exists(file));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "images/half.img.new"));
}

TEST_F(ImagePagesTest, FilesBesideImagesAreKnownByTheirDigestAlone) {
  const Bytes form = bytes_of("a compressed image");
  const std::string name = "../artifacts/" + to_hex(crypto::sha256(form));

  EXPECT_EQ(put("false-oem", name, form)->status, 403);
  EXPECT_EQ(put("gateway", name, form)->status, 403);
  EXPECT_EQ(put("oem", "../artifacts/" + std::string(64, 'a'), form)->status, 400);
  EXPECT_EQ(put("oem", "../artifacts/x", form)->status, 400);
  EXPECT_EQ(put("oem", name, form)->status, 201);
  EXPECT_EQ(put("oem", name, form)->status, 200);
  const auto part = fetch("gateway", name, 2, 5);
  ASSERT_TRUE(part) << part.error().detail;
  EXPECT_EQ(part->body, "comp");
  EXPECT_FALSE(fetch("stranger", name));
  EXPECT_FALSE(fetch("gateway", "../artifacts/" + std::string(64, 'b')));
}

}  // namespace
}  // namespace gatehouse::ota_server
