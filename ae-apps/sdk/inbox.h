#pragma once
#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ae-apps/sdk/dispatcher.h"
#include "ae-apps/sdk/subscription.h"
#include "cse/primitive/handler.h"

namespace gatehouse::sdk {

/// A <subscription> as a CSE may name it in `sur`: by its CSE and either its identifier or its
/// path. Private to this folder.
struct SubscriptionKey {
  std::string cse_id;      ///< "/id-in"
  std::string identifier;  ///< ri
  std::string path;        ///< "cse-in/cnt/sub"
  bool matches(const std::string& sur, const std::string& own_cse_id) const;
};

/// What the CSE sends to an AE: verification requests are answered at once, notifications go to
/// their subscription's callback and other NOTIFYs to the message handler, both on the dispatcher.
/// A notification is acknowledged when it is queued. Private to this folder. Threading: any.
class Inbox final : public PrimitiveHandler {
 public:
  /// A subscription's callback while it lives.
  struct Entry {
    SubscriptionKey key;
    EventCallback callback;
    std::mutex running;  ///< held while the callback runs
    std::atomic<bool> active{true};
  };
  using EntryPtr = std::shared_ptr<Entry>;
  using AsyncHandler = std::function<void(const Request&, Reply)>;

  Inbox(Dispatcher& dispatcher, std::string cse_id)
      : dispatcher_(dispatcher), cse_id_(std::move(cse_id)) {}

  void set_identity(std::string ae_id);
  void set_handler(AsyncHandler handler);
  void handle(Request&& request, Reply reply) override;

  /// Between begin and end a <subscription> comes into being: notifications that nobody knows are
  /// held until it is known under which name it sends.
  void begin_subscribing();
  /// nullptr: it has failed.
  void end_subscribing(EntryPtr entry);
  /// No callback of the entry runs after it, except one that is the caller.
  void forget(const EntryPtr& entry);
  bool knows(const SubscriptionKey& key) const;

 private:
  Result<void> check_sender(const Request& request) const;
  Result<void> take_notification(const Value& notification, const std::string& from);
  Result<void> verify(const Value& notification) const;
  void take_message(Request request, Reply reply);
  EntryPtr find(const std::string& sur) const;
  bool deliver(const EntryPtr& entry, Event event);

  Dispatcher& dispatcher_;
  const std::string cse_id_;
  mutable std::mutex mutex_;  ///< guards what follows
  std::string ae_id_;
  std::shared_ptr<const AsyncHandler> handler_;
  std::vector<EntryPtr> entries_;
  std::deque<Event> held_;
  int subscribing_ = 0;
};

}  // namespace gatehouse::sdk
