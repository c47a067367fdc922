// ESPrim between the SDK and a real CSE: what travels is unreadable, what arrives is done.
#include <gmock/gmock.h>

#include <fstream>

#include "ae-apps/sdk/esdata.h"
#include "ae-apps/sdk/esprim.h"
#include "cse/node/log.h"
#include "cse/node/node.h"
#include "tests/bindings/security/test_certificates.h"

namespace gatehouse::sdk {
namespace {

class EsPrimCse : public testing::Test {
 protected:
  EsPrimCse() {
    node::set_log_level("error");
    const std::string keys = (folder_.path() / "keys").string();
    std::ofstream(keys) << "lamp@sp " << std::string(64, 'a') << " Clamp\n";
    std::filesystem::permissions(keys, std::filesystem::perms(0600));
    settings_.store.backend = "memory";
    settings_.log_level = "error";
    settings_.http.port = 0;
    settings_.esprim_keys = keys;
    node_.emplace(settings_);
    EXPECT_TRUE(node_->start());
    AeSettings lamp;
    lamp.cse_url = "http://127.0.0.1:" + std::to_string(node_->http_port());
    lamp.name = "lamp";
    lamp.ae_id = "Clamp";
    auto connected = Ae::connect(lamp);
    EXPECT_TRUE(connected) << connected.error().detail;
    ae_ = *std::move(connected);
  }
  static Request create_container(const std::string& from = {}) {
    Request request;
    request.operation = Operation::kCreate;
    request.resource_type = 3;
    request.to = "cse-in/lamp";
    request.from = from;
    request.content = Value::object({{"m2m:cnt", Value::object({{"rn", "temp"}})}});
    return request;
  }
  const jose::SharedKey key_{"lamp@sp", std::string(32, '\xaa')};
  testing_support::TemporaryFolder folder_;
  node::NodeSettings settings_;
  std::optional<node::Node> node_;
  std::unique_ptr<Ae> ae_;
};

TEST_F(EsPrimCse, RequestsAreDoneAsTheOwnerOfTheKey) {
  EsPrimSession secure(*ae_, "/id-in", key_);

  const Response made = secure.request(create_container());
  const Response again = secure.request(create_container());

  EXPECT_EQ(made.rsc, Rsc::kCreated);
  EXPECT_EQ(again.rsc, Rsc::kConflict) << "the inner refusal comes through";
  EXPECT_TRUE(ae_->retrieve("temp"));
}

// TS-0001 clause 9.6.3 (e2eSecInfo)
TEST_F(EsPrimCse, TheCseSaysThatItTakesIt) {
  const auto base = ae_->retrieve("/id-in/cse-in");

  ASSERT_TRUE(base) << base.error().detail;
  const Value* told = base->find("esi");
  ASSERT_NE(told, nullptr);
  EXPECT_EQ(*told, Value::object({{"esf", Value::array({13})}}));
}

TEST_F(EsPrimCse, WrongKeysAndImpersonatorsAreRefused) {
  EsPrimSession guessed(*ae_, "/id-in", {"lamp@sp", std::string(32, 'x')});
  EsPrimSession unknown(*ae_, "/id-in", {"other@sp", key_.bytes});
  EsPrimSession secure(*ae_, "/id-in", key_);

  EXPECT_EQ(guessed.request(create_container()).rsc, Rsc{4115});
  EXPECT_EQ(unknown.request(create_container()).rsc, Rsc{4112});
  EXPECT_EQ(secure.request(create_container("CAdmin")).rsc, Rsc{4116});
  EXPECT_FALSE(ae_->retrieve("temp"));
}

// TS-0003 clause 8.5
TEST_F(EsPrimCse, AContentInstanceCarriesProtectedData) {
  const DataProtection how{{}, key_, {}};
  const std::string container = "/id-in/cse-in/lamp/temp";
  const Timestamp now = *parse_timestamp("20270101T000000");
  const auto data = protect("21.5", "text/plain", container, how, now);
  ASSERT_TRUE(data);
  ASSERT_TRUE(ae_->container("temp").ensure());

  ASSERT_TRUE(
      ae_->create("temp", 4, "m2m:cin", Value::object({{"con", data->con}, {"cnf", data->cnf}})));
  const auto stored = ae_->retrieve("temp/la");

  ASSERT_TRUE(stored) << stored.error().detail;
  const auto opened =
      open(stored->string_at("con"), stored->string_at("cnf"), container, {{}, key_}, now);
  ASSERT_TRUE(opened) << opened.error().detail;
  EXPECT_EQ(opened->content, "21.5");
}

}  // namespace
}  // namespace gatehouse::sdk
