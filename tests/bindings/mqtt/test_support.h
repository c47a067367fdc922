#pragma once
#include <condition_variable>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "bindings/mqtt/connection.h"
#include "bindings/mqtt/endpoint.h"
#include "cse/codec/codec.h"
#include "cse/codec/json.h"
#include "cse/codec/primitive_codec.h"

namespace gatehouse::mqtt {

constexpr std::chrono::seconds kPatience{
    20};  // for what must happen; a test that passes never waits so long

/// A box that one thread fills and another one waits at.
template <class T>
class Mailbox {
 public:
  void put(T item) {
    {
      const std::lock_guard lock(mutex_);
      items_.push_back(std::move(item));
    }
    arrived_.notify_all();
  }
  /// The first `count` items, once they are there; fewer if they do not come.
  std::vector<T> wait_for(std::size_t count) const {
    std::unique_lock lock(mutex_);
    arrived_.wait_for(lock, kPatience, [&] { return items_.size() >= count; });
    return items_;
  }
  std::vector<T> now() const {
    const std::lock_guard lock(mutex_);
    return items_;
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable arrived_;
  std::vector<T> items_;
};

/// Answers by a function and remembers what it was asked.
class FakeCse final : public PrimitiveHandler {
 public:
  using Answer = std::function<void(const Request&, Reply)>;
  FakeCse() = default;
  explicit FakeCse(Answer answer) : answer_(std::move(answer)) {}
  void handle(Request&& request, Reply reply) override {
    received.put(request);
    if (answer_) return answer_(request, std::move(reply));
    Response response;
    response.rsc = request.operation == Operation::kCreate ? Rsc::kCreated : Rsc::kOk;
    response.request_identifier = request.request_identifier;
    reply(std::move(response));
  }
  Mailbox<Request> received;

 private:
  Answer answer_;
};

/// Any client: sends any bytes to any topic, and shows what it gets.
class RawClient final : private ConnectionListener {
 public:
  struct Message {
    std::string topic, payload;
  };
  RawClient(const std::string& url, std::vector<std::string> filters,
            std::optional<TlsSettings> tls = {}) {
    ConnectionSettings settings;
    settings.broker = *parse_broker_url(url);
    settings.client_id = "raw-" + std::to_string(reinterpret_cast<std::uintptr_t>(this));
    settings.tls = std::move(tls);
    connection_.emplace(settings, worker_, static_cast<ConnectionListener&>(*this));
    worker_.start();
    worker_.post([this, filters = std::move(filters)] { connection_->start(filters); });
  }
  ~RawClient() override {
    worker_.post([this] { connection_->stop(); });
    worker_.stop();
  }
  bool wait_connected() const { return !ready.wait_for(1).empty(); }
  /// Returns when the broker has acknowledged it.
  Published publish(const std::string& topic, const std::string& payload) {
    auto done = std::make_shared<std::promise<Published>>();
    auto outcome = done->get_future();
    worker_.post([this, topic, payload, done] {
      connection_->publish({topic, std::make_shared<const std::string>(payload),
                            std::chrono::steady_clock::now() + kPatience,
                            [done](Published result) { done->set_value(result); }});
    });
    return outcome.get();
  }
  Mailbox<Message> messages;
  Mailbox<std::string> refusals;  ///< why it could not connect
  Mailbox<bool> ready;

 private:
  void on_ready(bool kept) override { ready.put(kept); }
  void on_connect_failed(const std::string& why) override { refusals.put(why); }
  void on_lost(const std::string&) override {}
  void on_message(const std::string& topic, const std::string& payload) override {
    messages.put({topic, payload});
  }
  void on_overflow() override {}

  Worker worker_;
  std::optional<Connection> connection_;
};

inline Response response_of(const RawClient::Message& message) {
  const Result<Value> value = JsonCodec().decode(message.payload, {});
  const Result<Response> response =
      value ? response_from_value(*value) : Result<Response>(fail(value.error()));
  return response ? *response : Response{};
}

/// Sends and waits for the answer.
template <class Sender>
Response ask(Sender&& send) {
  auto answer = std::make_shared<std::promise<Response>>();
  auto future = answer->get_future();
  send([answer](Response response) { answer->set_value(std::move(response)); });
  if (future.wait_for(kPatience) != std::future_status::ready) return {};
  return future.get();
}

inline EndpointSettings settings_for(const std::string& broker, const std::string& id) {
  EndpointSettings settings;
  settings.broker = broker;
  settings.id = id;
  settings.reconnect_min = std::chrono::milliseconds(20);
  settings.reconnect_max = std::chrono::milliseconds(200);
  return settings;
}

inline Request request(Operation operation, std::string from, std::string identifier) {
  Request made;
  made.operation = operation;
  made.to = "cse-in";
  made.from = std::move(from);
  made.request_identifier = std::move(identifier);
  made.release_version = "3";
  if (operation == Operation::kCreate) {
    made.resource_type = 3;
    made.content = Value::object({{"m2m:cnt", Value::object({{"rn", "c"}})}});
  }
  return made;
}

}  // namespace gatehouse::mqtt
