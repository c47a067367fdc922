#include <gmock/gmock.h>

#include "tests/ae-apps/ota/gateway/gateway_fixture.h"

namespace gatehouse::gateway {
namespace {

using testing::ElementsAre;
using testing::Pair;

class SignedBy : public GatewayTest {
 protected:
  SignedBy() { settings_.auto_consent = false; }

  /// A release of both ECUs; what does not work meanwhile, as their images say.
  void offer_release(const std::string& full, const std::string& constrained) {
    for (const auto& [serial, unavailable] :
         {std::pair{kFull, full}, std::pair{kConstrained, constrained}}) {
      const Bytes image = ecu::image_of({.version = "1.1.0",
                                         .release_counter = 6,
                                         .requirements = {"release=R-1/2"},
                                         .unavailable = unavailable});
      images_.put(to_hex(crypto::sha256(image)), image);
      repositories_.release(serial, image, "demo-ecu", {}, {}, "R-1");
      order(serial, images_.url() + to_hex(crypto::sha256(image)), "1.1.0");
    }
  }
  std::optional<Question> asked() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (std::chrono::steady_clock::now() < deadline) {
      if (auto question = gateway_->desk().pending()) return question;
      std::this_thread::yield();
    }
    return std::nullopt;
  }
};

TEST_F(SignedBy, TheQuestionOfAReleaseSaysItOfEachPart) {
  start();
  offer_release("", "");
  const auto question = asked();

  ASSERT_TRUE(question) << steps_.str() << log_.str();
  EXPECT_EQ(question->name, "release R-1");
  EXPECT_THAT(question->signed_by, ElementsAre(Pair(kFull, "ecu"), Pair(kConstrained, "gateway")));
  EXPECT_EQ(question->unavailable, "") << "the display says it of all";
}

TEST_F(SignedBy, TheQuestionOfAReleaseLeavesNoPartOutThatDoesNotWork) {
  start();
  offer_release("The radio does not work", "");

  const auto question = asked();

  ASSERT_TRUE(question) << steps_.str() << log_.str();
  EXPECT_EQ(question->unavailable,
            "The radio does not work, " + std::string(kConstrained) + " does not work");
}

}  // namespace
}  // namespace gatehouse::gateway
