#include "ae-apps/ota/oem/upload.h"

#include <gtest/gtest.h>

#include <mutex>
#include <sstream>

#include "ae-apps/ota/oem/commands.h"
#include "bindings/http/server.h"
#include "certs/authority.h"
#include "tests/ae-apps/ota/temporary_folder.h"

namespace gatehouse::oem {
namespace {

/// Refuses primitives: the server of this test has pages only.
class NoPrimitives final : public PrimitiveHandler {
 public:
  void handle(Request&&, Reply reply) override { reply({}); }
};

/// An HTTPS server that keeps what is PUT, and a signed image to send to it.
class Upload : public testing::Test {
 protected:
  Upload() : server_(settings(), primitives_, codecs_) {
    server_.set_pages([this](const http::PageRequest& page) { return answer(page); });
    EXPECT_TRUE(server_.start());
    image::Manifest manifest;
    manifest.name = "brake";
    manifest.version = "1.4.0";
    manifest.release_counter = 7;
    manifest.hardware_id = "brake-2";
    manifest.created = "20261121T120000";
    Draft draft = *make_draft(manifest, Bytes(300'000, 7));
    EXPECT_TRUE(write_whole(folder_ / "brake.draft", *encode(draft)));
    EXPECT_TRUE(sign(draft, *crypto::SigningKey::generate(crypto::Algorithm::kEcdsaP256)));
    image_ = *encode(draft);
    EXPECT_TRUE(write_whole(folder_ / "brake.ghfw", image_));
  }
  ~Upload() override { server_.stop(); }

  http::ServerSettings settings() {
    const auto authority = pki::Authority::create(folder_ / "pki", "gatehouse.example");
    pki::Request server;
    server.kind = pki::Kind::kServer;
    server.name = "server";
    server.addresses = {"127.0.0.1"};
    EXPECT_TRUE(authority->issue(server));
    pki::Request desk;
    desk.name = "desk";
    desk.identities = {"/id-in/Coem"};
    EXPECT_TRUE(authority->issue(desk));
    http::ServerSettings out;
    out.tls = tls("server");
    return out;
  }
  TlsSettings tls(const std::string& name) const {
    TlsSettings out;
    out.certificate_file = folder_ / ("pki/" + name + ".crt");
    out.key_file = folder_ / ("pki/" + name + ".key");
    out.ca_file = folder_ / "pki/ca.crt";
    return out;
  }
  UploadRequest request() const {
    UploadRequest out;
    out.image_file = folder_ / "brake.ghfw";
    out.server_url = "https://127.0.0.1:" + std::to_string(server_.port());
    out.tls = tls("desk");
    return out;
  }
  http::Page answer(const http::PageRequest& page) {
    const std::lock_guard lock(mutex_);
    method_ = page.method;
    path_ = page.path;
    body_ = page.body;
    http::Page out;
    out.status = status_;
    out.body = "because\x1b[2J";
    return out;
  }

  TemporaryFolder folder_;
  NoPrimitives primitives_;
  Codecs codecs_ = standard_codecs();
  std::mutex mutex_;
  int status_ = 201;
  std::string method_, path_, body_;
  http::Server server_;
  Bytes image_;
  std::ostringstream said_;
};

TEST_F(Upload, PutsTheImageUnderItsHash) {
  const auto done = upload(request(), said_);

  ASSERT_TRUE(done) << done.error().detail;
  EXPECT_EQ(method_, "PUT");
  EXPECT_EQ(path_, "/images/" + to_hex(crypto::sha256(image_)));
  EXPECT_EQ(body_, text_of(image_));
}

TEST_F(Upload, PutsItUnderTheGivenName) {
  UploadRequest named = request();
  named.name = "brake-1.4.0.ghfw";

  ASSERT_TRUE(upload(named, said_));

  EXPECT_EQ(path_, "/images/brake-1.4.0.ghfw");
}

TEST_F(Upload, PassesOnWhyTheServerRefusesWithoutItsControlCharacters) {
  status_ = 403;

  const auto done = upload(request(), said_);

  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().rsc, Rsc::kOriginatorHasNoPrivilege);
  EXPECT_NE(done.error().detail.find("403 because [2J"), std::string::npos) << done.error().detail;
}

TEST_F(Upload, IsOnlyForImagesThatSomebodySigned) {
  UploadRequest draft = request();
  draft.image_file = folder_ / "brake.draft";

  const auto done = upload(draft, said_);

  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().rsc, Rsc::kBadRequest);
  EXPECT_TRUE(method_.empty()) << "nothing was sent";
}

TEST_F(Upload, BelievesOnlyAServerOfItsAuthority) {
  ASSERT_TRUE(pki::Authority::create(folder_ / "other", "gatehouse.example"));
  UploadRequest wary = request();
  wary.tls.ca_file = folder_ / "other/ca.crt";

  const auto done = upload(wary, said_);

  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().rsc, Rsc::kTargetNotReachable);
  EXPECT_TRUE(method_.empty()) << "nothing was sent";
}

TEST_F(Upload, RefusesBadNamesAndServers) {
  for (const char* name : {"../brake", "a/b", ".hidden", "a b", "a?b"}) {
    UploadRequest bad = request();
    bad.name = name;
    EXPECT_EQ(upload(bad, said_).error().rsc, Rsc::kBadRequest) << name;
  }
  for (const char* server : {"http://127.0.0.1:1", "127.0.0.1", "https://a/b", "https://a?b"}) {
    UploadRequest bad = request();
    bad.server_url = server;
    EXPECT_EQ(upload(bad, said_).error().rsc, Rsc::kBadRequest) << server;
  }
}

}  // namespace
}  // namespace gatehouse::oem
