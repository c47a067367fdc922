#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "cse/primitive/result.h"
#include "cse/primitive/timestamp.h"
#include "cse/primitive/value.h"

namespace gatehouse {

/// One notification as it waits in the store's outbox; the queue is the <subscription>'s ri. All
/// that delivery needs stands in it, because the subscription may be gone by then.
struct OutboxNotification {
  struct Batch {
    std::int64_t number = 0;                ///< 0: by time only
    std::chrono::microseconds duration{0};  ///< since the first one of the batch
  };
  struct Rate {
    std::int64_t number = 0;  ///< at most so many
    std::chrono::microseconds window{0};
  };
  std::vector<std::string> targets;
  Value content;  ///< {"m2m:sgn":{…}}
  Timestamp at;   ///< of the event
  std::optional<std::int64_t> event_category;
  bool latest_only = false;  ///< ln: a newer one of the queue takes its place
  std::optional<Batch> batch;
  std::optional<Rate> rate;
  bool counted = false;  ///< the subscription counts what is sent (exc, nse)
  bool pending = false;  ///< made while its schedule was closed: waits until that opens
  bool last = false;     ///< the subscription has gone: nothing follows in its queue
};

Value to_value(const OutboxNotification& entry);
/// Errors: kInternalServerError if the text is not what to_value() made.
Result<OutboxNotification> outbox_notification_from(const std::string& body);

}  // namespace gatehouse
