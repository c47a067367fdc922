#include "bindings/websocket/exchange.h"

#include <gtest/gtest.h>

#include "bindings/websocket/identity.h"
#include "bindings/websocket/subprotocol.h"
#include "cse/codec/json.h"

namespace gatehouse::websocket {
namespace {

/// One end of a connection, whose other end is the test.
class Talk : public testing::Test {
 protected:
  explicit Talk(ExchangeLimits limits = {})
      : exchange(codec, limits, "/id-in",
                 {[this](std::string message) { said.push_back(std::move(message)); },
                  [this](Request request, std::uint64_t number) {
                    served.push_back(std::move(request));
                    numbers.push_back(number);
                  },
                  [this](const std::string& name) { met.push_back(name); }}) {}

  static Request notify(const std::string& identifier) {
    Request request;
    request.operation = Operation::kNotify;
    request.to = "CAE1";
    request.from = "/id-in";
    request.request_identifier = identifier;
    return request;
  }
  Reply into(std::vector<Response>& answers) {
    return [&answers](Response response) { answers.push_back(std::move(response)); };
  }

  JsonCodec codec;
  std::vector<std::string> said, met;
  std::vector<Request> served;
  std::vector<std::uint64_t> numbers;
  Exchange exchange;
};

// TS-0020 clause 6.5
TEST_F(Talk, AnswersEachRequestUnderItsIdentifierInAnyOrder) {
  exchange.take(R"({"op":2,"to":"cse-in","fr":"CAE1","rqi":"1","rvi":"3"})");
  exchange.take(R"({"op":2,"to":"cse-in/x","fr":"CAE1","rqi":"2","rvi":"3"})");
  ASSERT_EQ(served.size(), 2u);
  EXPECT_EQ(served[1].to, "cse-in/x");

  Response absent;
  absent.rsc = Rsc::kNotFound;
  exchange.answer(numbers[1], absent);
  exchange.answer(numbers[0], Response{});
  exchange.answer(numbers[0], absent);  // a second answer is dropped

  EXPECT_EQ(said,
            (std::vector<std::string>{R"({"rsc":4004,"rqi":"2"})", R"({"rsc":2000,"rqi":"1"})"}));
}

TEST_F(Talk, SendsRequestsTheOtherWayAndMatchesTheirAnswers) {
  std::vector<Response> answers;
  exchange.send(notify("7"), into(answers));
  exchange.send(notify("7"), into(answers));  // another originator may have chosen the same

  EXPECT_EQ(said.at(0), R"({"op":5,"to":"CAE1","fr":"/id-in","rqi":"7"})");
  EXPECT_EQ(said.at(1), R"({"op":5,"to":"CAE1","fr":"/id-in","rqi":"7.2"})");
  exchange.take(R"({"rsc":4000,"rqi":"7.2"})");
  exchange.take(R"({"rsc":2000,"rqi":"7"})");
  exchange.take(R"({"rsc":2000,"rqi":"7"})");  // an answer to nothing
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0].rsc, Rsc::kBadRequest);
  EXPECT_EQ(answers[0].request_identifier, "7");
  EXPECT_EQ(answers[1].rsc, Rsc::kOk);
}

TEST_F(Talk, RefusesWhatItCannotReadAndGoesOn) {
  exchange.take("{");
  exchange.take(R"({"op":9,"to":"a","rqi":"4"})");
  exchange.take(R"({"rsc":"x","rqi":"4"})");  // a malformed answer answers nothing
  exchange.take(R"({"op":2,"to":"cse-in","fr":"CAE1","rqi":"5"})");

  ASSERT_EQ(said.size(), 2u);
  EXPECT_TRUE(said[0].starts_with(R"({"rsc":4000,"pc":{"m2m:dbg":"JSON, at byte)") ||
              said[0].starts_with(R"({"rsc":4000,"rqi":"")"))
      << said[0];
  EXPECT_TRUE(said[1].starts_with(R"({"rsc":4000,"rqi":"4","pc":{"m2m:dbg":"op: must be)"))
      << said[1];
  EXPECT_EQ(served.size(), 1u);
}

// The dialect coerce_scalars.
TEST_F(Talk, NamesTheSwitchThatWouldReadNumbersInTexts) {
  exchange.take(R"({"op":"2","to":"cse-in","fr":"CAE1","rqi":"4"})");

  ASSERT_EQ(said.size(), 1u);
  EXPECT_NE(said[0].find("the switch compat.coerce_scalars would accept this"), std::string::npos);
  EXPECT_TRUE(served.empty());
}

class LenientTalk : public Talk {
 protected:
  LenientTalk() : Talk(limits()) {}
  static ExchangeLimits limits() {
    ExchangeLimits limits;
    limits.coerce_scalars = true;
    return limits;
  }
};
TEST_F(LenientTalk, ReadsThemAndSaysSo) {
  exchange.take(R"({"op":"2","to":"cse-in","fr":"CAE1","rqi":"4","rcn":1.0})");
  exchange.take(R"({"op":2,"to":"cse-in","fr":"CAE1","rqi":"5"})");

  ASSERT_EQ(served.size(), 2u);
  EXPECT_EQ(served[0].operation, Operation::kRetrieve);
  EXPECT_EQ(served[0].dialect, "coerce_scalars");
  EXPECT_EQ(served[1].dialect, "");
}

TEST_F(Talk, SaysNothingToARequestWithoutResponse) {
  exchange.take(R"({"op":2,"to":"cse-in","fr":"CAE1","rqi":"5","rt":{"rtv":5}})");

  exchange.answer(numbers.at(0), Response{});

  EXPECT_TRUE(said.empty());
}

TEST_F(Talk, FailsWhatWaitsWhenTheConnectionEnds) {
  std::vector<Response> answers;
  exchange.send(notify("1"), into(answers));

  exchange.fail_all("gone");

  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].rsc, Rsc::kTargetNotReachable);
  EXPECT_EQ(answers[0].content.tree()->string_at("m2m:dbg"), "gone");
}

TEST_F(Talk, GivesUpAtTheDeadline) {
  std::vector<Response> answers;
  Request request = notify("1");
  request.request_expiration = "5000";
  exchange.send(request, into(answers));
  const auto now = Exchange::Clock::now();

  exchange.check_deadlines(now);
  EXPECT_TRUE(answers.empty());
  exchange.check_deadlines(now + std::chrono::seconds(6));
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].rsc, Rsc::kTargetNotReachable);
  request.request_expiration = "19990101T000000";
  exchange.send(request, into(answers));
  EXPECT_EQ(answers.at(1).rsc, Rsc::kRequestTimeout);
}

class NarrowTalk : public Talk {
 protected:
  NarrowTalk() : Talk(narrow()) {}
  static ExchangeLimits narrow() {
    ExchangeLimits limits;
    limits.max_pending = 1;
    limits.max_serving = 1;
    limits.decode.max_depth = 8;
    return limits;
  }
};

TEST_F(NarrowTalk, KeepsItsLimits) {
  std::vector<Response> answers;
  exchange.send(notify("1"), into(answers));
  exchange.send(notify("2"), into(answers));
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].rsc, Rsc::kTargetNotReachable);

  EXPECT_TRUE(exchange.has_room());
  exchange.take(R"({"op":2,"to":"cse-in","fr":"CAE1","rqi":"5"})");
  EXPECT_FALSE(exchange.has_room());
  exchange.answer(numbers.at(0), Response{});
  EXPECT_TRUE(exchange.has_room());

  exchange.take(std::string(10'000, '['));
  EXPECT_NE(said.back().find("nested deeper than 8 levels"), std::string::npos) << said.back();
  exchange.fail_all("the end");  // `answers` goes before the exchange
}

struct MeetingCase {
  std::string name, request, answer;
  Rsc rsc;
  std::vector<std::string> met;
};
class Meetings : public Talk, public testing::WithParamInterface<MeetingCase> {};

// TS-0020 clause 6.4
TEST_P(Meetings, ShowWhoIsThereOnlyOnceTheCseHasTakenIt) {
  exchange.take(GetParam().request);
  Response response;
  response.rsc = GetParam().rsc;
  if (!GetParam().answer.empty()) {
    response.content = Content::from_json(std::make_shared<const std::string>(GetParam().answer));
  }

  exchange.answer(numbers.at(0), response);

  EXPECT_EQ(met, GetParam().met);
}
INSTANTIATE_TEST_SUITE_P(
    Requests, Meetings,
    testing::Values(MeetingCase{"registration",
                                R"({"op":1,"ty":2,"to":"cse-in","fr":"C","rqi":"1"})",
                                R"({"m2m:ae":{"aei":"CAE1"}})",
                                Rsc::kCreated,
                                {"/id-in/CAE1"}},
                    MeetingCase{"registration_without_originator",
                                R"({"op":1,"ty":2,"to":"cse-in","rqi":"1"})",
                                R"({"m2m:ae":{"aei":"SAE1"}})",
                                Rsc::kCreated,
                                {"SAE1"}},
                    MeetingCase{"registration_answered_by_nothing",
                                R"({"op":1,"ty":2,"to":"cse-in","fr":"CAE1","rqi":"1"})",
                                "",
                                Rsc::kCreated,
                                {"/id-in/CAE1"}},
                    MeetingCase{"registration_refused",
                                R"({"op":1,"ty":2,"to":"cse-in","fr":"CAE1","rqi":"1"})",
                                "",
                                Rsc::kOriginatorHasAlreadyRegistered,
                                {}},
                    MeetingCase{"request",
                                R"({"op":2,"to":"cse-in","fr":"CAE1","rqi":"1"})",
                                "",
                                Rsc::kOk,
                                {"/id-in/CAE1"}},
                    MeetingCase{"without_privilege",
                                R"({"op":2,"to":"cse-in","fr":"CAE1","rqi":"1"})",
                                "",
                                Rsc::kOriginatorHasNoPrivilege,
                                {"/id-in/CAE1"}},
                    MeetingCase{"not_believed",
                                R"({"op":2,"to":"cse-in","fr":"CAE1","rqi":"1"})",
                                "",
                                Rsc::kOriginatorNotAuthenticated,
                                {}},
                    MeetingCase{"cse",
                                R"({"op":1,"ty":16,"to":"cse-in","fr":"/id-mn","rqi":"1"})",
                                "",
                                Rsc::kCreated,
                                {"/id-mn"}},
                    MeetingCase{"behind_a_cse",
                                R"({"op":2,"to":"cse-in","fr":"/id-mn/CAE7","rqi":"1"})",
                                "",
                                Rsc::kOk,
                                {}}),
    [](const auto& each) { return each.param.name; });

TEST(ConnectionName, IsTheSameForAllFormsOfAnId) {
  EXPECT_EQ(connection_name("CAE1", "/id-in"), "/id-in/CAE1");
  EXPECT_EQ(connection_name("/id-in/CAE1", "/id-in"), "/id-in/CAE1");
  EXPECT_EQ(connection_name("//sp.example/id-in/CAE1", "/id-in"), "/id-in/CAE1");
  EXPECT_EQ(connection_name("SAE1", "/id-in"), "SAE1");
  EXPECT_EQ(connection_name("/SAE1", "/id-in"), "SAE1");
  EXPECT_EQ(connection_name("/id-mn", "/id-in"), "/id-mn");
  for (const char* none : {"", "/", "//sp.example", "/id-mn/CAE1"}) {
    EXPECT_EQ(connection_name(none, "/id-in"), "") << none;
  }
}

// TS-0020 clause 6.2.2.9
TEST(Subprotocols, AreChosenInTheOrderOfTheClient) {
  const Codecs codecs = standard_codecs();

  EXPECT_EQ(choose_codec("oneM2M.xml, oneM2M.cbor , oneM2M.json", codecs)->name(), "cbor");
  EXPECT_EQ(choose_codec("oneM2M.json,", codecs)->name(), "json");
  for (const char* none : {"", "oneM2M.xml", "onem2m.json", "json", "oneM2M."}) {
    EXPECT_EQ(choose_codec(none, codecs), nullptr) << none;
  }
}

TEST(WsUrls, AreReadOrRefused) {
  const auto text = [](const char* url) {
    const auto parsed = parse_ws_url(url);
    return parsed ? (parsed->tls ? "wss " : "ws ") + parsed->authority() + " " + parsed->target
                  : std::string();
  };
  EXPECT_EQ(text("ws://h"), "ws h:80 /");
  EXPECT_EQ(text("wss://10.251.232.119"), "wss 10.251.232.119:443 /");
  EXPECT_EQ(text("ws://[::1]:9000/a?b=c#d"), "ws [::1]:9000 /a?b=c");
  EXPECT_EQ(text("ws://h?x"), "ws h:80 /?x");
  for (const char* url : {"", "ws:", "ws://", "http://h", "ws://h:", "ws://h:0", "ws://h:65536",
                          "ws://u@h", "ws://[::1", "ws://h/a b", "ws://h x"}) {
    EXPECT_EQ(text(url), "") << url;
  }
}

}  // namespace
}  // namespace gatehouse::websocket
