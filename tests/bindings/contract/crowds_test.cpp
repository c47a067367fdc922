// Many who say little or nothing: the node serves the others all the same.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>

#include "tests/bindings/contract/raw_tcp.h"
#include "tests/bindings/contract/wires.h"

namespace gatehouse::contract {
namespace {

/// As many connections as the limit on open files lets both ends of them have in one process; at
/// most 2,000, which is twice what the CoAP listener lets in.
std::size_t crowd_size() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  constexpr std::size_t kMost = 2'000, kForTheRest = 500;
  const auto half = static_cast<std::size_t>(limit.rlim_cur / 2);
  return half > kForTheRest ? std::min(kMost, half - kForTheRest) : 100;
}

struct Crowd {
  const char* name;
  const char* scheme;  ///< where they stand
  const char* says;    ///< what each of them says, and no more
  const char* honest;  ///< wire of the one who is to be served
};

class Crowds : public testing::TestWithParam<Crowd> {};

TEST_P(Crowds, KeepNobodyElseFromBeingServed) {
  const Crowd& crowd = GetParam();
  const std::string scheme = crowd.scheme;
  const bool secured = scheme.ends_with('s') && scheme != "ws";
  World& world = secured ? World::with_credentials() : World::plain();
  const std::string wire = crowd.honest;
  const auto honest = open_wire(wire, "json");
  Request request;
  request.to = "cse-in";
  request.from = kOriginator;
  request.request_identifier = std::string("before-") + crowd.name;
  request.release_version = "3";
  ASSERT_EQ(honest->ask(request).rsc, Rsc::kOriginatorNotAuthenticated);  // it is not registered

  std::vector<RawTcp> many;
  const std::size_t size = crowd_size();
  for (std::size_t i = 0; i < size; ++i) {
    RawTcp one(world.port(crowd.scheme));
    if (!one.connected()) break;
    one.say(crowd.says);
    many.push_back(std::move(one));
  }
  EXPECT_GT(many.size(), size / 2);

  request.request_identifier = std::string("amid-") + crowd.name;
  EXPECT_EQ(honest->ask(request).rsc, Rsc::kOriginatorNotAuthenticated);
  many.clear();
  request.request_identifier = std::string("after-") + crowd.name;
  EXPECT_EQ(open_wire(wire, "json")->ask(request).rsc, Rsc::kOriginatorNotAuthenticated);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, Crowds,
    testing::Values(Crowd{"http_silent", "http", "", "http"},
                    Crowd{"http_half_a_line", "http", "GET /cse-in HT", "http"},
                    Crowd{"http_half_a_body", "http",
                          "POST /cse-in HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
                          "http"},
                    Crowd{"https_silent", "https", "", "https"},
                    Crowd{"https_half_a_hello", "https", "\x16\x03\x01\x02", "https"},
                    Crowd{"ws_silent", "ws", "", "ws"},
                    Crowd{"wss_half_a_hello", "wss", "\x16\x03\x01\x02", "wss"},
                    Crowd{"coap_tcp_half_a_message", "coap", "\xd0\xff", "coap"},
                    Crowd{"coaps_tcp_half_a_hello", "coaps", "\x16\x03\x01\x02", "coaps"}),
    [](const auto& row) { return row.param.name; });

int received(const char* binding) {
  const RawTcp peer(World::plain().port("http"));
  peer.say("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string page = peer.hear([](const std::string&) { return false; });
  const std::string mark =
      std::string("\ngatehouse_received_requests_total{binding=\"") + binding + "\"} ";
  const std::size_t at = page.find(mark);
  EXPECT_NE(at, std::string::npos) << page;
  return at == std::string::npos ? -1 : std::atoi(page.c_str() + at + mark.size());
}

class Counted : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(Counted, IsEveryRequestByItsBinding) {
  const auto& [wire, binding] = GetParam();
  const auto asking = open_wire(wire, "json");
  Request request;
  request.to = "cse-in";
  request.from = kOriginator;
  request.request_identifier = std::string("counted-") + binding;
  request.release_version = "3";
  const int before = received(binding);

  asking->ask(request);

  EXPECT_EQ(received(binding), before + 1);
}
INSTANTIATE_TEST_SUITE_P(Rows, Counted,
                         testing::Values(std::pair{"coap", "coap"}, std::pair{"coap+tcp", "coap"},
                                         std::pair{"ws", "websocket"}),
                         [](const auto& row) {
                           return std::string(row.param.first == std::string("coap+tcp")
                                                  ? "coap_tcp"
                                                  : row.param.first);
                         });

}  // namespace
}  // namespace gatehouse::contract
