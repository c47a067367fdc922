// The white list in PostgreSQL: over TLS, by a role that may only read, and denied when it is down.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "ae-apps/attestation/verifier/database/white_list_database.h"
#include "certs/authority.h"
#include "tests/ae-apps/ota/temporary_folder.h"

namespace gatehouse::attest {
namespace {

namespace fs = std::filesystem;
const fs::path kPrograms = "/usr/lib/postgresql/15/bin";
const Timestamp kNow = *parse_timestamp("20261122T120000");

std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof place;
  EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&place), size), 0);
  EXPECT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&place), &size), 0);
  ::close(fd);
  return ntohs(place.sin_port);
}

/// A PostgreSQL of our own with TLS, and the white list's schema in it. It does not run as root.
class Server {
 public:
  Server() {
    auto authority = pki::Authority::create(folder_ / "pki", "gatehouse.example");
    for (const auto& [name, kind] :
         {std::pair("server", pki::Kind::kServer), std::pair("client", pki::Kind::kNode)}) {
      pki::Request request;
      request.kind = kind;
      request.name = name;
      if (kind == pki::Kind::kServer) request.hosts = {"localhost"};
      if (const auto issued = authority->issue(request); !issued) {
        throw std::runtime_error(issued.error().detail);
      }
    }
    // The server may read its own key, and nobody else.
    fs::create_directories(folder_ / "tls");
    for (const char* file : {"server.crt", "server.key", "ca.crt"}) {
      fs::copy(folder_ / ("pki/" + std::string(file)), folder_ / ("tls/" + std::string(file)));
    }
    fs::create_directories(folder_ / "data");
    if (::geteuid() == 0) {
      if (const passwd* user = ::getpwnam("postgres")) {
        hand_over(folder_.path(), *user);
        for (const char* name : {"tls", "data", "tls/server.crt", "tls/server.key", "tls/ca.crt"}) {
          hand_over(folder_ / name, *user);
        }
      }
    }
    run("initdb -D '" + data() + "' -U owner -A trust --no-sync --no-locale -E UTF8");
    std::ofstream(folder_ / "data/pg_hba.conf")
        << "local all owner trust\nhostssl all all 127.0.0.1/32 trust clientcert=verify-ca\n";
    start();
    psql("postgres", "-c 'CREATE DATABASE white_list'");
    fs::copy(GATEHOUSE_WHITE_LIST_SQL, folder_ / "schema.sql");
    psql("white_list", "-f '" + (folder_ / "schema.sql") + "'");
  }
  ~Server() { stop(); }

  void start() {
    const std::string tls = folder_ / "tls";
    run("pg_ctl -D '" + data() + "' -w -l '" + data() + "/log' start -o \"-p " +
        std::to_string(port_) + " -k '" + data() +
        "' -c listen_addresses=127.0.0.1 -c fsync=off -c ssl=on -c ssl_cert_file=" + tls +
        "/server.crt -c ssl_key_file=" + tls + "/server.key -c ssl_ca_file=" + tls + "/ca.crt\"");
  }
  void stop() { run("pg_ctl -D '" + data() + "' -w -m immediate stop"); }
  /// As who maintains the list. True if it was done.
  bool sql(const std::string& text) {
    std::ofstream(folder_ / "statement.sql") << text;
    return psql("white_list", "-f '" + (folder_ / "statement.sql") + "'");
  }
  bool psql(const std::string& database, const std::string& what) {
    return run("psql -X -q -v ON_ERROR_STOP=1 -h '" + data() + "' -p " + std::to_string(port_) +
               " -U owner -d " + database + " " + what);
  }
  WhiteListDatabaseSettings settings() const {
    WhiteListDatabaseSettings out;
    out.host = "localhost";
    out.port = port_;
    out.ca_file = folder_ / "pki/ca.crt";
    out.certificate_file = folder_ / "pki/client.crt";
    out.key_file = folder_ / "pki/client.key";
    return out;
  }

 private:
  static void hand_over(const std::string& path, const passwd& user) {
    if (::chown(path.c_str(), user.pw_uid, user.pw_gid) != 0) {
      throw std::runtime_error("cannot hand over " + path);
    }
  }
  std::string data() const { return folder_ / "data"; }
  static bool run(const std::string& command) {
    const std::string as = ::geteuid() == 0 ? "runuser -u postgres -- " : "";
    return std::system(
               ("cd / && " + as + (kPrograms / command).string() + " >/dev/null 2>&1").c_str()) ==
           0;
  }

  TemporaryFolder folder_;
  const std::uint16_t port_ = free_port();
};

constexpr const char* kFirst = R"(
INSERT INTO white_list.bundles VALUES (7, 'oem', '2027-01-01 00:00Z', '{boot:0,"ecu:brake"}');
INSERT INTO white_list.entries VALUES
  (7, 'ecu:brake', '2.0', 'sha256:' || repeat('bb', 32), 'allowed', NULL, NULL),
  (7, 'ecu:brake', '1.0', 'sha256:' || repeat('aa', 32), 'superseded', '2026-12-01 00:00Z', NULL),
  (7, 'boot:0', '6', 'sha256:' || repeat('cc', 32), 'revoked', NULL, 'a hole');
UPDATE white_list.bundles SET published = true WHERE number = 7;)";

class WhiteListInDatabase : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (fs::exists(kPrograms / "initdb")) server_ = std::make_unique<Server>();
  }
  static void TearDownTestSuite() { server_.reset(); }
  void SetUp() override {
    if (server_ == nullptr) GTEST_SKIP() << "PostgreSQL 15 is not installed";
    ASSERT_TRUE(server_->sql(
        "ALTER TABLE white_list.entries DISABLE TRIGGER published; ALTER TABLE white_list.bundles "
        "DISABLE TRIGGER published; DELETE FROM white_list.entries; DELETE FROM "
        "white_list.bundles; ALTER TABLE white_list.entries ENABLE TRIGGER published; ALTER TABLE "
        "white_list.bundles ENABLE TRIGGER published;"));
    ASSERT_TRUE(server_->sql(kFirst));
  }
  static std::string refusal(const Result<WhiteList>& list) {
    return list ? "accepted" : list.error().detail;
  }
  static std::unique_ptr<Server> server_;
};
std::unique_ptr<Server> WhiteListInDatabase::server_;

TEST_F(WhiteListInDatabase, IsReadAsABundleIs) {
  const auto list = database_source(server_->settings())(5, kNow);

  ASSERT_TRUE(list) << list.error().detail;
  EXPECT_EQ(list->number, 7u);
  EXPECT_EQ(list->issuer, "oem");
  EXPECT_EQ(list->required, (std::vector<std::string>{"boot:0", "ecu:brake"}));
  EXPECT_EQ(list->valid_until, *parse_timestamp("20270101T000000"));
  ASSERT_EQ(list->of("ecu:brake").size(), 2u);
  EXPECT_EQ(list->of("ecu:brake")[0]->standing, Standing::kSuperseded);
  EXPECT_EQ(list->of("ecu:brake")[0]->digest, Bytes(32, 0xAA));
  EXPECT_EQ(list->of("ecu:brake")[0]->until, parse_timestamp("20261201T000000"));
  EXPECT_EQ(list->of("boot:0")[0]->reason, "a hole");
  EXPECT_EQ(list->hash.size(), 64u);
}

TEST_F(WhiteListInDatabase, IsTheNewestThatIsPublishedAndDoesNotChange) {
  const auto read = database_source(server_->settings());
  ASSERT_TRUE(read(0, kNow));
  EXPECT_EQ(refusal(read(9, kNow)),
            "white list: number 7 is older than number 9, which was seen before");
  ASSERT_TRUE(server_->sql("INSERT INTO white_list.bundles VALUES (8, 'oem', '2027-01-01', '{}')"));
  EXPECT_EQ(read(0, kNow)->number, 7u);

  ASSERT_TRUE(server_->sql("UPDATE white_list.bundles SET published = true WHERE number = 8"));

  EXPECT_EQ(read(0, kNow)->number, 8u);
  EXPECT_TRUE(read(0, kNow)->references.empty());
  EXPECT_FALSE(server_->sql("DELETE FROM white_list.entries WHERE component = 'boot:0'"));
  EXPECT_FALSE(server_->sql("UPDATE white_list.bundles SET valid_until = now()"));
  EXPECT_FALSE(server_->sql(
      "INSERT INTO white_list.entries VALUES (7, 'x', '1', 'sha256:' || repeat('aa', 32))"));
}

TEST_F(WhiteListInDatabase, IsOutOfReachWhenTheServerIsDownAndBackWhenItIsBack) {
  const auto read = database_source(server_->settings());
  ASSERT_TRUE(read(0, kNow));
  server_->stop();

  const std::string down = refusal(read(0, kNow));
  server_->start();
  const std::string up = refusal(read(0, kNow));

  EXPECT_TRUE(down.starts_with("white list: cannot be reached:")) << down;
  EXPECT_EQ(up, "accepted");
}

TEST_F(WhiteListInDatabase, IsReadFromTheRightServerWithTheRightRoleAlone) {
  auto elsewhere = server_->settings();
  elsewhere.host = "127.0.0.1";  // not in its certificate
  auto anonymous = server_->settings();
  anonymous.certificate_file = anonymous.key_file = "/nonexistent";
  auto owner = server_->settings();
  owner.user = "owner";

  const std::string at_another = refusal(database_source(elsewhere)(0, kNow));
  const std::string as_nobody = refusal(database_source(anonymous)(0, kNow));
  const std::string as_owner = refusal(database_source(owner)(0, kNow));
  ASSERT_TRUE(server_->sql("GRANT INSERT ON white_list.entries TO gatehouse_verifier"));
  const std::string as_writer = refusal(database_source(server_->settings())(0, kNow));
  ASSERT_TRUE(server_->sql("REVOKE INSERT ON white_list.entries FROM gatehouse_verifier"));

  EXPECT_NE(at_another.find("does not match host name"), std::string::npos) << at_another;
  EXPECT_TRUE(as_nobody.starts_with("white list: cannot be reached:")) << as_nobody;
  EXPECT_NE(as_owner.find("could write"), std::string::npos) << as_owner;
  EXPECT_NE(as_writer.find("the role gatehouse_verifier could write to it"), std::string::npos)
      << as_writer;
}

// What the verifier's role can do if somebody has stolen its key.
TEST_F(WhiteListInDatabase, CannotBeWrittenByTheVerifiersRole) {
  const auto as_verifier = [](const std::string& statement) {
    return server_->sql(
        "SET SESSION AUTHORIZATION gatehouse_verifier; SET default_transaction_read_only = off; " +
        statement);
  };
  ASSERT_TRUE(as_verifier("SELECT * FROM white_list.current"));

  for (const char* statement :
       {"INSERT INTO white_list.bundles VALUES (9, 'thief', '2030-01-01')",
        "UPDATE white_list.current SET issuer = 'thief'", "DELETE FROM white_list.entries",
        "SELECT * FROM white_list.entries", "CREATE TABLE white_list.mine (a int)"}) {
    EXPECT_FALSE(as_verifier(statement)) << statement;
  }
}

}  // namespace
}  // namespace gatehouse::attest
