#pragma once
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cse/core/cse.h"
#include "cse/services/subscription/delivery_queue.h"

namespace gatehouse {

struct DeliverySettings {
  int attempts = 5;                                  ///< per notification and target, at least 1
  std::chrono::microseconds first_delay{1'000'000};  ///< before the second attempt
  double delay_factor = 2;
  std::chrono::microseconds max_delay{60'000'000};
  std::chrono::microseconds answer_within{10'000'000};  ///< becomes rqet of each attempt
  std::size_t max_in_flight = 1'024;                    ///< requests on their way at one time
  std::size_t max_in_flight_per_target = 64;            ///< of those to one host or entity
  std::size_t max_in_memory = 100'000;        ///< waiting ones in all; the others stay in the store
  std::size_t max_in_memory_per_queue = 256;  ///< of one subscription
  std::size_t max_bytes_in_memory = 64u << 20;             ///< their text, in all
  std::size_t max_bytes_in_memory_per_queue = 256u << 10;  ///< of one subscription
  std::size_t page = 256;                                  ///< entries read from the store at once
};

/// A notification that a target did not get.
struct Undelivered {
  std::string queue;   ///< the subscription's ri
  std::string target;  ///< empty: the entry itself could not be read
  Rsc last;            ///< of the last attempt
  std::string detail;
};

/// What became of one message, for the subscription's own books.
struct Receipt {
  struct Target {
    std::string target;
    std::int64_t requests = 0, responses = 0;
  };
  std::string queue;
  std::vector<std::int64_t> orders;  ///< outbox entries that it stood for
  std::vector<Target> targets;
  bool delivered = false;  ///< all targets have got it
  bool counted = false;    ///< the subscription counts
};

/// Brings what stands in the store's outbox to its targets, after the commit.
///
/// Order: one notification at a time per queue (subscription), the next one after it has been
/// delivered to all its targets or given up; queues do not wait for each other. A target that
/// cannot be reached (5xxx, 4008) is tried again with exponential backoff; other refusals (4xxx)
/// are final. A queue whose notification was given up is taken for unreachable: what follows gets
/// one attempt each, until one succeeds; what has piled up beyond the memory limit is then dropped
/// (pendingNotification absent, TS-0001 table 9.6.8-2).
/// A target that answers slowly takes its own places among the requests on their way, not those of
/// others. In memory waits what the limits allow, and of each queue at least one notification.
/// Batches (bn) are collected while they wait in the outbox; rl makes a queue wait for its next
/// window; ln lets a newer notification replace those that wait; what was made while a notification
/// schedule was closed waits until that opens (pn).
/// Of a subscription that counts (exc, nse) the next notification waits until the last has been
/// entered in its books, in the job that takes it out of the outbox.
/// An entry leaves the store after its delivery, so a crash in between repeats it: at least once.
///
/// Threading: wake() from any thread; everything else runs as tasks of the Scheduler. Destroyed
/// before the Cse, when the scheduler runs no task.
class Deliverer {
 public:
  struct Counters {
    std::uint64_t delivered = 0;   ///< notifications that all targets have got
    std::uint64_t attempts = 0;    ///< requests sent
    std::uint64_t given_up = 0;    ///< (notification, target) pairs
    std::uint64_t superseded = 0;  ///< replaced by newer ones (ln)
    std::uint64_t shed = 0;        ///< dropped unread behind an unreachable target
  };
  using OnUndelivered = std::function<void(const Undelivered&)>;

  /// `on_undelivered`: for the log; may be empty. Called in tasks of the Scheduler.
  explicit Deliverer(Cse& cse, DeliverySettings settings = {}, OnUndelivered on_undelivered = {});
  ~Deliverer();

  /// Enters receipts of counting subscriptions, in a job of the write lane. Returns the queues
  /// whose subscription has ended by that: what waits there is dropped, but for its farewell.
  using Bookkeeper =
      std::function<Result<std::vector<std::string>>(std::span<const Receipt>, OperationContext&)>;
  /// When may the notifications of a queue leave that had to wait for a schedule?
  using Schedule = std::function<DeliveryQueue::Pending(const std::string& queue)>;
  /// Before the first wake().
  void set_books(Bookkeeper bookkeeper, Schedule schedule);
  /// Keeps `answer` until the last notification of that queue (the farewell) has been tried once.
  /// Threading: any; after the commit.
  void hold_until_told(const std::string& queue, std::shared_ptr<void> answer);

  /// There is something new in the outbox; after Cse::start() also: read what an earlier run left.
  void wake();
  /// Threading: any.
  Counters counters() const;

 private:
  class Work;
  std::shared_ptr<Work> work_;
};

}  // namespace gatehouse
