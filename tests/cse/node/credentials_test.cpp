// What is wrong with the credentials is said before anything listens, with the option's name.
#include <gmock/gmock.h>

#include <fstream>

#include "cse/node/configuration.h"
#include "tests/bindings/security/test_certificates.h"
#include "tests/cse/node/node_fixture.h"

namespace gatehouse::node::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class NodeCredentials : public testing::Test {
 protected:
  NodeSettings settings() const {
    NodeSettings made = in_memory();
    made.http.enabled = false;
    made.https.enabled = true;
    made.https.port = 0;
    made.credentials.certificate_file = tls_.certificate_file;
    made.credentials.key_file = tls_.key_file;
    made.credentials.ca_file = tls_.ca_file;
    return made;
  }
  static std::string refusal(const NodeSettings& settings) {
    Node node(settings);
    const auto started = node.start();
    return started ? "started" : started.error().detail;
  }
  testing_support::TemporaryFolder folder_;
  testing_support::TestAuthority authority_{folder_.path()};
  const TlsSettings tls_ =
      authority_.issue({.name = "id-in", .alternative_names = "DNS:localhost"});
};

TEST_F(NodeCredentials, KeysThatCannotBeUsedAreNamedByTheirOption) {
  const auto with_key = [this](const std::string& key) {
    NodeSettings changed = settings();
    changed.credentials.key_file = key;
    return refusal(changed);
  };
  EXPECT_EQ(refusal(settings()), "started");
  EXPECT_THAT(with_key("/nonexistent.key"),
              AllOf(HasSubstr("credentials.key"), HasSubstr("no such")));
  EXPECT_THAT(with_key("tpm2:handle=0x81000001;auth-value=geheim;tcti=swtpm:path=/nonexistent"),
              AllOf(HasSubstr("credentials.key"), HasSubstr("no TPM"), Not(HasSubstr("geheim"))));
  std::filesystem::permissions(tls_.key_file, std::filesystem::perms(0644));
  EXPECT_THAT(refusal(settings()), AllOf(HasSubstr("credentials.key"), HasSubstr("chmod 600")));
}

TEST_F(NodeCredentials, FilesOfSharedKeysAreNamedByTheirOption) {
  const std::string file = (folder_.path() / "keys").string();
  std::ofstream(file) << "id@sp " << std::string(40, 'a') << " CAE1\n";
  std::filesystem::permissions(file, std::filesystem::perms(0600));
  NodeSettings psk = settings(), esprim = settings();
  psk.credentials.psk_file = file;
  esprim.esprim_keys = file;
  EXPECT_EQ(refusal(psk), "started");
  EXPECT_THAT(refusal(esprim), AllOf(HasSubstr("esprim.keys"), HasSubstr("16 or 32")));
  std::filesystem::permissions(file, std::filesystem::perms(0644));
  EXPECT_THAT(refusal(psk), AllOf(HasSubstr("credentials.psk_file"), HasSubstr("chmod 600")));
}

struct BadLine {
  const char* name;
  std::vector<std::string> set;
  const char* said;
};
class BadCredentials : public testing::TestWithParam<BadLine> {};

TEST_P(BadCredentials, AreNamedByCheck) {
  const auto read = read_configuration("", GetParam().set, {});
  ASSERT_FALSE(read.errors.empty());
  EXPECT_THAT(read.errors.front().text, HasSubstr(GetParam().said));
}
INSTANTIATE_TEST_SUITE_P(
    Lines, BadCredentials,
    testing::Values(
        BadLine{"policy", {"credentials.ocsp=maybe"}, "off, if_stapled, required"},
        BadLine{"fetch_without_file", {"credentials.ocsp_fetch=true"}, "credentials.ocsp_response"},
        BadLine{"maf_without_name", {"maf.url=https://127.0.0.1:1"}, "maf.fqdn"},
        BadLine{
            "maf_in_the_clear", {"maf.url=http://127.0.0.1:1", "maf.fqdn=maf.example"}, "https"},
        BadLine{"maf_without_credentials",
                {"maf.url=https://127.0.0.1:1", "maf.fqdn=maf.example"},
                "credentials"}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace gatehouse::node::test
