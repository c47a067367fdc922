#pragma once
#include <gtest/gtest.h>

#include "ae-apps/ota/crypto/certificate.h"
#include "ae-apps/ota/crypto/tls_session.h"
#include "certs/authority.h"
#include "tests/ae-apps/ota/temporary_folder.h"

namespace gatehouse {

/// An authority that certifies testers and ECUs, in a folder that goes away.
class TesterPki {
 public:
  explicit TesterPki(pki::Authority::Clock clock = std::chrono::system_clock::now)
      : authority_(pki::Authority::create(folder_ / "pki", "gatehouse.example",
                                          pki::kAuthorityLifetime, std::move(clock))
                       .value()) {}
  void issue(const std::string& name, pki::Kind kind = pki::Kind::kTester) const {
    pki::Request request;
    request.kind = kind;
    request.name = name;
    if (kind == pki::Kind::kServer) request.addresses = {"127.0.0.1"};
    const auto issued = authority_.issue(request);
    if (!issued) ADD_FAILURE() << issued.error().detail;
  }
  void revoke(const std::string& name) const { EXPECT_TRUE(authority_.revoke(name)); }
  std::string file(const std::string& name) const { return folder_ / ("pki/" + name); }
  Bytes certificate(const std::string& name) const {
    return crypto::load_certificate(file(name + ".crt")).value();
  }
  crypto::SigningKey key(const std::string& name) const {
    return crypto::SigningKey::load(file(name + ".key")).value();
  }
  crypto::TrustAnchors anchors() const {
    return crypto::TrustAnchors::load(file("ca.crt"), file("crl.pem")).value();
  }
  crypto::TlsCredentials tls(const std::string& name, const TesterPki& believed) const {
    return crypto::TlsCredentials::load(file(name + ".crt"), file(name + ".key"),
                                        believed.file("ca.crt"))
        .value();
  }

 private:
  TemporaryFolder folder_;
  pki::Authority authority_;
};

inline std::int64_t unix_now() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace gatehouse
