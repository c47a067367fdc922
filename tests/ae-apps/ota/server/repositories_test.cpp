#include "ae-apps/ota/server/repositories.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "ae-apps/ota/coding/coded_image.h"
#include "ae-apps/ota/crypto/digest.h"
#include "ae-apps/ota/repository/repository_folder.h"
#include "ae-apps/ota/server/image_pages.h"
#include "ae-apps/ota/server/uptane_pages.h"
#include "cse/primitive/request.h"
#include "tests/ae-apps/ota/server/vehicle_fixture.h"
#include "tests/ae-apps/ota/temporary_folder.h"

namespace gatehouse::ota_server {
namespace {

using testing::HasSubstr;

class RepositoriesTest : public testing::Test {
 protected:
  RepositoriesTest() {
    const uptane::RoleSpec one{{key_.public_key()}, 1};
    const uptane::RoleSpecs roles = {
        {"root", one}, {"targets", one}, {"snapshot", one}, {"timestamp", one}};
    EXPECT_TRUE(images_.create(roles, now_));
    EXPECT_TRUE(director_.create(roles, now_));
    EXPECT_TRUE(images_.sign("root", key_));
    EXPECT_TRUE(director_.sign("root", key_));
    EXPECT_TRUE(director_.publish({}, now_));
    describe("brake/1.1.0", "aa");
    settings_.emplace(UptaneSettings{folder_ / "director", images_.metadata().at("1.root.json"),
                                     key_, key_, key_, std::chrono::hours(24)});
    reopen();
  }
  void reopen() {
    auto opened = Repositories::open(*settings_, folder_ / "state", now_);
    ASSERT_TRUE(opened) << opened.error().detail;
    repositories_ = *std::move(opened);
  }
  void describe(const std::string& name, const std::string& byte, bool encrypted_only = false) {
    auto content = images_.draft("targets", now_);
    ASSERT_TRUE(content);
    const std::string sha256 = byte.size() == 64 ? byte : sha(byte);
    uptane::TargetSpec target{name, 100, {{"sha256", sha256}}, {"brake-2"}, ++counter_, {}, {}};
    target.encrypted_only = encrypted_only;
    uptane::set_target(*content, target);
    ASSERT_TRUE(images_.stage("targets", *content));
    ASSERT_TRUE(images_.sign("targets", key_));
    const auto done = images_.publish({&key_, &key_}, now_);
    ASSERT_TRUE(done) << done.error().detail;
  }
  static std::string sha(const std::string& byte) {
    std::string out;
    for (int i = 0; i < 32; ++i) out += byte;
    return out;
  }
  static std::string bundle_of(const uptane::FileSet& files) {
    Value list = Value::object();
    for (const auto& [name, text] : files) list.set(name, text);
    return to_json(Value::object({{"files", std::move(list)}}));
  }
  Result<void> take() { return repositories_->take_images(bundle_of(images_.metadata()), now_); }
  Result<Repositories::Issued> issue(const std::string& image) {
    return repositories_->issue("/id-mn", {{"BRK-1", "brake-2", image}}, now_);
  }

  TemporaryFolder folder_;
  crypto::SigningKey key_ = *crypto::SigningKey::generate(crypto::Algorithm::kEd25519);
  Timestamp now_ = *uptane::parse_iso_time("2030-01-01T00:00:00Z");
  uptane::RepositoryFolder images_{folder_ / "images"};
  uptane::RepositoryFolder director_{folder_ / "director", uptane::Profile::kDirector};
  std::uint64_t counter_ = 0;
  std::optional<UptaneSettings> settings_;
  std::unique_ptr<Repositories> repositories_;
};

TEST_F(RepositoriesTest, KeepTheImageRepositoryOverARestart) {
  ASSERT_TRUE(take());
  reopen();

  EXPECT_EQ(repositories_->targets(),
            (std::map<std::string, std::string>{{sha("aa"), "brake/1.1.0"}}));
  EXPECT_EQ(repositories_->file("images/timestamp.json"), images_.metadata().at("timestamp.json"));
  EXPECT_EQ(repositories_->file("images/../director/1.root.json"), std::nullopt);
}

TEST_F(RepositoriesTest, IssueWhatAVehicleVerifies) {
  ASSERT_TRUE(take());
  const auto issued = issue(sha("aa"));
  ASSERT_TRUE(issued) << issued.error().detail;
  uptane::FileSet director, images;
  for (const char* name : {"1.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"}) {
    director[name] = repositories_->file(std::string("director/id-mn/") + name).value_or("");
    images[name] = repositories_->file(std::string("images/") + name).value_or("");
  }
  uptane::VehicleState state;
  state.director.root = director["1.root.json"];
  state.images.root = images["1.root.json"];
  uptane::MemoryFetcher director_files(director), image_files(images);
  uptane::VerifyRequest request;
  request.now = now_;
  request.vehicle = "/id-mn";
  request.ecus = {{"BRK-1", "brake-2"}};
  request.check_images = false;

  const auto outcome = uptane::verify_full(state, director_files, image_files, request);

  EXPECT_FALSE(outcome.refusal) << outcome.refusal->detail;
  ASSERT_EQ(outcome.targets.size(), 1u);
  EXPECT_EQ(outcome.targets[0].name, "brake/1.1.0");
}

TEST_F(RepositoriesTest, IssueAnewOnlyWhatIsNewOrOld) {
  ASSERT_TRUE(take());

  EXPECT_TRUE(issue(sha("aa"))->fresh);
  EXPECT_FALSE(issue(sha("aa"))->fresh);
  now_ = now_ + std::chrono::hours(13);
  EXPECT_EQ(issue(sha("aa"))->version, 2u) << "half of its time is over";
  EXPECT_EQ(repositories_->issue("/id-mn", {}, now_)->version, 3u);
  reopen();
  EXPECT_EQ(issue(sha("aa"))->version, 4u) << "versions never fall";
  EXPECT_TRUE(repositories_->file("director/id-mn/1.targets.json"))
      << "for a vehicle that is just reading it";
}

TEST_F(RepositoriesTest, OrderNothingThatTheOemDidNotSign) {
  ASSERT_TRUE(take());

  EXPECT_FALSE(issue(sha("bb")));
  EXPECT_FALSE(repositories_->file("director/id-mn/timestamp.json"));
}

TEST_F(RepositoriesTest, RefuseWhatAClientWouldRefuse) {
  ASSERT_TRUE(take());
  const uptane::FileSet old = images_.metadata();
  describe("brake/1.2.0", "bb");
  uptane::FileSet altered = images_.metadata();
  altered["2.targets.json"] = old.at("1.targets.json");
  const auto mixed = repositories_->take_images(bundle_of(altered), now_);
  ASSERT_FALSE(mixed);
  EXPECT_THAT(mixed.error().detail, HasSubstr("mix-and-match"));
  const auto late = repositories_->take_images(bundle_of(images_.metadata()),
                                               now_ + std::chrono::hours(24 * 400));
  ASSERT_FALSE(late);
  EXPECT_THAT(late.error().detail, HasSubstr("expired"));
  ASSERT_TRUE(take());
  const auto older = repositories_->take_images(bundle_of(old), now_);
  ASSERT_FALSE(older);
  EXPECT_EQ(older.error().rsc, Rsc::kNotAcceptable);
  for (const char* text : {"", "{}", "[]", R"({"files":{"../x.json":""}})",
                           R"({"files":{"timestamp.json":1}})", R"({"files":{}})"}) {
    EXPECT_FALSE(repositories_->take_images(text, now_)) << text;
  }

  EXPECT_EQ(repositories_->targets().size(), 2u);
  EXPECT_TRUE(repositories_->file("images/1.targets.json"))
      << "for a vehicle that is just reading it";
}

TEST_F(RepositoriesTest, NeedTheDirectorsRoot) {
  settings_->director_folder = folder_ / "nowhere";

  EXPECT_FALSE(Repositories::open(*settings_, folder_ / "other", now_));
}

/// Who asks, what for, and the answer.
struct AccessCase {
  const char* who;
  const char* method;
  const char* path;
  int status;
};
constexpr AccessCase kAccess[] = {
    {"/id-mn/CotaGateway", "GET", "/uptane/director/id-mn/1.root.json", 200},
    {"/id-other/CotaGateway", "GET", "/uptane/director/id-mn/1.root.json", 403},
    {"/id-mn/CotaGateway", "GET", "/uptane/images/1.root.json", 200},
    {"/id-mn/CotaGateway", "GET", "/uptane/images/9.root.json", 404},
    {"/id-in/Coem", "GET", "/uptane/images/1.root.json", 200},
    {"/id-in/Cstranger", "GET", "/uptane/images/1.root.json", 403},
    {"/id-mn/CotaGateway", "PUT", "/uptane/images", 403},
    {"/id-in/Coem", "PUT", "/uptane/images", 200},
    {"/id-in/Coem", "POST", "/uptane/images", 405},
    {"/id-in/Coem", "GET", "/uptane/elsewhere", 403},
};

TEST_F(RepositoriesTest, AreReadByThoseWhomTheyConcern) {
  ASSERT_TRUE(take());
  ASSERT_TRUE(issue(sha("aa")));
  ServerSettings settings;
  settings.vehicles = {test_vehicle()};
  settings.images.uploaders = {"/id-in/Coem"};
  settings.images.downloaders = {"/id-mn/CotaGateway"};
  std::ostringstream steps, said;
  ota::StepLog log(steps, said);
  int changes = 0;
  UptanePages pages({settings, *repositories_, log, [this] { return now_; }, [&] { ++changes; }});
  const std::string bundle = bundle_of(images_.metadata());
  for (const AccessCase& each : kAccess) {
    Peer peer;
    peer.authenticated = true;
    peer.identities = {each.who};
    const std::vector<http::HeaderField> headers;
    http::PageRequest request;
    request.method = each.method;
    request.path = each.path;
    request.headers = &headers;
    request.body = bundle;
    request.peer = &peer;
    EXPECT_EQ(pages.answer(request).status, each.status)
        << each.who << " " << each.method << " " << each.path;
  }
  EXPECT_EQ(changes, 1);
}

TEST_F(RepositoriesTest, WithholdAnImageThatIsServedEncryptedOnly) {
  describe("brake/1.2.0", "bb", true);
  ASSERT_TRUE(take());
  ServerSettings settings;
  settings.images.downloaders = {"/id-mn/CotaGateway"};
  StoreSettings store;
  store.folder = folder_ / "store/images";
  const auto images = ImageStore::open(store);
  ASSERT_TRUE(images) << images.error().detail;
  std::ostringstream steps, said;
  ota::StepLog log(steps, said);
  UptanePages uptane({settings, *repositories_, log, [this] { return now_; }, [] {}});
  ImagePages pages(
      settings.images, **images, log, [this] { return now_; }, [](const ImageFacts&) {});
  pages.serve(uptane);
  Peer peer;
  peer.authenticated = true;
  peer.identities = {"/id-mn/CotaGateway"};
  const std::vector<http::HeaderField> headers;
  const auto get = [&](const std::string& byte) {
    std::ofstream(store.folder / std::filesystem::path(sha(byte) + ".img")) << "the image";
    const std::string path = "/images/" + sha(byte);
    http::PageRequest request;
    request.method = "GET";
    request.path = path;
    request.headers = &headers;
    request.peer = &peer;
    return pages.answer(request);
  };

  EXPECT_EQ(get("aa").status, 200);
  const http::Page withheld = get("bb");
  EXPECT_EQ(withheld.status, 403);
  EXPECT_THAT(withheld.body, HasSubstr("encrypted only"));
  EXPECT_THAT(steps.str(), HasSubstr("is served encrypted only"));
}

/// Neither a plain form nor the image itself under the name of a form, whoever uploads it.
TEST_F(RepositoriesTest, KeepNoFileThatShowsSuchAnImageInTheClear) {
  const auto coded = [&](const std::string& plain, std::vector<coding::Recipient> recipients) {
    coding::CodedHeader header;
    header.length = 5;
    header.sha256 = plain;
    header.recipients = std::move(recipients);
    const Bytes bytes = coding::encode_coded_header(header);
    return std::string(bytes.begin(), bytes.end());
  };
  const std::string image = "the image itself";
  const std::string image_sha = to_hex(crypto::sha256(view_of(image)));
  const std::string sealed = coded(image_sha, {{std::string(64, 'a'), Bytes(60, 1)}});
  const std::string plain = coded(image_sha, {}), other = coded(sha("aa"), {});
  std::ostringstream steps, said;
  ota::StepLog log(steps, said);
  ServerSettings settings;
  settings.images.uploaders = {"/id-in/Coem"};
  StoreSettings store;
  store.folder = folder_ / "store/images";
  const auto images = ImageStore::open(store);
  ASSERT_TRUE(images) << images.error().detail;
  UptanePages uptane({settings, *repositories_, log, [this] { return now_; }, [] {}});
  ImagePages pages(
      settings.images, **images, log, [this] { return now_; }, [](const ImageFacts&) {});
  pages.serve(uptane);
  Peer peer;
  peer.authenticated = true;
  peer.identities = {"/id-in/Coem"};
  const std::vector<http::HeaderField> headers;
  const auto ask = [&](const char* method, const std::string& body) {
    const std::string path = "/artifacts/" + to_hex(crypto::sha256(view_of(body)));
    http::PageRequest request;
    request.method = method;
    request.path = path;
    request.headers = &headers;
    request.body = std::string_view(method) == "PUT" ? std::string_view(body) : "";
    request.peer = &peer;
    return pages.answer(request).status;
  };
  EXPECT_EQ(ask("PUT", plain), 201) << "nobody has said yet that it is secret";
  describe("brake/1.2.0", image_sha, true);
  ASSERT_TRUE(take());

  EXPECT_EQ(ask("GET", plain), 403);
  EXPECT_EQ(ask("PUT", plain), 422);
  EXPECT_EQ(ask("PUT", image), 422);
  EXPECT_EQ(ask("PUT", sealed), 201);
  EXPECT_EQ(ask("GET", sealed), 200);
  EXPECT_EQ(ask("PUT", other), 201);
  EXPECT_EQ(ask("PUT", "a bill of materials"), 201);
  EXPECT_THAT(steps.str(), HasSubstr("served encrypted only"));
}

/// Metadata grows with the number of images; vehicles take no answer larger than they asked for.
TEST_F(RepositoriesTest, AreReadByRanges) {
  ASSERT_TRUE(take());
  ServerSettings settings;
  settings.images.downloaders = {"/id-mn/CotaGateway"};
  std::ostringstream steps, said;
  ota::StepLog log(steps, said);
  UptanePages pages({settings, *repositories_, log, [this] { return now_; }, [] {}});
  Peer peer;
  peer.authenticated = true;
  peer.identities = {"/id-mn/CotaGateway"};
  const auto get = [&](std::vector<http::HeaderField> headers) {
    http::PageRequest request;
    request.method = "GET";
    request.path = "/uptane/images/timestamp.json";
    request.headers = &headers;
    request.peer = &peer;
    return pages.answer(request);
  };
  const http::Page whole = get({});
  ASSERT_EQ(whole.status, 200);
  const std::string size = std::to_string(whole.body.size());
  const std::string etag = whole.headers.at(0).second;

  const http::Page part = get({{"Range", "bytes=5-9"}, {"If-Range", etag}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, whole.body.substr(5, 5));
  EXPECT_EQ(part.headers.at(1).second, "bytes 5-9/" + size);
  EXPECT_EQ(get({{"Range", "bytes=5-"}}).body, whole.body.substr(5));
  EXPECT_EQ(get({{"Range", "bytes=5-99999999"}}).body, whole.body.substr(5));
  EXPECT_EQ(get({{"Range", "bytes=5-9"}, {"If-Range", "\"other\""}}).status, 200);
  for (const char* odd : {"bytes=", "bytes=-5", "bytes=9-5", "bytes=99999999-", "lines=1-2",
                          "bytes=1-2,4-5", "bytes=x-2"}) {
    EXPECT_EQ(get({{"Range", odd}}).status, 200) << odd;
  }
}

}  // namespace
}  // namespace gatehouse::ota_server
