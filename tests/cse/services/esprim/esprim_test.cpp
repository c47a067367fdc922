// A primitive inside a JWE: executed once, as the owner of the key, or not at all.
#include "cse/services/esprim/esprim.h"

#include <gmock/gmock.h>

#include "cse/codec/json.h"
#include "cse/codec/primitive_codec.h"

namespace gatehouse {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// Takes what comes through, and answers.
class Core final : public PrimitiveHandler {
 public:
  void handle(Request&& request, Reply reply) override {
    received.push_back(request);
    Response response;
    response.rsc = Rsc::kCreated;
    response.request_identifier = request.request_identifier;
    response.content = Content(*parse_json(R"({"m2m:cnt":{"rn":"secret"}})"));
    reply(std::move(response));
  }
  std::vector<Request> received;
};

class EsPrimTest : public testing::TestWithParam<std::size_t> {
 protected:
  Response notify(Value content, const std::string& to = "/id-in") {
    Request request;
    request.operation = Operation::kNotify;
    request.from = "Ccarrier";
    request.to = to;
    request.request_identifier = "outer";
    request.content = std::move(content);
    Response got;
    gate_.handle(std::move(request), [&got](Response response) { got = std::move(response); });
    return got;
  }
  static const Value* part_of(const Response& response) {
    const Value* tree = response.content.tree();
    return tree ? tree->find("m2m:seci") : nullptr;
  }
  jose::ReceiverRandom new_random() {
    const Response response = notify(*parse_json(R"({"m2m:seci":{"sit":3}})"));
    EXPECT_EQ(part_of(response)->integer_at("sit"), 4);
    return *jose::ReceiverRandom::read(*part_of(response)->find("ero"));
  }
  static std::string inner_of(const std::string& from) {
    return R"({"op":1,"ty":3,"to":"cse-in/x","fr":")" + from +
           R"(","rqi":"inner","rvi":"3","pc":{"m2m:cnt":{"rn":"secret"}}})";
  }
  std::string seal(const std::string& inner, const jose::ReceiverRandom& random,
                   const jose::SharedKey& pairwise) const {
    return *jose::seal(inner, jose::session_key(pairwise, random, drawn_), random.id, drawn_);
  }
  Response send(const std::string& jwe) { return notify(jose::message_with(jwe)); }

  const jose::SharedKey pairwise_{"key@sp", std::string(GetParam(), 'k')};
  const jose::OriginatorRandom drawn_ = jose::draw_originator_random();
  Timestamp now_ = *parse_timestamp("20270101T000000");
  Core core_;
  EsPrimGate gate_{{"/id-in", "cse-in", "//sp.example"},
                   core_,
                   [this](const std::string& id) -> std::optional<PairwiseKey> {
                     if (id != pairwise_.id) return std::nullopt;
                     return PairwiseKey{pairwise_, {"CAE1", "/id-mn/CAE1"}};
                   },
                   [this] { return now_; }};
};

// TS-0003 clause 8.4
TEST_P(EsPrimTest, ExecutesTheInnerPrimitiveAsTheOwnerOfTheKey) {
  const jose::ReceiverRandom random = new_random();

  const Response response = send(seal(inner_of("CAE1"), random, pairwise_));

  ASSERT_THAT(core_.received, SizeIs(1));
  const Request& inner = core_.received[0];
  EXPECT_EQ(inner.from, "CAE1");
  EXPECT_EQ(inner.request_identifier, "inner");
  ASSERT_TRUE(inner.peer);
  EXPECT_TRUE(inner.peer->authenticated);
  EXPECT_EQ(inner.peer->identities, (std::vector<std::string>{"CAE1", "/id-mn/CAE1"}));
  EXPECT_EQ(response.rsc, Rsc::kOk);
  EXPECT_EQ(response.request_identifier, "outer");
  ASSERT_NE(part_of(response), nullptr);
  EXPECT_EQ(to_json(response.content).find("secret"), std::string::npos) << "nobody reads it";
  const auto opened = jose::decrypt(part_of(response)->string_at("epo"),
                                    jose::session_key(pairwise_, random, drawn_));
  ASSERT_TRUE(opened);
  const auto inside = response_from_value(*parse_json(opened->payload));
  ASSERT_TRUE(inside);
  EXPECT_EQ(inside->rsc, Rsc::kCreated);
  EXPECT_EQ(inside->request_identifier, "inner");
}

TEST_P(EsPrimTest, AMessageIsTakenOnce) {
  const std::string jwe = seal(inner_of("CAE1"), new_random(), pairwise_);

  const Response first = send(jwe), again = send(jwe);

  EXPECT_EQ(first.rsc, Rsc::kOk);
  EXPECT_EQ(again.rsc, esprim_rsc::kBadMac);
  EXPECT_THAT(to_json(again.content), HasSubstr("before"));
  EXPECT_THAT(core_.received, SizeIs(1));
}

TEST_P(EsPrimTest, ASessionCarriesManyMessages) {
  const jose::ReceiverRandom random = new_random();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(send(seal(inner_of("CAE1"), random, pairwise_)).rsc, Rsc::kOk);
  }
  EXPECT_THAT(core_.received, SizeIs(3));
}

TEST_P(EsPrimTest, EveryChangedByteIsNoticed) {
  const std::string good = seal(inner_of("CAE1"), new_random(), pairwise_);
  const std::size_t header = good.find('.');

  for (std::size_t at = header + 2; at < good.size(); at += 3) {
    std::string bad = good;
    // The last character of a part may hold bits that say nothing.
    if (bad[at] == '.' || at + 1 == good.size() || good[at + 1] == '.') continue;
    bad[at] = bad[at] == 'A' ? 'B' : 'A';
    if (bad == good) continue;
    EXPECT_NE(send(bad).rsc, Rsc::kOk) << at;
  }
  EXPECT_THAT(core_.received, IsEmpty());
  EXPECT_EQ(send(good).rsc, Rsc::kOk) << "forgeries do not use it up";
}

TEST_P(EsPrimTest, AnotherKeyIsRefused) {
  const jose::ReceiverRandom random = new_random();
  const jose::SharedKey guessed{pairwise_.id, std::string(GetParam(), 'g')};
  const jose::SharedKey unknown{"other@sp", pairwise_.bytes};
  const jose::SharedKey other_length{pairwise_.id, std::string(GetParam() == 16 ? 32 : 16, 'k')};

  EXPECT_EQ(send(seal(inner_of("CAE1"), random, guessed)).rsc, esprim_rsc::kBadMac);
  EXPECT_EQ(send(seal(inner_of("CAE1"), random, unknown)).rsc, esprim_rsc::kUnknownKeyId);
  EXPECT_EQ(send(seal(inner_of("CAE1"), random, other_length)).rsc, esprim_rsc::kUnsupportedOption);
  EXPECT_THAT(core_.received, IsEmpty());
}

TEST_P(EsPrimTest, AnotherOriginatorInsideIsRefused) {
  const Response response = send(seal(inner_of("CAdmin"), new_random(), pairwise_));

  EXPECT_EQ(response.rsc, esprim_rsc::kImpersonation);
  EXPECT_THAT(core_.received, IsEmpty());
}

TEST_P(EsPrimTest, ASessionEnds) {
  const jose::ReceiverRandom random = new_random();
  now_ = now_ + std::chrono::minutes(10);

  EXPECT_EQ(send(seal(inner_of("CAE1"), random, pairwise_)).rsc,
            esprim_rsc::kUnknownReceiverRandom);
  const jose::ReceiverRandom invented{"r1", "0123456789abcdef", now_};
  EXPECT_EQ(send(seal(inner_of("CAE1"), invented, pairwise_)).rsc,
            esprim_rsc::kUnknownReceiverRandom);
  EXPECT_THAT(core_.received, IsEmpty());
}

TEST_P(EsPrimTest, WhatIsNoJweOrNoPrimitiveIsRefused) {
  const jose::ReceiverRandom random = new_random();

  EXPECT_EQ(send("").rsc, esprim_rsc::kUnsupportedOption);
  EXPECT_EQ(send("a.b.c.d.e").rsc, esprim_rsc::kUnsupportedOption);
  EXPECT_EQ(send(seal("no JSON", random, pairwise_)).rsc, esprim_rsc::kDecryptionError);
  EXPECT_EQ(send(seal("{}", random, pairwise_)).rsc, esprim_rsc::kDecryptionError);
}

TEST_P(EsPrimTest, OtherRequestsPass) {
  EXPECT_EQ(notify(*parse_json(R"({"m2m:sgn":{}})")).rsc, Rsc::kCreated);
  EXPECT_EQ(notify(*parse_json(R"({"m2m:seci":{"sit":2}})")).rsc, Rsc::kCreated);
  EXPECT_EQ(notify(*parse_json(R"({"m2m:seci":{"sit":3}})"), "/id-mn").rsc, Rsc::kCreated)
      << "to another CSE: it goes through";
  EXPECT_THAT(core_.received, SizeIs(3));
}

INSTANTIATE_TEST_SUITE_P(Keys, EsPrimTest, testing::Values(16, 32));

}  // namespace
}  // namespace gatehouse
