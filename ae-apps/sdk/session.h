#pragma once
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include "ae-apps/sdk/dispatcher.h"
#include "ae-apps/sdk/inbox.h"
#include "ae-apps/sdk/link.h"
#include "ae-apps/sdk/settings.h"

namespace gatehouse::sdk {

/// What an Ae and its subscriptions share: the link, the callbacks, who we are. Private to this
/// folder. Threading: any.
class Session {
 public:
  Session(AeSettings settings, std::unique_ptr<Link> link);
  ~Session() { stop(); }

  /// Starts the link and the dispatcher, and registers.
  Result<void> start();
  void stop();

  Response ask(Request request, std::chrono::milliseconds timeout = {});
  void send(Request request, Reply reply);
  /// Attributes below the root of a successful answer; null if it has no content.
  Result<Value> ask_for_attributes(Request request, std::chrono::milliseconds timeout = {});

  std::string ae_id() const;
  std::string path() const;
  std::string sp_relative_id() const;
  bool reachable() const { return link_->reachable(); }
  /// "/id-mn" of "/id-mn/cse-mn/x"; our registrar for what is CSE-relative.
  std::string host_of(const std::string& address) const;

  const AeSettings& settings() const { return settings_; }
  Link& link() { return *link_; }
  Dispatcher& dispatcher() { return dispatcher_; }
  Inbox& inbox() { return inbox_; }

 private:
  void complete(Request& request);
  Result<void> register_ae();
  Result<void> take_up(const Value& wanted, const Error& why);
  Value registration() const;
  void become(const std::string& ae_id, const std::string& name);

  const AeSettings settings_;
  std::unique_ptr<Link> link_;
  Dispatcher dispatcher_;
  Inbox inbox_;
  const std::string nonce_;
  std::atomic<std::uint64_t> requests_{0};
  std::atomic<bool> stopped_{false};
  mutable std::mutex mutex_;
  std::string ae_id_, path_;
};

Request make_request(Operation operation, std::string to);
Request make_create(const std::string& parent, std::int64_t type, const std::string& root,
                    Value attributes);
Request make_update(const std::string& to, const std::string& root, Value attributes);
/// What an unsuccessful response says.
Error error_of(const Response& response);
/// The attributes of `wanted` that `present` has otherwise, or not at all.
Value differences(const Value& present, const Value& wanted);
std::string_view last_segment(std::string_view address);

}  // namespace gatehouse::sdk
