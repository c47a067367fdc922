#include "ae-apps/ota/uds/doip.h"

#include <gtest/gtest.h>

#include "ae-apps/ota/uds/doip_entity.h"

namespace gatehouse::doip {
namespace {

using std::chrono::milliseconds;

std::string hex(ByteView bytes) { return to_hex(bytes); }
Bytes raw(std::string_view text) { return from_hex(text).value(); }

// ISO 13400-2 table 16; the samples of our digest
TEST(DoipCodec, WritesTheKnownBytes) {
  EXPECT_EQ(hex(encode(RoutingRequest{0x0E00, 0})), "02fd0005000000070e000000000000");
  EXPECT_EQ(hex(encode(RoutingResponse{0x0E00, 0x1010, Activation::kActivated})),
            "02fd0006000000090e0010101000000000");
  EXPECT_EQ(hex(encode(Diagnostic{0x0E00, 0x1010, raw("22f190")})),
            "02fd8001000000070e00101022f190");
  EXPECT_EQ(hex(encode(DiagnosticAnswer{0x1010, 0x0E00, {}})), "02fd80020000000510100e0000");
}

struct Malformed {
  const char* name;
  const char* bytes;
  HeaderNack nack;
};

TEST(DoipCodec, RefusesMalformedFrames) {
  const Malformed cases[] = {
      {"inverse version wrong", "02fe000500000000", HeaderNack::kBadPattern},
      {"version 0", "00ff000500000000", HeaderNack::kBadPattern},
      {"version 5", "05fa000500000000", HeaderNack::kBadPattern},
      {"any version outside identification", "ff00800100000000", HeaderNack::kBadPattern},
      {"unknown type", "02fd123400000000", HeaderNack::kUnknownType},
      {"too large", "02fd8001ffffffff", HeaderNack::kTooLarge},
      {"one byte too large", "02fd800100000101", HeaderNack::kTooLarge},
      {"routing activation too short", "02fd0005000000060e0000000000", HeaderNack::kBadLength},
      {"routing activation of 8", "02fd0005000000080e00000000000000", HeaderNack::kBadLength},
      {"diagnostic without UDS", "02fd8001000000040e001010", HeaderNack::kBadLength},
      {"alive check with content", "02fd00070000000100", HeaderNack::kBadLength},
      {"alive answer of 1", "02fd00080000000100", HeaderNack::kBadLength},
      {"nack of 0", "02fd000000000000", HeaderNack::kBadLength},
  };
  for (const Malformed& c : cases) {
    Decoder decoder(256);
    decoder.feed(raw(c.bytes));

    const auto message = decoder.next();

    ASSERT_TRUE(message) << c.name;
    ASSERT_FALSE(*message) << c.name;
    EXPECT_EQ(text_of(message->error()), text_of(c.nack)) << c.name;
  }
}

TEST(DoipCodec, WaitsForAWholeMessageHoweverItIsCut) {
  const Bytes bytes = encode(Diagnostic{0x0E00, 0x1010, raw("22f190")});
  Decoder decoder(256);
  for (std::size_t i = 0; i + 1 < bytes.size(); ++i) {
    decoder.feed({&bytes[i], 1});
    ASSERT_FALSE(decoder.next());
  }
  decoder.feed({&bytes.back(), 1});

  const auto message = decoder.next();

  ASSERT_TRUE(message && *message);
  EXPECT_EQ(decode_diagnostic((*message)->payload)->uds, raw("22f190"));
}

TEST(DoipCodec, SkipsWhatIsTooLargeAndGoesOn) {
  Decoder decoder(16);
  decoder.feed(encode(Diagnostic{1, 2, Bytes(1000, 7)}));
  decoder.feed(encode(Type::kAliveCheck, {}));

  const auto first = decoder.next();
  const auto second = decoder.next();

  EXPECT_EQ(first->error(), HeaderNack::kTooLarge);
  ASSERT_TRUE(second && *second);
  EXPECT_EQ((*second)->type, static_cast<std::uint16_t>(Type::kAliveCheck));
}

Identity sample_identity() {
  Identity identity;
  identity.vin = "WGATEHOUSE0000001";
  identity.logical_address = 0x1010;
  identity.eid = {1, 2, 3, 4, 5, 6};
  return identity;
}

TEST(DoipDatagram, IsAnsweredIfItIsMeantForUs) {
  const auto ask = [](std::string_view request) {
    const auto answer = answer_datagram(raw(request), sample_identity(), 4, 1, 4096);
    return answer ? hex(*answer).substr(4, 4) : std::string("silence");
  };
  EXPECT_EQ(ask("02fd000100000000"), "0004");
  EXPECT_EQ(ask("ff00000100000000"), "0004");
  EXPECT_EQ(ask("02fd000200000006010203040506"), "0004");
  EXPECT_EQ(ask("02fd000200000006010203040507"), "silence");
  EXPECT_EQ(ask("02fd000300000011" + hex(view_of("WGATEHOUSE0000001"))), "0004");
  EXPECT_EQ(ask("02fd000300000011" + hex(view_of("WGATEHOUSE0000002"))), "silence");
  EXPECT_EQ(ask("02fd400100000000"), "4002");
  EXPECT_EQ(ask("02fd400300000000"), "4004");
  EXPECT_EQ(ask("02fd0007000000"), "silence");
  EXPECT_EQ(ask("02fd000700000000"), "silence");
  EXPECT_EQ(ask("02fc000100000000"), "0000");
}

TEST(DoipDatagram, AnnouncementReadsBack) {
  const Bytes bytes = encode_announcement(sample_identity());
  Decoder decoder(64);
  ASSERT_EQ(bytes.size(), 8u + 32u);

  const Bytes announcement = encode(Type::kVehicleAnnouncement, ByteView(bytes).subspan(8));
  const auto identity = decode_announcement(ByteView(announcement).subspan(8));

  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->vin, "WGATEHOUSE0000001");
  EXPECT_EQ(identity->logical_address, 0x1010);
  EXPECT_EQ(identity->eid, sample_identity().eid);
}

/// An entity whose connections are numbers and whose time is a variable.
class DoipEntity : public testing::Test, protected Entity::Output {
 protected:
  DoipEntity() : entity(settings(), *this) {}
  static EntitySettings settings() {
    EntitySettings s;
    s.identity = sample_identity();
    s.max_payload_bytes = 256;
    s.max_sockets = 3;
    s.max_testers = 1;
    return s;
  }
  void send(Entity::ConnectionId to, ByteView bytes) override {
    said[to] +=
        (said[to].empty() ? "" : " ") + hex(bytes.subspan(2, 2)) + ":" + hex(bytes.subspan(8));
  }
  void close(Entity::ConnectionId id) override { closed.push_back(id); }
  void left(Address tester) override { gone.push_back(tester); }
  void diagnose(Address tester, ByteView uds, bool functional,
                const std::function<void(Bytes)>& answer) override {
    asked_by = tester;
    asked += hex(uds) + (functional ? "f" : "");
    answer(raw("7e00"));
  }
  /// What connection `id` hears back.
  std::string tell(int id, const Bytes& bytes) {
    said[id].clear();
    entity.received(id, bytes, now);
    return said[id];
  }
  std::string activate(int id, Address tester = 0x0E00) {
    return tell(id, encode(RoutingRequest{tester, 0}));
  }

  milliseconds now{0};
  std::map<int, std::string> said;
  std::vector<int> closed;
  std::vector<Address> gone;
  std::string asked;
  Address asked_by = 0;
  Entity entity;
};

TEST_F(DoipEntity, LetsAKnownTesterIn) {
  entity.opened(1, now);

  EXPECT_EQ(activate(1), "0006:0e0010101000000000");
  EXPECT_EQ(activate(1), "0006:0e0010101000000000") << "again is allowed";
  EXPECT_EQ(tell(1, encode(Diagnostic{0x0E00, 0x1010, raw("3e00")})),
            "8002:10100e0000 8001:10100e007e00");
  EXPECT_EQ(asked, "3e00");
}

TEST_F(DoipEntity, KnowsAFunctionalRequest) {
  entity.opened(1, now);
  activate(1);

  tell(1, encode(Diagnostic{0x0E00, 0xE400, raw("3e00")}));

  EXPECT_EQ(asked, "3e00f");
}

TEST_F(DoipEntity, RefusesActivations) {
  entity.opened(1, now);
  EXPECT_EQ(activate(1, 0x0ABC), "0006:0abc10100000000000") << "unknown source";
  entity.opened(2, now);
  EXPECT_EQ(tell(2, encode(RoutingRequest{0x0E00, 0xE0})), "0006:0e0010100600000000") << "type";
  entity.opened(3, now);
  activate(3);
  EXPECT_EQ(activate(3, 0x0E80), "0006:0e8010100200000000") << "two sources on one socket";
  EXPECT_EQ(closed, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(entity.counters().refused_activations, 3u);
}

TEST_F(DoipEntity, RefusesMessagesThatItShouldNotGet) {
  entity.opened(1, now);
  EXPECT_EQ(tell(1, encode(Diagnostic{0x0E00, 0x1010, raw("3e00")})), "8003:10100e0002")
      << "not activated";
  entity.opened(2, now);
  activate(2);
  EXPECT_EQ(tell(2, encode(Diagnostic{0x0E00, 0x2020, raw("3e00")})), "8003:20200e0003");
  EXPECT_EQ(tell(2, encode(Diagnostic{0x0E80, 0x1010, raw("3e00")})), "8003:10100e8002");
  EXPECT_EQ(closed, (std::vector<int>{1, 2}));
  EXPECT_EQ(asked, "") << "nothing reached the ECU";
  EXPECT_EQ(entity.counters().refused_messages, 3u);
}

TEST_F(DoipEntity, CountsAnswersThatNobodyAskedFor) {
  entity.opened(1, now);
  activate(1);

  EXPECT_EQ(tell(1, encode(DiagnosticAnswer{0x0E00, 0x1010, {}})), "");
  EXPECT_EQ(tell(1, encode(Type::kAliveCheckResponse, raw("0e00"))), "");

  EXPECT_EQ(entity.counters().refused_messages, 1u);
  EXPECT_TRUE(closed.empty());
}

TEST_F(DoipEntity, ClosesAfterABadPatternAndGoesOnAfterAnUnknownType) {
  entity.opened(1, now);
  EXPECT_EQ(tell(1, raw("02fd123400000000")), "0000:01");
  EXPECT_TRUE(closed.empty());
  EXPECT_EQ(tell(1, raw("4745542f20485454")), "0000:00");
  EXPECT_EQ(closed, std::vector<int>{1});
  EXPECT_EQ(entity.counters().malformed, 2u);
}

TEST_F(DoipEntity, KeepsTheFirstTesterIfItIsAlive) {
  entity.opened(1, now);
  entity.opened(2, now);
  activate(1);
  said[1].clear();
  EXPECT_EQ(activate(2), "") << "waits";
  EXPECT_EQ(said[1], "0007:");

  tell(1, encode(Type::kAliveCheckResponse, raw("0e00")));

  EXPECT_EQ(said[2], "0006:0e0010100300000000");
  EXPECT_EQ(closed, std::vector<int>{2});
}

TEST_F(DoipEntity, RefusesASecondTesterWhileTheFirstIsAlive) {
  entity.opened(1, now);
  entity.opened(2, now);
  activate(1);
  activate(2, 0x0E80);

  tell(1, encode(Type::kAliveCheckResponse, raw("0e00")));

  EXPECT_EQ(said[2], "0006:0e8010100100000000");
}

TEST_F(DoipEntity, LetsTheSecondInIfTheFirstIsDead) {
  entity.opened(1, now);
  entity.opened(2, now);
  activate(1);
  activate(2, 0x0E80);
  now += milliseconds(499);
  entity.tick(now);
  ASSERT_TRUE(closed.empty());

  now += milliseconds(1);
  entity.tick(now);

  EXPECT_EQ(closed, std::vector<int>{1});
  EXPECT_EQ(said[2], "0006:0e8010101000000000");
}

TEST_F(DoipEntity, LetsTheSecondInIfTheFirstHangsUp) {
  entity.opened(1, now);
  entity.opened(2, now);
  activate(1);
  activate(2);

  entity.closed(1);

  EXPECT_EQ(said[2], "0006:0e0010101000000000");
}

/// With room for two testers.
class DoipEntityForTwo : public DoipEntity {
 protected:
  DoipEntityForTwo() : two(settings_for_two(), *this) {
    for (int id = 1; id <= 4; ++id) two.opened(id, now, "10.0.0." + std::to_string(id));
  }
  static EntitySettings settings_for_two() {
    EntitySettings s = settings();
    s.max_testers = 2;
    s.max_sockets = 8;
    s.max_faults = 3;
    s.max_datagrams = 5;
    return s;
  }
  std::string ask(int id, const Bytes& bytes) {
    said[id].clear();
    two.received(id, bytes, now);
    return said[id];
  }
  std::string enter(int id, Address tester) { return ask(id, encode(RoutingRequest{tester, 0})); }
  Entity two;
};

// ISO 13400-2: several testers, alive check of all of them when there is no room
TEST_F(DoipEntityForTwo, HasRoomForTwoAndAsksAllOfThemWhenAThirdComes) {
  EXPECT_EQ(enter(1, 0x0E00), "0006:0e0010101000000000");
  EXPECT_EQ(enter(2, 0x0E80), "0006:0e8010101000000000");
  EXPECT_EQ(ask(2, encode(Diagnostic{0x0E80, 0x1010, raw("3e00")})),
            "8002:10100e8000 8001:10100e807e00");
  EXPECT_EQ(asked_by, 0x0E80);
  said[1].clear();
  said[2].clear();

  EXPECT_EQ(enter(3, 0x0F00), "") << "waits";
  EXPECT_EQ(said[1] + said[2], "0007:0007:");
  ask(1, encode(Type::kAliveCheckResponse, raw("0e00")));
  EXPECT_EQ(said[3], "") << "the other one may be dead";
  ask(2, encode(Type::kAliveCheckResponse, raw("0e80")));

  EXPECT_EQ(said[3], "0006:0f0010100100000000");
  EXPECT_EQ(closed, std::vector<int>{3});
}

TEST_F(DoipEntityForTwo, LetsTheThirdInWhenOneOfThemIsDead) {
  enter(1, 0x0E00);
  enter(2, 0x0E80);
  enter(3, 0x0F00);
  ask(2, encode(Type::kAliveCheckResponse, raw("0e80")));

  now += milliseconds(500);
  two.tick(now);

  EXPECT_EQ(closed, std::vector<int>{1});
  EXPECT_EQ(gone, std::vector<Address>{0x0E00});
  EXPECT_EQ(said[3], "0006:0f0010101000000000");
}

TEST_F(DoipEntityForTwo, AsksOnlyTheOneWithTheSameAddress) {
  enter(1, 0x0E00);
  said[1].clear();
  EXPECT_EQ(enter(2, 0x0E00), "");
  EXPECT_EQ(said[1], "0007:");
  EXPECT_EQ(enter(3, 0x0E80), "0006:0e8010101000000000") << "has its own";

  now += milliseconds(500);
  two.tick(now);

  EXPECT_EQ(said[2], "0006:0e0010101000000000");
}

TEST_F(DoipEntityForTwo, ShutsOutAnAddressThatBreaksTheRulesAgainAndAgain) {
  enter(2, 0x0E80);
  for (int i = 0; i < 4; ++i) ask(1, raw("02fd123400000000"));
  EXPECT_EQ(closed, std::vector<int>{1});

  two.opened(5, now, "10.0.0.1");
  EXPECT_EQ(closed, (std::vector<int>{1, 5})) << "the same address";
  EXPECT_EQ(two.counters().refused_connections, 1u);
  EXPECT_EQ(ask(2, encode(Diagnostic{0x0E80, 0x1010, raw("3e00")})),
            "8002:10100e8000 8001:10100e807e00")
      << "others are not troubled";

  now += std::chrono::seconds(10);
  two.opened(6, now, "10.0.0.1");
  EXPECT_EQ(enter(6, 0x0E00), "0006:0e0010101000000000") << "later it may come again";
}

TEST_F(DoipEntityForTwo, ForgivesFaultsThatAreLongAgo) {
  for (int i = 0; i < 8; ++i) {
    ask(1, raw("02fd123400000000"));
    now += std::chrono::seconds(4);
  }
  EXPECT_TRUE(closed.empty());
}

TEST_F(DoipEntityForTwo, AnswersSoManyDatagramsASecond) {
  int answered = 0;
  for (int i = 0; i < 100; ++i) answered += two.takes_datagram(now) ? 1 : 0;
  EXPECT_EQ(answered, 5);
  EXPECT_EQ(two.counters().dropped_datagrams, 95u);
  now += std::chrono::seconds(1);
  EXPECT_TRUE(two.takes_datagram(now));
}

TEST_F(DoipEntity, ClosesIdleConnections) {
  entity.opened(1, now);
  entity.opened(2, now);
  activate(2);
  now += milliseconds(2000);
  entity.tick(now);
  EXPECT_EQ(closed, std::vector<int>{1}) << "T_TCP_Initial_Inactivity";

  now += milliseconds(298'000);
  entity.tick(now);
  EXPECT_EQ(closed, (std::vector<int>{1, 2})) << "T_TCP_General_Inactivity";
}

TEST_F(DoipEntity, ClosesAConnectionThatDripsWithoutActivation) {
  entity.opened(1, now);
  for (int i = 0; i < 4; ++i) {
    now += milliseconds(500);
    entity.received(1, Bytes{0x02}, now);
    entity.tick(now);
  }
  EXPECT_EQ(closed, std::vector<int>{1}) << "T_TCP_Initial_Inactivity";
}

TEST_F(DoipEntity, TakesNoMoreConnectionsThanItsLimit) {
  for (int id = 1; id <= 4; ++id) entity.opened(id, now);

  EXPECT_EQ(closed, std::vector<int>{4});
  EXPECT_EQ(entity.open_sockets(), 3u);
}

}  // namespace
}  // namespace gatehouse::doip
