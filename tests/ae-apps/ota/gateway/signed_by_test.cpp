#include <gmock/gmock.h>

#include "tests/ae-apps/ota/gateway/gateway_fixture.h"

namespace gatehouse::gateway {
namespace {

using testing::ElementsAre;
using testing::Pair;

class SignedBy : public GatewayTest {
 protected:
  SignedBy() { settings_.auto_consent = false; }

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
  const Bytes image =
      ecu::image_of({.version = "1.1.0", .release_counter = 6, .requirements = {"release=R-1/2"}});
  const std::string url = images_.url() + to_hex(crypto::sha256(image));
  images_.put(to_hex(crypto::sha256(image)), image);
  for (const char* serial : {kFull, kConstrained}) {
    repositories_.release(serial, image, "demo-ecu", {}, {}, "R-1");
  }

  for (const char* serial : {kFull, kConstrained}) order(serial, url, "1.1.0");
  const auto question = asked();

  ASSERT_TRUE(question) << steps_.str() << log_.str();
  EXPECT_EQ(question->name, "release R-1");
  EXPECT_THAT(question->signed_by, ElementsAre(Pair(kFull, "ecu"), Pair(kConstrained, "gateway")));
}

}  // namespace
}  // namespace gatehouse::gateway
