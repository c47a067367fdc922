#include "bindings/coap/block_transfer.h"

#include <gtest/gtest.h>

#include "bindings/coap/exchange_window.h"

namespace gatehouse::coap {
namespace {

constexpr Time kStart{};
constexpr std::size_t kRoom = 1'200;

Message block_of(const std::string& body, std::uint32_t number, std::uint8_t exponent,
                 const std::string& path = "c") {
  Block block{number, false, exponent};
  block.more = block.offset() + block.size() < body.size();
  Message m;
  m.code = kPost;
  m.add(option::kUriPath, path);
  m.add(option::kBlock1, to_unsigned(block));
  m.payload = body.substr(block.offset(), block.size());
  return m;
}

class UploadsTest : public testing::Test {
 protected:
  std::uint8_t answer(Message message, Time now = kStart) {
    auto step = uploads_.take(std::move(message), now);
    return step.answer ? step.answer->code : 0;
  }
  TransferBudget budget_;
  Uploads uploads_{{100, 2, std::chrono::seconds(60)}, budget_};
  const std::string body_ = std::string(32, 'a') + "tail";
};

// RFC 7959 clause 2.5
TEST_F(UploadsTest, PutBlocksTogether) {
  EXPECT_EQ(answer(block_of(body_, 0, 0)), code(2, 31));
  EXPECT_EQ(answer(block_of(body_, 1, 0)), code(2, 31));
  const auto step = uploads_.take(block_of(body_, 2, 0), kStart);

  ASSERT_TRUE(step.whole);
  EXPECT_EQ(step.whole->payload, body_);
  EXPECT_EQ(budget_.bytes, 0u);
}

TEST_F(UploadsTest, KeepPathsApart) {
  const std::string other(20, 'b');
  answer(block_of(body_, 0, 0, "c"));
  answer(block_of(other, 0, 0, "d"));
  const auto step = uploads_.take(block_of(other, 1, 0, "d"), kStart);

  ASSERT_TRUE(step.whole);
  EXPECT_EQ(step.whole->payload, other);
}

TEST_F(UploadsTest, RefuseABlockOutOfOrder) {
  EXPECT_EQ(answer(block_of(body_, 1, 0)), code(4, 8));
  answer(block_of(body_, 0, 0));
  EXPECT_EQ(answer(block_of(body_, 2, 0)), code(4, 8));
}

TEST_F(UploadsTest, ForgetWhatIsNotContinued) {
  answer(block_of(body_, 0, 0));
  EXPECT_EQ(answer(block_of(body_, 1, 0), kStart + std::chrono::seconds(61)), code(4, 8));
  EXPECT_EQ(budget_.bytes, 0u);
}

TEST_F(UploadsTest, RefuseWhatIsTooLargeAsSoonAsItShows) {
  const std::string large(200, 'x');
  Message announced = block_of(large, 0, 0);
  announced.add(option::kSize1, 200u);
  EXPECT_EQ(answer(announced), code(4, 13));
  for (std::uint32_t i = 0; i < 6; ++i) EXPECT_EQ(answer(block_of(large, i, 0)), code(2, 31));
  EXPECT_EQ(answer(block_of(large, 6, 0)), code(4, 13));
  EXPECT_EQ(budget_.bytes, 0u);
}

TEST_F(UploadsTest, AreBoundedInNumberAndInAll) {
  answer(block_of(body_, 0, 0, "a"));
  answer(block_of(body_, 0, 0, "b"));
  answer(block_of(body_, 0, 0, "c"));
  EXPECT_EQ(budget_.bytes, 32u);
  EXPECT_EQ(answer(block_of(body_, 1, 0, "a")), code(4, 8));

  budget_.max_bytes = 40;
  EXPECT_EQ(answer(block_of(body_, 1, 0, "b")), code(4, 13));
}

TEST_F(UploadsTest, RefuseABlockOfTheWrongSize) {
  Message wrong = block_of(body_, 0, 0);
  wrong.payload.pop_back();
  EXPECT_EQ(answer(wrong), code(4, 0));
  Message reserved = block_of(body_, 0, 0);
  reserved.remove(option::kBlock1);
  reserved.add(option::kBlock1, 0xfu);
  EXPECT_EQ(answer(reserved), code(4, 0));
}

class DownloadsTest : public testing::Test {
 protected:
  static Message request(std::optional<Block> wish = {}, const std::string& path = "c") {
    Message m;
    m.code = kGet;
    m.add(option::kUriPath, path);
    if (wish) m.add(option::kBlock2, to_unsigned(*wish));
    return m;
  }
  static Message whole(std::size_t size, char c = 'x') {
    Message m;
    m.code = code(2, 5);
    m.payload = std::string(size, c);
    return m;
  }
  TransferBudget budget_;
  Downloads downloads_{{8u << 20, 2, std::chrono::seconds(60)}, budget_};
};

// RFC 7959 clause 2.4
TEST_F(DownloadsTest, HandOutBlocksInAnyOrder) {
  const Message first = downloads_.begin(request(), whole(2'500), kRoom, kStart);
  EXPECT_EQ(block_at(first, option::kBlock2), (Block{0, true, 6}));
  EXPECT_EQ(first.unsigned_at(option::kSize2), 2'500u);

  const auto last = downloads_.next(request(Block{2, false, 6}), kRoom, kStart);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->payload.size(), 2'500u - 2'048u);
  EXPECT_EQ(block_at(*last, option::kBlock2), (Block{2, false, 6}));
  EXPECT_TRUE(downloads_.next(request(Block{1, false, 6}), kRoom, kStart));
  EXPECT_EQ(downloads_.next(request(Block{3, false, 6}), kRoom, kStart)->code, code(4, 0));
}

TEST_F(DownloadsTest, FollowASmallerWish) {
  const Message first = downloads_.begin(request(Block{0, false, 2}), whole(100), kRoom, kStart);
  EXPECT_EQ(first.payload.size(), 64u);
  EXPECT_EQ(downloads_.next(request(Block{1, false, 2}), kRoom, kStart)->payload.size(), 36u);
}

TEST_F(DownloadsTest, DoNotMixPaths) {
  downloads_.begin(request({}, "a"), whole(2'000, 'a'), kRoom, kStart);
  downloads_.begin(request({}, "b"), whole(2'000, 'b'), kRoom, kStart);

  EXPECT_EQ(downloads_.next(request(Block{1, false, 6}, "a"), kRoom, kStart)->payload[0], 'a');
  EXPECT_FALSE(downloads_.next(request(Block{1, false, 6}, "z"), kRoom, kStart));
}

TEST_F(DownloadsTest, KeepNothingOverBudgetButServe) {
  budget_.max_bytes = 1'000;
  const Message again = downloads_.begin(request(Block{1, false, 6}), whole(2'000), kRoom, kStart);
  EXPECT_EQ(again.payload.size(), 2'000u - 1'024u);
  EXPECT_EQ(budget_.bytes, 0u);
}

TEST(CoapExchange, AdaptsToTheBlocksOfThePeer) {
  Message request;
  request.code = kPut;
  request.payload = std::string(3'000, 'p');
  Exchange exchange(request, kRoom, 10'000);
  EXPECT_EQ(block_at(exchange.current(), option::kBlock1), (Block{0, true, 6}));

  Message smaller;
  smaller.code = code(2, 31);
  smaller.add(option::kBlock1, to_unsigned(Block{0, true, 5}));
  ASSERT_TRUE(exchange.on_answer(smaller).send);

  EXPECT_EQ(block_at(exchange.current(), option::kBlock1), (Block{2, true, 5}));
}

TEST(CoapExchange, RefusesBlocksThatDoNotFit) {
  Message request;
  request.code = kGet;
  Message part;
  part.code = code(2, 5);
  part.add(option::kBlock2, to_unsigned(Block{1, true, 6}));
  part.payload = std::string(1'024, 'x');
  EXPECT_FALSE(Exchange(request, kRoom, 10'000).on_answer(part).failure.empty());

  Exchange endless(request, kRoom, 2'000);
  bool failed = false;
  for (std::uint32_t i = 0; i < 3 && !failed; ++i) {
    part.remove(option::kBlock2);
    part.add(option::kBlock2, to_unsigned(Block{i, true, 6}));
    failed = !endless.on_answer(part).failure.empty();
  }
  EXPECT_TRUE(failed);

  Message unasked;
  unasked.code = code(2, 31);
  EXPECT_FALSE(Exchange(request, kRoom, 10'000).on_answer(unasked).failure.empty());
}

// RFC 7252 clause 4.5
TEST(CoapExchangeWindow, KnowsARequestAgain) {
  ExchangeWindow window{{2, std::chrono::seconds(247)}};
  using Seen = ExchangeWindow::Seen;
  Message answer;
  answer.code = code(2, 1);
  EXPECT_EQ(window.begin(1, "t", kStart).seen, Seen::kNew);
  EXPECT_EQ(window.begin(1, "t", kStart).seen, Seen::kInProgress);
  window.finish(1, answer);
  EXPECT_EQ(window.begin(1, "t", kStart).answer->code, code(2, 1));
  EXPECT_EQ(window.begin(1, "other", kStart).seen, Seen::kNew);
  window.finish_separately(1);
  EXPECT_EQ(window.begin(1, "other", kStart).answer, nullptr);
  EXPECT_EQ(window.begin(1, "other", kStart + std::chrono::seconds(248)).seen, Seen::kNew);
  window.begin(2, "t", kStart);
  window.begin(3, "t", kStart);
  EXPECT_EQ(window.size(), 2u);
}

}  // namespace
}  // namespace gatehouse::coap
