#pragma once
#include <map>

#include "cse/services/delivery/messenger.h"
#include "cse/services/subscription/subscriptions.h"
#include "tests/cse/core/test_cse.h"
#include "tests/cse/services/delivery/recording_sender.h"

namespace gatehouse::test {

/// A node with the subscription service, whose only binding records. CAE1 has a container "cnt".
class SubscriptionNode {
 public:
  explicit SubscriptionNode(
      SubscriptionSettings settings = {}, DeliverySettings delivery = {},
      std::shared_ptr<Store> store = std::make_shared<MemoryStore>(),
      std::shared_ptr<SimulatedScheduler> clock = std::make_shared<SimulatedScheduler>())
      : node({}, std::move(store), std::move(clock)),
        messenger(node.cse(), {&http}),
        deliverer(node.cse(), delivery,
                  [this](const Undelivered& what) { undelivered.push_back(what); }),
        subscriptions(node.cse(), deliverer, settings) {
    node.cse().extensions().messenger = &messenger;
  }

  void add_container() {
    node.add_ae("CAE1", Value::object({{"poa", Value::array({"http://ae1"})}}));
    ASSERT_EQ(node.create("CAE1", "CAE1", 3, Value::object({{"rn", "cnt"}})).rsc, Rsc::kCreated);
  }
  /// Below CAE1/cnt unless `to` says otherwise; members of `attributes` beside rn.
  Response subscribe(const std::string& name, Value attributes,
                     const std::string& to = "CAE1/cnt") {
    attributes.set("rn", name);
    return node.create("CAE1", to, type_number::kSubscription, std::move(attributes));
  }
  /// {nu: ["http://<name>"], enc: {net: events}}
  static Value to_sink(const std::string& sink, std::initializer_list<Value> events) {
    return Value::object({{"nu", Value::array({"http://" + sink})},
                          {"enc", Value::object({{"net", Value::array(events)}})}});
  }
  Response add_instance(const std::string& content) {
    return node.create("CAE1", "CAE1/cnt", 4, Value::object({{"con", content}}));
  }
  Response label(const std::string& label) {
    return node.update("CAE1", "CAE1/cnt", "m2m:cnt",
                       Value::object({{"lbl", Value::array({label})}}));
  }
  /// `con` of the instances that a sink was told of, in order; of batches too.
  std::vector<std::string> contents(const std::string& sink) const {
    std::vector<std::string> found;
    for (const RecordingSender::Sent& sent : http.sent) {
      if (sent.url != "http://" + sink) continue;
      const Value& content = *sent.request.content;
      if (const Value* one = content.find("m2m:sgn")) add_content(*one, found);
      const Value* many = content.find("m2m:agn");
      if (!many) continue;
      for (const Value& one : *many->find("m2m:sgn")->as_array()) add_content(one, found);
    }
    return found;
  }

  TestCse node;
  RecordingSender http;
  EntityMessenger messenger;
  std::vector<Undelivered> undelivered;
  Deliverer deliverer;
  Subscriptions subscriptions;

 private:
  static void add_content(const Value& notification, std::vector<std::string>& found) {
    const Value* event = notification.find("nev");
    const Value* representation = event ? event->find("rep") : nullptr;
    const Value* instance = representation ? representation->find("m2m:cin") : nullptr;
    if (instance) found.push_back(instance->string_at("con"));
  }
};

}  // namespace gatehouse::test
