#pragma once
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "certs/authority.h"
#include "certs/certificates.h"

namespace gatehouse::pki {

/// A folder of its own for every test, and a clock that stands still until a test moves it.
class PkiTest : public testing::Test {
 protected:
  PkiTest() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "gatehouse-pki-XXXXXX").string();
    scratch_ = ::mkdtemp(pattern.data());
    folder_ = scratch_ / "pki";
  }
  ~PkiTest() override { std::filesystem::remove_all(scratch_); }

  Authority::Clock clock() {
    return [this] { return now_; };
  }
  Authority make_authority() {
    auto authority = Authority::create(folder_, "gatehouse.example", kAuthorityLifetime, clock());
    EXPECT_TRUE(authority) << authority.error().detail;
    return *std::move(authority);
  }
  static Request gateway() {
    Request request;
    request.kind = Kind::kAe;
    request.name = "gateway";
    request.identities = {"/id-mn/Cgw"};
    return request;
  }

  std::string content(const std::string& file) const {
    std::ifstream in(folder_ / file, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }
  Handle<X509> certificate(const std::string& name) const {
    return *certificate_from_pem(content(name + ".crt"));
  }
  mode_t mode(const std::filesystem::path& path) const {
    struct stat state {};
    EXPECT_EQ(::stat(path.c_str(), &state), 0) << path;
    return state.st_mode & 0777;
  }

  /// X509_V_OK, or why the chain does not verify, as `openssl verify -crl_check -purpose …` would
  /// say.
  int verify(X509* leaf, int purpose = X509_PURPOSE_SSL_CLIENT) const {
    const auto authority = certificate("ca");
    const auto list = crl_from_pem(content("crl.pem"));
    X509_STORE* store = X509_STORE_new();
    X509_STORE_add_cert(store, authority.get());
    X509_STORE_add_crl(store, list->get());
    X509_STORE_CTX* context = X509_STORE_CTX_new();
    X509_STORE_CTX_init(context, store, leaf, nullptr);
    X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_X509_STRICT);
    X509_VERIFY_PARAM_set_time(rules, std::chrono::system_clock::to_time_t(now_));
    X509_VERIFY_PARAM_set_purpose(rules, purpose);
    X509_verify_cert(context);
    const int result = X509_STORE_CTX_get_error(context);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    return result;
  }

  std::filesystem::path scratch_, folder_;
  Time now_ = std::chrono::system_clock::from_time_t(1'800'000'000);
};

}  // namespace gatehouse::pki
