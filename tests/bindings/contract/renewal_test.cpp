// A new certificate and key are in force on every listener without a restart, and a new list is.
#include <gtest/gtest.h>

#include <algorithm>

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
                         [](const auto& row) {
                           std::string name = row.param;
                           std::replace(name.begin(), name.end(), '+', '_');
                           return name;
                         });

}  // namespace
}  // namespace gatehouse::contract
