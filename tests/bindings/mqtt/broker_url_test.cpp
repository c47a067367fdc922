#include "bindings/mqtt/broker_url.h"

#include <gtest/gtest.h>

namespace gatehouse::mqtt {
namespace {

struct UrlCase {
  std::string name, url, authority, path, codec;
  bool tls;
};
class GoodUrl : public testing::TestWithParam<UrlCase> {};

// TS-0010 clause 6.6
TEST_P(GoodUrl, IsTakenApart) {
  const Result<BrokerUrl> url = parse_broker_url(GetParam().url);

  ASSERT_TRUE(url) << url.error().detail;
  EXPECT_EQ(url->authority(), GetParam().authority);
  EXPECT_EQ(url->path, GetParam().path);
  EXPECT_EQ(url->codec, GetParam().codec);
  EXPECT_EQ(url->tls, GetParam().tls);
}
INSTANTIATE_TEST_SUITE_P(
    Urls, GoodUrl,
    testing::Values(UrlCase{"plain", "mqtt://broker", "broker:1883", "", "", false},
                    UrlCase{"tls", "mqtts://broker", "broker:8883", "", "", true},
                    UrlCase{"port", "mqtt://127.0.0.1:18830/", "127.0.0.1:18830", "", "", false},
                    UrlCase{"path", "mqtt://b:1/abc/def", "b:1", "abc/def", "", false},
                    UrlCase{"codec", "mqtt://b/t?x=1&ct=cbor", "b:1883", "t", "cbor", false},
                    UrlCase{"query_only", "mqtt://b?ct=json", "b:1883", "", "json", false},
                    UrlCase{"ipv6", "mqtts://[::1]:99/x", "[::1]:99", "x", "", true},
                    UrlCase{"ipv6_default_port", "mqtt://[::1]", "[::1]:1883", "", "", false},
                    UrlCase{"encoded", "mqtt://b/a%20b%2Fc", "b:1883", "a b/c", "", false},
                    UrlCase{"full_topic", "mqtt://b//oneM2M/req/a/b/json", "b:1883",
                            "/oneM2M/req/a/b/json", "", false}),
    [](const auto& row) { return row.param.name; });

class BadUrl : public testing::TestWithParam<std::string> {};

TEST_P(BadUrl, IsRefused) {
  const Result<BrokerUrl> url = parse_broker_url(GetParam());

  ASSERT_FALSE(url);
  EXPECT_EQ(url.error().rsc, Rsc::kBadRequest);
}
INSTANTIATE_TEST_SUITE_P(Urls, BadUrl,
                         testing::Values("", "mqtt", "mqtt://", "http://b", "mqtt:///path",
                                         "mqtt://:1883", "mqtt://b:", "mqtt://b:0",
                                         "mqtt://b:65536", "mqtt://b:12x", "mqtt://u:p@b",
                                         "mqtt://[::1", "mqtt://[::1]x", "mqtt://b c",
                                         "mqtt://b/a+b", "mqtt://b/%23", "mqtt://b/%0a",
                                         "mqtt://b/%2", "mqtt://b/%zz",
                                         "mqtt://b/" + std::string(3000, 'x')));

}  // namespace
}  // namespace gatehouse::mqtt
