#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ae-apps/sdk/resource.h"
#include "ae-apps/sdk/settings.h"
#include "ae-apps/sdk/subscription.h"
#include "bindings/http/page.h"
#include "cse/primitive/handler.h"

namespace gatehouse::sdk {

class Link;
class Session;

/// True if the same request may succeed later: the CSE or its peer was not reachable, busy or too
/// slow.
bool retryable(const Error& error);

/// m2m:accessControlOperations. Source: TS-0004 clause 6.3.4.2.
enum AccessOperation : std::uint8_t {
  kMayCreate = 1,
  kMayRetrieve = 2,
  kMayUpdate = 4,
  kMayDelete = 8,
  kMayNotify = 16,
  kMayDiscover = 32,
  kMayDoAll = 63,
};

/// One rule of an <accessControlPolicy>: who ("CAE1", "/id-mn/Cgw", "all") may do what.
struct AccessRule {
  std::vector<std::string> originators;
  unsigned operations = kMayDoAll;  ///< AccessOperation, or-ed
};

/// Answers a NOTIFY that is no notification of a subscription: a null Value is an answer without
/// content, an Error becomes its status and m2m:dbg. Called on the dispatcher thread.
using MessageHandler = std::function<Result<Value>(const Request&)>;

/// One application entity at its CSE: registered, able to send requests, to subscribe and to be
/// notified.
///
///     auto ae = sdk::Ae::connect(settings);
///     if (!ae) return report(ae.error());
///     auto temperature = (*ae)->container("temp");
///     if (auto done = temperature.ensure({.max_instances = 100}); !done) …
///     auto pushed = temperature.push(21.5);
///
/// Paths: "/id-mn/cse-mn/x" and "cse-in/x" (the CSEBase's name first) are taken as they are; any
/// other path is below the <AE>, but below the CSEBase for node().
///
/// Threading: every function may be called from any thread. Callbacks and message handlers run on
/// one dispatcher thread of the AE, one after the other, and may use the Ae, also its synchronous
/// functions; they must not destroy it. Replies of asynchronous requests come on a thread of the
/// binding and must not block.
class Ae {
 public:
  /// Opens the bindings and registers: creates the <AE>, or takes up the one that is there and puts
  /// its point of access right. Errors: kBadRequest (settings), kTargetNotReachable (no CSE),
  /// kConflict (the name belongs to another AE), others of the CSE.
  static Result<std::unique_ptr<Ae>> connect(AeSettings settings);
  /// The same over a link given, such as FakeCse's.
  static Result<std::unique_ptr<Ae>> connect(AeSettings settings, std::unique_ptr<Link> link);
  ~Ae();  ///< stops; the <AE> stays
  Ae(const Ae&) = delete;
  Ae& operator=(const Ae&) = delete;

  std::string id() const;              ///< AE-ID-Stem: "CotaServer"
  std::string sp_relative_id() const;  ///< "/id-in/CotaServer"
  std::string path() const;            ///< of the <AE>: "cse-in/ota-server"
  const AeSettings& settings() const;
  std::vector<std::string> points_of_access() const;
  /// "http://127.0.0.1:40123": of the listener; empty if there is none.
  std::string page_url() const;
  /// Deletes the <AE> and what is below it.
  Result<void> unregister();

  // Requests as they are. `from`, the request identifier and the release are filled in if empty.
  /// Waits for the answer; `timeout` also becomes the request's rqet; 0: that of the settings.
  /// An answer that does not come is kRequestTimeout.
  Response request(Request request, std::chrono::milliseconds timeout = {});
  void request(Request request, Reply reply);

  // Requests with their usual answers: attributes without the root.
  /// `root`: "m2m:cnt", `type`: 3. Errors: kConflict if the name is taken …
  Result<Value> create(const std::string& parent, std::int64_t type, const std::string& root,
                       Value attributes);
  Result<Value> retrieve(const std::string& to);
  Result<Value> update(const std::string& to, const std::string& root, Value attributes);
  Result<void> remove(const std::string& to);
  /// Sends `content` (an object of one member) to an AE by its address, such as
  /// "/id-mn/Cgateway", and waits for its answer's content; null if it has none. 0: as request().
  Result<Value> notify(const std::string& to, Value content,
                       std::chrono::milliseconds timeout = {});
  /// Addresses of what lies below `to` and fits `filter` (filterUsage is set here).
  Result<std::vector<std::string>> discover(const std::string& to, FilterCriteria filter = {});

  // Handles.
  Container container(const std::string& path);
  Node node(const std::string& path);
  Resource resource(const std::string& path, std::int64_t type, const std::string& root);
  /// Creates the <subscription> with our ID as target, or takes up the one of that name. Another
  /// CSE than our registrar may notify us only after allow({{{"/id-mn"}, kMayNotify}}). Errors:
  /// kOperationNotAllowed if the AE cannot be notified, kConflict if this Ae already has it.
  Result<Subscription> subscribe(const std::string& resource, Criteria criteria,
                                 EventCallback callback);
  /// An <accessControlPolicy> below the <AE> that holds these rules and leaves itself to us.
  /// Returns its address, for acpi.
  Result<std::string> ensure_policy(const std::string& name, const std::vector<AccessRule>& rules);

  /// Lets others use our <AE> (notify us, see what is below) beside ourselves: ensure_policy
  /// "access" and the <AE>'s acpi.
  Result<void> allow(std::vector<AccessRule> rules);

  /// NOTIFYs to our <AE> that tell no event: messages of others, and questions of a subscription to
  /// blocking updates (net 7), which a success permits. Without a handler: kNotImplemented.
  void on_message(MessageHandler handler);
  /// The same for a handler that answers later, from any thread, exactly once.
  void on_message_async(std::function<void(const Request&, Reply)> handler);

  /// Web pages at the listener, for every request that is no primitive. See page.h of the HTTP
  /// binding, and file_page.h for files with ranges. Called on the listener's threads.
  void serve_pages(http::PageHandler pages);

  /// Waits until everything received so far has been handled; false if that takes longer. Not from
  /// a callback.
  bool settle(std::chrono::milliseconds at_most = std::chrono::milliseconds(5'000));
  /// A path as described above, as an address.
  std::string address_of(const std::string& path) const;

 private:
  explicit Ae(std::shared_ptr<Session> session);
  std::shared_ptr<Session> session_;
};

}  // namespace gatehouse::sdk
