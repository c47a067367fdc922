#pragma once
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cse/codec/json.h"
#include "cse/core/cse.h"
#include "cse/primitive/simulated_scheduler.h"
#include "cse/services/data/containers.h"
#include "cse/store/memory/memory_store.h"

namespace gatehouse::test {

/// A whole core over memory, with the standard schemas, <container> and <contentInstance>, on
/// simulated time, without threads. Add services by `cse()` before the first request (or start()).
///
///     TestCse node;
///     add_my_service(node.cse());
///     node.add_ae("CAE1");
///     Response made = node.create("CAE1", "CAE1", 3, Value::object({{"rn", "cnt"}}));
///     EXPECT_EQ(made.rsc, Rsc::kCreated);
///
/// Requests come "from inside" (no Peer), so an originator need not be registered. The CSE is
/// "/id-in", its base "cse-in", "CAdmin" may do everything.
class TestCse {
 public:
  explicit TestCse(
      CseSettings settings = {}, std::shared_ptr<Store> store = std::make_shared<MemoryStore>(),
      std::shared_ptr<SimulatedScheduler> clock = std::make_shared<SimulatedScheduler>())
      : store_(std::move(store)), clock_(std::move(clock)) {
    add_standard_types(schemas_);
    cse_ = std::make_unique<Cse>(std::move(settings), schemas_, behaviours_, *store_, *clock_,
                                 std::uint16_t{1});
    add_containers(*cse_);
  }

  Cse& cse() { return *cse_; }
  Schemas& schemas() { return schemas_; }
  SimulatedScheduler& clock() { return *clock_; }
  /// For a second TestCse on the same state: a restart.
  std::shared_ptr<Store> store() { return store_; }
  std::shared_ptr<SimulatedScheduler> shared_clock() { return clock_; }

  void start() {
    if (started_) return;
    started_ = true;
    auto ready = cse_->start_manual();
    ASSERT_TRUE(ready) << ready.error().detail;
  }

  /// Runs the lane and what is due now until nothing is left.
  void settle() {
    start();
    while (cse_->run_pending() + clock_->run_ready() > 0) {
    }
  }
  /// Moves time in steps, with the lane running in between.
  void advance(std::chrono::microseconds span,
               std::chrono::microseconds step = std::chrono::milliseconds(100)) {
    settle();
    while (span.count() > 0) {
      clock_->advance(std::min(span, step));
      span -= step;
      settle();
    }
  }

  /// Starts a request; the answer appears in the optional once it is there.
  std::shared_ptr<std::optional<Response>> send(Request request) {
    start();
    if (request.request_identifier.empty()) {
      request.request_identifier = "test" + std::to_string(++requests_);
    }
    if (!request.release_version) request.release_version = "4";
    auto answer = std::make_shared<std::optional<Response>>();
    cse_->handle(std::move(request), [answer](Response response) {
      EXPECT_FALSE(*answer) << "answered twice";
      *answer = std::move(response);
    });
    return answer;
  }
  /// The same, and waits (without moving time).
  Response ask(Request request) {
    const std::string what = std::string(name_of(request.operation)) + " " + request.to;
    auto answer = send(std::move(request));
    settle();
    if (*answer) return **answer;
    ADD_FAILURE() << what << " is not answered";
    Response none;
    none.rsc = Rsc::kInternalServerError;
    return none;
  }

  static Request request(Operation operation, std::string from, std::string to) {
    Request made;
    made.operation = operation;
    made.from = std::move(from);
    made.to = std::move(to);
    return made;
  }
  /// `attributes`: the object below the root.
  Request create_request(std::string from, std::string to, int type, Value attributes) {
    Request made = request(Operation::kCreate, std::move(from), std::move(to));
    made.resource_type = type;
    const TypeSchema* schema = schemas_.find(type);
    made.content =
        Value::object({{std::string(schema ? schema->root : "m2m:none"), std::move(attributes)}});
    return made;
  }
  Response create(std::string from, std::string to, int type, Value attributes) {
    return ask(create_request(std::move(from), std::move(to), type, std::move(attributes)));
  }
  Response retrieve(std::string from, std::string to) {
    return ask(request(Operation::kRetrieve, std::move(from), std::move(to)));
  }
  /// `root`: such as "m2m:cnt".
  Response update(std::string from, std::string to, std::string root, Value attributes) {
    Request made = request(Operation::kUpdate, std::move(from), std::move(to));
    made.content = Value::object({{std::move(root), std::move(attributes)}});
    return ask(std::move(made));
  }
  Response remove(std::string from, std::string to) {
    return ask(request(Operation::kDelete, std::move(from), std::move(to)));
  }
  Response notify(std::string from, std::string to, Value content) {
    Request made = request(Operation::kNotify, std::move(from), std::move(to));
    made.content = std::move(content);
    return ask(std::move(made));
  }

  /// An <AE> whose identifier and name are `stem`, which belongs to itself; without the
  /// registration service.
  void add_ae(const std::string& stem, Value attributes = Value::object()) {
    start();
    if (!attributes.contains("api")) attributes.set("api", "Ntest");
    if (!attributes.contains("rr")) attributes.set("rr", true);
    attributes.set("aei", stem);
    put(type_number::kAe, stem, stem, std::move(attributes));
  }
  /// A child of the CSEBase, past all checks.
  void put(int type, const std::string& id, const std::string& originator, Value attributes) {
    start();
    std::optional<Response> outcome;
    cse_->submit(
        [&](OperationContext& context) -> Response {
          auto base = context.resources.find(csebase_id(context.settings));
          if (!base) return error_response(context.request, base.error());
          auto made = create_internal(*schemas_.find(type), *base, id, ResourceId{id}, originator,
                                      attributes, context);
          if (!made) return error_response(context.request, made.error());
          return {};
        },
        [&](Response response) { outcome = std::move(response); });
    settle();
    ASSERT_TRUE(outcome && is_success(outcome->rsc)) << debug_text(*outcome);
  }

  /// The object below the root of a response's content; null if there is none.
  static Value attributes(const Response& response) {
    auto tree = tree_of(response.content);
    if (!tree || !tree->as_object() || tree->as_object()->empty()) return {};
    return tree->as_object()->front().value;
  }
  /// m2m:dbg.
  static std::string debug_text(const Response& response) {
    auto tree = tree_of(response.content);
    return tree ? tree->string_at("m2m:dbg") : "";
  }
  /// What is committed; null if absent.
  ResourcePtr find(const std::string& address) {
    CommittedView resources = cse_->view();
    auto found = find_local(address, cse_->settings(), resources);
    EXPECT_TRUE(found) << address;
    return found ? *found : nullptr;
  }
  std::vector<OutboxEntry> outbox() {
    auto snapshot = store_->read();
    auto entries = (*snapshot)->outbox(INT64_MIN, 1000);
    EXPECT_TRUE(entries);
    return *entries;
  }

 private:
  std::shared_ptr<Store> store_;
  std::shared_ptr<SimulatedScheduler> clock_;
  Schemas schemas_;
  Behaviours behaviours_;
  std::unique_ptr<Cse> cse_;
  bool started_ = false;
  int requests_ = 0;
};

}  // namespace gatehouse::test
