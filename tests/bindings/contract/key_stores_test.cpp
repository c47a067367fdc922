// Wherever a node keeps its key, both sides prove themselves on every secured wire.
#include "tests/bindings/security/key_stores.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tests/bindings/contract/mqtt_connection.h"
#include "tests/bindings/contract/wires.h"

namespace gatehouse::contract {
namespace {

/// A provider whose CSE and whose AE keep their keys in stores of one kind.
struct Kept {
  explicit Kept(const std::string& kind) : store(testing_support::open_key_store(kind)) {
    credentials.keep_keys_in(*store);
    world = std::make_unique<World>(&credentials);
  }
  ~Kept() { MqttConnection::end(*world); }
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;
  static auto& all() {
    static std::map<std::string, std::unique_ptr<Kept>> kept;
    return kept;
  }
  static Kept& of(const std::string& kind) {
    auto& kept = all()[kind];
    if (!kept) kept = std::make_unique<Kept>(kind);
    return *kept;
  }
  std::unique_ptr<testing_support::KeyStore> store;
  Credentials credentials;
  std::unique_ptr<World> world;
};

Request request(Operation operation, const std::string& to) {
  static int number = 0;
  Request made;
  made.operation = operation;
  made.to = to;
  made.from = kOriginator;
  made.request_identifier = "kept-" + std::to_string(++number);
  made.release_version = "3";
  return made;
}

class KeyStores : public testing::TestWithParam<std::tuple<const char*, const char*>> {
 public:
  // Not at the exit of the process: by then the token's library has been taken down, and a worker
  // that connects to its broker again would still ask it for the key.
  static void TearDownTestSuite() { Kept::all().clear(); }
};

// TS-0003 clause 8.2.2.3; the node lets nobody in without a certificate, nor is it believed
// without.
TEST_P(KeyStores, KeepKeysWithWhichBothSidesProveThemselves) {
  const auto& [kind, name] = GetParam();
  Kept& kept = Kept::of(kind);
  const auto wire = open_wire_in(*kept.world, name, "json");
  Request registration = request(Operation::kCreate, "cse-in");
  registration.resource_type = 2;
  registration.content = Value::object(
      {{"m2m:ae",
        Value::object(
            {{"rn", "kept"}, {"api", "Nkept"}, {"rr", false}, {"srv", Value::array({"3"})}})}});
  Request forged = request(Operation::kRetrieve, "cse-in");
  forged.from = "CSomebody";

  const Response registered = wire->ask(registration);
  const Response refused = wire->ask(forged);
  const Response removed = wire->ask(request(Operation::kDelete, "cse-in/kept"));

  EXPECT_EQ(registered.rsc, Rsc::kCreated);
  EXPECT_EQ(refused.rsc, Rsc::kOriginatorNotAuthenticated) << "who it is comes from the key";
  EXPECT_EQ(removed.rsc, Rsc::kDeleted);
}

INSTANTIATE_TEST_SUITE_P(Wires, KeyStores,
                         testing::Combine(testing::Values("file", "pkcs11", "tpm2"),
                                          testing::Values("https", "wss", "mqtts", "coaps",
                                                          "coaps+tcp")),
                         [](const testing::TestParamInfo<KeyStores::ParamType>& row) {
                           std::string name =
                               std::string(std::get<0>(row.param)) + "_" + std::get<1>(row.param);
                           std::replace(name.begin(), name.end(), '+', '_');
                           return name;
                         });

}  // namespace
}  // namespace gatehouse::contract
