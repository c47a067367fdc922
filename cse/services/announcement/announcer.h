#pragma once
#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "cse/services/announcement/announcement.h"
#include "cse/services/announcement/copies.h"

namespace gatehouse::announcement {

/// Does what pending_steps() says, original by original, and keeps what came of it.
///
/// Everything but the entry points runs as tasks of the Scheduler, one after the other: no locks.
/// Its memory may vanish at any time; what is to be done is in the outbox (queue "#announcement":
/// `{"ri":…}` look at this original, `{"gone":…}` delete that copy) and what has been done is kept
/// with the originals.
class Announcer : public std::enable_shared_from_this<Announcer> {
 public:
  Announcer(Cse& cse, AnnouncementSettings settings) : cse_(cse), settings_(settings) {}

  // Entry points; any thread.
  void start();
  void stop() { stopped_ = true; }
  /// Something was written to the outbox.
  void wake();
  /// Keeps `answer` until the originals and removals of `keys` are done, or cannot be done now, or
  /// AnnouncementSettings::patience is over. A key is the identifier of an original, or "gone:" and
  /// the address of a copy to delete. Before wake().
  void wait_for(std::set<std::string> keys, std::shared_ptr<void> answer);
  /// A CSE has registered: whoever was out of reach may be there now.
  void routes_changed();

  const CseSettings& settings() const { return cse_.settings(); }

  static void put_work(WorkingSet& resources, const ResourceId& original);
  static void put_removal(WorkingSet& resources, const std::string& address);

 private:
  /// A copy to delete whose original is gone.
  struct Removal {
    std::int64_t order;
    std::string address;
  };
  /// What is known of a CSE that has, or will have, copies.
  struct Remote {
    int failures = 0;
    Timestamp not_before{0};
    bool timer = false;
    std::set<std::string> waiting;  ///< originals that go on when it can be reached
    std::deque<Removal> removals;   ///< before anything is created there: a name may be theirs
    bool removing = false;
    std::string base;  ///< address of our <CSEBaseAnnc> there; empty: not asked for in this run
    bool seeking_base = false;
    std::vector<std::string> seekers;  ///< originals that wait for `base`
  };
  /// What became of a CREATE.
  struct Created {
    Response response;
    std::string address;   ///< empty: not created
    bool adopted = false;  ///< it was there already, in a state unknown
  };
  using Change = std::function<Result<void>(const ResourcePtr& original, OperationContext&)>;

  /// An answer that waits.
  struct Waiter {
    std::set<std::string> keys;
    std::shared_ptr<void> answer;
  };
  /// That key is done, or cannot be done now.
  void answer(const std::string& key);

  void post(void (Announcer::*work)());
  void post_work(const std::string& original);
  void read_outbox();
  void retry_all();

  // One original (announcer.cpp).
  void work_on(const std::string& original);
  void take_step(const ResourcePtr& original, const Step& step);
  void create_copy(const ResourcePtr& original, const Step& step);
  void create_below(const ResourcePtr& original, const Step& step, const std::string& parent,
                    bool below_parent);
  void update_copy(const ResourcePtr& original, const Step& step);
  void delete_copy(const ResourcePtr& original, const Step& step);
  void created(const std::string& original, const Step& step, bool below_parent, Created outcome);
  void drop_target(const std::string& original, const std::string& target);
  /// Changes what is kept with an original, and goes on with it afterwards.
  void keep(const std::string& original, Change change,
            std::function<Result<void>(OperationContext&)> if_gone = {});
  void settle(const std::string& original);
  void leave(const std::string& original);
  void release_children(const std::string& original);

  // Other CSEs (remotes.cpp).
  void send(Request request, std::function<void(Response&&)> then);
  /// May a request go there now? If not, `original` goes on when it may.
  bool reachable(const std::string& cse, const std::string& original);
  bool has_route(const std::string& cse);
  void failed(const std::string& cse);
  void succeeded(const std::string& cse);
  void arm(const std::string& cse);
  void release(const std::string& cse);
  void remove_next(const std::string& cse);
  void seek_base(const std::string& cse);
  void refresh_base(const std::string& cse, const std::string& address);
  void create_base(const std::string& cse);
  void base_found(const std::string& cse, const std::string& address, bool is_new);
  void base_failed(const std::string& cse);
  Request base_request(Operation operation, const std::string& to);
  /// CREATE with a name; if the name is taken by a copy of the same original, that is it; if by
  /// something else, CREATE without a name.
  void create_or_adopt(Request request, std::function<void(Created)> then);
  void adopt(Request request, std::function<void(Created)> then);

  Cse& cse_;
  const AnnouncementSettings settings_;
  std::atomic<bool> stopped_{false}, wake_posted_{false};
  std::mutex waiters_mutex_;  ///< for the next two: answers are kept back by the write lane
  std::map<std::uint64_t, Waiter> waiters_;
  std::uint64_t last_waiter_ = 0;
  std::int64_t read_up_to_ = INT64_MIN;  ///< orders of the outbox that were seen
  std::map<std::string, Remote> remotes_;
  std::map<std::string, std::vector<std::int64_t>> orders_;  ///< original: its outbox entries
  std::set<std::string> busy_;                               ///< a request or a change is under way
  std::set<std::string> again_;                              ///< look again when no longer busy
  std::set<std::string> queue_;                              ///< when fewer are under way
  std::map<std::string, std::set<std::string>> children_;    ///< who waits for a parent's copy
};

/// True if the request may succeed later, unchanged: the other CSE, or the way to it, is down.
bool is_transient(Rsc rsc);

}  // namespace gatehouse::announcement
