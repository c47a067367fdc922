// The refusal of what is too much.
#include "cse/core/rate_limit.h"

#include <gtest/gtest.h>

#include "cse/primitive/simulated_scheduler.h"

namespace gatehouse {
namespace {

using std::chrono::milliseconds;

struct Served final : PrimitiveHandler {
  void handle(Request&& request, Reply reply) override {
    ++count;
    Response response;
    response.request_identifier = request.request_identifier;
    reply(std::move(response));
  }
  int count = 0;
};

struct Asker {
  const char* name;
  const char* from;
  const char* address;  ///< null: from inside
  bool authenticated;
  int expected;  ///< of ten requests at once
};
class RateLimits : public testing::TestWithParam<Asker> {};

TEST_P(RateLimits, AreByPeerAndByOriginator) {
  SimulatedScheduler clock;
  Served served;
  RateLimit limit({{5, 5}, {3, 3}}, served, clock);
  int refused = 0;
  std::string text;

  for (int i = 0; i < 10; ++i) {
    Request request;
    request.from = GetParam().from;
    if (GetParam().address) {
      auto peer = std::make_shared<Peer>();
      peer->address = GetParam().address;
      peer->authenticated = GetParam().authenticated;
      request.peer = std::move(peer);
    }
    limit.handle(std::move(request), [&](Response response) {
      if (response.rsc != Rsc::kServiceSubscriptionLimitsExceeded) return;
      ++refused;
      text = response.content.tree()->string_at("m2m:dbg");
    });
  }

  EXPECT_EQ(served.count, GetParam().expected);
  EXPECT_EQ(refused, 10 - GetParam().expected);
  if (refused > 0) {
    EXPECT_TRUE(text.starts_with("too many requests of ")) << text;
    EXPECT_NE(text.find("a second; try again in "), std::string::npos) << text;
  }
}
INSTANTIATE_TEST_SUITE_P(Askers, RateLimits,
                         testing::Values(Asker{"originator", "CAE1", "10.0.0.1", true, 3},
                                         Asker{"unproven", "CAE1", "10.0.0.1", false, 3},
                                         Asker{"nobody", "", "10.0.0.1", false, 5},
                                         Asker{"over_a_broker", "CAE1", "", true, 3},
                                         Asker{"inside", "/id-in", nullptr, false, 10}),
                         [](const auto& each) { return each.param.name; });

TEST(RateLimitOfOwner, AnUnprovenNameDoesNotUseUpTheBucketOfItsOwner) {
  SimulatedScheduler clock;
  Served served;
  RateLimit limit({{}, {2, 2}}, served, clock);
  const auto ask = [&](const char* address, bool authenticated) {
    Request request;
    request.from = "CAE1";
    auto peer = std::make_shared<Peer>();
    peer->address = address;
    peer->authenticated = authenticated;
    request.peer = std::move(peer);
    Rsc rsc{};
    limit.handle(std::move(request), [&rsc](Response response) { rsc = response.rsc; });
    return rsc;
  };
  for (int i = 0; i < 5; ++i) ask("10.6.6.6", false);

  EXPECT_EQ(ask("10.0.0.1", true), Rsc::kOk);
  EXPECT_EQ(ask("10.0.0.2", false), Rsc::kOk);
  EXPECT_EQ(ask("10.6.6.6", false), Rsc::kServiceSubscriptionLimitsExceeded);
  clock.advance(milliseconds(500));
  EXPECT_EQ(ask("10.6.6.6", false), Rsc::kOk);
}

}  // namespace
}  // namespace gatehouse
