#include <gmock/gmock.h>
#include <openssl/ssl.h>

#include <cstdlib>
#include <fstream>

#include "bindings/security/tls_context.h"
#include "tests/bindings/security/test_certificates.h"

namespace gatehouse {
namespace {

using testing_support::TemporaryFolder;
using testing_support::TestAuthority;

constexpr const char* kModule = "/usr/lib/softhsm/libsofthsm2.so";

/// A SoftHSM token in a folder of its own.
class TokenKey : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kModule) ||
        std::system("command -v softhsm2-util >/dev/null") != 0) {
      FAIL() << "SoftHSM is not installed; ./gatehouse test installs it";
    }
    const std::filesystem::path conf = folder_.path() / "softhsm2.conf";
    std::filesystem::create_directories(folder_.path() / "tokens");
    std::ofstream(conf) << "directories.tokendir = " << (folder_.path() / "tokens").string()
                        << "\n";
    ::setenv("SOFTHSM2_CONF", conf.c_str(), 1);
    ::setenv("PKCS11_MODULE_PATH", kModule, 1);
    ASSERT_EQ(run("--init-token --free --label gatehouse --so-pin 5678 --pin 1234"), 0);
  }
  static int run(const std::string& arguments) {
    return std::system(("softhsm2-util " + arguments + " >/dev/null 2>&1").c_str());
  }
  TemporaryFolder folder_;
  TestAuthority authority_{folder_.path()};
};

TEST_F(TokenKey, ServesAsTheKeyOfACertificate) {
  TlsSettings settings = authority_.issue({"server", "DNS:localhost"});
  ASSERT_EQ(
      run("--import " + settings.key_file + " --token gatehouse --label tls --id 01 --pin 1234"),
      0);
  std::filesystem::remove(settings.key_file);
  settings.key_file = "pkcs11:token=gatehouse;object=tls;type=private?pin-value=1234";

  const auto context = make_server_context(settings);

  ASSERT_TRUE(context.has_value()) << context.error().detail;
  EXPECT_EQ(SSL_CTX_check_private_key(context->get()), 1);
}

}  // namespace
}  // namespace gatehouse
