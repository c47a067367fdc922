// Contents that are made to harm: refused on every wire, and the node goes on serving the others.
#include <gtest/gtest.h>

#include <functional>

#include "cse/codec/json.h"
#include "tests/bindings/coap/test_support.h"
#include "tests/bindings/contract/mqtt_connection.h"
#include "tests/bindings/contract/raw_tcp.h"

namespace gatehouse::contract {
namespace {

constexpr std::size_t kDeep = 10'000;
constexpr std::size_t kTooLarge = (8u << 20) + 4096;  ///< the limit is 8 MiB

std::string repeated(const std::string& text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

/// Nine levels of ten: a billion of the innermost.
std::string entity_bomb() {
  std::string text = "<?xml version=\"1.0\"?><!DOCTYPE m2m [<!ENTITY a0 \"lol\">";
  for (int level = 1; level <= 9; ++level) {
    const std::string inner = "&a" + std::to_string(level - 1) + ";";
    text += "<!ENTITY a" + std::to_string(level) + " \"" + repeated(inner, 10) + "\">";
  }
  return text +
         "]><m2m:cnt xmlns:m2m=\"http://www.onem2m.org/xml/protocols\"><lbl>&a9;</lbl>"
         "</m2m:cnt>";
}

struct Bad {
  const char* name;
  const char* codec;
  std::function<std::string()> content;
};

const Bad kBad[] = {
    {"lists_10000_deep", "json", [] { return repeated("[", kDeep) + repeated("]", kDeep); }},
    {"objects_10000_deep", "json",
     [] { return repeated("{\"a\":", kDeep) + "1" + repeated("}", kDeep); }},
    {"never_closed", "json", [] { return repeated("[", kDeep); }},
    {"name_twice", "json", [] { return std::string(R"({"m2m:cnt":{"mni":1,"mni":2}})"); }},
    {"no_utf_8", "json", [] { return std::string("{\"m2m:cnt\":{\"rn\":\"\xff\xfe\"}}"); }},
    {"number_beyond_all", "json", [] { return std::string(R"({"m2m:cnt":{"mni":1e999}})"); }},
    {"a_million_values_and_more", "json",
     [] { return R"({"m2m:cnt":{"lbl":[1)" + repeated(",1", 1'000'100) + "]}}"; }},
    {"lists_10000_deep", "cbor", [] { return repeated("\x81", kDeep) + std::string(1, '\0'); }},
    {"endless_lists_10000_deep", "cbor", [] { return repeated("\x9f", kDeep); }},
    {"tags_10000_deep", "cbor", [] { return repeated("\xc1", kDeep) + std::string(1, '\0'); }},
    {"says_2_to_the_62_items", "cbor",
     [] { return std::string("\x9b\x3f\xff\xff\xff\xff\xff\xff\xff", 9); }},
    {"says_4_gigabytes", "cbor",
     [] {
       return std::string(
           "\x7a\xff\xff\xff\xff"
           "abc");
     }},
    {"elements_10000_deep", "xml", [] { return repeated("<a>", kDeep) + repeated("</a>", kDeep); }},
    {"never_closed", "xml", [] { return repeated("<a>", kDeep); }},
    {"entity_bomb", "xml", entity_bomb},
    {"external_entity", "xml",
     [] {
       return std::string(
           "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><m2m:cnt "
           "xmlns:m2m=\"http://www.onem2m.org/xml/protocols\"><rn>&e;</rn></m2m:cnt>");
     }},
    {"100000_attributes", "xml",
     [] {
       std::string text = "<m2m:cnt xmlns:m2m=\"http://www.onem2m.org/xml/protocols\"";
       for (int i = 0; i < 100'000; ++i) text += " a" + std::to_string(i) + "=\"1\"";
       return text + "/>";
     }},
};

/// Sends a CREATE with that content and gives the status of the answer; 0: the peer closed
/// without.
using Send = int (*)(const Bad&, const std::string& content);

int number_behind(const std::string& text, const std::string& mark) {
  const std::size_t at = text.find(mark);
  return at == std::string::npos ? 0 : std::atoi(text.c_str() + at + mark.size());
}

int over_http(const Bad& bad, const std::string& content) {
  const RawTcp peer(World::plain().port("http"));
  peer.say(
      "POST /cse-in HTTP/1.1\r\nHost: x\r\nX-M2M-Origin: CAdmin\r\nX-M2M-RI: bad\r\n"
      "X-M2M-RVI: 3\r\nConnection: close\r\nContent-Type: application/" +
      std::string(bad.codec) + ";ty=3\r\nContent-Length: " + std::to_string(content.size()) +
      "\r\n\r\n");
  peer.say(content);
  return number_behind(peer.hear([](const std::string&) { return false; }), "X-M2M-RSC: ");
}

/// Uri-Path cse-in, Content-Format, then oneM2M's TY, RVI, FR and RQI (numbers 267 to 283).
std::string coap_options(const std::string& codec) {
  coap::Message message;
  message.add(coap::option::kUriPath, "cse-in");
  message.add(coap::option::kContentFormat, codec == "json" ? 50u : codec == "cbor" ? 60u : 41u);
  message.add(267, 3u);
  message.add(271, "3");
  message.add(279, "CAdmin");
  message.add(283, "bad");
  constexpr std::size_t kHeader = 4;
  return coap::testing_support::datagram_of(message, 1, "").substr(kHeader);
}

int over_coap_tcp(const Bad& bad, const std::string& content) {
  const RawTcp peer(World::plain().port("coap"));
  peer.say(coap_tcp_message(0xe1, "", ""));  // its settings, before anything else
  peer.say(coap_tcp_message(0x02, coap_options(bad.codec), content));
  // oneM2M-RSC (307) stands 24 behind RQI (283): delta 13 + 11, two bytes.
  const std::string mark = "\xd2\x0b";
  const std::string heard =
      peer.hear([&mark](const std::string& text) { return text.find(mark) != text.npos; });
  const std::size_t at = heard.find(mark);
  if (at == std::string::npos || at + 3 >= heard.size()) return 0;
  return static_cast<unsigned char>(heard[at + 2]) << 8 | static_cast<unsigned char>(heard[at + 3]);
}

/// "rsc" and its value in one of the three: 4000 is 0x19 0x0f 0xa0 in CBOR.
int status_in(const std::string& heard, const std::string& codec) {
  if (codec == "json") return number_behind(heard, "\"rsc\":");
  if (codec == "xml") return number_behind(heard, "<rsc>");
  const std::size_t at = heard.find("rsc\x19");
  if (at == std::string::npos || at + 5 >= heard.size()) return 0;
  return static_cast<unsigned char>(heard[at + 4]) << 8 | static_cast<unsigned char>(heard[at + 5]);
}

int over_websocket(const Bad& bad, const std::string& content) {
  const std::string codec = bad.codec;
  const RawTcp peer(World::plain().port("ws"));
  peer.say(websocket_upgrade(codec));
  const std::string head =
      peer.hear([](const std::string& text) { return text.find("\r\n\r\n") != text.npos; });
  EXPECT_NE(head.find(" 101 "), std::string::npos) << head;
  constexpr unsigned char kText = 1, kBinary = 2;
  peer.say(websocket_frame(codec == "cbor" ? kBinary : kText, content));
  return status_in(
      peer.hear([&codec](const std::string& text) { return status_in(text, codec) >= 1000; }),
      codec);
}

/// What is no primitive cannot be answered: its sender is in the topic, its identifier is not.
int over_mqtt(const Bad& bad, const std::string& content) {
  static mqtt::RawClient peer(World::plain().url("mqtt"), {"nothing"});
  EXPECT_TRUE(peer.wait_connected());
  peer.publish("/oneM2M/req/CAdmin/id-in/" + std::string(bad.codec), content);
  return 4000;
}

struct Way {
  const char* name;
  Send send;
};
const Way kWays[] = {
    {"http", over_http}, {"coap_tcp", over_coap_tcp}, {"ws", over_websocket}, {"mqtt", over_mqtt}};

Response honest(const char* wire, const char* codec) {
  static int number = 0;
  Request request;
  request.to = "cse-in";
  request.from = "CAdmin";
  request.request_identifier = "honest-" + std::to_string(++number);
  request.release_version = "3";
  if (std::string(wire) == "mqtt") request.from = kOriginator;  // 4106, which is an answer, too
  return open_wire(wire, codec)->ask(request);
}

class Hostile : public testing::TestWithParam<std::tuple<Way, Bad>> {};

TEST_P(Hostile, ContentIsRefusedAndOthersAreServed) {
  const auto& [way, bad] = GetParam();

  const int rsc = way.send(bad, bad.content());

  // A text message must be UTF-8, or the connection ends (1007). Source: RFC 6455 clause 8.1.
  const bool ends = way.send == over_websocket && bad.name == std::string("no_utf_8");
  EXPECT_EQ(rsc, ends ? 0 : 4000);
  const std::string wire = way.name == std::string("coap_tcp") ? "coap+tcp" : way.name;
  const Rsc answer = honest(wire.c_str(), bad.codec).rsc;
  EXPECT_EQ(answer, wire == "mqtt" ? Rsc::kOriginatorNotAuthenticated : Rsc::kOk);
}

INSTANTIATE_TEST_SUITE_P(Contents, Hostile,
                         testing::Combine(testing::ValuesIn(kWays), testing::ValuesIn(kBad)),
                         [](const auto& row) {
                           const Bad& bad = std::get<1>(row.param);
                           return std::string(std::get<0>(row.param).name) + "_" + bad.codec + "_" +
                                  bad.name;
                         });

TEST(Oversized, IsRefusedBeforeItIsRead) {
  const RawTcp peer(World::plain().port("http"));
  peer.say(
      "POST /cse-in HTTP/1.1\r\nHost: x\r\nX-M2M-Origin: CAdmin\r\nX-M2M-RI: big\r\n"
      "X-M2M-RVI: 3\r\nContent-Type: application/json;ty=3\r\nContent-Length: " +
      std::to_string(kTooLarge) + "\r\n\r\n");

  const std::string answer = peer.hear([](const std::string&) { return false; });

  EXPECT_NE(answer.find("HTTP/1.1 413"), std::string::npos) << answer;
  EXPECT_NE(answer.find("X-M2M-RSC: 4000"), std::string::npos) << answer;
}

TEST(Oversized, EndsAWebSocket) {
  const RawTcp peer(World::plain().port("ws"));
  peer.say(websocket_upgrade("json"));
  peer.hear([](const std::string& text) { return text.find("\r\n\r\n") != text.npos; });
  std::string frame = websocket_frame(1, std::string(kTooLarge, ' '));
  frame.resize(64);  // its header says enough

  peer.say(frame);

  const std::string goodbye = peer.hear([](const std::string&) { return false; });
  EXPECT_EQ(goodbye.substr(0, 1), "\x88");      // close
  EXPECT_EQ(goodbye.substr(2, 2), "\x03\xf1");  // 1009
}

TEST(Oversized, EndsACoapConnection) {
  const RawTcp peer(World::plain().port("coap"));
  peer.say(coap_tcp_message(0xe1, "", ""));
  std::string message = coap_tcp_message(0x02, coap_options("json"), std::string(kTooLarge, ' '));
  message.resize(64);

  peer.say(message);

  EXPECT_TRUE(peer.is_closed());
  EXPECT_EQ(honest("coap+tcp", "json").rsc, Rsc::kOk);
}

// A body that unfolds to something else than what was sent is nobody's: no Content-Encoding is
// read.
TEST(Compressed, BodiesAreNotUnfolded) {
  const RawTcp peer(World::plain().port("http"));
  peer.say(
      "POST /cse-in HTTP/1.1\r\nHost: x\r\nX-M2M-Origin: CAdmin\r\nX-M2M-RI: zip\r\n"
      "X-M2M-RVI: 3\r\nConnection: close\r\nContent-Encoding: gzip\r\n"
      "Content-Type: application/json;ty=3\r\nContent-Length: "
      "30\r\n\r\n{\"m2m:cnt\":{\"rn\":\"unfolded\"}} ");

  const std::string answer = peer.hear([](const std::string&) { return false; });

  EXPECT_NE(answer.find("HTTP/1.1 415"), std::string::npos) << answer;
  EXPECT_NE(answer.find("X-M2M-RSC: 4015"), std::string::npos) << answer;
}

TEST(Compressed, NoWebSocketAgreesToIt) {
  const RawTcp peer(World::plain().port("ws"));
  std::string upgrade = websocket_upgrade("json");
  upgrade.insert(upgrade.size() - 2, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
  peer.say(upgrade);

  const std::string answer =
      peer.hear([](const std::string& text) { return text.find("\r\n\r\n") != text.npos; });

  EXPECT_NE(answer.find(" 101 "), std::string::npos) << answer;
  EXPECT_EQ(answer.find("Sec-WebSocket-Extensions"), std::string::npos) << answer;
}

/// What is no serialisation of ours, or has expired: the same on each wire, in its own words.
struct Wrong {
  const char* name;
  const char* header;
  const char* status;
  int rsc;
};
class OverHttp : public testing::TestWithParam<Wrong> {};

TEST_P(OverHttp, IsRefused) {
  const Wrong& wrong = GetParam();
  const RawTcp peer(World::plain().port("http"));
  peer.say(std::string("POST /cse-in HTTP/1.1\r\nHost: x\r\nX-M2M-Origin: CAdmin\r\nX-M2M-RI: w\r\n"
                       "X-M2M-RVI: 3\r\nConnection: close\r\n") +
           wrong.header + "\r\nContent-Length: 14\r\n\r\n{\"m2m:cnt\":{}}");

  const std::string answer = peer.hear([](const std::string&) { return false; });

  EXPECT_NE(answer.find(std::string("HTTP/1.1 ") + wrong.status), std::string::npos) << answer;
  EXPECT_EQ(number_behind(answer, "X-M2M-RSC: "), wrong.rsc) << answer;
}
INSTANTIATE_TEST_SUITE_P(
    Rows, OverHttp,
    testing::Values(
        Wrong{"unknown_type", "Content-Type: text/csv;ty=3", "415", 4015},
        Wrong{"unknown_accept", "Content-Type: application/json;ty=3\r\nAccept: text/csv", "406",
              5207},
        Wrong{"expired", "Content-Type: application/json;ty=3\r\nX-M2M-RET: 20200101T000000", "504",
              4008},
        Wrong{"no_time", "Content-Type: application/json;ty=3\r\nX-M2M-RET: soon", "400", 4000},
        Wrong{"huge_type", "Content-Type: application/json;ty=99999999999999999999", "400", 4000}),
    [](const auto& row) { return row.param.name; });

TEST(OverWebSocket, AnExpiredRequestIsRefused) {
  const RawTcp peer(World::plain().port("ws"));
  peer.say(websocket_upgrade("json"));
  peer.hear([](const std::string& text) { return text.find("\r\n\r\n") != text.npos; });

  peer.say(websocket_frame(1, R"({"op":2,"to":"cse-in","fr":"CAdmin","rqi":"old","rvi":"3",)"
                              R"("rqet":"20200101T000000"})"));

  const std::string heard =
      peer.hear([](const std::string& text) { return text.find("\"rqi\":\"old\"") != text.npos; });
  EXPECT_EQ(number_behind(heard, "\"rsc\":"), 4008) << heard;
}

TEST(OverCoap, AnExpiredRequestIsRefused) {
  coap::Message message;
  message.code = coap::kGet;
  message.add(coap::option::kUriPath, "cse-in");
  message.add(271, "3");
  message.add(279, "CAdmin");
  message.add(283, "old");
  message.add(291, "20200101T000000");
  const coap::testing_support::Datagrams peer(World::plain().port("coap"));

  peer.send(coap::testing_support::datagram_of(message, 7, "t"));

  EXPECT_EQ(static_cast<std::uint8_t>(peer.receive()[1]), coap::code(5, 4));
}

}  // namespace
}  // namespace gatehouse::contract
