#pragma once
#include <algorithm>
#include <atomic>
#include <unordered_map>
#include <utility>

#include "cse/services/subscription/deliverer.h"
#include "cse/services/subscription/target_slots.h"

namespace gatehouse {
namespace delivering {

/// A message that is on its way to its targets.
struct InFlight {
  OutgoingMessage message;
  std::vector<Receipt::Target> tallies;
  std::vector<std::string> targets;  ///< that do not have it yet
  std::vector<std::string> failed;   ///< of this attempt
  std::size_t open = 0;              ///< answers missing in this attempt
  int attempts = 0;
  bool lost = false;
  std::optional<Undelivered> last_failure;
};
/// The notifications of one subscription.
struct Queue {
  DeliveryQueue waiting;
  std::optional<InFlight> in_flight;
  std::optional<Timestamp> timer;
  std::int64_t last_loaded = INT64_MIN;  ///< order of the newest entry in memory
  bool beyond_memory = false;            ///< there are newer ones in the store only
  bool reloading = false;
  bool unreachable = false;
  bool at_books = false;  ///< its last message is being entered: the next one waits
  bool ended = false;     ///< its subscription has gone: only the farewell is still of use
  std::vector<std::shared_ptr<void>> held_answers;

  /// Its farewell waits or is on its way.
  bool ends_here() const {
    return waiting.ends() || (in_flight && in_flight->message.notification.last);
  }
};

}  // namespace delivering

/// All of this runs as tasks of the Scheduler, one after the other, so it needs no lock. Tasks hold
/// it weakly: those that come after the Deliverer's end do nothing.
class Deliverer::Work : public std::enable_shared_from_this<Deliverer::Work> {
 public:
  Work(Cse& cse, DeliverySettings settings, OnUndelivered on_undelivered)
      : cse_(cse),
        settings_(settings),
        on_undelivered_(std::move(on_undelivered)),
        slots_(settings.max_in_flight_per_target, settings.max_in_flight) {}

  void wake() {
    if (!reading_.exchange(true)) post([](Work& work) { work.read(); });
  }
  void set_books(Bookkeeper bookkeeper, Schedule schedule) {
    bookkeeper_ = std::move(bookkeeper);
    schedule_ = std::move(schedule);
  }
  void hold(const std::string& queue, std::shared_ptr<void> answer);
  Counters counters() const { return {delivered_, attempts_, given_up_, superseded_, shed_}; }

 private:
  using InFlight = delivering::InFlight;
  using Queue = delivering::Queue;

  template <class F>
  void post(F task) {
    cse_.scheduler().post([weak = weak_from_this(), task = std::move(task)] {
      if (const auto self = weak.lock()) task(*self);
    });
  }
  template <class F>
  void at(Timestamp when, F task) {
    cse_.scheduler().at(when, [weak = weak_from_this(), task = std::move(task)] {
      if (const auto self = weak.lock()) task(*self);
    });
  }

  // Reading the outbox.
  void read();
  void admit(OutboxEntry entry);
  void reload(const std::string& id, std::int64_t after);
  bool has_room(const Queue& queue) const;
  void keep(Queue& queue, const std::string& id, const OutboxEntry& entry);

  // Sending.
  void pump(const std::string& id);
  void retire(const std::string& id, Queue& queue);
  void look_again(const std::string& id, Queue& queue, Timestamp when);
  void start_attempt(const std::string& id);
  void release_answers(Queue& queue);
  void send(const std::string& id, const std::string& target, const OutboxNotification& what);
  void answered(const std::string& id, const std::string& target, const Response& response);
  void attempt_over(const std::string& id);
  void give_up(const std::string& id, Queue& queue);
  void finish(const std::string& id);
  std::chrono::microseconds delay_after(int attempts) const;

  // Removing from the store.
  void settle(const std::vector<std::int64_t>& orders);
  void settle(Receipt receipt);
  void erase_settled();
  void entered(const std::vector<Receipt>& receipts, const std::vector<std::string>& ended);

  Cse& cse_;
  const DeliverySettings settings_;
  const OnUndelivered on_undelivered_;
  std::atomic<bool> reading_ = false;
  std::int64_t read_until_ = INT64_MIN;
  std::unordered_map<std::string, Queue> queues_;
  TargetSlots slots_;
  Bookkeeper bookkeeper_;
  Schedule schedule_;
  std::size_t in_memory_ = 0, bytes_in_memory_ = 0;
  std::vector<Receipt> settled_;
  bool erasing_ = false;
  std::atomic<std::uint64_t> delivered_ = 0, attempts_ = 0, given_up_ = 0, superseded_ = 0,
                             shed_ = 0;
};

}  // namespace gatehouse
