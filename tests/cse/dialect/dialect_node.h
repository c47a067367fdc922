#pragma once
#include "cse/dialect/dialects.h"
#include "cse/services/delivery/messenger.h"
#include "cse/services/discovery/discovery.h"
#include "cse/services/registration/registration.h"
#include "cse/services/subscription/subscriptions.h"
#include "tests/cse/core/test_cse.h"
#include "tests/cse/services/delivery/recording_sender.h"

namespace gatehouse::test {

inline SwitchSet only(std::initializer_list<Dialect> switches) {
  SwitchSet set;
  for (const Dialect each : switches) set.set(static_cast<std::size_t>(each));
  return set;
}

/// A core with registration, subscriptions and discovery behind the dialects; requests come as from
/// a client on this machine over HTTP, just as they are given. There is an AE "CAE1" with a
/// container "cnt".
class DialectNode {
 public:
  /// `served`: release versions, if not those of the default.
  explicit DialectNode(SwitchSet on, std::vector<std::string> served = {})
      : node(settings(on, std::move(served))),
        dialects(on, facts(), node.cse()),
        translator(http, dialects, "/id-in",
                   [](const std::string& stem) { return stem == "CAE1"; }),
        registration(node.cse(), http, {}),
        messenger(node.cse(), {&translator}),
        deliverer(node.cse(), {}, [](const Undelivered&) {}),
        subscriptions(node.cse(), deliverer, subscription_settings(on)),
        discovery(node.cse()) {
    node.cse().extensions().messenger = &messenger;
    node.add_ae("CAE1");
    node.create("CAE1", "CAE1", 3, Value::object({{"rn", "cnt"}}));
  }

  Response ask(Request request) {
    auto answer = std::make_shared<std::optional<Response>>();
    auto peer = std::make_shared<Peer>();
    peer->transport = transport;
    peer->address = address;
    request.peer = std::move(peer);
    dialects.handle(std::move(request),
                    [answer](Response response) { *answer = std::move(response); });
    node.settle();
    EXPECT_TRUE(*answer);
    return answer->value_or(Response{});
  }
  std::uint64_t used(Dialect id) const {
    return dialects.counters().used[static_cast<std::size_t>(id)];
  }
  std::uint64_t named(Dialect id) const {
    return dialects.counters().named[static_cast<std::size_t>(id)];
  }

  std::string transport = "http", address = "127.0.0.1";
  RecordingSender http;
  TestCse node;
  Dialects dialects;
  DialectSender translator;
  Registration registration;
  EntityMessenger messenger;
  Deliverer deliverer;
  Subscriptions subscriptions;
  Discovery discovery;

 private:
  static CseSettings settings(SwitchSet on, std::vector<std::string> served) {
    CseSettings s;
    if (!served.empty()) s.release_versions = std::move(served);
    s.admit_unregistered = on.test(static_cast<std::size_t>(Dialect::kAdmitUnregistered));
    s.public_csebase = on.test(static_cast<std::size_t>(Dialect::kPublicCsebase));
    return s;
  }
  static SubscriptionSettings subscription_settings(SwitchSet on) {
    SubscriptionSettings s;
    s.structured_reference = on.test(static_cast<std::size_t>(Dialect::kStructuredReference));
    return s;
  }
  DialectFacts facts() {
    DialectFacts f;
    f.cse_id = "/id-in";
    f.csebase_name = "cse-in";
    f.sp_id = "//gatehouse.example";
    f.administrator = "CAdmin";
    f.originators = {{"admin:admin", "CAdmin"}};
    f.schemas = &node.schemas();
    f.release_versions = node.cse().settings().release_versions;
    f.make_identifier = [this] { return node.cse().ids().request_identifier(); };
    return f;
  }
};

/// Well-formed requests, of release 3.
inline Request asked(Operation operation, const std::string& from, const std::string& to) {
  Request made = TestCse::request(operation, from, to);
  made.request_identifier = "1";
  made.release_version = "4";
  return made;
}
inline Request retrieving(const std::string& to, const std::string& from = "CAdmin") {
  return asked(Operation::kRetrieve, from, to);
}
inline Request creating(int type, const std::string& to, const std::string& json,
                        const std::string& from = "CAdmin") {
  Request made = asked(Operation::kCreate, from, to);
  made.resource_type = type;
  made.content = *parse_json(json);
  return made;
}
inline Request updating(const std::string& to, const std::string& json) {
  Request made = asked(Operation::kUpdate, "CAdmin", to);
  made.content = *parse_json(json);
  return made;
}

}  // namespace gatehouse::test
