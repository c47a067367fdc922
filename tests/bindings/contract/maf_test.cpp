// A MAF of ours, a CSE that asks it, and an AE that comes with the key: on every wire that takes
// keys.
#include "ae-apps/maf/maf.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "bindings/http/client.h"
#include "bindings/http/server.h"
#include "bindings/security/bearer_tokens.h"
#include "cse/codec/json.h"
#include "cse/jose/esprim.h"
#include "tests/bindings/contract/wires.h"

namespace gatehouse::contract {
namespace {

constexpr const char* kFqdn = "maf.gatehouse.example";

Timestamp system_now() {
  return {std::chrono::duration_cast<std::chrono::microseconds>(
              std::chrono::system_clock::now().time_since_epoch())
              .count()};
}

/// The MAF over https, with a certificate of the same provider.
class RunningMaf {
 public:
  explicit RunningMaf(const Credentials& credentials)
      : maf_(named(), {system_now, [] { return hash_of_token(make_token()); },
                       [](const Value&) { return Result<void>(); }}),
        server_(settings(credentials), maf_, codecs_) {
    EXPECT_TRUE(server_.start());
  }
  std::string url() const { return "https://127.0.0.1:" + std::to_string(server_.port()); }

 private:
  static maf::Settings named() {
    maf::Settings settings;
    settings.fqdn = kFqdn;
    return settings;
  }
  static http::ServerSettings settings(const Credentials& credentials) {
    http::ServerSettings server;
    server.tls = credentials.authority().issue(
        {.name = "maf", .alternative_names = "IP:127.0.0.1,DNS:" + std::string(kFqdn)});
    server.require_proof = true;
    return server;
  }
  const Codecs codecs_ = standard_codecs();
  maf::Maf maf_;
  http::Server server_;
};

/// A provider whose CSE asks the MAF, and what the AE does there.
class Provider {
 public:
  Provider()
      : maf_(credentials_),
        world_(&credentials_,
               {"maf.url=" + maf_.url(), std::string("maf.fqdn=") + kFqdn, "maf.cache_seconds=1",
                "maf.wait_ms=5000", "credentials.psk_file=" + credentials_.key_file()}) {
    EXPECT_EQ(ask_maf(Operation::kCreate, "maf", R"({"sec:macr":{}})").rsc, Rsc::kCreated);
    register_ae();
  }
  static Provider& instance() {
    static Provider one;
    return one;
  }
  World& world() { return world_; }
  const Credentials& credentials() const { return credentials_; }

  Response ask_maf(Operation operation, const std::string& to, const std::string& content = {}) {
    Request request;
    request.operation = operation;
    request.from = kOriginator;
    request.to = to;
    request.request_identifier = "maf";
    request.release_version = "4";
    if (!content.empty()) request.content = *json_.preferred().decode(content, {});
    if (operation == Operation::kCreate) request.resource_type = 2;
    http::ClientSettings settings;
    settings.tls = credentials_.ae();
    http::Client client(settings, json_);
    return wait_for([&](Reply reply) { client.send(maf_.url(), "", request, std::move(reply)); });
  }
  /// At the CSE, with its certificate.
  void register_ae() {
    Request request;
    request.operation = Operation::kCreate;
    request.resource_type = 2;
    request.to = "cse-in";
    request.from = kOriginator;
    request.request_identifier = "register";
    request.release_version = "3";
    request.content = *json_.preferred().decode(
        R"({"m2m:ae":{"rn":"keyed","api":"Nkeyed","rr":false,"srv":["3"]}})", {});
    const auto wire = open_wire_as({credentials_.ae(), {}}, world_, "https");
    EXPECT_EQ(wire->ask(std::move(request)).rsc, Rsc::kCreated);
  }
  /// A key of the AE for these targets.
  PskEntry new_key(const std::string& targets, const std::string& more = {},
                   const char* suid = "32") {
    const Response made = ask_maf(
        Operation::kCreate, "maf",
        std::string(R"({"sec:skr":{"suid":)") + suid + R"(,"tgis":)" + targets + more + "}}");
    EXPECT_EQ(made.rsc, Rsc::kCreated);
    const Value* key = made.content.tree()->find("sec:skr");
    PskEntry entry{key->string_at("rn") + "@" + kFqdn, {}, {}};
    const std::string hex = key->string_at("kv");
    for (std::size_t i = 0; i < hex.size(); i += 2) {
      entry.key += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    }
    return entry;
  }
  void revoke(const PskEntry& key) {
    const std::string to = "maf/" + key.identity.substr(0, key.identity.find('@'));
    EXPECT_EQ(ask_maf(Operation::kDelete, to).rsc, Rsc::kDeleted);
  }

 private:
  const Codecs json_ = standard_codecs();
  const Credentials credentials_;
  RunningMaf maf_;
  World world_;
};

Response ask_as(const PskEntry& key, const std::string& wire, const char* from = kOriginator) {
  static int number = 0;
  Request request;
  request.to = "cse-in/keyed";
  request.from = from;
  request.request_identifier = "by-key-" + std::to_string(++number);
  request.release_version = "3";
  return open_wire_as({{}, key}, Provider::instance().world(), wire)->ask(request);
}

bool is_believed(const Response& response) { return response.rsc == Rsc::kOk; }

class KeysOfMaf : public testing::TestWithParam<const char*> {};

// TS-0003 clauses 8.2.2.3 and 8.8.2
TEST_P(KeysOfMaf, ProveWhoRegisteredThem) {
  Provider& provider = Provider::instance();
  const PskEntry key = provider.new_key(R"(["/id-in"])");

  EXPECT_TRUE(is_believed(ask_as(key, GetParam())))
      << static_cast<int>(ask_as(key, GetParam()).rsc);
  EXPECT_EQ(ask_as(key, GetParam(), "CSomebody").rsc, Rsc::kOriginatorNotAuthenticated);
}

TEST_P(KeysOfMaf, ThatAreGuessedUnknownOrForOthersLetNobodyIn) {
  Provider& provider = Provider::instance();
  PskEntry guessed = provider.new_key(R"(["/id-in"])");
  guessed.key[0] = static_cast<char>(guessed.key[0] ^ 1);
  PskEntry unknown = guessed;
  unknown.identity = std::string(32, 'a') + "@" + kFqdn;
  PskEntry elsewhere = guessed;
  elsewhere.identity = guessed.identity.substr(0, 32) + "@maf.evil.example";
  const PskEntry for_another = provider.new_key(R"(["/id-mn"])");

  for (const PskEntry& key : {guessed, unknown, elsewhere, for_another}) {
    EXPECT_EQ(ask_as(key, GetParam()).rsc, Rsc::kTargetNotReachable) << key.identity;
  }
}

TEST_P(KeysOfMaf, EndWhenTheyAreRevoked) {
  Provider& provider = Provider::instance();
  const PskEntry key = provider.new_key(R"(["/id-in"])");
  const Response before = ask_as(key, GetParam());

  provider.revoke(key);

  EXPECT_TRUE(is_believed(before));
  Response after = ask_as(key, GetParam());
  // The CSE's memory of the key ends after a second.
  for (int again = 0; again < 5'000 && after.rsc != Rsc::kTargetNotReachable; ++again) {
    after = ask_as(key, GetParam());
  }
  EXPECT_EQ(after.rsc, Rsc::kTargetNotReachable);
}

// TS-0003 clause 8.2.2.1
TEST_P(KeysOfMaf, AreNotNeededForKeysThatWereProvisioned) {
  EXPECT_TRUE(is_believed(ask_as(Provider::instance().credentials().psk(), GetParam())));
}

INSTANTIATE_TEST_SUITE_P(Wires, KeysOfMaf, testing::Values("https", "wss", "coaps", "coaps+tcp"),
                         [](const auto& row) {
                           std::string name = row.param;
                           std::replace(name.begin(), name.end(), '+', '_');
                           return name;
                         });

/// A request inside of an ESPrim message with that key, carried by somebody whose name does not
/// matter. 0: the CSE refuses the message.
int ask_inside(const PskEntry& key) {
  Provider& provider = Provider::instance();
  const auto wire = open_wire_as({provider.credentials().ae(), {}}, provider.world(), "https");
  const auto notify = [&wire](Value content) {
    static int number = 0;
    Request request;
    request.operation = Operation::kNotify;
    request.to = "/id-in";
    request.from = kOriginator;
    request.request_identifier = "outer-" + std::to_string(++number);
    request.release_version = "3";
    request.content = std::move(content);
    const Response response = wire->ask(std::move(request));
    const Value* tree = response.content.tree();
    const Value* info = tree ? tree->find("m2m:seci") : nullptr;
    return info ? *info : Value();
  };
  const Value drawn = notify(*parse_json(R"({"m2m:seci":{"sit":3}})"));
  const Value* random = drawn.find("ero");
  if (!random) return 0;
  const jose::ReceiverRandom receiver = *jose::ReceiverRandom::read(*random);
  const jose::OriginatorRandom originator = jose::draw_originator_random();
  const auto session = jose::session_key({key.identity, key.key}, receiver, originator);
  const Value answer = notify(jose::message_with(
      *jose::seal(R"({"op":2,"to":"cse-in/keyed","fr":"CContract","rqi":"inner","rvi":"3"})",
                  session, receiver.id, originator)));
  const auto opened = jose::decrypt(answer.string_at("epo"), session);
  return opened ? static_cast<int>(parse_json(opened->payload)->integer_at("rsc")) : 0;
}

// TS-0003 clauses 8.4 and 8.8.2
TEST(KeysOfMafForMessages, OpenEsPrimMessages) {
  Provider& provider = Provider::instance();
  const PskEntry key = provider.new_key(R"(["/id-in"])", {}, "33");

  EXPECT_EQ(ask_inside(key), 2000);
  EXPECT_EQ(ask_inside({key.identity, std::string(32, 'g'), {}}), 0) << "a guessed key";
  EXPECT_EQ(ask_inside(provider.new_key(R"(["/id-in"])")), 0) << "a key for associations";
  EXPECT_EQ(ask_inside(provider.new_key(R"(["/id-else"])", {}, "33")), 0) << "a key for others";
}

}  // namespace
}  // namespace gatehouse::contract
