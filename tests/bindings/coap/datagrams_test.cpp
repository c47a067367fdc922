// What only a peer that writes its own datagrams can show.
#include <gmock/gmock.h>

#include "tests/bindings/coap/test_support.h"

namespace gatehouse::coap {
namespace {

using namespace testing_support;

class CoapDatagrams : public testing::Test {
 protected:
  void start() {
    server_ = std::make_unique<Server>(settings_, handler_, codecs_);
    ASSERT_TRUE(server_->start());
    peer_ = std::make_unique<Datagrams>(server_->port());
  }
  static Message post(std::uint16_t originator = 279, std::uint16_t identifier = 283) {
    Message m;
    m.code = kPost;
    m.add(option::kUriPath, "c");
    m.add(originator, "CAE1");
    m.add(identifier, "r1");
    return m;
  }
  static int type_of(const std::string& datagram) { return datagram[0] >> 4 & 3; }
  static std::uint8_t code_of(const std::string& datagram) {
    return static_cast<std::uint8_t>(datagram[1]);
  }
  Codecs codecs_ = standard_codecs();
  ServerSettings settings_;
  RecordingHandler handler_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Datagrams> peer_;
};

// RFC 7252 clause 4.5: a request whose acknowledgement was lost comes again.
TEST_F(CoapDatagrams, ARepeatedRequestIsAnsweredAgainButServedOnce) {
  handler_.answer = ok_response;
  start();
  const std::string request = datagram_of(post(), 7, "tk");

  peer_->send(request);
  const std::string first = peer_->receive();
  peer_->send(request);
  const std::string second = peer_->receive();

  EXPECT_FALSE(first.empty());
  EXPECT_EQ(first, second);
  EXPECT_EQ(handler_.count(), 1u);
  EXPECT_EQ(server_->counters().duplicates, 1u);
}

TEST_F(CoapDatagrams, ARequestThatIsBeingServedIsAcknowledgedOnceMore) {
  start();
  const std::string request = datagram_of(post(), 7, "tk");
  peer_->send(request);
  EXPECT_EQ(code_of(peer_->receive()), 0);
  peer_->send(request);
  EXPECT_EQ(code_of(peer_->receive()), 0);

  handler_.reply(0, ok_response(handler_.request()));
  const std::string answer = peer_->receive();

  EXPECT_EQ(type_of(answer), 0);  // CON: of its own
  EXPECT_EQ(code_of(answer), code(2, 4));
  EXPECT_EQ(answer.substr(4, 2), "tk");
  EXPECT_EQ(handler_.count(), 1u);
}

TEST_F(CoapDatagrams, ASeparateAnswerIsRepeatedUntilItIsAcknowledged) {
  start();
  peer_->send(datagram_of(post(), 7, "tk"));
  peer_->receive();
  handler_.reply(0, ok_response(handler_.request()));

  const std::string once = peer_->receive();
  const std::string again = peer_->receive();

  EXPECT_EQ(once, again);
}

TEST_F(CoapDatagrams, NonConfirmableIsAnsweredNonConfirmable) {
  handler_.answer = ok_response;
  start();
  peer_->send(datagram_of(post(), 7, "tk", 1));
  EXPECT_EQ(type_of(peer_->receive()), 1);
}

TEST_F(CoapDatagrams, AnswersInTheNumbersOfReleaseTwo) {
  handler_.answer = ok_response;
  start();
  peer_->send(datagram_of(post(256, 257), 7, "tk"));

  // After the token: RQI 257, then RSC 265 as 8 further, two bytes.
  EXPECT_EQ(peer_->receive().substr(6), "\xd2\xf4r1\x82\x07\xd0");
}

// What oneM2M does not know is refused with 4.02, although libcoap lets the range through.
TEST_F(CoapDatagrams, AnUnknownCriticalOptionIsRefused) {
  start();
  for (const std::uint16_t number : {std::uint16_t{2049}, std::uint16_t{399}}) {
    Message m = post();
    m.add(number, "x");
    peer_->send(datagram_of(m, number, "tk"));
    EXPECT_EQ(code_of(peer_->receive()), code(4, 2)) << number;
  }
  EXPECT_EQ(handler_.count(), 0u);
}

TEST_F(CoapDatagrams, ObserveIsRefusedInWords) {
  start();
  Message m = post();
  m.code = kGet;
  m.add(option::kObserve, "");
  peer_->send(datagram_of(m, 7, "tk"));
  const std::string answer = peer_->receive();

  EXPECT_EQ(code_of(answer), code(4, 0));
  EXPECT_NE(answer.find("<subscription>"), std::string::npos);
}

TEST_F(CoapDatagrams, NoResponseMeansNone) {
  handler_.answer = ok_response;
  start();
  Message m = post();
  m.add(option::kUriQuery, "rt=5");
  peer_->send(datagram_of(m, 7, "tk"));
  const std::string answer = peer_->receive();

  EXPECT_EQ(answer.size(), 4u);  // an empty acknowledgement
  EXPECT_EQ(code_of(answer), 0);
}

TEST_F(CoapDatagrams, APeerHasOnlySoManyRequestsInProgress) {
  settings_.max_pending = 2;
  start();
  for (std::uint16_t id = 1; id <= 3; ++id) {
    peer_->send(datagram_of(post(), id, "t" + std::to_string(id)));
    EXPECT_EQ(code_of(peer_->receive()), id == 3 ? code(5, 3) : 0);
  }
}

TEST_F(CoapDatagrams, GarbageDoesNotStopTheOthers) {
  handler_.answer = ok_response;
  start();
  for (const char* garbage : {"", "\x40", "GET / HTTP/1.1", "\x4f\x01\x01\x01", "\xff\xff\xff\xff",
                              "\x40\x01\x01\x01\xff", "\x40\x01\x01\x01\xdd\xdd\xdd"}) {
    if (*garbage) peer_->send(garbage);
  }
  const Datagrams other(server_->port());
  other.send(datagram_of(post(), 9, "tk"));
  EXPECT_EQ(code_of(other.receive()), code(2, 4));
}

}  // namespace
}  // namespace gatehouse::coap
