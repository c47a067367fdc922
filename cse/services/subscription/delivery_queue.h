#pragma once
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "cse/services/subscription/outbox_entry.h"

namespace gatehouse {

/// What leaves as one request to each target: one notification, or a batch.
struct OutgoingMessage {
  std::vector<std::int64_t> orders;  ///< outbox entries that it stands for
  OutboxNotification
      notification;  ///< of a batch: the newest, with all contents (ln: only its own) in m2m:agn
};

/// The notifications of one subscription that wait, and what their policies say of the next one.
/// Without threads, timers and sockets.
class DeliveryQueue {
 public:
  struct Waiting {
    std::int64_t order;
    OutboxNotification notification;
    std::size_t bytes = 0;  ///< of its text in the store
  };
  /// What the subscription says of notifications that wait for its schedule.
  struct Pending {
    Timestamp open_from;    ///< now or earlier: they may leave
    std::int64_t keep = 0;  ///< pendingNotification: 1 the latest, 2 all, else none
  };
  using AskPending = std::function<Pending()>;
  /// What to do now: send, or look again at a time, or nothing.
  struct Next {
    std::optional<OutgoingMessage> message;
    std::optional<Timestamp> look_again;
    std::vector<std::int64_t> superseded;  ///< entries that need not be sent any more
  };

  void push(Waiting waiting);
  bool empty() const { return waiting_.empty(); }
  std::size_t size() const { return waiting_.size(); }
  std::size_t bytes() const { return bytes_; }
  /// Takes what leaves next. `no_more_fits`: a batch is not waited for. `ask_pending` is asked if a
  /// notification that had to wait for a schedule is the next.
  Next take(Timestamp now, bool no_more_fits, const AskPending& ask_pending);
  /// A newer notification than `latest_only` one in flight waits.
  bool has_newer_latest() const {
    return !waiting_.empty() && waiting_.front().notification.latest_only;
  }
  /// Until when the rate limit remembers what was sent; nullopt: it need not.
  std::optional<Timestamp> window_end(Timestamp now) const {
    return window_end_ && *window_end_ > now ? window_end_ : std::nullopt;
  }
  /// All but the mark or farewell of a subscription that has gone, and whether that is there.
  std::vector<std::int64_t> drop_all();
  bool ends() const { return !waiting_.empty() && waiting_.back().notification.last; }

 private:
  std::size_t batch_size() const;
  Next take_batch(Timestamp now, bool no_more_fits);
  bool window_is_full(const OutboxNotification& next, Timestamp now, Next& answer);
  OutgoingMessage pop(std::size_t count);
  void discard_front(Next& answer);
  /// True if nothing may leave now.
  bool hold_pending(Timestamp now, const AskPending& ask_pending, Next& answer);

  std::deque<Waiting> waiting_;
  std::size_t bytes_ = 0;
  std::optional<Timestamp> window_end_;
  std::int64_t sent_in_window_ = 0;
};

}  // namespace gatehouse
