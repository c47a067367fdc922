// The CSE in memory itself: an AE that leaves it may be gone afterwards.
#include "ae-apps/sdk/fake_cse.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

namespace gatehouse::sdk {
namespace {

/// Holds whoever tells it something, until it is let go.
class SlowListener final : public PrimitiveHandler {
 public:
  void handle(Request&&, Reply reply) override {
    entered.set_value();
    go.get_future().wait();
    Response answer;
    answer.rsc = Rsc::kOk;
    reply(std::move(answer));
    left = true;
  }
  std::promise<void> entered, go;
  std::atomic<bool> left{false};
};

TEST(FakeCse, LetsNobodyGoWhoIsJustToldSomething) {
  FakeCse cse;
  SlowListener listener;
  const auto link = cse.link();
  ASSERT_TRUE(link->start(listener));
  Request registration;
  registration.operation = Operation::kCreate;
  registration.to = "cse-in";
  registration.from = "Cslow";
  registration.resource_type = 2;
  registration.content =
      Value::object({{"m2m:ae", Value::object({{"rn", "slow"}, {"api", "Nslow"}, {"rr", true}})}});
  Response registered;
  link->send(registration, [&](Response given) { registered = std::move(given); });
  ASSERT_EQ(registered.rsc, Rsc::kCreated);

  std::thread teller([&] {
    Request notice;
    notice.operation = Operation::kNotify;
    notice.to = "cse-in/slow";
    notice.from = "Cother";
    cse.handle(std::move(notice), [](const Response&) {});
  });
  listener.entered.get_future().wait();
  std::promise<void> leaves;
  std::promise<bool> told;
  std::thread leaver([&] {
    leaves.set_value();
    link->stop();
    told.set_value(listener.left);
  });
  leaves.get_future().wait();
  listener.go.set_value();

  EXPECT_TRUE(told.get_future().get()) << "it left while it was told something";
  teller.join();
  leaver.join();
}

}  // namespace
}  // namespace gatehouse::sdk
