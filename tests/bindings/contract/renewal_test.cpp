// A new certificate and key are in force on every listener without a restart, and a new list is.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/bindings/contract/raw_tcp.h"
#include "tests/bindings/contract/wires.h"

namespace gatehouse::contract {
namespace {

/// A CSE whose files change while it runs.
struct Renewed {
  static Renewed& instance() {
    static Renewed one;
    return one;
  }
  void issue_for(const std::string& hosts) const {
    credentials.authority().issue(
        {.name = "id-in", .alternative_names = "URI:m2m://gatehouse.example/id-in," + hosts});
  }
  const Credentials credentials;
  World world{&credentials, {"mqtt.broker="}};
};

/// 5103: no association; anything else was said by the CSE.
bool is_reached(const std::string& wire) {
  static int number = 0;
  Request request;
  request.to = "cse-in";
  request.from = kOriginator;
  request.request_identifier = "renewed-" + std::to_string(++number);
  request.release_version = "3";
  Renewed& renewed = Renewed::instance();
  const auto opened = open_wire_as({renewed.credentials.ae(), {}}, renewed.world, wire);
  return opened->ask(request).rsc != Rsc::kTargetNotReachable;
}

std::string name_of(const testing::TestParamInfo<const char*>& row) {
  std::string name = row.param;
  std::replace(name.begin(), name.end(), '+', '_');
  return name;
}

class Renewal : public testing::TestWithParam<const char*> {};

TEST_P(Renewal, OfTheCertificateIsInForceAtOnce) {
  const Renewed& renewed = Renewed::instance();
  ASSERT_TRUE(is_reached(GetParam()));

  renewed.issue_for("DNS:elsewhere.example");
  const bool under_another_name = is_reached(GetParam());
  renewed.issue_for("IP:127.0.0.1,DNS:localhost");

  EXPECT_FALSE(under_another_name) << "the client sees the new certificate, and refuses its name";
  EXPECT_TRUE(is_reached(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Wires, Renewal, testing::Values("https", "wss", "coaps", "coaps+tcp"),
                         name_of);

/// A CSE with a list on which somebody else is.
struct Listed {
  std::string revoke(const TlsSettings& whose) const {
    return credentials.authority().revoke(whose.certificate_file);
  }
  TlsSettings issue(const std::string& name) const {
    return credentials.authority().issue(
        {.name = name,
         .alternative_names = "URI:m2m://gatehouse.example/id-in/CContract,IP:127.0.0.1"});
  }
  const Credentials credentials;
  World world{&credentials, {"mqtt.broker=", "credentials.crl=" + revoke(issue("somebody"))}};
};

class StandingOn : public testing::TestWithParam<const char*> {};

/// Asks again and again on one connection.
Rsc ask(Wire& wire) {
  static int number = 0;
  Request request;
  request.to = "cse-in";
  request.from = kOriginator;
  request.request_identifier = "standing-" + std::to_string(++number);
  request.release_version = "3";
  return wire.ask(request).rsc;
}

TEST_P(StandingOn, ConnectionsEndWhenTheirCertificateIsRevoked) {
  Listed listed;
  const TlsSettings good = listed.issue("good"), bad = listed.issue("bad");
  const auto honest = open_wire_as({good, {}}, listed.world, GetParam());
  const auto imposter = open_wire_as({bad, {}}, listed.world, GetParam());
  ASSERT_NE(ask(*honest), Rsc::kTargetNotReachable);
  ASSERT_NE(ask(*imposter), Rsc::kTargetNotReachable);

  listed.revoke(bad);

  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(15);
  while (ask(*imposter) != Rsc::kTargetNotReachable) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "the revoked one is still served";
  }
  EXPECT_NE(ask(*honest), Rsc::kTargetNotReachable);
}

INSTANTIATE_TEST_SUITE_P(Wires, StandingOn, testing::Values("https", "wss", "coaps", "coaps+tcp"),
                         name_of);

// The end comes by itself, not with the next request: nobody listens on with a revoked certificate.
TEST(Standing, SilentConnectionsEnd) {
  Listed listed;
  const TlsSettings bad = listed.issue("bad");
  const RawTcp https(listed.world.port("https"), bad);
  const RawTcp wss(listed.world.port("wss"), bad);
  https.say("GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n");
  https.hear([](const std::string& text) { return text.find("200") != text.npos; });
  wss.say(websocket_upgrade("json"));
  wss.hear([](const std::string& text) { return text.find("\r\n\r\n") != text.npos; });

  listed.revoke(bad);

  EXPECT_TRUE(https.is_closed());
  EXPECT_TRUE(wss.is_closed());
}

}  // namespace
}  // namespace gatehouse::contract
