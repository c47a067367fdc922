// Ten thousand connections at a gatehouse-cse: half-open, idle, or with a long poll on each.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <array>
#include <fstream>
#include <map>

#include "tests/bindings/contract/raw_tcp.h"
#include "tests/bindings/security/test_certificates.h"
#include "tests/faults/cse_process.h"

namespace gatehouse::contract {
namespace {

constexpr std::size_t kWanted = 10'000, kForTheRest = 200;

/// What the limit on open files of this system allows.
std::size_t crowd_size() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, kWanted + kForTheRest);
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return std::min<std::size_t>(kWanted, limit.rlim_cur - kForTheRest);
}

/// The program with all TCP listeners, plain and secured.
class Cse {
 public:
  Cse() : authority_(folder_.path()), process_(folder_.path()) {
    const TlsSettings tls = authority_.issue(
        {.name = "cse", .alternative_names = "URI:m2m://sp.example/id-in,IP:127.0.0.1"});
    started_ = process_.start(
        {"log.level=error", "store.backend=memory", "limits.connections=10200", "http.enabled=true",
         "https.enabled=true", "https.port=0", "ws.enabled=true", "ws.port=0", "wss.enabled=true",
         "wss.port=0", "coap.enabled=true", "coap.port=0", "cse.admit_unregistered=false",
         "credentials.certificate=" + tls.certificate_file, "credentials.key=" + tls.key_file,
         "credentials.ca=" + tls.ca_file});
    std::ifstream ready(folder_.path() / "ready");
    std::string name;
    for (int port = 0; ready >> name >> port;) ports_[name] = static_cast<std::uint16_t>(port);
  }
  bool started() const { return started_; }
  std::uint16_t port(const std::string& scheme) const { return ports_.at(scheme); }
  /// Of a page, over a connection of its own.
  std::string page(const std::string& path) const {
    const RawTcp peer(port("http"));
    peer.say("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    return peer.hear([](const std::string&) { return false; });
  }
  std::int64_t resident_megabytes() const {
    std::ifstream status("/proc/" + std::to_string(process_.pid()) + "/status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("VmRSS:")) return std::stoll(line.substr(6)) / 1024;
    }
    return 0;
  }

 private:
  const testing_support::TemporaryFolder folder_;
  const testing_support::TestAuthority authority_;
  test::CseProcess process_;
  bool started_ = false;
  std::map<std::string, std::uint16_t> ports_;
};

struct Crowd {
  const char* name;
  const char* scheme;
  std::string says;  ///< and no more
};

class TenThousand : public testing::TestWithParam<Crowd> {};

TEST_P(TenThousand, KeepNobodyElseFromBeingServed) {
  const std::size_t size = crowd_size();
  const Cse cse;
  ASSERT_TRUE(cse.started());
  std::vector<RawTcp> many;
  for (std::size_t i = 0; i < size; ++i) {
    RawTcp one(cse.port(GetParam().scheme));
    if (!one.connected()) break;
    one.say(GetParam().says);
    many.push_back(std::move(one));
  }
  EXPECT_EQ(many.size(), size);

  EXPECT_NE(cse.page("/health/ready").find("HTTP/1.1 200"), std::string::npos);
  const RawTcp websocket(cse.port("ws"));
  websocket.say(websocket_upgrade("json"));
  EXPECT_NE(websocket.hear([](const std::string& t) { return t.find("\r\n\r\n") != t.npos; })
                .find(" 101 "),
            std::string::npos);
  EXPECT_LT(cse.resident_megabytes(), 1'500);
}

INSTANTIATE_TEST_SUITE_P(Rows, TenThousand,
                         testing::Values(Crowd{"http_half_a_line", "http", "GET /cse-in HT"},
                                         Crowd{"https_half_a_hello", "https", "\x16\x03\x01\x02"},
                                         Crowd{"ws_silent", "ws", ""},
                                         Crowd{"ws_idle", "ws", websocket_upgrade("json")},
                                         Crowd{"wss_half_a_hello", "wss", "\x16\x03\x01\x02"},
                                         Crowd{"coap_half_a_message", "coap", "\xd0\xff"}),
                         [](const auto& row) { return row.param.name; });

std::string request(const std::string& method, const std::string& path, const std::string& from,
                    const std::string& type = {}, const std::string& body = {},
                    const std::string& identifier = "r") {
  std::string text = method + " " + path + " HTTP/1.1\r\nHost: x\r\nX-M2M-Origin: " + from +
                     "\r\nX-M2M-RI: " + identifier + "\r\nX-M2M-RVI: 3\r\n";
  if (!type.empty()) text += "Content-Type: application/json" + type + "\r\n";
  if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return text + "\r\n" + body;
}

std::string answer_to(const Cse& cse, const std::string& text) {
  const RawTcp peer(cse.port("http"));
  peer.say(text);
  return peer.hear([](const std::string& heard) {
    const std::size_t head = heard.find("\r\n\r\n"), at = heard.find("Content-Length: ");
    return head != heard.npos && at != heard.npos &&
           heard.size() >= head + 4 + std::strtoul(heard.c_str() + at + 16, nullptr, 10);
  });
}

// TS-0001 clause 10.2.5.14: who polls waits, and costs nothing but the connection.
TEST(LongPolls, TenThousandWaitAndTheOneIsAnswered) {
  constexpr std::size_t kEntities = 100;
  const std::size_t size = crowd_size();
  const Cse cse;
  ASSERT_TRUE(cse.started());
  for (std::size_t i = 0; i < kEntities; ++i) {
    const std::string name = "CPoll" + std::to_string(i), at = "/cse-in/" + name;
    ASSERT_NE(answer_to(cse, request("POST", "/cse-in", name, ";ty=2",
                                     R"({"m2m:ae":{"rn":")" + name +
                                         R"(","api":"Npoll","rr":true,"srv":["3"]}})"))
                  .find("X-M2M-RSC: 2001"),
              std::string::npos);
    ASSERT_NE(answer_to(cse, request("POST", at, name, ";ty=15", R"({"m2m:pch":{"rn":"p"}})"))
                  .find("X-M2M-RSC: 2001"),
              std::string::npos);
  }
  std::vector<RawTcp> polls;
  for (std::size_t i = 0; i < size; ++i) {
    const std::string name = "CPoll" + std::to_string(i % kEntities);
    polls.emplace_back(cse.port("http"));
    ASSERT_TRUE(polls.back().connected()) << i;
    std::string poll = request("GET", "/cse-in/" + name + "/p/pcu", name, {}, {}, "poll");
    poll.insert(poll.size() - 2, "X-M2M-RET: 600000\r\n");
    polls.back().say(poll);
  }
  // When these are served, what came before them has been read.
  EXPECT_NE(cse.page("/health/ready").find("HTTP/1.1 200"), std::string::npos);
  EXPECT_LT(cse.resident_megabytes(), 1'500);

  const std::string at = "/cse-in/CPoll7";
  for (const auto& [to, type, content] : std::vector<std::array<std::string, 3>>{
           {at, ";ty=3", R"({"m2m:cnt":{"rn":"c"}})"},
           {at + "/c", ";ty=23",
            R"({"m2m:sub":{"nu":["/id-in/CPoll7"],"nct":1,"enc":{"net":[3]}}})"},
           {at + "/c", ";ty=4", R"({"m2m:cin":{"con":"x"}})"}}) {
    const std::string answer = answer_to(cse, request("POST", to, "CPoll7", type, content));
    EXPECT_NE(answer.find("X-M2M-RSC: 2001"), std::string::npos) << answer;
  }

  const std::string told =
      polls[7].hear([](const std::string& text) { return text.find("m2m:rqp") != text.npos; });
  EXPECT_NE(told.find("\"m2m:sgn\""), std::string::npos) << told;
  EXPECT_FALSE(polls[8].closes_within(0));
  EXPECT_FALSE(polls[107].closes_within(0)) << "one request, one poll";
}

}  // namespace
}  // namespace gatehouse::contract
