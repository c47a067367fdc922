#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "ae-apps/sdk/link.h"
#include "cse/primitive/handler.h"
#include "cse/primitive/scheduler.h"

namespace gatehouse::sdk {

/// What goes wrong with the next requests that fit.
struct Fault {
  enum class Kind { kDrop, kDelay, kAnswer };
  Kind kind = Kind::kAnswer;
  std::optional<Operation> operation{};    ///< absent: any
  std::string to{};                        ///< a part of `to`; empty: any
  unsigned times = 1;                      ///< requests hit
  Rsc answer = Rsc::kInternalServerError;  ///< kAnswer: in place of the CSE's
  std::chrono::microseconds delay{0};      ///< kDelay: on the scheduler's time
};

/// A CSE for unit tests of AEs: in memory, without threads, checks or access control. Creates,
/// retrieves, updates, deletes and discovers resources by structured path or identifier, sends
/// NOTIFYs to AEs, and tells subscriptions before it answers. All AEs of a test may share one.
///
///     FakeCse cse;
///     auto ae = Ae::connect({.name = "lamp", .ae_id = "Clamp"}, cse.link());
///     cse.inject({.kind = Fault::Kind::kDrop, .operation = Operation::kCreate});
///
/// Threading: any thread. Links must not outlive it.
class FakeCse final : public PrimitiveHandler {
 public:
  explicit FakeCse(std::string cse_id = "/id-in", std::string csebase = "cse-in");
  ~FakeCse() override;

  /// The way of one AE to this CSE; it may be notified.
  std::unique_ptr<Link> link();
  /// For kDelay; outlives this. Without one, a delayed request is dropped.
  void set_scheduler(Scheduler& scheduler) { scheduler_ = &scheduler; }
  void inject(Fault fault);

  void handle(Request&& request, Reply reply) override;

  /// Attributes of a resource by its path or identifier; null if there is none.
  Value find(const std::string& path) const;
  /// Sets attributes as if somebody had sent an UPDATE.
  Response update(const std::string& path, Value attributes);
  std::vector<Request> requests() const;  ///< all that came, in order, also those with faults
  /// AE-ID of what a link serves; called by links.
  void attach(const std::string& ae_id, PrimitiveHandler* handler);

 private:
  struct Entry {
    std::string path, parent, root;
    std::int64_t type = 0, order = 0;
    Value attributes;
  };
  struct Notice {
    std::string ae_id;
    Request request;
  };
  class FakeLink;

  Response serve(const Request& request, std::vector<Notice>& notices);
  Response create(const Request& request, std::vector<Notice>& notices);
  Response retrieve(const Request& request) const;
  Response update(const Request& request, std::vector<Notice>& notices);
  Response remove(const Request& request, std::vector<Notice>& notices);
  Response discover(const Request& request, const Entry& top) const;
  void serve_and_reply(const Request& request, const Reply& reply);
  void notify(const Request& request, const Reply& reply);
  bool deliver(const std::string& ae_id, Request request, Reply reply);
  bool hit_by_fault(const Request& request, const Reply& reply);
  std::string path_of(const std::string& to) const;
  const Entry* entry_at(const std::string& to) const;
  void collect(const std::string& resource, int event, const Entry& about, const Value& changed,
               std::vector<Notice>& notices) const;

  const std::string cse_id_, csebase_;
  Scheduler* scheduler_ = nullptr;
  mutable std::mutex mutex_;                           ///< guards what follows
  std::map<std::string, Entry> entries_;               ///< by path
  std::map<std::string, PrimitiveHandler*> handlers_;  ///< by AE-ID
  std::multimap<std::string, std::thread::id> busy_;   ///< who is just told something, and by whom
  std::condition_variable told_;
  std::vector<Fault> faults_;
  std::vector<Request> requests_;
  std::int64_t order_ = 0;
};

}  // namespace gatehouse::sdk
